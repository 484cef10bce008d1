"""Score predictions in both profiles, with intervals, baselines and a signature on every number.

A run is scored any number of times, anywhere, with no model: ``score_run`` writes ``scores.json`` and
``samples.jsonl`` beside the predictions, ``score_csv`` scores any predictions file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.core import atomic_open, write_json
from medsins.metrics import PROFILES
from medsins.metrics.official import absent_tasks
from medsins.metrics.stats import RESAMPLES
from medsins.metrics.strict import UNSCORED
from medsins.metrics.strict import VERSION as STRICT_VERSION
from medsins.tasks.errata import Errata

from .errata import correct, errata_document
from .scoring_csv import Listener
from .scoring_intervals import category_bounds, task_bounds
from .scoring_profiles import CategoryResult, ProfileResult, TaskResult, official_profile, strict_profile
from .scoring_source import Source, source_of_csv, source_of_run
from .usage import run_usage, usage_document

SCORES, SAMPLES = "scores.json", "samples.jsonl"
OFFICIAL_VERSION = "185cfc0"
"""Commit of the published scorers whose numbers ``official`` gives."""

_LIBRARIES = ("nltk", "jieba", "janome")
_MANY_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Scoring:
    """What was scored: the document of scores.json, and each row's scores by profile."""

    document: dict[str, Any]
    samples: tuple[dict[str, Any], ...]


def _silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def score_csv(
    paths: Sequence[Path],
    tasks: Sequence[Path] = (),
    profiles: Sequence[str] = PROFILES,
    resamples: int = RESAMPLES,
    listen: Listener = _silent,
) -> Scoring:
    """Score prediction files.

    Args:
        paths: CSV files with the columns task_id, input, GT, output.
        tasks: task files or folders that say category, language and all accepted references.
        profiles: ``official``, ``strict`` or both.
        resamples: bootstrap resamples behind the intervals.
        listen: told of progress.

    Raises:
        UsageError, InvalidFile: nothing can be scored; problems of single rows are in the document instead.
    """
    return score_source(source_of_csv(paths, tasks, listen), profiles, resamples, listen)


def score_run(
    run_dir: Path, resamples: int = RESAMPLES, listen: Listener = _silent, errata: Errata | None = None
) -> dict[str, Any]:
    """Score a run directory in both profiles; writes ``scores.json`` and ``samples.jsonl`` and returns the former,
    which also says what each task took (``usage``). With ``errata`` the scores against corrected references stand
    beside them, under that name.

    Raises:
        RunError: no run there, or it is damaged.
        InvalidFile: errata of another version of the suite.
    """
    source = source_of_run(run_dir)
    corrected = correct(source, errata) if errata else None
    scoring = score_source(source, PROFILES, resamples, listen)
    document = {**scoring.document, "usage": usage_document(run_usage(run_dir))}
    if errata and corrected:
        again = score_source(corrected.source, PROFILES, resamples, listen).document
        document["errata"] = {**errata_document(corrected, errata), "profiles": again["profiles"]}
    write_samples(run_dir / SAMPLES, scoring.samples)
    write_json(run_dir / SCORES, document)
    return document


def score_source(
    source: Source,
    profiles: Sequence[str] = PROFILES,
    resamples: int = RESAMPLES,
    listen: Listener = _silent,
    workers: int = 0,
) -> Scoring:
    """Score what was read, in the named profiles. Much text is scored in ``workers`` processes (0: one a core)."""
    total, done = len(source.specs) * ("strict" in profiles) + ("official" in profiles), 0

    def step(what: str) -> None:
        nonlocal done
        listen(f"scoring {what}", done, total)
        done += 1

    workers = (workers or os.cpu_count() or 1) if len(source.rows) >= _MANY_ROWS else 1
    results: dict[str, ProfileResult] = {}
    if "official" in profiles:
        results["official"] = official_profile(source, resamples, step, workers)
    if "strict" in profiles:
        results["strict"] = strict_profile(source, resamples, step, workers)
    listen("scoring", total, total)
    document: dict[str, Any] = {
        "format": 1,
        "source": source.label,
        "rows": len(source.rows),
        "lost": source.lost,
        "problems": [{"what": p.what, "place": p.place, "mend": p.mend} for p in source.problems],
        "notes": [*source.notes, *_absent(results)],
        "profiles": {name: _profile(name, result, source, resamples) for name, result in results.items()},
    }
    return Scoring(document, tuple(_samples(results, source)))


def _absent(results: Mapping[str, ProfileResult]) -> list[str]:
    """What the published averages make of tasks that were not asked: zeros, which nobody would guess."""
    categories = results["official"].categories if "official" in results else {}
    short = {name: absent_tasks(name, category.tasks) for name, category in categories.items()}
    named = [f"{name} ({', '.join(tasks)})" for name, tasks in short.items() if tasks]
    if not named:
        return []
    what = "official averages count published tasks that were not asked as failed, as the published scripts do"
    return [f"{what}: {'; '.join(named)}. The figures of single tasks are not touched."]


def write_samples(path: Path, samples: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object a line and row and profile, atomically."""
    with atomic_open(path) as stream:
        for sample in samples:
            stream.write(json.dumps(sample, ensure_ascii=True) + "\n")


def signature(profile: str, source: Source, resamples: int) -> str:
    """All that a number depends on: data, protocol, model, profile, tokenisers, resamples, version."""
    rule = f"official@{OFFICIAL_VERSION}" if profile == "official" else f"strict@{STRICT_VERSION}"
    libraries = [f"{name}:{_installed(name)}" for name in _LIBRARIES]
    origin = source.origin if "|medsins:" in source.origin else f"{source.origin}|medsins:{__version__}"
    scored = "" if f"|medsins:{__version__}" in origin else f"|scored-with:{__version__}"
    return "|".join([f"profile:{rule}", origin + scored, *libraries, f"bootstrap:{resamples}"])


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _profile(name: str, result: ProfileResult, source: Source, resamples: int) -> dict[str, Any]:
    cut: dict[str, int] = {}
    for row in source.rows:
        cut[row.task_id] = cut.get(row.task_id, 0) + (row.status == "truncated")
    document: dict[str, Any] = {
        "signature": signature(name, source, resamples),
        "tasks": {task.id: _task(name, task, cut.get(task.id, 0)) for task in result.tasks.values()},
        "categories": {key: _category(name, key, value, result.tasks) for key, value in result.categories.items()},
    }
    if name == "official":
        document["would_crash"] = [
            {"row": row, "task_id": task_id, "reason": reason} for row, task_id, reason in result.would_crash
        ]
    return document


def _task(profile: str, task: TaskResult, cut: int) -> dict[str, Any]:
    return {
        "category": task.category,
        "language": task.language,
        "scorer": task.scorer,
        "primary": task.primary,
        "rows": task.rows,
        "counted": task.counted,
        "metrics": dict(task.metrics),
        "ci95": {name: list(bounds) for name, bounds in task_bounds(task).items()},
        "baselines": {name: dict(figures) for name, figures in task.baselines.items()},
        **(
            {"unscored": {kind: task.unscored.get(kind, 0) for kind in UNSCORED}, "cut": cut}
            if profile == "strict"
            else {}
        ),
    }


def _category(profile: str, name: str, category: CategoryResult, tasks: Mapping[str, TaskResult]) -> dict[str, Any]:
    members = [tasks[task_id] for task_id in category.tasks if task_id in tasks]
    bounds = category_bounds(profile, name, category, members)
    unscored = {kind: sum(task.unscored.get(kind, 0) for task in members) for kind in UNSCORED}
    return {
        "primary": category.primary,
        "metrics": dict(category.metrics),
        "ci95": {metric: list(bounds) for metric, bounds in bounds.items()},
        "baselines": {kind: dict(figures) for kind, figures in category.baselines.items()},
        "tasks": list(category.tasks),
        "rows": sum(task.rows for task in members),
        **({"unscored": unscored} if profile == "strict" else {}),
    }


def _samples(results: Mapping[str, ProfileResult], source: Source) -> Iterator[dict[str, Any]]:
    for profile, result in results.items():
        for score in result.samples:
            named = {"instance_id": source.instances[score.row]} if score.row in source.instances else {}
            yield {
                "row": score.row,
                "task_id": score.task_id,
                "profile": profile,
                "metrics": dict(score.metrics),
                "unscored": score.unscored,
                "extracted": score.extracted,
                **named,
            }
