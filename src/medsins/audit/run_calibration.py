"""Is the model as sure as it is right: probabilities of the likeliest options against how often they are right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from medsins.core.proportions import Z95

from .document import Finding, Section, Table
from .run_answers import RunFacts, share

BINS = 10
POINTS = 10.0
"""Percentage points between sureness and accuracy from which on it is a warning."""

Pairs = Sequence[tuple[bool, float]]


def calibration_section(run: RunFacts) -> Section:
    """Reliability of all options that were compared, and of each task; without any, how to have them compared."""
    pairs = [answer.likely for answer in run.answers if answer.likely is not None]
    if not pairs:
        again = f"{run.again} --likelihood" if run.again else "medsins bench run … --likelihood"
        return Section(
            check="run.calibration",
            title="Calibration",
            summary="No log-probabilities of options are in this run.",
            findings=(Finding("note", run.name, "calibration cannot be seen without log-probabilities", again),),
        )
    error, (gap, low, high) = expected_error(pairs), sureness(pairs)
    findings = []
    if abs(gap) >= POINTS and (low > 0 or high < 0):
        side = "above" if gap > 0 else "below"
        what = f"the likeliest option has a probability {abs(gap):.0f} points {side} its accuracy"
        findings.append(
            Finding("warning", run.name, f"{what} ({low:+.0f} to {high:+.0f})", "do not read its odds as confidence")
        )
    return Section(
        check="run.calibration",
        title="Calibration",
        summary=f"The expected calibration error over {len(pairs)} closed questions is {100 * error:.1f} points; "
        f"probability minus accuracy is {gap:+.1f} points ({low:+.1f} to {high:+.1f}).",
        findings=tuple(findings),
        tables=(_reliability(pairs), _tasks(run)),
        settings={"bins": BINS, "warning from": f"{POINTS:g} points"},
    )


def expected_error(pairs: Pairs) -> float:
    """Expected calibration error (Naeini 2015), ten bins of equal width: a fraction."""
    gaps = [0.0] * BINS
    for right, probability in pairs:
        gaps[_bin(probability)] += right - probability
    return sum(map(abs, gaps)) / len(pairs)


def sureness(pairs: Pairs) -> tuple[float, float, float]:
    """Mean of probability minus right, with its 95 % interval (normal), in percentage points."""
    gaps = [probability - right for right, probability in pairs]
    mean = math.fsum(gaps) / len(gaps)
    spread = math.fsum((gap - mean) ** 2 for gap in gaps) / max(1, len(gaps) - 1)
    reach = Z95 * math.sqrt(spread / len(gaps))
    return 100 * mean, 100 * (mean - reach), 100 * (mean + reach)


def _bin(probability: float) -> int:
    return min(int(probability * BINS), BINS - 1)


def _reliability(pairs: Pairs) -> Table:
    rows = []
    for place in range(BINS):
        inside = [(right, probability) for right, probability in pairs if _bin(probability) == place]
        if inside:
            sure = 100 * math.fsum(probability for _, probability in inside) / len(inside)
            bounds = share(sum(right for right, _ in inside), len(inside))
            rows.append((f"{100 * place // BINS} to {100 * (place + 1) // BINS} %", len(inside), sure, *bounds))
    return Table(
        title="Reliability",
        columns=("probability of the likeliest option", "questions", "mean probability", "right", "low", "high"),
        rows=tuple(rows),
        units=("", "", "%", "%", "%", "%"),
        note="Calibrated is a model whose likeliest options are right as often as their probability says.",
        value="right",
        low="low",
        high="high",
    )


def _tasks(run: RunFacts) -> Table:
    rows = []
    for task_id, answers in run.by_task.items():
        pairs = [answer.likely for answer in answers if answer.likely is not None]
        if pairs:
            rows.append((task_id, len(pairs), 100 * expected_error(pairs), *sureness(pairs)))
    return Table(
        title="Sureness of each task",
        columns=("task", "questions", "calibration error", "surer than right by", "low", "high"),
        rows=tuple(rows),
        units=("", "", "points", "points", "points", "points"),
        value="surer than right by",
        low="low",
        high="high",
    )
