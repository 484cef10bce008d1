"""A private PostgreSQL cluster for tests: no network, a socket in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

_PREFIX, _OWNER = "board-pg-", "owner"
_SPEED = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c shared_buffers=64MB"


class Cluster:
    """Gives out the URLs of fresh, empty databases."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.binaries = binaries
        self._numbers = count()
        self._free: list[str] = []

    def url(self, name: str) -> str:
        return f"postgresql://board@/{name}?host={self.folder}"

    def fresh(self) -> str:
        """An empty database. Emptied ones are given out again: making and dropping one takes seconds."""
        if self._free:
            return self._free.pop()
        name = f"board{next(self._numbers)}"
        self._tell("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def give_back(self, url: str) -> None:
        name = url.split("/")[3].split("?")[0]
        others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self._tell("postgres", others)
        self._tell(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self._free.append(url)

    def _tell(self, database: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def stop(self, mode: str = "fast") -> None:
        self._control("stop", "-m", mode)

    def start(self) -> None:
        options = f"-k {self.folder} {_SPEED}"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def initialise(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "board", "-A", "trust", "-E", "UTF8", "--no-locale")

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self.binaries / program), *words]
        if os.geteuid() == 0:  # they refuse to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=120)


def find_binaries() -> Path | None:
    """The folder of the newest server that is installed."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    found = shutil.which("initdb")
    places += [Path(found).resolve().parent] if found else []
    return next((place for place in places if (place / "initdb").exists()), None)


def _end_orphans(binaries: Path) -> None:
    """Stop the servers of test runs that were killed, which could not do it themselves."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        if not Path("/proc", owner.read_text(encoding="utf-8")).exists():
            with suppress(subprocess.SubprocessError, OSError):
                Cluster(owner.parent, binaries).stop("immediate")
            shutil.rmtree(owner.parent, ignore_errors=True)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster; skips the test where there is no server to run."""
    pytest.importorskip("psycopg", reason="the extra board is not installed")
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server here")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    _end_orphans(binaries)
    # Not pytest's folder: it is closed to the user that the server runs as, and too long for the name of a socket.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (folder / _OWNER).write_text(str(os.getpid()), encoding="utf-8")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    started = Cluster(folder, binaries)
    try:
        started.initialise()
        started.start()
        yield started
        started.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
