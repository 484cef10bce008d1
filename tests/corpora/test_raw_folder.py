"""Finding and opening raw files, packed or not, and saying what is wrong with them."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile, UsageError
from medsins.corpora import RawFolder, load_corpus

CORPUS = replace(load_corpus("pico").CORPUS, title="Some Corpus", release="release 7", how_to_get="fetch it from there")


def folder(path: Path, **files: bytes) -> RawFolder:
    for name, content in files.items():
        (path / name).write_bytes(content)
    return RawFolder(path, CORPUS)


def as_zip(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path / "all.zip", "w") as bundle:
        bundle.writestr(f"top/data/{name}", content)


def as_tar(path: Path, name: str, content: bytes) -> None:
    with tarfile.open(path / "all.tar.gz", "w:gz") as bundle:
        entry = tarfile.TarInfo(f"top/data/{name}")
        entry.size = len(content)
        bundle.addfile(entry, io.BytesIO(content))


def as_gzip(path: Path, name: str, content: bytes) -> None:
    (path / "data").mkdir()
    (path / "data" / f"{name}.gz").write_bytes(gzip.compress(content))


def as_file(path: Path, name: str, content: bytes) -> None:
    (path / "data").mkdir()
    (path / "data" / name).write_bytes(content)


@pytest.mark.parametrize("pack", [as_file, as_gzip, as_zip, as_tar])
def test_a_file_is_found_however_it_is_packed(tmp_path: Path, pack: Callable[[Path, str, bytes], None]) -> None:
    pack(tmp_path, "a.txt", "één\r\ntwee\n".encode())
    file = RawFolder(tmp_path, CORPUS).file("data/a.txt")
    assert file.text() == "één\ntwee\n"
    assert list(file.lines()) == [(1, "één"), (2, "twee")]
    assert file.place.removesuffix(".gz").endswith("data/a.txt")


def test_a_missing_file_names_release_what_was_found_and_what_to_do(tmp_path: Path) -> None:
    raw = folder(tmp_path, **{"other.txt": b"", "more.txt": b""})
    with pytest.raises(InvalidFile) as error:
        raw.file("a.json", "b.json")
    assert "has no a.json or b.json (Some Corpus, release 7); found more.txt, other.txt" in str(error.value)
    assert "fetch it from there" in str(error.value)


def test_a_long_folder_is_not_listed_whole(tmp_path: Path) -> None:
    raw = folder(tmp_path, **{f"{n:02}.txt": b"" for n in range(30)})
    with pytest.raises(InvalidFile, match=r"07\.txt and 22 more"):
        raw.files("*.json")


def test_no_folder_and_a_file_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        RawFolder(tmp_path / "nowhere", CORPUS)
    (tmp_path / "a").write_text("")
    with pytest.raises(UsageError, match="name the folder it lies in"):
        RawFolder(tmp_path / "a", CORPUS)


def test_the_shallowest_file_wins_and_two_of_one_depth_are_refused(tmp_path: Path) -> None:
    for place in ("a.txt", "old/a.txt"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(place)
    assert RawFolder(tmp_path, CORPUS).file("a.txt").text() == "a.txt"
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.txt").write_text("")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(InvalidFile, match=r"several files a\.txt: new/a\.txt, old/a\.txt"):
        RawFolder(tmp_path, CORPUS).file("a.txt")


def test_a_star_does_not_cross_folders(tmp_path: Path) -> None:
    (tmp_path / "text" / "deep").mkdir(parents=True)
    for place in ("text/2.txt", "text/1.txt", "text/deep/3.txt"):
        (tmp_path / place).write_text("")
    raw = RawFolder(tmp_path, CORPUS)
    assert [file.place for file in raw.glob("text/*.txt")] == ["text/1.txt", "text/2.txt"]
    assert raw.found == {"text/*.txt": ("text/1.txt", "text/2.txt")}
    assert raw.optional("*.xml") == []
    assert raw.notes == ["no *.xml in the raw folder: its part of the release is left out"]


def test_a_part_of_the_release_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "data" / "text").mkdir(parents=True)
    (tmp_path / "data" / "text" / "1.txt").write_text("one")
    for part in (tmp_path, tmp_path / "data", tmp_path / "data" / "text"):
        assert RawFolder(part, CORPUS).file("data/text/*.txt").text() == "one"


@pytest.mark.parametrize("read", ["text", "lines"])
def test_a_re_encoded_file_says_which_line(tmp_path: Path, read: str) -> None:
    file = folder(tmp_path, **{"a.txt": "plain\nK\xf6ln\n".encode("latin-1")}).file("a.txt")
    with pytest.raises(InvalidFile, match=r"a\.txt: line 2: is not UTF-8 \(byte 0xf6\).*"):
        list(getattr(file, read)())


def test_a_byte_order_mark_is_not_text(tmp_path: Path) -> None:
    file = folder(tmp_path, **{"a.csv": b"\xef\xbb\xbfx,y\n1,2\n"}).file("a.csv")
    assert next(iter(file.lines())) == (1, "x,y")
    assert list(file.rows("x")) == [("a.csv: line 2", {"x": "1", "y": "2"})]


def test_a_gzip_file_that_was_cut_off(tmp_path: Path) -> None:
    packed = gzip.compress(b"line\n" * 100_000)
    file = folder(tmp_path, **{"a.txt.gz": packed[: len(packed) // 2]}).file("a.txt")
    with pytest.raises(InvalidFile, match="damaged or was cut off"):
        list(file.lines())
    with pytest.raises(InvalidFile, match="damaged or was cut off"):
        file.read()


def test_an_archive_that_was_cut_off(tmp_path: Path) -> None:
    as_zip(tmp_path, "a.txt", b"x" * 1000)
    whole = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "all.zip").write_bytes(whole[:60])
    with pytest.raises(InvalidFile, match="not a whole archive"):
        RawFolder(tmp_path, CORPUS).file("data/a.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": [1, 2', "line 1, column 12: ends too early"),
        (b'{"a": 1\n "b": 2}', "line 2, column 2: is not JSON"),
    ],
)
def test_json_that_is_broken(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        folder(tmp_path, **{"a.json": content}).file("a.json").json()


def test_jsonl_places_and_values_that_are_no_object(tmp_path: Path) -> None:
    file = folder(tmp_path, **{"a.jsonl": b'{"x": 1}\n\n{"x": 2}\n[3]\n'}).file("a.jsonl")
    rows = file.jsonl()
    assert [next(rows), next(rows)] == [("a.jsonl: line 1", {"x": 1}), ("a.jsonl: line 3", {"x": 2})]
    with pytest.raises(InvalidFile, match="line 4: must have one JSON object a line, found list"):
        next(rows)


def test_tables_check_columns_and_cells(tmp_path: Path) -> None:
    raw = folder(tmp_path, **{"a.tsv": b'id\ttext\n1\t"quoted\n', "b.csv": b"id,text\n1,one\n2\n"})
    assert list(raw.file("a.tsv").rows("text", delimiter="\t", quoted=False)) == [
        ("a.tsv: line 2", {"id": "1", "text": '"quoted'})
    ]
    with pytest.raises(InvalidFile, match="lacks the columns label; found id, text"):
        list(raw.file("b.csv").rows("id", "label"))
    with pytest.raises(InvalidFile, match="line 3: has 1 cells where the head has 2"):
        list(raw.file("b.csv").rows("id"))


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1))
def test_lines_are_what_was_written(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("raw")
    lines[0] = lines[0].lstrip("\ufeff")
    (path / "a.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    assert [line for _, line in RawFolder(path, CORPUS).file("a.txt").lines()] == lines


@given(st.binary(max_size=300))
def test_no_bytes_make_anything_but_text_or_a_message(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("raw")
    for name in ("a.json", "a.csv", "a.txt", "b.txt.gz"):
        (path / name).write_bytes(content)
    raw = RawFolder(path, CORPUS)
    for read in (
        lambda: raw.file("a.json").json(),
        lambda: list(raw.file("a.csv").rows("id")),
        lambda: list(raw.file("a.txt").lines()),
        lambda: raw.file("b.txt").text(),
    ):
        with contextlib.suppress(InvalidFile):
            read()
