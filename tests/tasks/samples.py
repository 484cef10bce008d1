"""Instances, cards and strategies the tests of task files share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from medsins.core import Card, Example, Instance
from medsins.tasks import open_reader

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
keys = st.text("abcdefgh Source", min_size=1, max_size=8).filter(lambda key: key not in ("id", "input", "output"))
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
extras = st.dictionaries(keys, scalars | texts | st.lists(texts, max_size=2), max_size=2)

instances = st.builds(
    Instance,
    id=texts.filter(bool),
    input=texts,
    outputs=st.lists(texts, max_size=3).map(tuple),
    listed=st.just(True),
    extra=st.just({}) | st.just({}) | extras,
)
rows = st.lists(instances, max_size=8)

relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def elements(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """JSON texts of instances: documented, bent and doubled keys, in many spellings."""
    string = texts.flatmap(lambda text: st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)]))
    odd = st.sampled_from(["1", "null", "[]", '["a", 2]', "{}", "true", '"\\u0022"', '"\\\\"', "1.50", '["a","b"]'])
    key = st.sampled_from(['"input"', '"output"', '"id"', '"\\u0069nput"', '"note"', '"i\\u0064"'])
    pair = st.tuples(key, st.sampled_from([":", ": ", " :"]), string | odd).map("".join)
    head = st.tuples(string, string).map(lambda both: [f'"input": {both[0]}', f'"output": {both[1]}'])
    return st.tuples(head, st.lists(pair, max_size=2)).map(lambda two: "{" + ", ".join(two[0] + two[1]) + "}")


CARD = Card(
    contributors=("A. Nurse", "B. Doctor, M.D."),
    source=("ward notes, invented",),
    categories=("Named Entity Recognition",),
    definition=("List the drugs, in order.", "Which drugs are named?"),
    input_language=("English", "French"),
    output_language=("English",),
    domains=("clinical texts",),
    positive_examples=(Example("He takes aspirin.", "aspirin", "One drug."),),
    split_type="Train/Test",
    extra={"Licence": "CC0", "Grades": [1, {"a": None}], "Looks": '["like JSON"]'},
)


def content(found: Iterable[Instance]) -> list[tuple[str, str, tuple[str, ...], dict[str, Any]]]:
    """What of instances every format keeps."""
    return [(one.id, one.input, one.outputs, dict(one.extra)) for one in found]


def plain(count: int, size: int = 400) -> list[Instance]:
    """Instances in the documented shape, long enough that some thousand fill several blocks."""
    filler = 'pain, "fever" and \\ 発熱 — '
    return [
        Instance(f"i{number}", f"{number}: {filler * (size // len(filler))}", (f"out {number % 7}", "or\nelse"), True)
        for number in range(count)
    ]


def write_json(path: Path, rows: Sequence[Instance], **layout: Any) -> Path:
    """A ``.json`` file as other programs write it."""
    found = [{"id": row.id, "input": row.input, "output": list(row.outputs), **row.extra} for row in rows]
    document = {"Categories": ["NER"], "Definition": ["List the drugs."], "Instances": found}
    path.write_text(json.dumps(document, **layout), encoding="utf-8")
    return path


def read_all(path: Path) -> list[Instance]:
    """The instances of a file; every problem raises."""
    return list(open_reader(path))
