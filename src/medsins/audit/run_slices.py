"""Who is served worse: scores by language, by length of the input, along the run, by place of the right option."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from medsins.core.proportions import Z95

from .document import Finding, Section, Table
from .run_answers import Answer, Cells, RunFacts, mean_percent, share

QUARTERS = 4
FEWEST = 20
"""Answers below which a trend is not looked for."""
POINTS, SURE = 5.0, 3.0
"""A trend is told from ``POINTS`` percentage points on, ``SURE`` standard errors from none: with a few dozen looked at,
the usual two would raise false alarms."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Change of the score from the first quarter to the last, within tasks, in percentage points, with its 95 %
    interval and its distance from none in standard errors.
    """

    change: float
    low: float
    high: float
    errors: float

    @property
    def shown(self) -> bool:
        """Large enough, and sure enough, to be told."""
        return abs(self.change) >= POINTS and abs(self.errors) >= SURE


def slices_section(run: RunFacts) -> Section:
    """All slices of a run."""
    by_length, long = _quarters(run, "Input length", "shortest", "longest", lambda a: len(a.prediction.input))
    by_place, late = _quarters(run, "Place in the run", "first", "last", lambda a: a.row)
    options, biased = _options(run)
    tables = [_languages(run), by_length, by_place, *options]
    findings = [*long, *late, *biased]
    return Section(
        check="run.slices",
        title="Languages, lengths and places",
        summary=f"{len({task.language for task in run.tasks.values()})} languages, quarters by length and place: "
        f"{len(findings)} {'difference' if len(findings) == 1 else 'differences'} that chance does not explain.",
        findings=tuple(findings),
        tables=tuple(table for table in tables if table.rows),
        settings={"told from": f"{POINTS:g} points and {SURE:g} standard errors", "quarters": "of each task's rows"},
    )


def trend(groups: Sequence[Sequence[tuple[int, float]]]) -> Trend | None:
    """The slope of scores (0 to 1) over quarters (0 to 3), pooled over tasks, each freed of its own mean (least
    squares with a mean for each task). None for too few answers, or where nothing varies.
    """
    centred = []
    for group in groups:
        x, y = (math.fsum(pair[k] for pair in group) / len(group) for k in (0, 1))
        centred += [(pair[0] - x, pair[1] - y) for pair in group]
    spread = math.fsum(x * x for x, _ in centred)
    free = len(centred) - len(groups) - 1
    if len(centred) < FEWEST or not spread or free < 1:
        return None
    slope = math.fsum(x * y for x, y in centred) / spread
    error = math.sqrt(math.fsum((y - slope * x) ** 2 for x, y in centred) / free / spread)
    if not error:
        return None
    steps = 100.0 * (QUARTERS - 1)
    return Trend(steps * slope, steps * (slope - Z95 * error), steps * (slope + Z95 * error), slope / error)


def _languages(run: RunFacts) -> Table:
    groups: dict[tuple[str, str], list[Answer]] = {}
    for task in run.tasks.values():
        groups.setdefault((task.category, task.language), []).extend(run.by_task[task.id])
    rows: list[Cells] = []
    for (category, language), answers in sorted(groups.items()):
        lost = share(sum(bool(a.strict.unscored) for a in answers), len(answers))[0]
        rows.append((category, language, len(answers), *mean_percent([a.value for a in answers]), lost))
    return Table(
        title="Languages",
        columns=("category", "language", "answers", "score", "low", "high", "unscored"),
        rows=tuple(rows),
        units=("", "", "", "%", "%", "%", "%"),
        note="Mean of the rows' own scores. Languages of a category have other questions: compare with care.",
        value="score",
        low="low",
        high="high",
    )


def _quarters(
    run: RunFacts, title: str, first: str, last: str, measure: Callable[[Answer], int]
) -> tuple[Table, list[Finding]]:
    """Scores of each category by quarters of its tasks' rows, ranked by a measure, and the trend over them."""
    rows: list[Cells] = []
    findings = []
    for category in dict.fromkeys(task.category for task in run.tasks.values()):
        members = [run.by_task[task.id] for task in run.tasks.values() if task.category == category]
        groups = [_ranked(answers, measure) for answers in members if answers]
        found = trend(groups)
        if found is None:
            continue
        pairs = [pair for group in groups for pair in group]
        means = [mean_percent([y for x, y in pairs if x == quarter])[0] for quarter in range(QUARTERS)]
        rows.append((category, len(pairs), *means, found.change, found.low, found.high))
        if found.shown:
            what = f"the score changes by {found.change:+.0f} points from the {first} to the {last} quarter of inputs"
            bounds = f" ({found.low:+.0f} to {found.high:+.0f})"
            findings.append(Finding("warning", category, what + bounds, "state it beside the score"))
    table = Table(
        title=f"{title}, by quarters of each task",
        columns=("category", "answers", f"{first} quarter", "second", "third", f"{last} quarter",
                 "change", "low", "high"),
        rows=tuple(rows),
        units=("", "", "%", "%", "%", "%", "points", "points", "points"),
        note=f"Mean of the rows' own scores; change from the {first} to the {last} quarter within tasks.",
        value="change",
        low="low",
        high="high",
    )  # fmt: skip
    return table, findings


def _ranked(answers: Sequence[Answer], measure: Callable[[Answer], int]) -> list[tuple[int, float]]:
    """Each answer's quarter and score. Equal measures share the quarter of their middle place."""
    ordered = sorted(map(measure, answers))
    places: dict[int, list[int]] = {}
    for place, value in enumerate(ordered):
        places.setdefault(value, []).append(place)
    quarter = {v: int(QUARTERS * (at[0] + at[-1] + 1) / (2 * len(ordered))) for v, at in places.items()}
    return [(min(quarter[measure(answer)], QUARTERS - 1), answer.value) for answer in answers]


def _options(run: RunFacts) -> tuple[list[Table], list[Finding]]:
    """Multiple choice: how often each letter is right, is chosen, and is chosen where it is right."""
    asked = [a for a in run.answers if len(a.keys) == 1 and len(a.keys[0]) == 1]
    keys = Counter(a.keys[0] for a in asked)
    chosen = Counter(a.strict.extracted for a in asked)
    rows: list[Cells] = []
    findings = []
    for letter in sorted(keys | Counter({x: n for x, n in chosen.items() if len(x) == 1})):
        right = [a.value for a in asked if a.keys[0] == letter]
        taken, due = share(chosen[letter], len(asked)), share(keys[letter], len(asked))[0]
        rows.append((letter, keys[letter], due, *taken, mean_percent(right)[0] if right else None))
        if len(asked) >= FEWEST and taken[1] > due + 2 * POINTS:
            what = f"{letter} is chosen in {taken[0]:.0f} % of the questions and right in {due:.0f} %"
            findings.append(Finding("warning", "MCQA", what, "ask with the options in another order too"))
    table = Table(
        title="Place of the right option",
        columns=("letter", "right", "share right", "chosen", "low", "high", "accuracy where right"),
        rows=tuple(rows),
        units=("", "", "%", "%", "%", "%", "%"),
        note=f"{len(asked)} multiple-choice questions with one right letter.",
        value="chosen",
        low="low",
        high="high",
    )
    return [table] if asked else [], findings
