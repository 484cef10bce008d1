"""``.jsonl``: whole blocks of lines at once or line by line, the same instances, marks and messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Instance
from medsins.tasks import Mark, card_document, open_reader
from medsins.tasks import _jsonl as jsonl_module
from medsins.tasks._jsonl import JsonlReader, plain_lines

from .samples import content, elements, relaxed

TRICKY = st.text(st.sampled_from('ab"\\}{],[: é😀\u2028'), max_size=12)
CARD_LINE = '{"Categories": ["NER"], "Licence": "CC0"}'
ODD = ["", " ", CARD_LINE, "[]", "{", "1", '{"input": "a"}']


def both_ways(path: Path) -> list[tuple[list[Instance], list[Any], list[str], dict[str, Any]]]:
    """Instances, line numbers, problems and the card, read in blocks and line by line."""
    results = []
    for worth in (1, 1 << 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jsonl_module, "WORTH", worth)
            reader = open_reader(path)
            batches = list(reader.batches())
            found = [one for batch in batches for one in batch.instances]
            numbers = [number for batch in batches for number in batch.numbers]
            results.append((found, numbers, [str(one) for one in reader.problems], card_document(reader.card)))
    return results


@relaxed
@given(
    lines=st.lists(
        elements(TRICKY) | st.sampled_from(["", " ", CARD_LINE, "[]", "{", "1", '{"input": "a"}']), max_size=6
    ),
    ending=st.sampled_from(["\n", "\r\n", "\n\n", " \n"]),
    closed=st.booleans(),
)
def test_blocks_of_lines_agree_with_lines(tmp_path: Path, lines: list[str], ending: str, closed: bool) -> None:
    path = tmp_path / "drugs.jsonl"
    path.write_bytes((ending.join(lines) + (ending if closed else "")).encode())
    blocks, single = both_ways(path)
    assert blocks == single


@relaxed
@given(lines=st.lists(elements(TRICKY), min_size=1, max_size=5))
def test_a_block_that_is_plain_has_one_row_a_line(lines: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonl_module, "WORTH", 1)
        rows = plain_lines("\n".join(lines).encode())
    if rows is not None:
        assert [row.input for row in rows] == [json.loads(line)["input"] for line in lines]


@pytest.mark.parametrize(
    "block",
    [
        b'{"input": "a", "output": "b"}, {"input": "c", "output": "d"}',
        b'{"input": "a",\n"output": "b"}',
        b'{"input": "a", "output": "b"}\n\n{"input": "c", "output": "d"}',
        b'{"input": "a", "output": "b"}\n{"input": "c", "output": "d", "output": "e"}',
        b'{"input": "a", "output": "b"}\n{"Categories": []}',
        b' {"input": "a", "output": "b"}',
        b'{"input": "a", "output": "b"} ',
        b'{"input": "a", "output": "b"}\r{"input": "c", "output": "d"}',
        b'{"input": "a", "output": "b"},\n{"input": "c", "output": "d"}',
    ],
)
def test_blocks_whose_lines_have_to_be_looked_at(monkeypatch: pytest.MonkeyPatch, block: bytes) -> None:
    monkeypatch.setattr(jsonl_module, "WORTH", 1)
    assert plain_lines(block) is None


@relaxed
@given(
    rows=st.lists(st.tuples(TRICKY, st.sampled_from(["\n", "\r\n", "\n\n"])), min_size=1, max_size=12),
    size=st.integers(1, 200),
    headed=st.booleans(),
)
def test_reading_goes_on_at_every_mark(tmp_path: Path, rows: list[tuple[str, str]], size: int, headed: bool) -> None:
    path = tmp_path / "drugs.jsonl"
    lines = [json.dumps({"input": text, "output": text, "Source": "s"}) + ending for text, ending in rows]
    path.write_bytes(((CARD_LINE + "\n" if headed else "") + "".join(lines)).encode())
    whole = list(JsonlReader(path)._lines_of(Mark(), size))
    found = [one for batch in whole for one in batch.instances]
    assert [one.input for one in found] == [text for text, _ in rows]
    assert all(("Source" in one.extra) == headed for one in found)
    for batch in whole:
        mark = Mark(**json.loads(json.dumps(mark_fields(batch.end))))  # as a checkpoint keeps it
        reader = open_reader(path)
        rest = [one for later in reader.batches(mark) for one in later.instances]
        assert content(rest) == content(found[mark.index :])
        assert reader.card.extra == ({"Licence": "CC0"} if headed else {})
        assert reader.card.source == (() if headed else ("s",))


def mark_fields(mark: Mark) -> dict[str, Any]:
    return {name: getattr(mark, name) for name in ("index", "offset", "line", "keys", "headed")}


@relaxed
@given(before=st.integers(0, 5), blank=st.integers(0, 3), indent=st.integers(0, 4))
def test_a_fault_is_told_with_its_line_and_column(tmp_path: Path, before: int, blank: int, indent: int) -> None:
    path = tmp_path / "drugs.jsonl"
    sound = '{"input": "é", "output": "b"}\n'
    path.write_text(
        sound * before + "\n" * blank + " " * indent + '{"input": "é" "output"}\n' + sound, encoding="utf-8"
    )
    reader = open_reader(path)
    read = [one for batch in reader.batches() for one in batch.instances]
    assert len(read) == before + 1  # what follows the fault is read all the same
    column = indent + len('{"input": "é" ') + 1
    assert [problem.place for problem in reader.problems] == [f"{path}: line {before + blank + 1}, column {column}"]
