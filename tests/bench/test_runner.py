"""The runner: one description in, durable predictions out; every wrong use says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench import runner
from medsins.bench.lock import hold
from medsins.bench.runner import Progress, run
from medsins.bench.spec import RunSpec, read_manifest, spec_of
from medsins.bench.store import read_attempts, read_predictions
from medsins.bench.suites import load_suite
from medsins.core import Completion, InvalidFile, RefusedByPolicy, Request, RunError, UsageError
from medsins.models import BackendOptions
from medsins.models.mock import MockBackend

MINI = RunSpec(model="mock:echo", suite="mini", limit=2)


def write_tasks(folder: Path, name: str = "task126_chem.json", rows: int = 5, **card: Any) -> Path:
    instances = [{"id": f"i{n}", "input": f"Patient {n} takes drug{n}.", "output": f"drug{n}."} for n in range(rows)]
    document = {"Definition": ["List the drugs."], "Categories": ["NER"], **card, "Instances": instances}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder / name


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Callable[[MockBackend], None]:
    """Let the runner open a given backend, for faults no real one shows on demand."""

    def use(instance: MockBackend) -> None:
        monkeypatch.setattr(runner, "open_backend", lambda model, options: instance)

    return use


class Interrupting(MockBackend):
    """Ends like a killed process after some answers."""

    def __init__(self, after: int) -> None:
        super().__init__("echo", BackendOptions())
        self.after, self.asked = after, list[str]()

    def generate(self, requests: Any, done: Any) -> Any:
        for group in super().generate(requests, done):
            if len(self.asked) == self.after:
                raise KeyboardInterrupt
            self.asked.append(requests[group[0][0]].key)
            yield group


def test_every_category_of_the_mini_suite_is_asked(tmp_path: Path) -> None:
    seen: list[Progress] = []
    outcome = run(MINI, tmp_path / "run", seen.append)
    tasks = load_suite("mini").tasks
    assert outcome.total == sum(min(2, len(task.instances)) for task in tasks) == outcome.asked
    assert seen[-1].done == outcome.total
    predictions = list(read_predictions(tmp_path / "run"))
    assert {p.task_id for p in predictions} == {task.id for task in tasks}
    assert all(p.completion.text == p.input for p in predictions)
    assert [p.task_id for p in predictions] == sorted(p.task_id for p in predictions)


def test_the_same_manifest_gives_the_same_prompts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(MINI, tmp_path / name)
    first, second = (read_manifest(tmp_path / name) for name in ("one", "two"))
    assert first["digest"] == second["digest"]
    assert first["signature"] == second["signature"]
    prompts = [[p.prompt for p in read_predictions(tmp_path / name)] for name in ("one", "two")]
    assert prompts[0] == prompts[1]


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    with pytest.raises(RunError, match=r"seed \(0 there, 1 now\)"):
        run(replace(MINI, seed=1), tmp_path / "run")


def test_another_model_is_another_run(tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    with pytest.raises(RunError, match="model name"):
        run(replace(MINI, model="mock:empty"), tmp_path / "run")


def test_a_finished_run_asks_nothing(tmp_path: Path) -> None:
    run(MINI, tmp_path / "run")
    assert run(MINI, tmp_path / "run").asked == 0


def test_resuming_asks_what_is_missing_and_nothing_twice(
    tmp_path: Path, backend: Callable[[MockBackend], None]
) -> None:
    first, second = Interrupting(after=17), Interrupting(after=10_000)
    backend(first)
    with pytest.raises(KeyboardInterrupt):
        run(MINI, tmp_path / "run")
    backend(second)
    outcome = run(MINI, tmp_path / "run")
    assert outcome.asked == outcome.total - 17
    assert not set(first.asked) & set(second.asked)
    attempts = [row for row, _, _ in read_attempts(tmp_path / "run")]
    assert len(attempts) == len(set(attempts)) == outcome.total


def test_a_manifest_holds_all_that_resume_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tasks(tmp_path / "tasks")
    write_tasks(tmp_path / "shots", "train.json", rows=9)
    monkeypatch.chdir(tmp_path)
    spec = RunSpec(model="mock:echo", tasks=("tasks",), shots_from="shots/train.json", protocol="strict:shots=2")
    train = json.loads((tmp_path / "shots/train.json").read_text())
    train["Instances"] = [{**row, "input": f"Train {row['input']}"} for row in train["Instances"]]
    (tmp_path / "shots/train.json").write_text(json.dumps(train))
    run(spec, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "shots")
    assert run(spec_of(read_manifest(tmp_path / "run")), tmp_path / "run").asked == 0
    entry = read_manifest(tmp_path / "run")["tasks"][0]
    assert entry["shots"]["source"] == "named"
    assert entry["shots"]["count"] == 2


def test_failed_samples_stay_failed_until_asked_again(tmp_path: Path, backend: Callable[[MockBackend], None]) -> None:
    backend(MockBackend("error", BackendOptions()))
    outcome = run(MINI, tmp_path / "run")
    assert outcome.failed == outcome.total
    assert {p.completion.status for p in read_predictions(tmp_path / "run")} == {"error"}
    assert run(MINI, tmp_path / "run").asked == 0
    again = run(MINI, tmp_path / "run", retry_failed=True)
    assert again.asked == again.total
    assert len(list(read_attempts(tmp_path / "run"))) == 2 * again.total


def test_a_prompt_longer_than_the_window_is_a_named_failure(tmp_path: Path) -> None:
    path = write_tasks(tmp_path / "tasks")
    document = json.loads(path.read_text())
    document["Instances"][2]["input"] = "long " * 5000
    path.write_text(json.dumps(document))
    spec = RunSpec(model="mock:echo", tasks=(str(path),), window=1000)
    outcome = run(spec, tmp_path / "run")
    assert (outcome.total, outcome.failed) == (5, 1)
    bad = list(read_predictions(tmp_path / "run"))[2]
    assert "window is 1000" in bad.completion.error


def test_a_task_without_any_shots_is_asked_zero_shot_and_says_so(tmp_path: Path) -> None:
    notices: list[str] = []
    outcome = run(RunSpec(model="mock:echo", tasks=(str(write_tasks(tmp_path)),)), tmp_path / "run", say=notices.append)
    assert outcome.notices == tuple(notices)
    assert "--shots-from" in notices[0]
    assert read_manifest(tmp_path / "run")["tasks"][0]["shots"]["count"] == 0


def test_fewer_train_instances_than_shots_is_an_error(tmp_path: Path) -> None:
    task = write_tasks(tmp_path / "tasks")
    shots = write_tasks(tmp_path / "shots", "few.json", rows=7)
    document = json.loads(shots.read_text())
    document["Instances"] = [{"input": "x", "output": "y"}, {"input": "x2", "output": "y"}]
    shots.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="3 shots needed, 2 found"):
        run(RunSpec(model="mock:echo", tasks=(str(task),), shots_from=str(shots)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_restricted_tasks_are_refused_by_a_remote_model(tmp_path: Path, backend: Callable[[MockBackend], None]) -> None:
    remote = MockBackend("echo", BackendOptions())
    remote.info = replace(remote.info, remote=True, endpoint="https://elsewhere.example")
    asked: list[Request] = []
    remote.generate = lambda requests, done: asked.extend(requests) or iter(())  # type: ignore[method-assign,func-returns-value]
    backend(remote)
    for number, terms in enumerate([{"Access": "credentialed"}, {"Access": "private"}, {"May_leave": False}]):
        path = write_tasks(tmp_path / str(number), **terms)
        with pytest.raises(RefusedByPolicy, match="elsewhere") as caught:
            run(RunSpec(model="mock:echo", tasks=(str(path),)), tmp_path / "run")
        assert caught.value.exit_code == 3
    assert not asked


def test_one_process_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with hold(tmp_path / "run"), pytest.raises(RunError, match="in use by process"):
        run(MINI, tmp_path / "run")
    run(MINI, tmp_path / "run")


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(RunError, match=r"not empty and holds no run \(thesis.tex\)"):
        run(MINI, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "thesis.tex"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"suite": "maxi"}, "did you mean mini"),
        ({"suite": "mini@9"}, "version 1, not 9"),
        ({"protocol": "stric"}, "did you mean strict"),
        ({"protocol": "strict:shot=1"}, "did you mean shots"),
        ({"model": "smolm2"}, "does not say which backend"),
        ({"model": "transfomers:x"}, "did you mean transformers"),
        ({"suite": "", "tasks": ("nowhere.json",)}, "no such file"),
        ({"shots_from": "nowhere.json"}, "no such file"),
    ],
)
def test_wrong_choices_say_what_to_do(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    with pytest.raises((UsageError, InvalidFile), match=expected):
        run(replace(MINI, **change), tmp_path / "run")


def test_a_completion_with_half_a_surrogate_pair_is_kept(
    tmp_path: Path, backend: Callable[[MockBackend], None]
) -> None:
    class Odd(MockBackend):
        def _answer(self, request: Request) -> Completion:
            return Completion("a\ud800b")

    backend(Odd("echo", BackendOptions()))
    run(MINI, tmp_path / "run")
    assert next(iter(read_predictions(tmp_path / "run"))).completion.text == "a?b"


def test_big_suites_are_asked_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GROUP", 3)
    path = write_tasks(tmp_path, rows=10)
    outcome = run(RunSpec(model="mock:echo", tasks=(str(path),)), tmp_path / "run")
    assert outcome.asked == 10
    assert [p.instance_id for p in read_predictions(tmp_path / "run")] == [f"i{n}" for n in range(10)]
