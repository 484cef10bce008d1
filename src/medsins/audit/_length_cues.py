"""Can an answer be told from a length alone? Counted while texts stream by, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from medsins.core.proportions import Z95, wilson

_BINS_PER_DOUBLING = 32  # lengths within 2 percent are one
_BINS = 32 * _BINS_PER_DOUBLING


class Cue(NamedTuple):
    """A figure from 0 to 1 with its 95 % interval, over so many rows; ``chance`` is what no cue would give."""

    value: float
    low: float
    high: float
    rows: int
    chance: float


class LengthsByLabel:
    """How long the inputs of each label are, as counts in bins that grow with the length."""

    def __init__(self, most_labels: int) -> None:
        self.most_labels = most_labels
        self._bins: dict[str, Any] | None = {}

    def add(self, label: str, length: int) -> None:
        """Count one input, in characters. With too many labels all is forgotten: they are no classes."""
        if self._bins is None:
            return
        if label not in self._bins:
            if len(self._bins) == self.most_labels:
                self._bins = None
                return
            self._bins[label] = np.zeros(_BINS, np.int64)
        self._bins[label][min(_BINS - 1, int(math.log2(length + 1) * _BINS_PER_DOUBLING))] += 1

    def strongest(self, least: int) -> tuple[str, Cue] | None:
        """The label that the length of an input tells best from the others, among those with at least ``least`` inputs
        and as many of others; None where there is none.

        The figure is the area under the curve (ROC): the probability that an input with the label is longer than one
        without, ties counting half; its interval is Hanley's and McNeil's (1982).
        """
        found: list[tuple[str, Cue]] = []
        total = sum((self._bins or {}).values(), np.zeros(_BINS, np.int64))
        for label, bins in sorted((self._bins or {}).items()):
            others = total - bins
            if min(bins.sum(), others.sum()) >= least:
                found.append((label, _area(bins, others)))
        return max(found, key=lambda item: abs(item[1].value - 0.5), default=None)


def _area(own: Any, others: Any) -> Cue:
    positives, negatives = int(own.sum()), int(others.sum())
    below = np.cumsum(others) - others
    area = float((own * (below + others / 2)).sum() / (positives * negatives))
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = (positives - 1) * (q1 - area * area) + (negatives - 1) * (q2 - area * area)
    error = math.sqrt(max(0.0, area * (1 - area) + spread) / (positives * negatives))
    return Cue(area, max(0.0, area - Z95 * error), min(1.0, area + Z95 * error), positives + negatives, 0.5)


@dataclass(slots=True)
class OptionLengths:
    """How the right option of multiple-choice questions compares in length with the wrong ones."""

    questions: int = 0
    _hits: dict[str, float] = field(default_factory=lambda: {"longest": 0.0, "shortest": 0.0})
    _chance: float = 0.0
    _areas: float = 0.0
    _squares: float = 0.0

    def add(self, options: Mapping[str, str], right: str) -> None:
        """Count one question with a single right letter, of two options or more."""
        lengths = {letter: len(text) for letter, text in options.items()}
        others = [length for letter, length in lengths.items() if letter != right]
        own = lengths[right]
        for name, extreme in (("longest", max(lengths.values())), ("shortest", min(lengths.values()))):
            tied = sum(length == extreme for length in lengths.values())
            self._hits[name] += (own == extreme) / tied
        area = sum((own > length) + (own == length) / 2 for length in others) / len(others)
        self.questions += 1
        self._chance += 1 / len(lengths)
        self._areas += area
        self._squares += area * area

    def guess(self, name: str) -> Cue:
        """The accuracy of always choosing the ``longest`` or the ``shortest`` option (among equals at random), with
        Wilson's interval.
        """
        share = self._hits[name] / self.questions
        return Cue(share, *wilson(share, self.questions), self.questions, self._chance / self.questions)

    def area(self) -> Cue:
        """The probability that the right option of a question is longer than a wrong one of it, ties counting half:
        the mean over questions, with the interval of a mean.
        """
        mean = self._areas / self.questions
        variance = max(0.0, self._squares / self.questions - mean * mean) / max(1, self.questions - 1)
        reach = Z95 * math.sqrt(variance)
        return Cue(mean, max(0.0, mean - reach), min(1.0, mean + reach), self.questions, 0.5)
