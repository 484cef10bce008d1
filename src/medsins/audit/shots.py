"""Did a prompt hold its own answer: shots that contain the query, nearly contain it, or contain its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .document import Evidence, Finding, Section, Table
from .run_answers import LONG, Answer, Cells, RunFacts, greatest_first, occurs, share, words

GRAM, NEAR, LEAST = 4, 0.6, 5
"""A query of ``LEAST`` words or more nearly stands in the shots where ``NEAR`` of its own runs of ``GRAM`` words do."""

FORM, SEEN = 0.1, 200
"""Runs of words of more than ``FORM`` of the first ``SEEN`` queries of a task belong to its form, not to a query."""

Leak = Literal["query", "query, nearly", "answer"]
LEAKS: tuple[Leak, ...] = ("query", "query, nearly", "answer")
_SHOWN = 20
_WIDTH = 3_000  # characters of a prompt that evidence shows


@dataclass(frozen=True, slots=True)
class ShotLeak:
    """What the text before a query holds of it; ``share`` of the query's, or the answer's, runs of words."""

    kind: Leak
    share: float
    found: str


def find_shot_leak(
    prompt: str, query: str, references: Iterable[str], form: frozenset[tuple[str, ...]] = frozenset()
) -> ShotLeak | None:
    """Look for a query and its references in what stands before it in its prompt.

    Args:
        prompt: as sent, with its shots.
        query: what is asked; where it is a whole few-shot prompt itself (the published format), its last case.
        references: accepted answers; those of fewer than ``LONG`` words, or that the query holds too, are no evidence.
        form: runs of words that the task's queries share (``task_form``).
    """
    before, own = split_prompt(prompt, query)
    shots, asked = _known(before), words(own)
    if len(asked) >= LEAST and occurs(asked, shots.words):
        return ShotLeak("query", 1.0, own)
    for reference in references:
        said = words(reference)
        if len(said) >= LONG and occurs(said, shots.words) and not occurs(said, asked):
            return ShotLeak("answer", 1.0, reference)
    grams = _grams(asked) - form
    part = len(grams & shots.grams) / len(grams) if len(grams) > GRAM else 0.0
    return ShotLeak("query, nearly", part, own) if part >= NEAR else None


def task_form(queries: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """The runs of words that many queries of a task share: headings, field names, the wording of a question."""
    seen = queries[:SEEN]
    counts = Counter(gram for query in seen for gram in _grams(words(split_prompt("", query)[1])))
    return frozenset(gram for gram, n in counts.items() if n > max(1, FORM * len(seen)))


def split_prompt(prompt: str, query: str) -> tuple[str, str]:
    """What stands before the query, and the query alone. One that was cut is taken to be the prompt's end."""
    own = query.strip()
    cases = own.rsplit("Input:", 1)
    if len(cases) == 2 and "Output:" in cases[0]:
        own = cases[1].split("\nOutput:")[0].strip()
    at = prompt.rfind(own) if own else -1
    return prompt[: at if at >= 0 else max(0, len(prompt) - len(own))], own


@dataclass(frozen=True, slots=True)
class _Before:
    words: tuple[str, ...]
    grams: frozenset[tuple[str, ...]]


@lru_cache(maxsize=64)  # the prompts of a task mostly share their shots
def _known(before: str) -> _Before:
    found = words(before)
    return _Before(found, _grams(found))


def _grams(found: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(found[at : at + GRAM]) for at in range(len(found) - GRAM + 1))


def shots_section(run: RunFacts) -> Section:
    """Prompts of a run whose shots give the answer away."""
    leaks: dict[str, list[tuple[Answer, ShotLeak]]] = {}
    for task_id, answers in run.by_task.items():
        form = task_form([answer.prediction.input for answer in answers])
        for answer in answers:
            asked = answer.prediction
            if leak := find_shot_leak(asked.prompt, asked.input, asked.references, form):
                leaks.setdefault(task_id, []).append((answer, leak))
    rows: list[Cells] = []
    for task_id, found in leaks.items():
        counts = Counter(leak.kind for _, leak in found)
        whole = len(run.by_task[task_id])
        rows.append((task_id, whole, *(counts[kind] for kind in LEAKS), *share(len(found), whole)))
    total = sum(map(len, leaks.values()))
    part, low, high = share(total, len(run.answers))
    return Section(
        check="run.shots",
        title="Shots that give the answer away",
        summary=f"{total} of {len(run.answers)} prompts ({part:.1f} %, {low:.1f} to {high:.1f}) hold their own "
        "question or its answer among the shots.",
        findings=tuple(
            Finding(
                "error",
                task_id,
                f"{len(found)} of {len(run.by_task[task_id])} prompts hold their own question or its answer",
                "leave test instances out of the shots: --protocol strict never takes one",
            )
            for task_id, found in leaks.items()
        ),
        tables=(
            Table(
                title="Prompts whose shots hold the question or its answer",
                columns=("task", "rows", *LEAKS, "share", "low", "high"),
                rows=greatest_first(rows, 5),
                units=("", "", "", "", "", "%", "%", "%"),
                value="share",
                low="low",
                high="high",
            ),
        )
        if rows
        else (),
        evidence=tuple(_evidence(*pair) for found in leaks.values() for pair in found[:3])[:_SHOWN],
        settings={"runs of words": GRAM, "nearly, from": NEAR, "answers of at least": f"{LONG} words"},
    )


def _evidence(answer: Answer, leak: ShotLeak) -> Evidence:
    before = split_prompt(answer.prediction.prompt, answer.prediction.input)[0]
    return Evidence(
        left_place=f"{answer.place} / {'output' if leak.kind == 'answer' else 'input'}",
        left=leak.found,
        right_place=f"{answer.place} / shots of its prompt",
        right=before if len(before) <= _WIDTH else f"… {before[-_WIDTH:]}",
        why=f"the shots hold the {leak.kind}",
        score=leak.share,
        marked=tuple(dict.fromkeys(words(leak.found)))[:200],
    )
