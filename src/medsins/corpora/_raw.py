"""The folder of raw files as published: find them, open them packed or not, say plainly what is not as it should be."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, NoReturn

from medsins.core import InvalidFile, Problem, UsageError

from ._base import Corpus

_PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
MAX_LISTED = 8


@dataclass(frozen=True)
class RawFile:
    """One file of the release, on disk, gzipped, or inside an archive. ``place`` is its path within the raw folder."""

    path: Path
    place: str
    corpus: Corpus
    member: str = ""

    def open(self) -> IO[bytes]:
        """A stream of the file's own bytes, unpacked.

        Raises:
            InvalidFile: the archive is damaged or cut off.
        """
        try:
            if self.path.name.endswith(".zip") and self.member:
                status = self.path.stat()
                return _archive(self.path, status.st_size, status.st_mtime_ns).open(self.member)
            if self.member:
                stream = tarfile.open(self.path).extractfile(self.member)  # noqa: SIM115 (the caller closes it)
                assert stream is not None
                return stream
            return gzip.open(self.path) if self.path.name.endswith(".gz") else self.path.open("rb")  # type: ignore[return-value]
        except (zipfile.BadZipFile, tarfile.TarError) as error:
            self.invalid(f"is not a whole archive ({error})")

    def read(self) -> bytes:
        """The whole file, unpacked."""
        try:
            with self.open() as stream:
                return stream.read()
        except _BROKEN as error:
            self._cut_off(error)

    def text(self, *, keep_ends: bool = False) -> str:
        """The whole file as UTF-8 text; line ends become ``\\n`` (what a text-mode read gives) unless kept."""
        raw = self.read()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._not_utf8(error, raw[: error.start].count(b"\n") + 1)
        return text if keep_ends else text.replace("\r\n", "\n").replace("\r", "\n")

    def lines(self) -> Iterator[tuple[int, str]]:
        """(number from 1, line without its end), streaming."""
        number = 0
        try:
            with self.open() as stream:
                for number, raw in enumerate(stream, start=1):
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                    yield number, line.removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            self._not_utf8(error, number)
        except _BROKEN as error:
            self._cut_off(error)

    def json(self) -> Any:
        """The whole file as one JSON value."""
        return self._parse(self.text())

    def jsonl(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(place, object) of each line that is not blank."""
        for number, line in self.lines():
            if line.strip():
                value = self._parse(line, number)
                if not isinstance(value, dict):
                    self.invalid(f"must have one JSON object a line, found {type(value).__name__}", f"line {number}")
                yield f"{self.place}: line {number}", value

    def _parse(self, text: str, line: int = 0) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            where = f"line {line or error.lineno}, column {error.colno}"
            end = error.pos >= len(text.rstrip())
            self.invalid("ends too early: the file was cut off" if end else f"is not JSON: {error.msg}", where)

    def rows(self, *columns: str, delimiter: str = ",", quoted: bool = True) -> Iterator[Row]:
        """(place, cells by column name) of each row of a table whose first row names the columns.

        Args:
            columns: the columns that must be there.
            delimiter: what parts the cells.
            quoted: whether a cell may stand in double quotes; else quotes are text.

        Raises:
            InvalidFile: a column is missing, a row has more or fewer cells, or the file is cut off or not UTF-8.
        """
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        number = 0
        try:
            with self.open() as stream:
                text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
                reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
                head = [name.strip() for name in next(reader, [])]
                self.need(columns, head, "columns")
                for cells in reader:
                    number = reader.line_num
                    if not cells:
                        continue
                    if len(cells) != len(head):
                        self.invalid(f"has {len(cells)} cells where the head has {len(head)}", f"line {number}")
                    yield f"{self.place}: line {number}", dict(zip(head, cells, strict=True))
        except UnicodeDecodeError as error:
            self._not_utf8(error, number + 1)
        except csv.Error as error:
            self.invalid(f"is not a table: {error}", f"line {number + 1}")
        except _BROKEN as error:
            self._cut_off(error)

    def need(self, names: Sequence[str], found: Sequence[str], kind: str = "keys", where: str = "") -> None:
        """Refuse a file or record that lacks one of the names, saying which release has them."""
        missing = [name for name in names if name not in found]
        if missing:
            shown = ", ".join(list(found)[:MAX_LISTED]) or "none"
            self.invalid(f"lacks the {kind} {', '.join(missing)}; found {shown}", where)

    def invalid(self, what: str, where: str = "") -> NoReturn:
        """Refuse the file: what is wrong, where, and which release is expected."""
        place = f"{self.path}{f' ({self.member})' if self.member else ''}"
        mend = f"the reader expects {self.corpus.title}, {self.corpus.release}; {self.corpus.how_to_get}"
        raise InvalidFile(Problem(what, f"{place}: {where}" if where else place, mend))

    def _not_utf8(self, error: UnicodeDecodeError, line: int) -> NoReturn:
        what = f"is not UTF-8 (byte {error.object[error.start]:#04x}): it was re-encoded, or is another file"
        self.invalid(what, f"line {line}")

    def _cut_off(self, error: Exception) -> NoReturn:
        if isinstance(error, OSError) and error.errno is not None:
            raise error
        self.invalid(f"is damaged or was cut off ({error})")


Row = tuple[str, dict[str, str]]


class RawFolder:
    """A folder of raw files. It remembers what was asked for and what was found, for the provenance file.

    A pattern is a path or glob within the release (``data/ori_pqal.json``, ``text/*.txt``). It may stand at any depth
    of the folder, gzipped (``.gz``), or inside a ``.zip`` or ``.tar`` archive that lies in it. ``notes`` go into the
    provenance file too.
    """

    def __init__(self, path: Path, corpus: Corpus) -> None:
        self.path, self.corpus = path, corpus
        self.found: dict[str, tuple[str, ...]] = {}
        self.used: set[Path] = set()
        self.notes: list[str] = []
        self._above = path.resolve().parts[-3:]
        if not path.is_dir():
            what = "is a file: name the folder it lies in" if path.exists() else "no such folder"
            raise UsageError(Problem(what, str(path), f"{corpus.title}: {corpus.how_to_get}"))

    @cached_property
    def _files(self) -> list[tuple[str, Path]]:
        """Every file by its path in the folder, shallow ones first, then by name."""
        paths = [p for p in self.path.rglob("*") if p.is_file() and not p.name.startswith(".")]
        named = [(p.relative_to(self.path).as_posix(), p) for p in paths]
        return sorted(named, key=lambda item: (item[0].count("/"), item[0]))

    @cached_property
    def _members(self) -> list[tuple[str, Path, str]]:
        """(place, archive, member) of every file inside an archive of the folder."""
        members = []
        for place, path in self._files:
            if path.name.endswith(_PACKED):
                members += [(f"{place}/{name}", path, name) for name in sorted(self._names(path))]
        return members

    def _names(self, path: Path) -> list[str]:
        try:
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as bundle:
                    return [name for name in bundle.namelist() if not name.endswith("/")]
            with tarfile.open(path) as archive:
                return [item.name for item in archive if item.isfile()]
        except _BROKEN as error:
            RawFile(path, path.name, self.corpus).invalid(f"is not a whole archive ({error})")

    def _matches(self, place: str, pattern: str) -> bool:
        """Whether the end of a path is what the pattern names; a ``*`` does not cross a ``/``. Folders above the raw
        folder count too, so that a part of the release may be named (``…/data`` for ``data/a.txt``).
        """
        parts, wanted = (*self._above, *PurePosixPath(place).parts), PurePosixPath(pattern).parts
        tail = parts[len(parts) - len(wanted) :]
        return len(parts) >= len(wanted) and all(fnmatch(part, want) for part, want in zip(tail, wanted, strict=True))

    def glob(self, pattern: str) -> list[RawFile]:
        """All files of a pattern, by path; empty where there are none."""
        found = [RawFile(p, place, self.corpus) for place, p in self._files if self._matches(place, pattern)]
        if not found:
            found = [
                RawFile(p, place, self.corpus) for place, p in self._files if self._matches(place, pattern + ".gz")
            ]
        if not found:
            found = [
                RawFile(p, place, self.corpus, m) for place, p, m in self._members if self._matches(place, pattern)
            ]
        found.sort(key=lambda file: file.place)
        self.found[pattern] = tuple(file.place for file in found)
        self.used.update(file.path for file in found)
        return found

    def optional(self, pattern: str) -> list[RawFile]:
        """As ``glob``, noting in the provenance where there is none."""
        found = self.glob(pattern)
        if not found:
            self.notes.append(f"no {pattern} in the raw folder: its part of the release is left out")
        return found

    def files(self, pattern: str) -> list[RawFile]:
        """All files of a pattern, by path.

        Raises:
            InvalidFile: there is none.
        """
        found = self.glob(pattern)
        if not found:
            raise self._missing((pattern,))
        return found

    def file(self, *patterns: str) -> RawFile:
        """The one file of the first pattern that is there; of several, the one nearest to the top.

        Raises:
            InvalidFile: there is none, or several at the same depth.
        """
        for pattern in patterns:
            found = self.glob(pattern)
            depth = min((file.place.count("/") for file in found), default=0)
            found = [file for file in found if file.place.count("/") == depth]
            if len(found) > 1:
                what = f"holds several files {pattern}: {', '.join(f.place for f in found[:MAX_LISTED])}"
                raise InvalidFile(Problem(what, str(self.path), "name the folder that holds only one of them"))
            if found:
                return found[0]
        raise self._missing(patterns)

    def _missing(self, patterns: Sequence[str]) -> InvalidFile:
        names = [place for place, _ in self._files]
        shown = ", ".join(names[:MAX_LISTED]) or "no files"
        more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        what = f"has no {' or '.join(patterns)} ({self.corpus.title}, {self.corpus.release}); found {shown}{more}"
        return InvalidFile(Problem(what, str(self.path), self.corpus.how_to_get))


@lru_cache(maxsize=4)
def _archive(path: Path, size: int, modified: int) -> zipfile.ZipFile:
    """An opened zip: its directory is read once, not again for each of its files."""
    return zipfile.ZipFile(path)
