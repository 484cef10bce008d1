"""The store on a SQL database: the parts put together."""

from __future__ import annotations

from typing import Any

from ._sql_admin import Admin
from ._sql_jobs import Jobs
from ._sql_reads import Reads
from ._sql_submissions import Submissions


class SqlStore(Reads, Admin, Submissions, Jobs):
    """See ``Store``. For any number of threads, and any number of processes on one database."""

    def verify(self) -> list[str]:
        """See ``Store``."""
        from ._verify import problems

        return problems(self._db)

    def backup(self, destination: Any) -> None:
        """See ``Store``: one archive (``.zip``) that ``restore_store`` reads into either database."""
        from pathlib import Path

        from ._archive import write_archive

        write_archive(self._db, Path(destination))

    def close(self) -> None:
        """See ``Store``."""
        self._db.close()
