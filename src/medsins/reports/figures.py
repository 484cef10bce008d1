"""Scores as the lines of a table: one per category or task, both profiles side by side; gaps stay gaps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    "rouge1_f": "ROUGE-1",
    "rouge2_f": "ROUGE-2",
    "chrf": "chrF",
    "auroc": "AUROC",
    "likelihood_ece": "likelihood ECE",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one profile, in percent: its value, its 95 % interval, and what answering without reading reaches
    (``majority``: always the commonest answer; ``random``: an answer drawn at random), over ``rows`` answers. None: not
    given.
    """

    metric: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    majority: float | None = None
    random: float | None = None
    rows: int = 0

    @property
    def baseline(self) -> float | None:
        """What the verdict is held against: the commonest answer, else a random one."""
        return self.random if self.majority is None else self.majority

    @property
    def verdict(self) -> Verdict:
        """Whether the whole interval lies above (better) or below (worse) the baseline.

        Where all answers scored alike a bootstrap interval has no width; the rule of three (a share not seen once in n
        may be up to 3/n at 95 %) stands in.
        """
        if self.baseline is None or self.low is None or self.high is None:
            return "unknown"
        margin = 0.0 if self.low < self.high else 100 * min(1.0, 3 / max(1, self.rows))
        if self.low - margin > self.baseline:
            return "better"
        return "worse" if self.high + margin < self.baseline else "unclear"


@dataclass(frozen=True, slots=True)
class Line:
    """A category or a task with its figures by profile, the metric shown first in front, the main profile in front.

    ``rows``: answers asked for; ``counted``: those in the denominator (None: not stated); ``unscored``: answers without
    judgement, by kind.
    """

    name: str
    category: str
    language: str
    rows: int
    counted: int | None
    figures: Mapping[str, tuple[Figure, ...]]
    unscored: Mapping[str, int]
    tasks: tuple[str, ...] = ()

    @property
    def main(self) -> Figure:
        """The figure shown first: profile ``strict``, else the only one there is."""
        return next((self.first(profile) for profile in self.figures), Figure())

    @property
    def official(self) -> Figure:
        """The published scorers' figure: of the metric shown first, else of their own first metric."""
        return self.find("official", self.main.metric) or self.first("official")

    def first(self, profile: str) -> Figure:
        """The first figure of a profile; an empty one where the profile has none."""
        return next(iter(self.figures.get(profile, ())), Figure())

    def find(self, profile: str, metric: str) -> Figure | None:
        """A metric of a profile."""
        return next((figure for figure in self.figures.get(profile, ()) if figure.metric == metric), None)

    def metrics(self) -> list[str]:
        """All metrics of all profiles, the one shown first in front."""
        return list(dict.fromkeys(figure.metric for figures in self.figures.values() for figure in figures))

    @property
    def unscored_total(self) -> int:
        """Answers without judgement, all kinds together."""
        return sum(self.unscored.values())


@dataclass(frozen=True, slots=True)
class Sheet:
    """All figures of one scores document. ``profiles``: those present, the main one first; ``signatures`` by profile;
    ``would_crash``: rows on which the published scripts would stop; ``notes``: what the scorer wants known;
    ``errata``: the same answers against corrected references, where there are such.
    """

    profiles: tuple[str, ...]
    signatures: Mapping[str, str]
    categories: tuple[Line, ...]
    tasks: tuple[Line, ...]
    would_crash: tuple[Mapping[str, Any], ...]
    rows: int
    source: str
    notes: tuple[str, ...] = ()
    errata: Overlay | None = None

    def verdicts(self) -> dict[Verdict, int]:
        """How many categories are better, unclear, worse or unknown against their baseline."""
        counts: dict[Verdict, int] = {"better": 0, "unclear": 0, "worse": 0, "unknown": 0}
        for line in self.categories:
            counts[line.main.verdict] += 1
        return counts

    def ranked(self, profile: str) -> list[Line]:
        """Categories with a value in a profile, highest first, ties by name."""
        scored = [line for line in self.categories if profile in line.figures]
        return sorted(scored, key=lambda line: (-(line.first(profile).value or 0.0), line.name))

    def kinds(self) -> list[str]:
        """Kinds of unscored answers that occur anywhere: the known ones in their order, then any other."""
        seen = {kind for line in (*self.categories, *self.tasks) for kind, n in line.unscored.items() if n}
        return [kind for kind in UNSCORED if kind in seen] + sorted(seen - set(UNSCORED))


@dataclass(frozen=True, slots=True)
class Overlay:
    """The scores with the errata of ``file`` (``digest``): ``changed`` instances have other references, ``dropped``
    ones are not scored; ``corrections`` are both, each with task, instance, reason, reviewer and date.
    """

    file: str
    digest: str
    changed: int
    dropped: int
    corrections: tuple[Mapping[str, str], ...]
    sheet: Sheet

    def twin(self, line: Line) -> Line | None:
        """The category or task of the same name; None where nothing of it is left."""
        lines = self.sheet.categories if line.name == line.category else self.sheet.tasks
        return next((twin for twin in lines if twin.name == line.name), None)


def touched(sheet: Sheet) -> list[Line]:
    """The categories of which errata correct an instance."""
    tasks = {entry["task"] for entry in sheet.errata.corrections} if sheet.errata else set()
    return [line for line in sheet.categories if tasks & set(line.tasks)]


def metric_name(metric: str) -> str:
    """How a metric is called in print."""
    if metric.endswith("_answered"):
        return f"{metric_name(metric.removesuffix('_answered'))} of answered"
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def percent(value: float | None, digits: int = 1) -> str:
    """A percentage for a table; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def official_text(line: Line) -> str:
    """The official value for a table, with its metric's name where that differs from the one shown first."""
    figure = line.official
    named = f" {metric_name(figure.metric)}" if figure.value is not None and figure.metric != line.main.metric else ""
    return percent(figure.value) + named


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
        notes=tuple(str(note) for note in sequence(scores.get("notes"))),
        errata=_overlay(scores.get("errata")),
    )


def _overlay(errata: Any) -> Overlay | None:
    if not isinstance(errata, Mapping) or "profiles" not in errata:
        return None
    parts = {name: [mapping(entry) for entry in sequence(errata.get(name))] for name in ("changed", "dropped")}
    return Overlay(
        file=str(errata.get("file") or ""),
        digest=str(errata.get("digest") or ""),
        changed=len(parts["changed"]),
        dropped=len(parts["dropped"]),
        corrections=tuple(
            {key: str(entry.get(key) or "") for key in ("task", "instance", "reason", "reviewer", "date")}
            for entry in (*parts["changed"], *parts["dropped"])
        ),
        sheet=read_sheet({"profiles": errata["profiles"]}),
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
            figures={name: tuple(_figures(entry)) for name, entry in found.items()},
            unscored={str(k): int(number(n) or 0) for k, n in mapping(first.get("unscored")).items() if number(n)},
            tasks=tuple(str(task) for task in sequence(first.get("tasks"))),
        )


def _figures(entry: Mapping[str, Any]) -> Iterable[Figure]:
    values, baselines = mapping(entry.get("metrics")), mapping(entry.get("baselines"))
    known = [str(name) for name in values if number(values[name]) is not None]
    first = str(entry.get("primary") or next(iter(known), ""))
    for metric in dict.fromkeys([first, *known]):
        bounds = [number(bound) for bound in sequence(mapping(entry.get("ci95")).get(metric))]
        low, high = bounds if len(bounds) == 2 else (None, None)
        yield Figure(
            metric=metric,
            value=number(values.get(metric)),
            low=low,
            high=high,
            majority=number(mapping(baselines.get("majority")).get(metric)),
            random=number(mapping(baselines.get("random")).get(metric)),
            rows=int(number(entry.get("rows")) or 0),
        )
