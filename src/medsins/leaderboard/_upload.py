"""What every form of upload is read as, and the errors they share."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from medsins.core import InvalidFile, Problem

COLUMNS = ("task_id", "input", "output")
"""What a row needs; ``GT``, ``instance_id`` and ``status`` are read too, all else is passed over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of an upload: ``bytes`` unpacked, ``rows``, ``columns``, ``cell`` characters of one cell, ``answers``
    characters of all outputs together.
    """

    bytes: int = 1 << 30
    rows: int = 500_000
    columns: int = 64
    cell: int = 1 << 20
    answers: int = 256 << 20


class UploadRow(NamedTuple):
    """One row of an upload. ``number`` counts from 0 after the header; ``line`` is where it ends, 0 where that makes no
    sense; ``truncated``: a length limit cut the output, as its run says.
    """

    number: int
    line: int
    task_id: str
    input: str
    output: str | None
    reference: str | None
    instance_id: str
    truncated: bool = False


@contextmanager
def unpacking() -> Iterator[None]:
    """What archives that are damaged raise, as the error of a file that cannot be read."""
    try:
        yield
    except (EOFError, zlib.error, zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk, not the archive
        mend = "pack it again, or send the CSV as it is"
        raise InvalidFile(
            Problem(f"is a damaged archive ({str(error)[:120] or 'it ends early'})", mend=mend)
        ) from error


def too_large(what: str, limit: int, unit: str) -> InvalidFile:
    """The error of an upload beyond a cap."""
    return InvalidFile(
        Problem(f"is too large: more than {limit:,} {unit} {what}".rstrip(), mend="see the submission guide")
    )
