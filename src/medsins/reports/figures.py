"""Scores as the lines of a table: one per category or task, both profiles side by side; gaps stay gaps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["better", "unclear", "worse", "unknown"]

UNSCORED = ("empty", "truncated", "refused", "unparsed", "missing", "error")
"""Why an answer has no judgement, in the order the reports show them."""

METRIC_NAMES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "macro_f1": "macro F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "bleu1": "BLEU-1",
    "rouge_l_f": "ROUGE-L",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One score of one profile, in percent: the value of ``metric``, its 95 % interval, and what answering without
    reading reaches (``majority``: always the commonest answer; ``random``: an answer drawn at random). None: not given.
    """

    metric: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    majority: float | None = None
    random: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def baseline(self) -> float | None:
        """What the verdict is held against: the commonest answer, else a random one."""
        return self.random if self.majority is None else self.majority

    @property
    def verdict(self) -> Verdict:
        """Whether the whole interval lies above (better) or below (worse) the baseline."""
        if self.baseline is None or self.low is None or self.high is None:
            return "unknown"
        if self.low > self.baseline:
            return "better"
        return "worse" if self.high < self.baseline else "unclear"


@dataclass(frozen=True, slots=True)
class Line:
    """A category or a task with its figures by profile. ``rows``: answers asked for; ``counted``: answers judged in
    the main profile (None: not stated); ``unscored``: answers without judgement, by kind.
    """

    name: str
    category: str
    language: str
    rows: int
    counted: int | None
    figures: Mapping[str, Figure]
    unscored: Mapping[str, int]
    tasks: tuple[str, ...] = ()

    @property
    def main(self) -> Figure:
        """The figure shown first: profile ``strict``, else the only one there is."""
        return next(iter(self.figures.values()), Figure())

    @property
    def official(self) -> float | None:
        """The published scorers' value of the metric shown first."""
        figure = self.figures.get("official")
        if figure is None:
            return None
        return figure.value if figure.metric == self.main.metric else figure.others.get(self.main.metric)

    @property
    def unscored_total(self) -> int:
        """Answers without judgement, all kinds together."""
        return sum(self.unscored.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """All figures of one scores document. ``profiles``: those present, the main one first; ``signatures`` by profile;
    ``would_crash``: rows on which the published scripts would stop.
    """

    profiles: tuple[str, ...]
    signatures: Mapping[str, str]
    categories: tuple[Line, ...]
    tasks: tuple[Line, ...]
    would_crash: tuple[Mapping[str, Any], ...]
    rows: int
    source: str

    def verdicts(self) -> dict[Verdict, int]:
        """How many categories are better, unclear, worse or unknown against their baseline."""
        counts: dict[Verdict, int] = {"better": 0, "unclear": 0, "worse": 0, "unknown": 0}
        for line in self.categories:
            counts[line.main.verdict] += 1
        return counts

    def ranked(self, profile: str) -> list[Line]:
        """Categories with a value in a profile, highest first, ties by name."""
        scored = [line for line in self.categories if profile in line.figures]
        return sorted(scored, key=lambda line: (-(line.figures[profile].value or 0.0), line.name))

    def kinds(self) -> list[str]:
        """Kinds of unscored answers that occur anywhere: the known ones in their order, then any other."""
        seen = {kind for line in (*self.categories, *self.tasks) for kind, n in line.unscored.items() if n}
        return [kind for kind in UNSCORED if kind in seen] + sorted(seen - set(UNSCORED))


def metric_name(metric: str) -> str:
    """How a metric is called in print."""
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def percent(value: float | None, digits: int = 1) -> str:
    """A percentage for a table; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(figure: Figure, digits: int = 1) -> str:
    """A 95 % interval for a table; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:.{digits}f}–{figure.high:.{digits}f}"


def read_sheet(scores: Mapping[str, Any]) -> Sheet:
    """Read a scores document (``scores.json``), tolerant of missing parts."""
    profiles = {str(k): v for k, v in mapping(scores.get("profiles")).items() if isinstance(v, Mapping)}
    crashes = sequence(mapping(profiles.get("official")).get("would_crash"))
    names = tuple(sorted(profiles, key=lambda name: (name != "strict", name)))
    return Sheet(
        profiles=names,
        signatures={name: str(profiles[name].get("signature") or "") for name in names},
        categories=tuple(_lines("categories", names, profiles)),
        tasks=tuple(_lines("tasks", names, profiles)),
        would_crash=tuple(crash for crash in crashes if isinstance(crash, Mapping)),
        rows=int(number(scores.get("rows")) or 0),
        source=str(scores.get("source") or ""),
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def _lines(part: str, names: Iterable[str], profiles: Mapping[str, Mapping[str, Any]]) -> Iterable[Line]:
    entries = {name: mapping(profiles[name].get(part)) for name in names}
    order = list(dict.fromkeys(key for name in names for key in entries[name]))
    for key in order:
        found = {name: mapping(entries[name][key]) for name in names if key in entries[name]}
        first = next(iter(found.values()))
        counted = number(first.get("counted"))
        yield Line(
            name=str(key),
            category=str(first.get("category") or (key if part == "categories" else "")),
            language=str(first.get("language") or ""),
            rows=int(number(first.get("rows")) or 0),
            counted=None if counted is None else int(counted),
            figures={name: _figure(entry) for name, entry in found.items()},
            unscored={str(k): int(number(n) or 0) for k, n in mapping(first.get("unscored")).items() if number(n)},
            tasks=tuple(str(task) for task in sequence(first.get("tasks"))),
        )


def _figure(entry: Mapping[str, Any]) -> Figure:
    metrics = {str(k): value for k, v in mapping(entry.get("metrics")).items() if (value := number(v)) is not None}
    metric = str(entry.get("primary") or next(iter(metrics), ""))
    bounds = [number(bound) for bound in sequence(mapping(entry.get("ci95")).get(metric))]
    low, high = bounds if len(bounds) == 2 else (None, None)
    baselines = mapping(entry.get("baselines"))
    return Figure(
        metric=metric,
        value=metrics.get(metric),
        low=low,
        high=high,
        majority=number(mapping(baselines.get("majority")).get(metric)),
        random=number(mapping(baselines.get("random")).get(metric)),
        others={name: value for name, value in metrics.items() if name != metric},
    )
