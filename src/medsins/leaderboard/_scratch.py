"""Folders for a while that leave nothing behind: what a killed process could not remove, the next one does.

A process holds a lock on its folder, which ends with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "scratch-"


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """A folder below ``root`` that only its owner can read; gone afterwards."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(root):  # so that none is swept before it is locked
        folder = Path(tempfile.mkdtemp(dir=root, prefix=_PREFIX))
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(root: Path) -> int:
    """Remove the folders of processes that are gone; how many there were."""
    if not root.is_dir():
        return 0
    found = 0
    with _locked(root):
        for folder in root.glob(f"{_PREFIX}*"):
            try:
                held = os.open(folder, os.O_RDONLY)
            except FileNotFoundError:
                continue  # whoever worked there has finished
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody works there
            else:
                shutil.rmtree(folder, ignore_errors=True)
                found += 1
            finally:
                os.close(held)
    return found


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
