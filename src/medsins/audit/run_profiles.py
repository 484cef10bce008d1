"""Where the published scorers and the strict ones judge the same answer differently, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .document import Evidence, Finding, Section, Table
from .run_answers import Answer, Cells, RunFacts, greatest_first, share

FEW, APART = 5.0, 0.1
"""Percent of a task's rows from which on (the lower end of the interval) disagreements are a warning; how far scores of
text must be apart."""
_SHOWN, _EACH = 30, 2


def disagreement(answer: Answer) -> str:
    """Why both profiles differ on an answer, compared on the first metric they share; empty where they do not."""
    official = answer.official
    if official is None:
        return ""
    shared = [name for name in answer.strict.metrics if name in official.metrics]
    there = official.metrics[shared[0]] if shared else next(iter(official.metrics.values()), 0.0)
    here = 0.0 if answer.strict.unscored else answer.strict.metrics[shared[0]] if shared else answer.value
    whole = {0.0, 1.0} >= {here, there}
    if abs(there - here) < (1.0 if whole else APART):
        return ""
    if answer.strict.unscored:
        return f"strict: {answer.strict.unscored}"
    if whole:
        return "right for official only" if there > here else "right for strict only"
    return "higher in official" if there > here else "higher in strict"


def profiles_section(run: RunFacts) -> Section:
    """Disagreements by task and reason, with examples."""
    groups = run.by_task.items()
    found = {task_id: [(a, why) for a in answers if (why := disagreement(a))] for task_id, answers in groups}
    compared = {task_id: sum(a.official is not None for a in answers) for task_id, answers in groups}
    reasons = list(dict.fromkeys(why for pairs in found.values() for _, why in sorted(pairs, key=lambda pair: pair[1])))
    rows: list[Cells] = []
    for task_id, pairs in found.items():
        if pairs:
            counts = Counter(why for _, why in pairs)
            bounds = share(len(pairs), compared[task_id])
            rows.append((task_id, compared[task_id], *bounds, *(counts[why] for why in reasons)))
    total, whole = sum(map(len, found.values())), sum(compared.values())
    part, low, high = share(total, whole)
    table = Table(
        title="Rows that both profiles judge differently",
        columns=("task", "rows", "share", "low", "high", *reasons),
        rows=greatest_first(rows, 2),
        units=("", "", "%", "%", "%", *("" for _ in reasons)),
        note=f"Right or wrong differently, or scores of text {APART:g} or more apart.",
        value="share",
        low="low",
        high="high",
    )
    return Section(
        check="run.profiles",
        title="Official against strict",
        summary=f"Both profiles differ on {total} of {whole} answers ({part:.1f} %, {low:.1f} to {high:.1f}).",
        findings=tuple(f for task_id, pairs in found.items() for f in _finding(task_id, pairs, compared[task_id])),
        tables=(table,) if rows else (),
        evidence=tuple(_examples(pair for pairs in found.values() for pair in _few(pairs)))[:_SHOWN],
        settings={"warning from": f"{FEW:g} % of a task, surely", "text": f"{APART:g} apart"},
    )


def _finding(task_id: str, pairs: Sequence[tuple[Answer, str]], rows: int) -> Iterator[Finding]:
    if share(len(pairs), rows)[1] >= FEW:
        told = ", ".join(f"{n} {why}" for why, n in Counter(why for _, why in pairs).most_common())
        what = f"both profiles differ on {len(pairs)} of {rows} answers: {told}"
        yield Finding("warning", task_id, what, "docs/metrics-official.md says what each published rule does")


def _few(pairs: Sequence[tuple[Answer, str]]) -> list[tuple[Answer, str]]:
    """The first examples of each reason."""
    seen: Counter[str] = Counter()
    kept = []
    for answer, why in pairs:
        if seen[why] < _EACH:
            kept.append((answer, why))
        seen[why] += 1
    return kept


def _examples(pairs: Iterable[tuple[Answer, str]]) -> Iterable[Evidence]:
    for answer, why in pairs:
        read = f" (strict read “{answer.strict.extracted[:80]}”)" if answer.strict.extracted else ""
        reference = "\n".join(answer.prediction.references)
        yield Evidence(f"{answer.place} / answer", answer.text, f"{answer.place} / output", reference, f"{why}{read}")
