"""A run directory as what an audit takes: answers with their judgements, tasks with the bounds of their scores."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsins.core import Problem, Score, UsageError

if TYPE_CHECKING:
    from medsins.audit.run_answers import RunFacts, TaskFacts
    from medsins.bench.scoring_source import Source
    from medsins.reports.figures import Line
    from medsins.reports.rundata import Judgement


def read_run(run_dir: Path) -> RunFacts:
    """Read a scored run.

    Raises:
        UsageError: no run is there, or its scores are missing or older than its answers.
        InvalidFile, RunError: it is damaged.
    """
    from medsins.audit.adjudication import FILE_NAME, DecisionLog
    from medsins.audit.run_answers import Answer, RunFacts
    from medsins.bench.bounds import score_if_right
    from medsins.bench.scoring_source import source_of_run
    from medsins.reports.rundata import load_run, predictions, read_judgements

    loaded = load_run(run_dir)
    scores = {line.name: line for line in loaded.sheet.tasks if "strict" in line.figures}
    judged = read_judgements(run_dir)
    found = list(predictions(run_dir))
    _refuse_unscored(run_dir, len(found), [number for number, _ in found if "strict" not in judged.get(number, {})])
    source = source_of_run(run_dir)
    keys, likely = _keys(source), _likely(source)
    answers = []
    for number, prediction in found:
        score = _score(number, prediction.task_id, judged[number]["strict"])
        official = judged[number].get("official")
        metric = scores[prediction.task_id].first("strict").metric if prediction.task_id in scores else ""
        answers.append(
            Answer(
                row=number,
                prediction=prediction,
                strict=score,
                official=_score(number, prediction.task_id, official) if official else None,
                value=_value(score, metric),
                keys=keys.get(number, ()),
                likely=likely.get(number),
            )
        )
    lost = {answer.row for answer in answers if answer.strict.unscored} | {row.row for row in source.absent}
    accepted = DecisionLog(run_dir / FILE_NAME).accepted_rows()
    return RunFacts(
        name=run_dir.name or str(run_dir),
        signature=str(loaded.manifest.get("signature", "")),
        tasks=_tasks(loaded.manifest, scores, source, score_if_right(source, lost), score_if_right(source, accepted)),
        answers=tuple(answers),
        again=_again(loaded.manifest),
    )


def _refuse_unscored(run_dir: Path, rows: int, unjudged: list[int]) -> None:
    again = f"medsins bench score {run_dir}"
    if not rows:
        raise UsageError(Problem("has no answers yet", str(run_dir), f"medsins bench resume {run_dir}"))
    if len(unjudged) == rows:
        raise UsageError(Problem("is not scored yet", str(run_dir), again))
    if unjudged:
        raise UsageError(Problem(f"has {len(unjudged)} answers that came after its scores", str(run_dir), again))


def _score(number: int, task_id: str, judgement: Judgement) -> Score:
    return Score(number, task_id, judgement.metrics, judgement.unscored, judgement.extracted)


def _value(score: Score, metric: str) -> float:
    if score.unscored or not score.metrics:
        return 0.0
    return score.metrics.get(metric, next(iter(score.metrics.values())))


def _keys(source: Source) -> dict[int, tuple[str, ...]]:
    """The right letters of multiple-choice questions."""
    from medsins.bench.scoring_profiles import by_task
    from medsins.metrics.strict import read_questions

    found = {}
    for task_id, rows in by_task(source.rows).items():
        if source.specs[task_id].scorer == "mcqa":
            for row, question in zip(rows, read_questions(rows), strict=True):
                found[row.row] = tuple(", ".join(sorted(letters)) for letters in question.right)
    return found


def _likely(source: Source) -> dict[int, tuple[bool, float]]:
    from medsins.bench.scoring_profiles import by_task
    from medsins.metrics.strict import likeliest_options

    found: dict[int, tuple[bool, float]] = {}
    for task_id, rows in by_task(source.rows).items():
        found |= likeliest_options(rows, source.specs[task_id])
    return found


def _tasks(
    manifest: Mapping[str, Any],
    scores: Mapping[str, Line],
    source: Source,
    best: Mapping[str, float],
    reviewed: Mapping[str, float],
) -> dict[str, TaskFacts]:
    from medsins.audit.run_answers import TaskFacts

    found = {}
    for entry in manifest["tasks"]:
        name = entry["id"]
        if name not in scores or name not in source.specs:
            continue
        main = scores[name].first("strict")
        answered = scores[name].find("strict", f"{main.metric}_answered")
        found[name] = TaskFacts(
            id=name,
            category=entry["category"],
            language=entry["language"],
            scorer=source.specs[name].scorer,
            metric=main.metric,
            score=main.value or 0.0,
            dropped=answered.value if answered else None,
            all_right=best.get(name, main.value or 0.0),
            expected=int(entry["instances"]),
            most_tokens=int(entry.get("max_new_tokens", 0)),
            reviewed=reviewed.get(name),
        )
    return found


def _again(manifest: Mapping[str, Any]) -> str:
    """The command of this run, without its protocol, seed and output; task files of this machine are not named. Empty
    where the model cannot be asked again.
    """
    spec = manifest["spec"]
    if manifest.get("imported") or str(spec.get("model", "")).startswith("replay:"):
        return ""
    suite = f"--suite {shlex.quote(spec['suite'])}" if spec.get("suite") else "--tasks TASKS"
    limit = f" --limit {spec['limit']}" if spec.get("limit") else ""
    return f"medsins bench run --model {shlex.quote(str(spec.get('model', 'MODEL')))} {suite}{limit}"
