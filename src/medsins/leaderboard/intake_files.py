"""Files of predictions from strangers, read as a stream of rows within fixed caps: CSV (plain or gzip), Parquet, a
zip of a run directory, a run directory. What counts is the size after unpacking, measured while it is read.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from medsins.bench.store import FILE_NAME, read_rows
from medsins.core import InvalidFile, Problem

from ._upload import Limits, UploadRow, unpacking
from .intake_csv import csv_rows
from .intake_parquet import parquet_rows
from .records import Kind

_CLAIMS = ("name", "weights", "precision", "engine", "spec")
_MEMBERS, _DIRECTORY_BYTES, _MANIFEST_BYTES = 10_000, 4 << 20, 16 << 20


class Opened(NamedTuple):
    """An upload about to be read."""

    kind: Kind
    rows: Iterator[UploadRow]
    claims: dict[str, Any]


@contextmanager
def open_upload(path: Path, limits: Limits) -> Iterator[Opened]:
    """Open an upload; what it is shows in its first bytes, its name does not matter.

    Raises:
        InvalidFile: it is nothing of what is known; while rows are read, everything that a stranger's file can do.
    """
    if path.is_dir():
        with _run_directory(path, limits) as opened:
            yield opened
        return
    with path.open("rb") as stream:
        head = stream.read(6)
        stream.seek(0)
        if head.startswith(b"PAR1"):
            yield Opened("parquet", parquet_rows(stream, limits), {})
        elif head.startswith(b"PK"):
            with unpacking():
                bundle = _open_zip(stream)
                opened = _zipped(bundle, limits)
            yield opened
        elif head.startswith(b"\x1f\x8b"):
            yield Opened("csv", csv_rows(cast(IO[bytes], gzip.GzipFile(fileobj=stream)), limits), {})
        elif head.startswith((b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
            raise InvalidFile(
                Problem("is packed in a way that is not read here", mend="use CSV, .csv.gz, Parquet or zip")
            )
        else:
            yield Opened("csv", csv_rows(stream, limits), {})


def _open_zip(stream: IO[bytes]) -> zipfile.ZipFile:
    """The archive, once its directory is known to be small: it is held in memory whole."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 65_600))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("it has no end")
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > _MEMBERS or directory > _DIRECTORY_BYTES:
        raise InvalidFile(Problem("holds too many files", mend="pack the run directory alone, or send predictions.csv"))
    stream.seek(0)
    return zipfile.ZipFile(stream)


def _zipped(bundle: zipfile.ZipFile, limits: Limits) -> Opened:
    """A zip of a run directory, or of one predictions file."""
    names = {member.filename: member for member in bundle.infolist() if not member.is_dir()}
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in names.values()):
        raise InvalidFile(Problem("is packed in a way that is not read here", mend="pack it as a usual zip"))
    if "[Content_Types].xml" in names:
        raise InvalidFile(Problem("is a spreadsheet", mend="save it as CSV (UTF-8)"))
    predictions = [name for name in names if name.rpartition("/")[2] == "predictions.csv"]
    tables = predictions or [name for name in names if name.lower().endswith(".csv") and "__MACOSX" not in name]
    if len(tables) != 1:
        found = f"{len(tables)} predictions files" if tables else "no predictions.csv"
        mend = "run `medsins bench export RUN` first, then pack that one run directory"
        raise InvalidFile(Problem(f"is a zip with {found}", mend=mend))
    if names[tables[0]].flag_bits & 1:
        raise InvalidFile(Problem("is a zip with a password", mend="pack it without one"))
    folder = tables[0].rpartition("/")[0]
    manifest = names.get(f"{folder}/manifest.json" if folder else "manifest.json")
    claims = _claims(bundle.open(manifest).read(_MANIFEST_BYTES)) if manifest and not manifest.flag_bits & 1 else {}
    return Opened("run" if manifest else "csv", csv_rows(bundle.open(tables[0]), limits), claims)


@contextmanager
def _run_directory(path: Path, limits: Limits) -> Iterator[Opened]:
    """A run directory: its exported predictions, else its store."""
    manifest, table = path / "manifest.json", path / "predictions.csv"
    claims = _claims(manifest.read_bytes()) if manifest.is_file() else {}
    if table.is_file():
        with table.open("rb") as stream:
            yield Opened("run", csv_rows(stream, limits), claims)
    elif (path / FILE_NAME).is_file():
        yield Opened("run", _stored(path), claims)
    else:
        mend = "name the directory of a run, or a predictions file"
        raise InvalidFile(Problem("is a folder without predictions.csv and run.sqlite", path.name, mend))


def _stored(path: Path) -> Iterator[UploadRow]:
    for row, made in read_rows(path):
        status = made.completion.status
        failed = status == "error" and not made.completion.text
        output = None if failed else made.completion.text
        reference = made.references[0] if made.references else ""
        yield UploadRow(row, 0, made.task_id, made.input, output, reference, made.instance_id, status == "truncated")


def _claims(manifest: bytes) -> dict[str, Any]:
    """What a run's manifest says of how it was made, cut to what is shown; a claim, for nobody checked it."""
    try:
        found = json.loads(manifest)
        model, protocol = dict(found["model"]), dict(found["protocol"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    said = {f"model_{name}": model[name] for name in _CLAIMS if isinstance(model.get(name), str)}
    said |= {name: found[name] for name in ("signature", "medsins", "seed") if isinstance(found.get(name), str | int)}
    if isinstance(protocol.get("spec"), str):
        said["protocol"] = protocol["spec"]
    return {name: value[:300] if isinstance(value, str) else value for name, value in said.items()}
