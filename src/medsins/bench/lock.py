"""One process per run: a lock that its process cannot outlive."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medsins.core import Problem, RunError


@contextmanager
def hold(run_dir: Path) -> Iterator[None]:
    """Hold the run directory.

    Raises:
        RunError: another process holds it; says which.
    """
    path = run_dir / ".lock"
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            mend = "wait for it to end, or choose another run directory"
            raise RunError(Problem(f"is in use by {holder}", str(run_dir), mend)) from error
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()} on {socket.gethostname()}")
        handle.flush()
        yield
