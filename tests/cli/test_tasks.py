"""``medsins tasks`` as a user calls it: documents, files, exit codes, and a clean stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from medsins.catalog import categories
from medsins.cli.main import main
from medsins.core import Card, Instance, Task
from medsins.tasks import find_task_files, read_task, write_task

Capture = pytest.CaptureFixture[str]


def write(path: Path, count: int = 30, **card: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    instances = tuple(
        Instance(
            f"i{n}",
            f"The patient {n} has coughed for {n + 2} days.",
            ("yes" if n % 3 else "no",),
            extra={"Ward": n % 5},
        )
        for n in range(count)
    )
    fields: dict[str, Any] = {
        "definition": ("Is it pneumonia? Answer yes or no.",),
        "categories": ("Diagnosis",),
        "source": ("ward",),
        "contributors": ("A. Nurse",),
        "input_language": ("English",),
        "output_language": ("English",),
        **card,
    }
    write_task(Task(path.name.partition(".")[0], Card(**fields), instances, "Diagnosis"), path)
    return path


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return write(tmp_path / "in" / "ward_cough.json")


def document(capsys: Capture, *words: str, code: int = 0) -> Any:
    assert main(["tasks", *words, "--json", "-q"]) == code
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_a_sound_file_has_no_errors(task: Path, capsys: Capture) -> None:
    found = document(capsys, "validate", str(task))
    assert (found["files"], found["instances"], found["errors"]) == (1, 30, 0)
    assert main(["tasks", "validate", str(task)]) == 0
    assert "1 file, 0 errors" in capsys.readouterr().err


def test_errors_of_all_files_are_counted_and_listed(task: Path, capsys: Capture) -> None:
    (task.parent / "broken.json").write_text('{"Definition": [', encoding="utf-8")
    (task.parent / "empty.json").write_text("[]", encoding="utf-8")
    found = document(capsys, "validate", str(task.parent), code=1)
    assert found["files"] == 3
    errors = [row for row in found["problems"] if row["level"] == "error"]
    assert found["errors"] == sum(1 + row["more"] for row in errors) >= 2
    assert {Path(row["file"]).name for row in errors} == {"broken.json", "empty.json"}
    assert all(row["what"] and row["place"] for row in errors)
    assert main(["tasks", "validate", str(task.parent)]) == 1
    shown = capsys.readouterr()
    assert shown.out.count("error: ") == len(errors)
    assert f"3 files, {found['errors']} errors" in shown.err


def test_findings_also_as_a_page(task: Path, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "report.html"
    bad = write(task.parent / "odd_<b>.json", categories=("Poetry & <i>",))
    document(capsys, "validate", str(bad), "--html", str(page), code=1)
    text = page.read_text(encoding="utf-8")
    assert "Poetry" in text
    assert "<i>" not in text
    assert "odd_<b>" not in text


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".xlsx", ".parquet", ".json.zst"])
def test_a_task_survives_the_way_there_and_back(ending: str, task: Path, tmp_path: Path, capsys: Capture) -> None:
    there, back = tmp_path / f"ward_cough{ending}", tmp_path / "back" / "ward_cough.json"
    back.parent.mkdir()
    assert document(capsys, "convert", str(task), str(there))["instances"] == 30
    assert document(capsys, "convert", str(there), str(back))["target"] == str(back)
    before, after = read_task(task), read_task(back)
    assert [(i.id, i.input, i.outputs) for i in after.instances] == [
        (i.id, i.input, i.outputs) for i in before.instances
    ]
    assert after.card.definition == before.card.definition


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["convert", "{task}", "{task}"], "same file"),
        (["convert", "{task}", "x.docx"], ".docx"),
        (["show", "{task}", "--index", "30"], "30"),
        (["show", "{task}", "--index", "-1"], "-1"),
        (["split", "{task}", "--test", "1.5"], "1.5"),
        (["split", "{task}", "--group", "Wrad"], "Wrad"),
        (["stats", "nowhere"], "nowhere"),
        (["validate", "nowhere"], "nowhere"),
        (["template", "-o", "x.doc"], ".xlsx"),
        (["template", "-o", "x.xlsx", "--category", "Diagnosys"], "did you mean Diagnosis"),
    ],
)
def test_wrong_usage(
    words: list[str], expected: str, task: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["tasks", *(word.format(task=task) for word in words)]) == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_one_instance_with_its_card(task: Path, capsys: Capture) -> None:
    shown = document(capsys, "show", str(task), "--index", "4")
    assert (shown["id"], shown["category"], shown["language"]) == ("ward_cough", "Diagnosis", "English")
    assert "patient 4 " in json.dumps(shown["instance"])
    assert shown["card"]["Definition"] == ["Is it pneumonia? Answer yes or no."]
    assert main(["tasks", "show", str(task)]) == 0
    assert json.loads(capsys.readouterr().out)["index"] == 0


def test_counts_of_a_file_and_of_a_folder(task: Path, capsys: Capture) -> None:
    (stats,) = document(capsys, "stats", str(task))
    assert (stats["instances"], stats["category"]) == (30, "Diagnosis")
    assert stats["labels"] == {"yes": 20, "no": 10}
    assert stats["lengths"]["output"]["words"]["total"] == 30
    assert stats["lengths"]["input"]["words"]["mean"] == 8
    write(task.parent / "ward_second.json", 3)
    both = document(capsys, "stats", str(task.parent))
    assert sorted(one["instances"] for one in both) == [3, 30]
    assert main(["tasks", "stats", str(task)]) == 0
    shown = capsys.readouterr().out
    assert "Task files (1)" in shown
    assert "20  yes" in shown


@pytest.mark.parametrize("seed", ["0", "1"])
def test_a_split_loses_and_shares_nothing(seed: str, task: Path, tmp_path: Path, capsys: Capture) -> None:
    words = ["split", str(task), "--test", "0.2", "--seed", seed, "-o", str(tmp_path / "out")]
    done = document(capsys, *words)
    train, test = read_task(Path(done["train"])), read_task(Path(done["test"]))
    assert (done["train_instances"], done["test_instances"]) == (len(train.instances), len(test.instances)) == (24, 6)
    sides = [{instance.input for instance in side.instances} for side in (train, test)]
    assert not sides[0] & sides[1]
    assert sides[0] | sides[1] == {instance.input for instance in read_task(task).instances}
    first = [Path(done[side]).read_bytes() for side in ("train", "test")]
    assert [Path(document(capsys, *words)[side]).read_bytes() for side in ("train", "test")] == first


def test_a_split_keeps_groups_together(task: Path, capsys: Capture) -> None:
    done = document(capsys, "split", str(task), "--test", "0.4", "--group", "Ward")
    assert Path(done["train"]).parent == task.parent
    wards = [{i.extra["Ward"] for i in read_task(Path(done[side])).instances} for side in ("train", "test")]
    assert not wards[0] & wards[1]
    assert wards[0] | wards[1] == set(range(5))


@pytest.mark.parametrize("category", [None, "ner", "Natural Language Inference"])
def test_a_template_is_an_excel_file_of_its_category(category: str | None, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "new_task.xlsx"
    chosen = ["--category", category] if category else []
    assert document(capsys, "template", "-o", str(path), *chosen) == {"file": str(path)}
    assert path.read_bytes().startswith(b"PK")
    assert find_task_files([path]) == [path]
    from openpyxl import load_workbook

    cells = {str(c.value) for sheet in load_workbook(path) for row in sheet.iter_rows() for c in row if c.value}
    if category:
        assert cells & set(categories()) or any(name in cell for cell in cells for name in categories())


def test_paths_printed_are_the_paths_given(task: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / ("a_long_folder_name_" * 6) / "[bold]x.jsonl"
    target.parent.mkdir()
    assert main(["tasks", "convert", str(task), str(target)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{target}\n"
    assert "30 instances" in shown.err
