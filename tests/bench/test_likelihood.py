"""Runs that compare options by likelihood: asked, kept, scored, and another run than one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench import runner
from medsins.bench.plans import make_plan
from medsins.bench.runner import run
from medsins.bench.scoring import score_run
from medsins.bench.spec import RunSpec, read_manifest, spec_of
from medsins.bench.store import read_predictions
from medsins.core import Completion, Request, RunError
from medsins.models import BackendOptions
from medsins.models.mock import MockBackend

MINI = RunSpec(model="mock:echo", suite="mini", limit=8, likelihood=True)


class Telling(MockBackend):
    """Says how likely options are, by rule: the first option is the likeliest."""

    def __init__(self, asked: list[Request]) -> None:
        super().__init__("empty", BackendOptions())
        self.asked = asked

    def _answer(self, request: Request) -> Completion:
        self.asked.append(request)
        return replace(super()._answer(request), option_scores=tuple(-1.0 - i for i in range(len(request.options))))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    requests: list[Request] = []
    monkeypatch.setattr(runner, "open_backend", lambda model, options: Telling(requests))
    return requests


def tasks_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = document["profiles"]["strict"]["tasks"]
    return found


def test_closed_questions_are_asked_with_their_options(asked: list[Request], tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    by_task = {request.key[0]: request.options for request in asked}
    entries = {entry["id"]: entry for entry in read_manifest(tmp_path / "run")["tasks"]}
    assert {task for task, options in by_task.items() if options} == {t for t, e in entries.items() if "options" in e}
    assert all(len(options) != 1 for options in by_task.values())
    assert [option[-1] for option in by_task["mini_mcqa_en"]][:2] == ["A", "B"]
    free = [task for task, entry in entries.items() if entry["category"] in ("Text Summarization", "Explanation")]
    assert free
    assert not any(by_task[task] for task in free)


def test_scores_have_the_figures_of_what_was_compared(asked: list[Request], tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    tasks = tasks_of(score_run(tmp_path / "run", 50))
    compared = {task for task, found in tasks.items() if "likelihood_accuracy" in found["metrics"]}
    assert "mini_mcqa_en" in compared
    assert any("auroc" in found["metrics"] for found in tasks.values())
    for task in compared:
        assert 0 <= tasks[task]["metrics"]["likelihood_accuracy"] <= 100
        assert "likelihood_accuracy" in tasks[task]["ci95"]
        assert tasks[task]["primary"] != "likelihood_accuracy"
    plan = next(plan for plan in make_plan(MINI).tasks if plan.task.id == "mini_mcqa_en")
    right = [i.reference for i in plan.task.instances[:8]]
    by_first = 100 * sum(reference.lstrip().startswith("A") for reference in right) / 8
    if plan.options is not None and not plan.options.lead:
        assert tasks["mini_mcqa_en"]["metrics"]["likelihood_accuracy"] == by_first


def test_likelihood_changes_no_other_figure(asked: list[Request], tmp_path: Path) -> None:
    for name, likelihood in (("with", True), ("without", False)):
        run(replace(MINI, likelihood=likelihood), tmp_path / name)
    scored, plain = (tasks_of(score_run(tmp_path / name, 50)) for name in ("with", "without"))
    extra = ("likelihood_accuracy", "likelihood_ece", "auroc")
    for task, found in scored.items():
        for part in ("metrics", "ci95"):
            kept = {name: value for name, value in found[part].items() if name not in extra}
            assert kept == plain[task][part]


def test_it_is_another_run_and_resumes_as_itself(asked: list[Request], tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    manifest = read_manifest(tmp_path / "run")
    assert "likelihood:true" in manifest["signature"]
    assert spec_of(manifest).likelihood
    with pytest.raises(RunError, match="likelihood"):
        run(replace(MINI, likelihood=False), tmp_path / "run")
    assert run(spec_of(manifest), tmp_path / "run").asked == 0


def test_a_backend_that_cannot_tell_is_named(tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    document = score_run(tmp_path / "run", 50)
    assert any("no log-probabilities" in note for note in document["notes"])
    assert not any("likelihood_accuracy" in found["metrics"] for found in tasks_of(document).values())


def test_a_replay_gives_the_same_figures(asked: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(MINI, tmp_path / "run")
    monkeypatch.undo()
    run(replace(MINI, model=f"replay:{tmp_path / 'run'}"), tmp_path / "again")
    scored, again = (tasks_of(score_run(tmp_path / name, 50)) for name in ("run", "again"))
    assert scored == again
    assert any(p.completion.option_scores for p in read_predictions(tmp_path / "again"))


def test_the_options_of_any_limit_are_found(tmp_path: Path) -> None:
    check: Callable[[int], int] = lambda limit: sum(  # noqa: E731
        plan.options is not None for plan in make_plan(replace(MINI, limit=limit)).tasks
    )
    assert check(0) >= check(1) > 0
