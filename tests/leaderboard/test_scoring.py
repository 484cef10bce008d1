"""Scoring in a child: the document of ``scores.json`` in both profiles, parts apart, and no text told."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from medsins.bench.scoring import score_csv
from medsins.leaderboard import child, scoring
from medsins.leaderboard._items import read_items
from medsins.leaderboard._limited import Bounds
from medsins.leaderboard.records import Item, Part, Submission, Version
from medsins.leaderboard.scoring import (
    Given,
    Means,
    ScoringFailed,
    Work,
    constant_tasks,
    metric_digest,
    score_submission,
)

from .wards import upload, ward_version, write_csv

QUICK = Means(workers=1, resamples=50)
SUBMISSION = Submission("s1", "ward@1", "m", "t", 1, "csv", "scoring", datetime.now(UTC), "f" * 64)

Ward = tuple[Version, tuple[Item, ...], Path]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    folder = tmp_path_factory.mktemp("ward")
    version, items = ward_version(folder, private_share=0.3)
    (folder / "ward.items").write_bytes(msgspec.msgpack.encode(list(items)))
    return version, items, folder / "ward.items"


def answers_of(items: tuple[Item, ...], good: int) -> list[str | None]:
    return [row[3] for row in upload(items, good)]


def part_of(ward: Ward, part: Part, answers: list[str | None], cut: Sequence[int] = ()) -> dict[str, Any]:
    version, items, _ = ward
    tasks = {task.task_id: (task.category, task.language) for task in version.tasks}
    return child.score_part(Work("s1", version.id, version.digest, tasks, list(cut), 50, 1), part, items, answers)


def test_both_parts_are_scored_in_both_profiles(ward: Ward) -> None:
    version, items, path = ward
    told: list[float] = []
    found = score_submission(SUBMISSION, version, path, Given(answers_of(items, 100)), QUICK, told.append)
    assert [(each.part, each.document["rows"], len(each.samples)) for each in found] == [
        ("open", 63, 126),
        ("private", 27, 54),
    ]
    for each in found:
        assert set(each.document["profiles"]) == {"official", "strict"}
        strict = each.document["profiles"]["strict"]
        assert {name: c["metrics"][c["primary"]] for name, c in strict["categories"].items()} == {
            "MCQA": 100.0, "Concept Explanation": 100.0, "Fact Verification": 100.0,
        } or all(c["metrics"][c["primary"]] > 99 for c in strict["categories"].values())  # fmt: skip
        assert f"part:{each.part}|submission:s1" in strict["signature"]
        assert f"version:ward@1#{version.digest[:8]}" in strict["signature"]
        assert {sample["row"] for sample in each.samples} == {item.row for item in items if item.part == each.part}
        assert (each.version_digest, each.metric_digest) == (version.digest, metric_digest(50))
        json.dumps(each.document, allow_nan=False)
    assert told == sorted(told)
    assert 0 <= told[-1] <= 1


def test_the_scores_are_those_of_medsins_score(ward: Ward, tmp_path: Path) -> None:
    """The same rows by the command that anybody can run give the same figures."""
    version, items, _ = ward
    answers = answers_of(items, 60)
    kinds = {task.task_id: task.category for task in version.tasks}
    rows = [
        (i.task_id, i.input, i.outputs[0], answers[i.row] or "", kinds[i.task_id]) for i in items if i.part == "open"
    ]
    path = write_csv(tmp_path / "a.csv", rows, ("task_id", "input", "GT", "output", "category"))
    plain = score_csv([path], resamples=50).document["profiles"]
    ours = part_of(ward, "open", answers)["document"]["profiles"]  # type: ignore[index]
    for profile in ("official", "strict"):
        assert {t: v["metrics"] for t, v in plain[profile]["tasks"].items()} == {
            t: v["metrics"] for t, v in ours[profile]["tasks"].items()
        }


def test_the_private_part_does_not_touch_the_open_one(ward: Ward) -> None:
    _, items, _ = ward
    answers = answers_of(items, 60)
    other: list[str | None] = [None if item.part == "private" else answers[item.row] for item in items]
    assert part_of(ward, "open", answers) == part_of(ward, "open", other)


@pytest.mark.parametrize("profile", ["official", "strict"])
def test_missing_rows_count_as_wrong(ward: Ward, profile: str) -> None:
    """Leaving out what one would get wrong never pays."""
    _, items, _ = ward
    answers = answers_of(items, 50)
    left_out = [answer if answer != "I wonder about it." else None for answer in answers]
    whole, partly = (part_of(ward, "open", each)["document"]["profiles"][profile] for each in (answers, left_out))  # type: ignore[index]
    for name, category in whole["categories"].items():
        metric = category["primary"]
        assert partly["categories"][name]["metrics"][metric] <= category["metrics"][metric] + 1e-9
    for task in partly["tasks"].values():
        assert task["counted"] == task["rows"]


def test_nothing_answered_is_nothing_right(ward: Ward) -> None:
    found = part_of(ward, "open", [None] * 90)["document"]
    assert found["notes"] == ["63 of 63 rows have no answer; they count as wrong"]  # type: ignore[index]
    for profile in found["profiles"].values():  # type: ignore[index]
        assert all(value == 0 for task in profile["tasks"].values() for value in task["metrics"].values())


def test_what_was_cut_is_counted_as_cut_and_scored_like_any_other(ward: Ward) -> None:
    """Of answers that cannot be read; one can, and is right whether it was cut or not."""
    _, items, _ = ward
    answers: list[str | None] = ["I wonder about"] * 90
    asked = [item.row for item in items if item.task_id == "ward_mcqa" and item.part == "open"]
    answers[asked[0]] = items[asked[0]].outputs[0]
    whole, cut = (part_of(ward, "open", answers, rows)["document"] for rows in ((), asked))
    told = [document["profiles"]["strict"]["tasks"]["ward_mcqa"] for document in (whole, cut)]
    assert told[0]["metrics"] == told[1]["metrics"]
    assert (told[0]["unscored"]["unparsed"], told[0]["unscored"]["truncated"]) == (len(asked) - 1, 0)
    assert (told[1]["unscored"]["unparsed"], told[1]["unscored"]["truncated"]) == (0, len(asked) - 1)


def test_samples_hold_choices_and_no_texts(ward: Ward) -> None:
    answers: list[str | None] = ["canary " * 50] * 90
    assert "canary" not in str(part_of(ward, "open", answers)["samples"])


def test_a_child_that_takes_too_long_says_what_to_do(ward: Ward) -> None:
    version, items, path = ward
    answers: list[str | None] = ["x" * 5_000, *answers_of(items, 100)[1:]]
    short = replace(QUICK, bounds=Bounds(4_000, 100, 60, 0.05))
    with pytest.raises(ScoringFailed) as raised:
        score_submission(SUBMISSION, version, path, Given(answers), short)
    assert "more time or memory" in str(raised.value)
    assert "the longest (instance 0 of the version) 5,000" in str(raised.value)
    assert "xxx" not in str(raised.value)


def test_a_child_without_memory_says_so(ward: Ward) -> None:
    version, items, path = ward
    with pytest.raises(ScoringFailed):
        score_submission(
            SUBMISSION, version, path, Given(answers_of(items, 9)), replace(QUICK, bounds=Bounds(150, 100, 60, 60))
        )


def test_a_mistake_of_ours_tells_its_place_and_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(items: Path, folder: Path) -> None:
        raise ValueError("canary reference")

    monkeypatch.setattr(child, "score_folder", fails)
    assert child.main("items", str(tmp_path)) == 1
    told = (tmp_path / "error").read_text()
    assert told.startswith("ValueError in test_scoring.py:")
    assert "canary" not in str(scoring._reason(False, 1, tmp_path, ["canary"]))

    def exhausted(items: Path, folder: Path) -> None:
        raise MemoryError

    monkeypatch.setattr(child, "score_folder", exhausted)
    assert child.main("items", str(tmp_path)) == scoring.TOO_MUCH


def test_what_a_beat_raises_ends_the_child(ward: Ward) -> None:
    version, items, path = ward

    def beat(progress: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        score_submission(SUBMISSION, version, path, Given(answers_of(items, 9)), QUICK, beat)


def test_the_metric_digest_names_all_that_scores_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before = metric_digest()
    assert before == metric_digest()
    assert metric_digest(50) != before
    monkeypatch.setattr("medsins.metrics.strict.VERSION", "99")
    assert metric_digest() != before
    monkeypatch.undo()
    monkeypatch.setattr(scoring, "installed", lambda name: "0")
    assert metric_digest() != before


def test_constant_answers_are_noticed(ward: Ward) -> None:
    _, items, _ = ward
    answers: list[str | None] = ["A" if item.task_id == "ward_mcqa" else f"{item.row}" for item in items]
    assert constant_tasks(items, answers) == ["ward_mcqa"]
    assert constant_tasks(items, [None] * 90) == []
    assert constant_tasks(items[:5], ["A"] * 90) == []


def test_items_come_back_from_their_file(ward: Ward) -> None:
    assert tuple(read_items(ward[2])) == ward[1]


def test_the_child_needs_no_store() -> None:
    import subprocess

    code = "import sys, medsins.leaderboard.child; print('sqlalchemy' in sys.modules, 'fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
