"""Atomic files and hashing: a file is there whole or not at all, and equal content has equal digests."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import IO, Any


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no blanks, UTF-8 kept. Dataclasses count as their fields."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def digest(value: Any) -> str:
    """SHA-256 of ``canonical_json``, hexadecimal. Lone surrogates are kept apart, never an error."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


@contextmanager
def atomic_open(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary neighbour of ``path`` for writing (``w`` or ``wb``); it takes the name only when all is
    written and synced, and vanishes when anything fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    try:
        with os.fdopen(handle, mode, **text) as stream:  # type: ignore[call-overload]
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically (UTF-8, newlines as given)."""
    with atomic_open(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically, keys in their order."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")
