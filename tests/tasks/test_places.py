"""Every finding leads to what it is about: the JSON path, the line or the row it names holds just that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, Instance
from medsins.tasks import open_reader, open_writer, validate

from .samples import CARD, relaxed

BLANK, TWICE, LOST = "   ", "Which drug is named here, and how much of it?", "a lost letter \ufffd in the middle"
_JSON_PATH = re.compile(r"\$\.Instances\[(\d+)\](?:\.(\w+))?$")


def at_json_path(path: Path, place: str) -> Any:
    """What a JSON path of ours leads to in the document, parsed by the standard library."""
    found = _JSON_PATH.match(place)
    assert found, place
    value = json.loads(path.read_text(encoding="utf-8"))["Instances"][int(found[1])]
    return value[found[2]] if found[2] else value


def at_line(path: Path, place: str) -> Any:
    found = re.match(r"line (\d+)(?:\.(\w+))?$", place)
    assert found, place
    value = json.loads(path.read_text(encoding="utf-8").split("\n")[int(found[1]) - 1])
    return value[found[2]] if found[2] else value


def at_row(path: Path, place: str) -> Any:
    import pyarrow.parquet as pq

    found = re.match(r"row (\d+)(?:, column '(\w+)')?$", place)
    assert found, place
    value = pq.read_table(path).to_pylist()[int(found[1]) - 1]
    return value[found[2]] if found[2] else value


WAYS = {".json": at_json_path, ".jsonl": at_line, ".parquet": at_row}


def places(path: Path, kind: str) -> list[str]:
    """The places of the findings of a kind, without the file's name."""
    found = [one.problem.place for one in validate(path).findings if one.kind == kind]
    return [place.removeprefix(f"{path}: ") for place in found]


@pytest.mark.parametrize("ending", WAYS)
@settings(relaxed, max_examples=12)
@given(count=st.integers(3, 12), odd=st.integers(0, 100))
def test_empty_inputs_and_lost_letters_stand_where_they_are_said_to(
    tmp_path: Path, ending: str, count: int, odd: int
) -> None:
    path, odd = tmp_path / f"drugs{ending}", odd % count
    texts = [f"Dose {number} of {number * 7} mg was given at noon." for number in range(count)]
    for strange, kind in ((BLANK, "empty input"), (LOST, "damaged text")):
        changed = [strange if number == odd else text for number, text in enumerate(texts)]
        with open_writer(path, CARD) as writer:
            writer.write([Instance(f"i{n}", text, ("mg",), True) for n, text in enumerate(changed)])
        held = [WAYS[ending](path, place) for place in places(path, kind)]
        assert [value if isinstance(value, str) else value["input"] for value in held] == [strange]


@pytest.mark.parametrize("ending", WAYS)
def test_an_input_that_comes_again_is_told_at_its_second_place(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"drugs{ending}"
    texts = [TWICE if number in (2, 5) else f"Dose {number} of aspirin, {number} mg." for number in range(8)]
    with open_writer(path, CARD) as writer:
        writer.write([Instance(f"i{n}", text, (f"{n} mg",), True) for n, text in enumerate(texts)])
    (place,) = places(path, "conflict")
    value = WAYS[ending](path, place)
    assert (value if isinstance(value, str) else value["input"]) == TWICE
    assert "5" in place or "6" in place or "7" in place  # the second one, counted from 0, from 1, or after the card


def test_batches_and_numbers_belong_together_in_every_format(tmp_path: Path) -> None:
    rows = [Instance(f"i{number}", f"text {number}", ("x",), True) for number in range(3000)]
    for ending in (*WAYS, ".jsonl.gz"):
        path = tmp_path / f"drugs{ending}"
        with open_writer(path, Card(categories=("NER",))) as writer:
            writer.write(rows)
        reader = open_reader(path)
        pairs = [pair for batch in reader.batches() for pair in zip(batch.numbers, batch.columns.ids, strict=True)]
        shift = 1 if ".jsonl" in ending else 0  # the card has a line of its own
        assert pairs == [(number + shift, f"i{number}") for number in range(3000)]
        assert str(1234 + shift + (ending != ".json")) in reader.where(1234 + shift, "input")
