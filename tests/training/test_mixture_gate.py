"""What must not be trained on is not in a mixture: test inputs, held-out splits, what an audit found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile, UsageError
from medsins.training.mixture import Mixed, Mixture, mix, read_left_out, read_mixture
from medsins.training.mixture_gate import EXAMPLES, is_held_out

from .mixture_tasks import Made, cases, make

OPEN = {"task9001": 12, "task9002": 8}


def inputs(folder: Path) -> set[str]:
    """Every input that is in a mixture, of samples and of shots."""
    samples = list(read_mixture(folder))
    return {sample.input for sample in samples} | {asked for sample in samples for asked, _ in sample.shots}


def mixed(folder: Path, *suites: Path, mixture: Mixture = Mixture(few_shot=1)) -> Mixed:  # noqa: B008
    return mix([folder / "tasks"], mixture, folder / "mixture", suites)


def task(found: Mixed, name: str) -> dict[str, object]:
    return next(dict(entry) for entry in found.tasks if entry["id"] == name)


def test_inputs_of_suites_are_kept_out_whatever_their_case_and_blanks(tmp_path: Path) -> None:
    make(tmp_path / "tasks", OPEN)
    first, second = cases("task9001", 2)
    other = cases("task9002", 1)[0]
    asked = [("t1", first[1].upper(), "x"), ("t2", second[1].replace(" ", "\n  "), "y"), ("t3", other[1], "z")]
    suite = Made("task9009.json", [*asked, ("t4", "Not among them.", "w")]).write(tmp_path / "suite")
    found = mixed(tmp_path, suite.parent)
    barred = {first[1], second[1], other[1]}
    assert not barred & inputs(tmp_path / "mixture")
    assert len(list(read_mixture(tmp_path / "mixture"))) == 17
    assert (task(found, "task9001")["gated"], task(found, "task9001")["usable"]) == (2, 10)
    assert (task(found, "task9002")["gated"], task(found, "task9002")["usable"]) == (1, 7)
    assert found.gate["files"] == ["task9009.json"]
    assert found.gate["inputs"] == 4
    assert found.gate["findings"] == [
        {"task": "task9001", "test_task": "task9009", "instances": 2, "inputs": 2},
        {"task": "task9002", "test_task": "task9009", "instances": 1, "inputs": 1},
    ]


def test_examples_stand_side_by_side(tmp_path: Path) -> None:
    make(tmp_path / "tasks", OPEN)
    name, asked, answer = cases("task9001", 1)[0]
    Made("task9009.json", [("t0", "Other.", "x"), ("t1", asked.upper(), "another")]).write(tmp_path / "suite")
    found = mixed(tmp_path, tmp_path / "suite")
    assert found.gate["examples"] == [
        {
            "task": "task9001",
            "instance": name,
            "input": asked,
            "output": answer,
            "test_task": "task9009",
            "test_instance": "t1",
            "test_input": asked.upper(),
            "test_output": "another",
        }
    ]


@pytest.mark.parametrize(("train", "test"), [("credentialed", "open"), ("open", "private"), ("unknown", "open")])
def test_texts_that_are_not_open_are_not_shown(tmp_path: Path, train: str, test: str) -> None:
    make(tmp_path / "tasks", OPEN, access=train)
    Made("task9009.json", cases("task9001", 3), access=test).write(tmp_path / "suite")
    found = mixed(tmp_path, tmp_path / "suite")
    assert found.gate["findings"][0]["instances"] == 3
    assert found.gate["examples"] == []
    assert "enlarged" not in (tmp_path / "mixture" / "mixed.json").read_text()


def test_examples_are_few(tmp_path: Path) -> None:
    for number in range(15):
        name = f"task90{number:02d}"
        Made(f"{name}.json", [*cases("shared", 5), *cases(name, 3)]).write(tmp_path / "tasks")
    Made("task9099.json", cases("shared", 5)).write(tmp_path / "suite")
    found = mixed(tmp_path, tmp_path / "suite")
    assert sum(pair["instances"] for pair in found.gate["findings"]) == 75
    assert len(found.gate["examples"]) == EXAMPLES


def test_held_out_files_are_not_trained_on_and_neither_is_what_they_hold(tmp_path: Path) -> None:
    Made("task9001.train.json", cases("task9001", 10)).write(tmp_path / "tasks")
    Made("task9001.test.json", [("t", cases("task9001", 1)[0][1], "x"), *cases("new", 3)]).write(tmp_path / "tasks")
    Made("task9002.json", cases("new", 5)).write(tmp_path / "tasks")
    Made("task9002.json", cases("dev", 5), split="Validation").write(tmp_path / "tasks" / "more")
    found = mixed(tmp_path)
    kept = inputs(tmp_path / "mixture")
    assert kept == {asked for _, asked, _ in [*cases("task9001", 9, 1), *cases("new", 2, 3)]}
    assert sorted(found.gate["files"]) == ["task9001.test.json", "task9002.json"]


@pytest.mark.parametrize("key", ["split", "Split Type", "split_type"])
def test_held_out_instances_are_not_trained_on_and_neither_are_their_equals(tmp_path: Path, key: str) -> None:
    rows = [(*case, {key: "test" if number < 3 else "train"}) for number, case in enumerate(cases("task9001", 9))]
    Made("task9001.json", rows).write(tmp_path / "tasks")
    Made("task9002.json", cases("task9001", 6)).write(tmp_path / "tasks")
    found = mixed(tmp_path)
    assert task(found, "task9001")["held_out"] == 3
    assert task(found, "task9002")["gated"] == 3
    assert inputs(tmp_path / "mixture") == {asked for _, asked, _ in cases("task9001", 6, 3)}
    assert found.gate["findings"] == [
        {"task": "task9002", "test_task": "held-out instances", "instances": 3, "inputs": 3}
    ]


@given(st.sampled_from(["test", " Test ", "DEV", "validation", "eval"]), st.sampled_from(["split", "Split Type"]))
def test_spellings_of_held_out_splits(word: str, key: str) -> None:
    assert is_held_out({key: word})
    assert not is_held_out({key: "train"})
    assert not is_held_out({key: 3})
    assert not is_held_out({"note": word})


def test_what_an_audit_found_is_left_out(tmp_path: Path) -> None:
    make(tmp_path / "tasks", OPEN)
    removals = [
        {"file": "x/task9001.jsonl", "row": 4, "id": "task9001-4"},
        {"file": "task9002.jsonl", "id": "task9002-0"},
    ]
    listed = tmp_path / "removals.jsonl"
    listed.write_text("".join(json.dumps(entry) + "\n" for entry in removals) + "\n")
    left_out = read_left_out(listed)
    assert left_out == {("task9001", "task9001-4"), ("task9002", "task9002-0")}
    found = mix([tmp_path / "tasks"], Mixture(few_shot=1), tmp_path / "mixture", leave_out=left_out)
    assert [entry["left_out"] for entry in found.tasks] == [1, 1]
    assert not {cases("task9001", 5)[4][1], cases("task9002", 1)[0][1]} & inputs(tmp_path / "mixture")


def test_equal_instances_count_once_empty_ones_not_at_all(tmp_path: Path) -> None:
    asked, answer = "Which organ?", "liver"
    rows = [
        ("a", asked, answer),
        ("b", " which  ORGAN?", answer),
        ("c", asked, "spleen"),
        ("d", " ", "x"),
        ("e", "Y?", " "),
    ]
    Made("task9001.json", rows).write(tmp_path / "tasks")
    found = mixed(tmp_path)
    counts = task(found, "task9001")
    assert [counts[name] for name in ("instances", "usable", "repeated", "empty", "samples")] == [5, 2, 1, 2, 2]
    samples = list(read_mixture(tmp_path / "mixture"))
    assert {sample.instance_id for sample in samples} == {"a", "c"}
    assert all(sample.shots == () for sample in samples)  # the other has the same input


def test_lists_of_removals_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file of removals"):
        read_left_out(tmp_path / "nothing.jsonl")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"file": "task1.json", "id": "a"}\nnot json\n[]\n{"id": "a"}\n{"file": 3, "id": "a"}\n')
    with pytest.raises(InvalidFile) as caught:
        read_left_out(bad)
    assert [problem.place.rpartition(" ")[2] for problem in caught.value.problems] == ["2", "3", "4", "5"]
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidFile, match="not UTF-8"):
        read_left_out(bad)


def test_a_file_on_both_sides_is_refused(tmp_path: Path) -> None:
    paths = make(tmp_path / "tasks", OPEN)
    with pytest.raises(UsageError, match="both trained on and tested on"):
        mixed(tmp_path, paths[0])


def test_suites_that_cannot_be_read_stop_it(tmp_path: Path) -> None:
    make(tmp_path / "tasks", OPEN)
    (tmp_path / "suite").mkdir()
    for name in ("task1.json", "task2.json"):
        (tmp_path / "suite" / name).write_text('{"Instances": [{"input": 1, ')
    with pytest.raises(InvalidFile) as caught:
        mixed(tmp_path, tmp_path / "suite")
    assert {"task1.json", "task2.json"} <= {
        part for p in caught.value.problems for part in p.place.replace(":", "/").split("/")
    }
    assert not (tmp_path / "mixture" / "mixed.json").exists()
