"""What goes into files of a known shape comes out of the importer, whatever the tagging scheme or kind of file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFolder, Record
from medsins.corpora._formats.records import KINDS
from medsins.corpora._generic import described_module
from medsins.corpora._generic_spec import COMMON, FLAG, NUMBER, SHAPES, TABLE, TEXT, TEXTS, Spec, read_spec

QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS = st.text("abcdefghijklmnopqrstuvwxyzäß0123456789", min_size=1, max_size=6)
KIND = st.sampled_from(["Drug", "Gene"])
# runs of tokens: plain ones, and entities with their kind
PIECES = st.lists(st.tuples(st.lists(WORDS, min_size=1, max_size=3), st.none() | KIND), min_size=1, max_size=6)

Pieces = list[tuple[list[str], str | None]]


def spec(shape: str, folder: Path, **keys: object) -> Spec:
    """A checked description, written down and read again."""
    given_keys = {"name": "trip", "shape": shape, "access": "open", **keys}
    path = folder / "spec.toml"
    path.write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in given_keys.items()), encoding="utf-8")
    return read_spec(path)


def read(described: Spec, folder: Path, **choices: str) -> list[Record]:
    """The records of a folder as a description reads them."""
    module = described_module(described)
    return list(module.read(RawFolder(folder, module.CORPUS), BuildOptions(**choices)))  # type: ignore[arg-type]


def output(record: Record) -> tuple[str, ...]:
    assert record.instance is not None
    return record.instance.outputs


def answer(names: list[str]) -> tuple[str, ...]:
    return (", ".join(names) + "." if names else "There is no related enetity.",)


def iob2(length: int, kind: str) -> list[str]:
    return [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]


def bioes(length: int, kind: str) -> list[str]:
    return [f"S-{kind}"] if length == 1 else [f"B-{kind}", *[f"I-{kind}"] * (length - 2), f"E-{kind}"]


def bilou(length: int, kind: str) -> list[str]:
    return [f"U-{kind}"] if length == 1 else [f"B-{kind}", *[f"I-{kind}"] * (length - 2), f"L-{kind}"]


def bmes(length: int, kind: str) -> list[str]:
    return [f"S-{kind}"] if length == 1 else [f"B-{kind}", *[f"M-{kind}"] * (length - 2), f"E-{kind}"]


def rows_of(pieces: Pieces, scheme: Callable[[int, str], list[str]]) -> list[tuple[str, str]]:
    """(token, tag) of each token."""
    rows: list[tuple[str, str]] = []
    for tokens, kind in pieces:
        rows += zip(tokens, scheme(len(tokens), kind) if kind else ["O"] * len(tokens), strict=True)
    return rows


@pytest.mark.parametrize("scheme", [iob2, bioes, bilou, bmes])
@QUIET
@given(sentences=st.lists(PIECES, min_size=1, max_size=3))
def test_tagged_sentences(tmp_path: Path, scheme: Callable[[int, str], list[str]], sentences: list[Pieces]) -> None:
    blocks = ["\n".join(f"{token}\tx\t{tag}" for token, tag in rows_of(pieces, scheme)) for pieces in sentences]
    (tmp_path / "s.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    found = read(spec("iob", tmp_path, files="s.txt"), tmp_path)
    assert [output(r) for r in found] == [
        answer([" ".join(tokens) for tokens, kind in pieces if kind]) for pieces in sentences
    ]
    only = read(spec("iob", tmp_path, files="s.txt", entities="Gene"), tmp_path)
    assert [output(r) for r in only] == [
        answer([" ".join(tokens) for tokens, kind in pieces if kind == "Gene"]) for pieces in sentences
    ]


def standoff(pieces: Pieces) -> tuple[str, list[tuple[int, int, str, str]]]:
    """A text of the pieces, and (start, end, kind, text) of its entities."""
    text, found = "", []
    for tokens, kind in pieces:
        piece = " ".join(tokens)
        text += " " if text else ""
        if kind:
            found.append((len(text), len(text) + len(piece), kind, piece))
        text += piece
    return text, found


@QUIET
@given(pieces=PIECES, data=st.data())
def test_brat_documents_in_any_order_of_annotations(tmp_path: Path, pieces: Pieces, data: st.DataObject) -> None:
    text, found = standoff(pieces)
    shuffled = data.draw(st.permutations(found))
    lines = [f"T{n}\t{kind} {a} {b}\t{piece}" for n, (a, b, kind, piece) in enumerate(shuffled, start=1)]
    (tmp_path / "d.txt").write_text(text, encoding="utf-8")
    (tmp_path / "d.ann").write_text(
        "".join(f"{line}\n" for line in [*lines, "#1\tAnnotatorNotes T1\tx"]), encoding="utf-8"
    )
    (record,) = read(spec("brat", tmp_path, files="d.txt"), tmp_path)
    assert record.instance
    assert record.instance.input == text
    assert output(record) == answer([piece for *_, piece in found])


@QUIET
@given(title=PIECES, body=PIECES)
def test_pubtator_offsets_run_over_title_and_abstract(tmp_path: Path, title: Pieces, body: Pieces) -> None:
    (head, first), (text, second) = standoff(title), standoff(body)
    moved = [(a + len(head) + 1, b + len(head) + 1, kind, piece) for a, b, kind, piece in second]
    lines = [f"1|t|{head}", f"1|a|{text}"]
    lines += [f"1\t{a}\t{b}\t{piece}\t{kind}\tX1" for a, b, kind, piece in [*moved, *first]]
    (tmp_path / "p.txt").write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    (record,) = read(spec("pubtator", tmp_path, files="p.txt"), tmp_path)
    assert record.instance
    assert record.instance.input == f"{head} {text}"
    assert output(record) == answer([piece for *_, piece in [*first, *moved]])


OPTIONS = st.lists(WORDS, min_size=2, max_size=5, unique=True)


@QUIET
@given(options=OPTIONS, data=st.data())
def test_every_way_of_saying_the_right_option(tmp_path: Path, options: list[str], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(options) - 1))
    letter = "ABCDE"[right]
    ways = {"letter": [letter, letter.lower(), f"({letter})", [letter]], "text": [options[right]]}
    ways |= {"index0": [right, str(right)], "index1": [right + 1]}
    shapes = [options, dict(zip("abcde", options, strict=False))]
    expected = (f"The right answer is {letter}: {options[right]}",)
    for kind, answers in ways.items():
        rows = [{"q": "Which?", "o": shape, "a": given_answer} for shape in shapes for given_answer in answers]
        (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        described = spec("mcqa", tmp_path, files="q.jsonl", question="q", options="o", answer="a", answer_is=kind)
        assert {output(record) for record in read(described, tmp_path)} == {expected}


CELL = st.text("abcäß ,;'\"x1.", min_size=1, max_size=8).filter(lambda text: text.strip() == text)


def write_records(path: Path, rows: list[dict[str, str]]) -> None:
    """The same records as a file of any kind that is read."""
    suffix = path.suffix
    if suffix in (".csv", ".tsv", ".tab"):
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="," if suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif suffix == ".xlsx":
        book = openpyxl.Workbook()
        for cells in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(cells)
        book.save(path)
    elif suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".json":
        path.write_text(json.dumps({"meta": 1, "rows": rows}), encoding="utf-8")
    else:
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


@pytest.mark.parametrize("suffix", KINDS)
@settings(QUIET, max_examples=10)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=4))
def test_records_of_every_kind_of_file(tmp_path: Path, suffix: str, rows: list[tuple[str, str]]) -> None:
    write_records(tmp_path / f"r{suffix}", [{"q": question, "a": reply} for question, reply in rows])
    more = {"records": "rows"} if suffix == ".json" else {}
    found = read(spec("qa", tmp_path, files=f"r{suffix}", question="q", answer="a", **more), tmp_path)
    assert [(r.instance.input, r.instance.outputs) for r in found if r.instance] == [(q, (a,)) for q, a in rows]


@QUIET
@given(texts=st.lists(CELL, min_size=1, max_size=4), names=st.lists(st.sampled_from("XYZ"), unique=True, max_size=3))
def test_label_columns_and_separated_labels_agree(tmp_path: Path, texts: list[str], names: list[str]) -> None:
    ordered = [name for name in "XYZ" if name in names]
    rows = [{"t": text, **{name: str(int(name in names)) for name in "XYZ"}, "l": "/".join(ordered)} for text in texts]
    write_records(tmp_path / "r.csv", rows)
    columns = read(spec("labels", tmp_path, files="r.csv", text="t", label=["X", "Y", "Z"]), tmp_path)
    joined = read(spec("labels", tmp_path, files="r.csv", text="t", label="l", separator="/"), tmp_path)
    assert [(r.instance, r.dropped) for r in columns] == [(r.instance, r.dropped) for r in joined]
    assert {bool(r.dropped) for r in columns} == {not names}


WRONG = {TEXT: 3, TEXTS: {"a": "b"}, NUMBER: "one", FLAG: "yes", TABLE: ["a"], f"{TEXTS} or {TABLE}": 7}
KEYS = [(name, key, kind) for name, shape in SHAPES.items() for key, kind in {**COMMON, **shape.keys}.items()]


@pytest.mark.parametrize(("shape", "key", "kind"), [row for row in KEYS if row[1] != "shape"])
def test_every_key_of_every_shape_is_checked_for_its_type(tmp_path: Path, shape: str, key: str, kind: str) -> None:
    needed = dict.fromkeys(SHAPES[shape].needed, "field")
    value = WRONG[kind]
    toml = (
        "{ " + ", ".join(f"{k} = '{v}'" for k, v in value.items()) + " }"
        if isinstance(value, dict)
        else json.dumps(value)
    )
    keys = {"name": "trip", "shape": shape, "access": "open", "files": "x", **needed}
    text = "\n".join([*(f"{k} = {json.dumps(v)}" for k, v in keys.items() if k != key), f"{key} = {toml}"])
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        read_spec(tmp_path / "spec.toml")
    assert [f"'{key}' is" in problem.what for problem in error.value.problems] == [True]
    assert error.value.problems[0].mend == f"it takes {kind}"


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_says_which_of_its_keys_are_missing(tmp_path: Path, shape: str) -> None:
    (tmp_path / "spec.toml").write_text(f'shape = "{shape}"', encoding="utf-8")
    with pytest.raises(InvalidFile) as error:
        read_spec(tmp_path / "spec.toml")
    named = {problem.what.split("'")[1] for problem in error.value.problems}
    assert named == {"name", "access", "files", *SHAPES[shape].needed}


@given(st.text(max_size=80))
@settings(max_examples=80, deadline=None)
def test_any_text_is_a_description_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidFile):
        read_spec(path)
