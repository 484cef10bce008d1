"""Identifiers in task files: counted by task and kind, and never shown unless asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit import audit_document
from medsins.audit.identifiers import audit_identifiers
from medsins.core.identifiers import KINDS, find_identifiers

from .task_files import Row, write

PEOPLE = [
    ("Mr. Zebulon Quirkmeyer came in.", "name", "Quirkmeyer"),
    ("DOB: 03/14/1961, well.", "birth date", "03/14/1961"),
    ("MRN: 77120993 as before.", "record number", "77120993"),
    ("SSN 219-09-9876 on file.", "identity number", "219-09-9876"),
    ("Phone: (212) 555-0177 at night.", "phone", "555-0177"),
    ("Write to z.quirkmeyer@clinic.example soon.", "e-mail", "z.quirkmeyer"),
    ("Admission Date: 2019-02-03.", "visit date", "2019-02-03"),
]
PLAIN = "The trial found no difference between the two arms after 12 weeks."


def rows(repeats: int = 3) -> list[Row]:
    return [(f"{text} {PLAIN}", "yes") for text, _, _ in PEOPLE] + [(PLAIN, "no")] * repeats


def test_counts_by_task_and_kind(tmp_path: Path) -> None:
    write(tmp_path / "a.json", rows())
    write(tmp_path / "b.jsonl", [(PLAIN, f"She saw Dr. Quirkmeyer {n} times.") for n in range(4)] + [(PLAIN, "no")] * 6)
    write(tmp_path / "c.parquet", [(PLAIN, "yes")] * 5)
    section = audit_identifiers([tmp_path])
    tasks = section.extra["tasks"]
    assert tasks["a"] == {"instances": 10, "touched": 7, "hits": dict.fromkeys((kind for _, kind, _ in PEOPLE), 1)}
    assert tasks["b"] == {"instances": 10, "touched": 4, "hits": {"name": 4}}
    assert tasks["c"] == {"instances": 5, "touched": 0, "hits": {}}
    assert [(f.severity, f.place) for f in section.findings] == [("warning", "a"), ("note", "b")]
    by_kind = {row[0]: row for row in section.tables[0].rows}
    assert by_kind.keys() == set(KINDS)
    assert by_kind["name"][1:4] == (5, 5, pytest.approx(10_000 * 5 / 25))
    assert all(row[4] <= row[3] <= row[5] for row in section.tables[0].rows)
    assert {evidence.left_place for evidence in section.evidence if evidence.why == "name"} == {
        "a / i0 / input", *(f"b / i{n} / output" for n in range(4)),
    }  # fmt: skip


def test_a_find_never_leaves_unless_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", rows())
    hidden = json.dumps(audit_document([audit_identifiers([path])]), ensure_ascii=False)
    shown = json.dumps(audit_document([audit_identifiers([path], show_text=True)]), ensure_ascii=False)
    for _, kind, secret in PEOPLE:
        assert secret not in hidden
        assert secret in shown
        assert kind in hidden
    assert PLAIN[:20] not in hidden


@settings(max_examples=25)
@given(st.lists(st.sampled_from([PLAIN, *(text for text, _, _ in PEOPLE)]), min_size=1, max_size=12))
def test_every_hit_of_the_rules_is_counted(texts: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, "t.jsonl"), [(text, text[::-1]) for text in texts])
        tasks = audit_identifiers([path]).extra["tasks"]
    both = [find_identifiers(text) + find_identifiers(text[::-1]) for text in texts]
    assert sum(tasks["t"]["hits"].values()) == sum(map(len, both))
    assert tasks["t"]["touched"] == sum(map(bool, both))


def test_no_more_places_than_can_be_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", [(f"Mr. Quirkmeyer, visit {n}", "yes") for n in range(500)])
    section = audit_identifiers([path])
    assert section.extra["tasks"]["t"]["hits"] == {"name": 500}
    assert len(section.evidence) == 5


def test_texts_without_finds_are_clean(tmp_path: Path) -> None:
    section = audit_identifiers([write(tmp_path / "t.json", [(PLAIN, "yes")] * 3)])
    assert section.clean
    assert section.findings == section.evidence == ()
    assert section.summary.startswith("0 of 3 instances (0.0 %; 0 to 56)")
