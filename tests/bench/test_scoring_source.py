"""Where a task's category, language and references come from, and in which order."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from medsins.bench.runner import run
from medsins.bench.scoring_source import Source, source_of_csv, source_of_run
from medsins.bench.spec import RunSpec
from medsins.core import Card, Instance, MedsinsError, Task
from medsins.tasks import write_task


def predictions(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "p.csv"
    names = list(dict.fromkeys(["task_id", "input", "GT", "output", *(name for row in rows for name in row)]))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows({"input": "i", "GT": "g", "output": "o", **row} for row in rows)
    return path


def task_file(folder: Path, name: str, category: str, language: str = "English") -> Path:
    card = Card(categories=(category,), definition=("Do it.",), output_language=(language,))
    instances = (Instance(f"{name}-1", "i", ("g", "other")), Instance(f"{name}-2", "i 2", ("h",)))
    write_task(Task(name, card, instances, category), folder / f"{name}.json")
    return folder / f"{name}.json"


def kind(source: Source, task_id: str) -> tuple[str, str, str]:
    spec = source.specs[task_id]
    return spec.category, spec.scorer, spec.language


def test_the_catalogue_knows_published_tasks(tmp_path: Path) -> None:
    source = source_of_csv([predictions(tmp_path, [{"task_id": "task51"}, {"task_id": "task126"}])])
    assert kind(source, "task51") == ("Rationale", "text", "zh")
    assert kind(source, "task126") == ("Named Entity Recognition", "entities", "en")


def test_bundled_suites_know_their_tasks(tmp_path: Path) -> None:
    source = source_of_csv([predictions(tmp_path, [{"task_id": "mini_mcqa_ja", "GT": "正しい答えは A: x です"}])])
    assert kind(source, "mini_mcqa_ja") == ("MCQA", "mcqa", "ja")


@pytest.mark.parametrize("name", ["../mini/test/mini_nli", ".hidden", "mini_*", "[m]ini_nli", "mini_mcqa_??"])
def test_task_ids_are_names_not_patterns_or_paths(tmp_path: Path, name: str) -> None:
    source = source_of_csv([predictions(tmp_path, [{"task_id": name}, {"task_id": "task126"}])])
    assert list(source.specs) == ["task126"]
    assert len(source.problems) == 1


def test_columns_make_an_own_task_known(tmp_path: Path) -> None:
    rows = [{"task_id": "mine", "category": "named entity recognition", "language": "French"}]
    source = source_of_csv([predictions(tmp_path, rows)])
    assert kind(source, "mine") == ("Named Entity Recognition", "entities", "fr")


def test_a_wrong_category_is_named(tmp_path: Path) -> None:
    rows = [{"task_id": "mine", "category": "Astrology"}, {"task_id": "task126"}]
    source = source_of_csv([predictions(tmp_path, rows)])
    assert "unknown category 'Astrology' of task 'mine'" in str(source.problems[0])
    assert source.lost == 1


def test_given_task_files_come_first(tmp_path: Path) -> None:
    path = task_file(tmp_path, "task126", "Diagnosis", "Spanish")
    source = source_of_csv([predictions(tmp_path, [{"task_id": "task126"}])], [path])
    assert kind(source, "task126") == ("Diagnosis", "labels", "es")


def test_references_come_from_the_task_file_by_id_or_by_text(tmp_path: Path) -> None:
    path = task_file(tmp_path, "mine", "Diagnosis")
    rows = [
        {"task_id": "mine", "instance_id": "mine-1", "input": "whole prompt"},
        {"task_id": "mine", "input": "i 2", "GT": "h"},
    ]
    source = source_of_csv([predictions(tmp_path, rows)], [path])
    assert [row.references for row in source.rows] == [("g", "other"), ("h",)]
    assert source.rows[0].input == "i"
    assert source.absent == ()
    assert source.instances == {0: "mine-1"}


def test_a_row_the_task_file_does_not_have_keeps_its_own_reference(tmp_path: Path) -> None:
    path = task_file(tmp_path, "mine", "Diagnosis")
    source = source_of_csv([predictions(tmp_path, [{"task_id": "mine", "input": "elsewhere", "GT": "z"}])], [path])
    assert source.rows[0].references == ("z",)
    assert source.absent == ()


def test_absent_instances_get_rows_of_their_own(tmp_path: Path) -> None:
    path = task_file(tmp_path, "mine", "Diagnosis")
    source = source_of_csv([predictions(tmp_path, [{"task_id": "mine", "instance_id": "mine-2"}])], [path])
    assert [(row.row, row.references, row.output, row.status) for row in source.absent] == [
        (1, ("g", "other"), None, "missing")
    ]


def test_a_run_keeps_status_references_and_ids(tmp_path: Path) -> None:
    run(RunSpec(model="mock:error", suite="mini", limit=1), tmp_path / "r")
    source = source_of_run(tmp_path / "r")
    assert {row.status for row in source.rows} == {"error"}
    assert all(row.references for row in source.rows)
    assert set(source.instances) == {row.row for row in source.rows}
    assert set(source.specs) == {row.task_id for row in source.rows}
    assert source.origin.startswith("suite:mini@")


def test_a_damaged_manifest_is_an_error_of_the_run(tmp_path: Path) -> None:
    run(RunSpec(model="mock:empty", suite="mini", limit=1), tmp_path / "r")
    manifest = tmp_path / "r" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"category"', '"kind"'), encoding="utf-8")
    with pytest.raises(MedsinsError, match="no usable list of tasks"):
        source_of_run(tmp_path / "r")
