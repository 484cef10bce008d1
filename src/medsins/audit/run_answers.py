"""A run as its audit sees it: every answer with what both profiles made of it, and what is known of each task."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from medsins.core import Prediction, Score
from medsins.core.proportions import Z95, wilson

from ._words import fold
from .document import Value

Cells = tuple[Value, ...]
"""A row of a table."""

LONG = 8
"""Words from which on a text that occurs again was copied; shorter ones recur by chance."""

_WORD = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]+"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of a run. ``value`` is the strict profile's main metric, 0 to 1, 0 where there is no judgement.

    ``official`` is None where the published scripts score no such row. ``keys`` are the right letters of a
    multiple-choice question, of which any set is right. ``likely`` says whether the likeliest option is right, and its
    probability among the options; None where nothing was compared.
    """

    row: int
    prediction: Prediction
    strict: Score
    official: Score | None
    value: float
    keys: tuple[str, ...] = ()
    likely: tuple[bool, float] | None = None

    @property
    def place(self) -> str:
        """Where it is, for evidence."""
        return f"{self.prediction.task_id} / {self.prediction.instance_id}"

    @property
    def text(self) -> str:
        """The answer alone."""
        return self.prediction.completion.text


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task of a run. Scores are of its main strict metric in percent: ``score`` counts answers without a judgement
    as wrong, ``dropped`` leaves them out (None: there is no other), ``all_right`` takes each of them for right,
    ``reviewed`` those that a reader took for right (None: there are none). ``expected`` instances were to be asked;
    answers may take ``most_tokens`` tokens (0: not known).
    """

    id: str
    category: str
    language: str
    scorer: str
    metric: str
    score: float
    dropped: float | None
    all_right: float
    expected: int
    most_tokens: int = 0
    reviewed: float | None = None


@dataclass(frozen=True)
class RunFacts:
    """A scored run. ``again`` is the command that runs the same with something else appended."""

    name: str
    signature: str
    tasks: Mapping[str, TaskFacts]
    answers: tuple[Answer, ...]
    again: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_task(self) -> dict[str, list[Answer]]:
        """The answers of each task, in the order of the run; tasks without any have an empty list."""
        found: dict[str, list[Answer]] = {task_id: [] for task_id in self.tasks}
        for answer in self.answers:
            found.setdefault(answer.prediction.task_id, []).append(answer)
        return found


def greatest_first(rows: Iterable[Cells], column: int) -> tuple[Cells, ...]:
    """The rows of a table by a column of numbers, the greatest first; rows without one last."""

    def weight(row: Cells) -> float:
        cell = row[column]
        return -float(cell) if isinstance(cell, int | float) else math.inf

    return tuple(sorted(rows, key=weight))


def share(part: int, whole: int) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson), all in percent; of nothing it is 0, and may be anything."""
    low, high = wilson(part / whole if whole else 0.0, whole)
    return (100 * part / whole if whole else 0.0), 100 * low, 100 * high


def mean_percent(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of values between 0 and 1 with its 95 % interval, in percent: Wilson's where all are 0 or 1, else the
    normal one, with the width of three rows in a hundred (rule of three) where all are alike.
    """
    rows = len(values)
    if not rows:
        return 0.0, 0.0, 100.0
    mean = math.fsum(values) / rows
    if all(value in (0.0, 1.0) for value in values):
        low, high = wilson(mean, rows)
    else:
        spread = math.fsum((value - mean) ** 2 for value in values) / max(1, rows - 1)
        reach = Z95 * math.sqrt(spread / rows) or min(1.0, 3 / rows)
        low, high = max(0.0, mean - reach), min(1.0, mean + reach)
    return 100 * mean, 100 * min(low, mean), 100 * max(high, mean)


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded; where a script sets no blanks each character is one."""
    return tuple(_WORD.findall(fold(text)))


def occurs(part: Iterable[str], whole: Iterable[str]) -> bool:
    """Whether words stand in a text one after the other."""
    return f" {' '.join(part)} " in f" {' '.join(whole)} "


def short(text: str, most: int = 60) -> str:
    """One line of a text for a table."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
