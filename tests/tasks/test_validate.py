"""Checks of task files: what they find, where they say it is, and what they leave alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import Instance
from medsins.tasks import Validation, open_writer, validate
from medsins.tasks._findings import SHOWN
from medsins.tasks._language import fits, guess_language, script_of
from medsins.tasks._repeats import Repeats
from medsins.tasks.report import write_report

from .fuzz import mutated_files
from .samples import CARD, instances

GOOD_CARD: dict[str, Any] = {
    "Contributors": ["A. Nurse"],
    "Source": ["invented"],
    "URL": ["https://example.org"],
    "Categories": ["Text Classification"],
    "Definition": ["Is the patient in pain? Answer yes or no."],
    "Input_language": ["English"],
    "Output_language": ["English"],
    "Domains": ["clinical texts"],
    "Split Type": "Train/Test",
    "Access": "open",
}
GOOD_ROWS = [
    {"input": f"Patient {n} says that it {'hurts a lot' if n % 3 else 'is fine'}.", "output": "yes" if n % 3 else "no"}
    for n in range(40)
]


def checked(folder: Path, rows: Sequence[dict[str, Any]] = GOOD_ROWS, **card: Any) -> Validation:
    path = folder / "pain.json"
    document = {**GOOD_CARD, **card, "Instances": list(rows)}
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not ...}))
    return validate(path)


def told(found: Validation, kind: str) -> list[str]:
    return [
        f"{finding.problem.place.removeprefix(str(found.path))} {finding.problem.what}"
        for finding in found.findings
        if finding.kind == kind
    ]


def test_a_good_file_has_no_findings(tmp_path: Path) -> None:
    found = checked(tmp_path)
    assert (found.instances, found.category, found.findings) == (40, "Text Classification", ())


def with_row(number: int, **changes: Any) -> list[dict[str, Any]]:
    rows = [dict(row) for row in GOOD_ROWS]
    rows[number].update(changes)
    return rows


@pytest.mark.parametrize(
    ("rows", "kind", "expected"),
    [
        (with_row(3, input=" "), "empty input", ": $.Instances[3].input is empty"),
        (with_row(4, output=[]), "empty output", ": $.Instances[4].output is empty"),
        (with_row(5, input=GOOD_ROWS[2]["input"]), "duplicate", ": $.Instances[5].input is the same as $.Instanc"),
        (with_row(6, input=GOOD_ROWS[2]["input"], output="no"), "conflict", "[2].input, with another output"),
        (with_row(7, id="pain-1"), "id", ": $.Instances[7].id is the same as $.Instances[1].id"),
        (with_row(8, input="It hurts.\x07"), "control character", "[8].input holds the control character U+0007 (char"),
        (with_row(9, input="It\u0085hurts."), "control character", "U+0085 (character 3)"),
        (with_row(9, input="fiÃ©vre"), "damaged text", "read with the wrong encoding (character 3)"),
        (with_row(9, output="y\ufffds"), "damaged text", "$.Instances[9].output holds the replacement character"),
        (with_row(10, input="It hurts. Answer: yes."), "leak", "ends with its own answer"),
        (with_row(11, input="yes"), "leak", "is the same as its output"),
        (with_row(12, input="患者は痛みを訴えている。"), "language", "$.Instances[12].input is in"),
        ([{**row, "output": "yes"} for row in GOOD_ROWS], "labels", "every output is 'yes'"),
        ([*GOOD_ROWS * 2, *({"input": f"{n} ok", "output": "yes"} for n in range(2000))], "labels", "98.7% of the"),
        (with_row(13, output="Yes.") [:14] + with_row(14, output="Yes.")[14:], "labels", "'Yes.' (2)"),
        ([{**row, "output": "maybe"} for row in GOOD_ROWS[:30]] + GOOD_ROWS[30:], "definition", "'maybe' (75.0%)"),
        (with_row(15, input="word " * 5000), "input length", "[15].input has 25,000 characters, the median is"),
        ([{"input": "a" * 500 + f"{n:012}", "output": "yes"} for n in range(40)], "length", "40 inputs are exact"),
        (with_row(16, input="a" * 32_767), "length", "the most an Excel cell holds"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_instances(tmp_path: Path, rows: list[dict[str, Any]], kind: str, expected: str) -> None:
    assert any(expected in line for line in told(checked(tmp_path, rows), kind))


@pytest.mark.parametrize(
    ("card", "kind", "expected"),
    [
        ({"Contributors": ..., "Domains": []}, "card", ": card the card has no Contributors, no Domains"),
        ({"Definition": ...}, "definition", ": $.Definition is missing"),
        ({"URL": ["my desk"]}, "card", ": $.URL 'my desk' is no web address"),
        ({"Split Type": "Trian"}, "card", ": $.Split Type 'Trian' is not known"),
        ({"Access": "secret"}, "card", ": $.Access 'secret' is not known"),
        ({"Input_language": ["Englisch"]}, "language", ": $.Input_language 'Englisch' is no language"),
        ({"Positive Examples": [{"input": "a"}]}, "example", "$.Positive Examples[0] has no input or no output"),
        (
            {"Positive Examples": [{"input": GOOD_ROWS[7]["input"], "output": "yes"}]},
            "example",
            "$.Instances[7].input is also a Positive Example",
        ),
        ({"Categories": ["Text Clasification"]}, "category", ": $.Categories unknown category"),
    ],
)
def test_what_is_wrong_with_the_card(tmp_path: Path, card: dict[str, Any], kind: str, expected: str) -> None:
    assert any(expected in line for line in told(checked(tmp_path, **card), kind))


def test_the_wrong_language_altogether(tmp_path: Path) -> None:
    french = "Le patient dit que la douleur est dans le dos et qu'il ne peut pas dormir avec les autres."
    rows = [{"input": f"{french} ({n})", "output": "yes" if n % 3 else "no"} for n in range(40)]
    assert any("most texts look like French" in line for line in told(checked(tmp_path, rows), "language"))
    assert not told(checked(tmp_path, rows, Input_language=["French"]), "language")
    chinese = told(checked(tmp_path, rows, Input_language=["Chinese"]), "language")
    assert any("is in Latin script, but the card says input is Chinese" in line for line in chinese)


def test_an_output_in_its_input_is_a_leak_only_where_it_is_written_anew(tmp_path: Path) -> None:
    rows = [{"input": f"Report {n}: all is well today. Seen at noon.", "output": "all is well today"} for n in range(5)]
    assert not told(checked(tmp_path, rows, Categories=["Information Extraction"]), "leak")
    assert len(told(checked(tmp_path, rows, Categories=["Text Summarization"]), "leak")) == 5


def test_options_in_the_inputs_need_no_naming(tmp_path: Path) -> None:
    rows = [{"input": f"{n}? A: left lung B: right lung", "output": "A: left lung"} for n in range(40)]
    rows += [{**row, "input": row["input"] + "!", "output": "B: right lung"} for row in rows]
    assert not checked(tmp_path, rows, Definition=["Choose."], Categories=["MCQA"]).findings


def test_all_errors_at_once_and_warnings_counted(tmp_path: Path) -> None:
    rows: list[Any] = [{"input": 7, "output": "x\x01"} for _ in range(30)]
    rows += [{"input": []}, "text", {"Input": "a", "output": "b"}]
    found = checked(tmp_path, rows, Categories=["??"])
    errors = [finding for finding in found.findings if finding.level == "error"]
    assert [finding.level for finding in found.findings[: len(errors)]] == ["error"] * len(errors)
    assert found.errors == len(errors) == 5
    assert any("the key 'Input' is written in lower case" in finding.problem.mend for finding in errors)
    controls = [finding for finding in found.findings if finding.kind == "control character"]
    assert len(controls) == SHOWN
    assert [finding.more for finding in controls] == [0] * (SHOWN - 1) + [30 - SHOWN]
    assert found.warnings >= 30


def test_repeats_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [{"input": f"text {n % 25}", "output": "yes"} for n in range(500)]
    found = checked(tmp_path, rows)
    listed = [finding for finding in found.findings if finding.kind == "duplicate"]
    assert [f"$.Instances[{25 + n}]" in finding.problem.place for n, finding in enumerate(listed)] == [True] * SHOWN
    assert listed[-1].more == 475 - SHOWN


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".xlsx", ".parquet", ".jsonl.zst"])
def test_places_are_those_of_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"drugs{suffix}"
    with open_writer(path, CARD) as writer:
        writer.write([Instance(f"i{n}", f"text {n}", ("x",)) for n in range(3)] + [Instance("last", "", ("x",))])
    found = validate(path)
    places = {
        ".json": "$.Instances[3].input",
        ".jsonl": "line 5.input",
        ".xlsx": "sheet 'Instances', cell A5",
        ".parquet": "row 4, column 'input'",
        ".jsonl.zst": "line 5.input",
    }
    assert told(found, "empty input") == [f": {places[suffix]} is empty"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(found=st.lists(instances, max_size=30))
def test_any_readable_file_can_be_checked(tmp_path: Path, found: list[Instance]) -> None:
    path = tmp_path / "drugs.jsonl"
    with open_writer(path, CARD) as writer:
        writer.write(found)
    result = validate(path)
    assert result.instances == len(found)
    blank = sum(not one.input.strip() for one in found)
    listed = [finding for finding in result.findings if finding.kind == "empty input"]
    assert sum(1 + finding.more for finding in listed) == blank


def check_mutated(folder: Path, count: int, seed: int) -> int:
    """How many of ``count`` mutated files were refused; every message must name its file."""
    refused = 0
    for path in mutated_files(folder, count, seed):
        found = validate(path)
        refused += bool(found.errors)
        for finding in found.findings:
            assert finding.problem.place.startswith(str(path)), finding
            assert finding.problem.what
    return refused


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    assert 100 < check_mutated(tmp_path, 400, seed=1) < 400


@pytest.mark.slow
def test_ten_thousand_mutated_files(tmp_path: Path) -> None:
    assert 5000 < check_mutated(tmp_path, 10_000, seed=2) < 10_000


@settings(deadline=None)
@given(keys=st.lists(st.integers(-5, 5), max_size=60), values=st.integers(0, 2), held=st.sampled_from([1, 7, 10**6]))
def test_repeats_agree_with_a_dictionary(keys: list[int], values: int, held: int) -> None:
    beside = [key * values % 3 for key in range(len(keys))]
    expected, first = set(), {}
    for row, key in enumerate(keys):
        if key in first:
            expected.add((row, first[key], beside[row] != beside[first[key]]))
        first.setdefault(key, row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("medsins.core.buckets._IN_MEMORY", held)
        repeats = Repeats()
        for start in range(0, len(keys), 4):
            repeats.add(keys[start : start + 4], beside[start : start + 4])
        found = list(repeats.found())
        repeats.close()
    assert {(one.row, one.first, one.differs) for one in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("text", "script", "language"),
    [
        ("The patient was seen in the clinic and it is not known which of the drugs she had. " * 9, "Latin", "English"),
        ("El paciente no tiene fiebre y se queja de dolor en la espalda con los movimientos. " * 9, "Latin", "Spanish"),
        ("Der Patient klagt über Schmerzen und ist nicht in der Lage, mit anderen zu gehen. " * 9, "Latin", "German"),
        ("Пациент жалуется на боль.", "Cyrillic", "Russian"),
        ("患者主诉疼痛。", "Han", "Chinese"),
        ("患者は痛みを訴えている。", "Kana", "Japanese"),
        ("환자는 통증을 호소한다.", "Hangul", "Korean"),
        ("1234 ...", "", ""),
        ("", "", ""),
        ("aspirin 100 mg", "Latin", ""),
    ],
)
def test_languages(text: str, script: str, language: str) -> None:
    assert script_of(text) == script
    assert guess_language([text, text]) == language


def test_unknown_languages_raise_no_alarm() -> None:
    assert fits("Han", ["Klingon"])
    assert fits("Han", [])
    assert not fits("Han", ["English", "French"])
    assert fits("Latin", ["Chinese", "English"])


def test_the_report_shows_every_finding_and_runs_nothing(tmp_path: Path) -> None:
    rows = [*with_row(3, input="<script>alert(1)</script>\x01"), {"input": "", "output": "x"}]
    found = [checked(tmp_path, rows, Contributors=...)]
    page = tmp_path / "report.html"
    write_report(found, page)
    text = page.read_text(encoding="utf-8")
    for finding in found[0].findings:
        assert finding.kind in ("card", "empty input") or finding.problem.what.split("'")[0] in text
    assert "$.Instances[40].input" in text
    assert "<script" not in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")
    write_report([checked(tmp_path)], page)
    assert "Nothing to mend" in page.read_text(encoding="utf-8")


def test_real_task_files_are_no_errors(shared: Path) -> None:
    paths = [p for p in sorted((shared / "data" / "expected").glob("*.json")) if not p.name.endswith(".stats.json")]
    assert paths
    for path in paths:
        found = validate(path)
        assert not found.errors
        assert found.instances == len(json.loads(path.read_text(encoding="utf-8"))["Instances"])
