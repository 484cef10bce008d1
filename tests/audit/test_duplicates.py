"""Duplicates: what a plain dictionary would find, at any size, whatever the format and the order."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit import Section
from medsins.audit.duplicates import audit_duplicates
from medsins.core import UsageError

from .task_files import write

WORDS = ["fever", "Fever", "cough", "pain,", "PAIN", "rash!", "of", "the", "Fieber", "咳嗽"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from(["yes", "no", "Yes."])), max_size=25)
LONG = "one two three four five six seven eight"


def plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def counted(section: Section) -> dict[str, Any]:
    tasks: dict[str, Any] = section.extra["tasks"]
    return tasks


@settings(max_examples=40)
@given(rows=ROWS, ending=st.sampled_from([".json", ".jsonl", ".parquet", ".xlsx"]), held=st.sampled_from([4, 10**6]))
def test_counts_agree_with_a_dictionary(rows: list[tuple[str, str]], ending: str, held: int) -> None:
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text, label in rows:
        groups[plain(text)].append((text, plain(label)))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("medsins.core.buckets._IN_MEMORY", held)
        section = audit_duplicates([write(Path(folder, f"t{ending}"), rows)]) if rows else None
    if section:
        found = counted(section)["t"]
        assert found["instances"] == len(rows)
        assert found["exact"] + found["folded"] == sum(len(group) - 1 for group in groups.values())
        assert found["folded"] == sum(len({text for text, _ in group}) - 1 for group in groups.values())
        differing = [group for group in groups.values() if len({label for _, label in group}) > 1]
        assert found["contradictions"] == len(differing)
        assert found["contradicting"] == sum(map(len, differing))


def test_files_of_one_task_are_its_splits(tmp_path: Path) -> None:
    write(tmp_path / "task5.train.json", [(f"{LONG} {n}", "yes") for n in range(50)])
    write(tmp_path / "task5.test.json", [(f"{LONG} {n}", "yes") for n in range(48, 60)])
    section = audit_duplicates([tmp_path])
    assert [(f.severity, f.place, f.what[:22]) for f in section.findings] == [
        ("error", "task5", "2 of 12 test instances")
    ]
    assert not [table for table in section.tables if table.title == "Across tasks"]


def test_splits_of_one_file(tmp_path: Path) -> None:
    shared = [(f"{LONG} {n}", "yes") for n in range(3)]
    rows = [(text, label, {"split": "train"}) for text, label in shared]
    rows += [(f"{LONG} t{n}", "no", {"split": "train"}) for n in range(10)]
    rows += [(shared[0][0], "yes", {"split": "test"}), (shared[1][0].upper() + "!", "no", {"split": "test"})]
    rows += [(f"{LONG} v{n}", "no", {"split": "test"}) for n in range(6)]
    section = audit_duplicates([write(tmp_path / "t.jsonl", rows)])
    (finding,) = [f for f in section.findings if "is in train too" in f.what]
    assert finding.severity == "error"
    assert finding.what.startswith("2 of 8 test instances (25.0 %)")
    assert "1 of them with the same answer" in finding.what
    table = next(table for table in section.tables if table.title == "Across splits")
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["task"], row["split"], row["also in"], row["shared"], row["not short"]) == ("t", "test", "train", 2, 2)
    assert row["from"] < row["share"] == 25 < row["to"]


def test_headings_on_both_sides_are_worth_a_note_only(tmp_path: Path) -> None:
    write(tmp_path / "train" / "t.json", [("Discussion", "none"), *((f"{LONG} {n}", "x") for n in range(20))])
    write(tmp_path / "test" / "t.json", [("discussion.", "none"), *((f"{LONG} t{n}", "x") for n in range(20))])
    section = audit_duplicates([tmp_path])
    assert [(finding.severity, finding.place) for finding in section.findings] == [("note", "t")]
    terse = [(word, "synonym") for word in string.ascii_lowercase]
    write(tmp_path / "train" / "t.json", terse)
    write(tmp_path / "test" / "t.json", terse)
    assert [finding.severity for finding in audit_duplicates([tmp_path]).findings] == ["error"]


def test_tasks_of_one_category_that_ask_the_same_must_agree(tmp_path: Path) -> None:
    write(tmp_path / "task1.json", [(f"{LONG} {n}", "yes") for n in range(9)])
    write(tmp_path / "task2.json", [(f"{LONG} {n}", "no") for n in range(5)])
    write(tmp_path / "task3.json", [(f"{LONG} {n}", "no") for n in range(5)], definition=("Another question.",))
    section = audit_duplicates([tmp_path])
    (warning,) = [finding for finding in section.findings if finding.severity == "warning"]
    assert (warning.place, warning.what[-15:]) == ("task1, task2", "5 shared inputs")
    table = next(table for table in section.tables if table.title == "Across tasks")
    assert [row[:4] for row in table.rows] == [
        ("task1", "task2", "Fact Verification", 5),
        ("task1", "task3", "Fact Verification", 5),
        ("task2", "task3", "Fact Verification", 5),
    ]
    assert [row[6] for row in table.rows] == [0, 0, 5]


def test_long_answers_that_differ_are_no_contradiction(tmp_path: Path) -> None:
    rows = [(LONG, "An answer in so many words that nobody would take it for a label. " * 3), (LONG, "No label. " * 20)]
    section = audit_duplicates([write(tmp_path / "t.json", rows)])
    assert counted(section)["t"]["contradictions"] == 0
    assert counted(section)["t"]["several_answers"] == 1


def test_evidence_shows_both_instances(tmp_path: Path) -> None:
    rows = [(f"{LONG} {n}", "no") for n in range(30)] + [(f"{LONG} 17", "yes")]
    section = audit_duplicates([write(tmp_path / "t.json", rows)])
    first = section.evidence[0]
    assert (first.left_place, first.right_place) == ("t / i17 / input", "t / i30 / input")
    assert first.left == f"{LONG} 17\n→ no"
    assert first.right == f"{LONG} 17\n→ yes"


def test_blank_inputs_are_no_group_and_signs_are_compared_to_the_letter(tmp_path: Path) -> None:
    rows = [("", "a"), ("  ", "b"), ("?", "a"), ("!", "b"), ("?", "a")]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({"input": i, "output": o}) + "\n" for i, o in rows), encoding="utf-8")
    found = counted(audit_duplicates([path]))["t"]
    assert (found["exact"], found["folded"], found["contradictions"]) == (1, 0, 0)


def test_the_same_files_give_the_same_result_in_any_process(tmp_path: Path) -> None:
    """Python's own hashes differ from process to process; nothing of them may show."""
    for n in range(3):
        rows = [(f"{LONG} {(row * 7) % 40}", "yes" if row % 3 else "no") for row in range(200)]
        write(tmp_path / "data" / f"task{n}.json", rows, definition=(f"Question {n // 2}.",))
    code = (
        "import sys, json, dataclasses; from pathlib import Path;"
        "from medsins.audit.duplicates import audit_duplicates;"
        "print(json.dumps(dataclasses.asdict(audit_duplicates([Path(sys.argv[1])]))))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "data")],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


def test_clean_files_are_clean(tmp_path: Path) -> None:
    section = audit_duplicates([write(tmp_path / "t.json", [(f"{LONG} {n}", "yes") for n in range(100)])])
    assert section.clean
    assert section.findings == section.evidence == section.tables == ()
    assert section.settings["files"].keys() == {"t"}


def test_a_patient_on_both_sides_of_a_split(tmp_path: Path) -> None:
    def note(n: int, patient: object, split: str) -> tuple[str, str, dict[str, Any]]:
        return f"{LONG} note {n}", "yes", {"split": split, "patient": patient}

    rows = [note(n, n % 10, "train") for n in range(40)] + [note(40 + n, n, "test") for n in range(5, 15)]
    path = write(tmp_path / "t.jsonl", [*rows, (f"{LONG} nobody", "no")])
    assert audit_duplicates([path]).clean
    section = audit_duplicates([path], group="patient")
    (finding,) = section.findings
    assert (finding.severity, finding.place) == ("error", "t")
    assert finding.what == "5 of 10 test instances (50.0 %) share their patient with instances of train"
    shown = [evidence for evidence in section.evidence if "value of the key" in evidence.why]
    assert shown
    assert shown[0].left.endswith("→ yes")
    assert section.settings["group"] == "patient"


def test_a_key_that_no_instance_has(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no instance has the key 'patient'"):
        audit_duplicates([write(tmp_path / "t.json", [(LONG, "yes")])], group="patient")


@settings(max_examples=25)
@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["train", "test", "dev"])), min_size=1, max_size=30),
    held=st.sampled_from([2, 10**6]),
)
def test_keys_agree_with_a_dictionary(rows: list[tuple[int, str]], held: int) -> None:
    train = {key for key, split in rows if split == "train"}
    expected = sum(split == "test" and key in train for key, split in rows)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("medsins.core.buckets._IN_MEMORY", held)
        instances = [(f"{LONG} {n}", "x", {"split": split, "key": key}) for n, (key, split) in enumerate(rows)]
        section = audit_duplicates([write(Path(folder, "t.parquet"), instances)], group="key")
    told = [f.what for f in section.findings if "test instances" in f.what and f.what.endswith("train")]
    assert [int(what.split()[0]) for what in told] == ([expected] if expected else [])
