"""Answers that a person has to judge, and what was decided: durable at once, and kept as errata."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal, get_args

from medsins.core import InvalidFile, Problem
from medsins.tasks.errata import Correction, read_errata, references_digest, write_errata

from .run_answers import Answer, RunFacts, occurs, words
from .run_profiles import disagreement

FILE_NAME = "adjudication.jsonl"
"""The decisions, in the run's directory."""

Verdict = Literal["accept", "reject", "correct", "drop"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

READ, NEAR = ("unparsed", "refused", "truncated"), 0.8
"""Kinds of unscored answers that hold text to be read; from which likeness on a wrong answer is a near miss."""

_REASONS: Mapping[Verdict, str] = {
    "accept": "the answer is correct too",
    "correct": "the reference was wrong",
    "drop": "the question has no right answer",
}
_START = '{"row": '
_CLOSED = ("mcqa", "labels", "multilabel", "fields")


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to be judged. ``why`` says what is doubtful; ``read`` is what the strict scorer read out of it."""

    row: int
    task: str
    instance: str
    category: str
    why: str
    question: str
    references: tuple[str, ...]
    answer: str
    read: str

    @property
    def key(self) -> tuple[str, str]:
        """Task id and instance id."""
        return self.task, self.instance


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of an answer: ``accept`` it as correct, ``reject`` it, ``correct`` its references (to
    ``outputs``), or ``drop`` the question. ``row`` is the answer's place in its run; ``date`` is ISO 8601.
    """

    row: int
    task: str
    instance: str
    verdict: Verdict
    reviewer: str
    date: str
    outputs: tuple[str, ...] = ()
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Task id and instance id."""
        return self.task, self.instance


def find_cases(run: RunFacts) -> list[Case]:
    """The answers worth a look: those that could not be read, then those that the published scorers take for right,
    then near misses; each kind in the order of the run.
    """
    found = [(order, answer, why) for answer in run.answers for order, why in [_doubt(run, answer)] if why]
    return [
        Case(
            row=answer.row,
            task=answer.prediction.task_id,
            instance=answer.prediction.instance_id,
            category=run.tasks[answer.prediction.task_id].category,
            why=why,
            question=answer.prediction.input,
            references=answer.prediction.references,
            answer=answer.text,
            read=answer.strict.extracted,
        )
        for _, answer, why in sorted(found, key=lambda entry: (entry[0], entry[1].row))
    ]


def _doubt(run: RunFacts, answer: Answer) -> tuple[int, str]:
    task = run.tasks.get(answer.prediction.task_id)
    if task is None or not answer.text.strip():
        return 0, ""
    if answer.strict.unscored:
        kind = answer.strict.unscored
        return 0, f"no answer could be read: {kind}" if kind in READ else ""
    if disagreement(answer) == "right for official only":
        return 1, "right for the published scorer, wrong for the strict one"
    if task.scorer == "entities" and 0.5 <= answer.value < 1:
        return 2, f"near miss: {task.metric} {100 * answer.value:.0f} %"
    if task.scorer in _CLOSED and not answer.value and _alike(answer):
        return 2, "near miss: much like the reference"
    return 0, ""


def _alike(answer: Answer) -> bool:
    said = words(answer.text)
    for reference in answer.prediction.references:
        wanted = words(reference)
        if len(wanted) > 1 and occurs(wanted, said):
            return True
        if SequenceMatcher(None, said[:200], wanted[:200]).ratio() >= NEAR and len(wanted) > 1:
            return True
    return False


class DecisionLog:
    """The decisions of one run: a line is appended for each, synced before anyone is told; the last one counts."""

    def __init__(self, path: Path) -> None:
        """Read what was decided before. A last line that a kill cut off is left out.

        Raises:
            InvalidFile: another line is no decision.
        """
        self.path = path
        self.all: list[Decision] = list(_read(path))

    @property
    def latest(self) -> dict[tuple[str, str], Decision]:
        """What counts now, by task and instance."""
        return {decision.key: decision for decision in self.all}

    def add(self, decision: Decision) -> None:
        """Make a decision durable."""
        data = (json.dumps(asdict(decision), ensure_ascii=False) + "\n").encode("utf-8", "replace")
        with self.path.open("ab+") as stream:
            if stream.tell() and not _ends_whole(stream):
                data = b"\n" + data
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        self.all.append(decision)

    def accepted_rows(self) -> set[int]:
        """The rows whose answers a reader took for correct."""
        return {decision.row for decision in self.latest.values() if decision.verdict == "accept"}


def _ends_whole(stream: Any) -> bool:
    stream.seek(-1, os.SEEK_END)
    return bool(stream.read(1) == b"\n")


def _read(path: Path) -> Iterator[Decision]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            if line.startswith(_START) or _START.startswith(line):
                continue  # a kill cut it off before anyone was told that it is kept
            entry = None
        try:
            if entry["verdict"] not in VERDICTS:
                raise ValueError
            yield Decision(**{**entry, "outputs": tuple(entry["outputs"])})
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidFile(Problem("is no decision", f"{path}, line {number}", "take the line out")) from error


def feed_errata(path: Path, log: DecisionLog, cases: Sequence[Case], unreadable: frozenset[tuple[str, str]]) -> int:
    """Bring an errata file in line with the decisions; what others wrote into it stays. Returns how many of its
    corrections come from the log.

    Args:
        path: the errata file; it need not be there yet.
        log: the decisions.
        cases: all that can be decided on.
        unreadable: accepted answers that no reference can express, because the scorer would not read them as such.
    """
    known = {case.key: case for case in cases}
    touched = {decision.key for decision in log.all if decision.verdict != "reject"}
    before = read_errata(path).corrections if path.exists() else ()
    kept = [correction for correction in before if correction.key not in touched]
    made = [
        _correction(decision, known[key])
        for key, decision in log.latest.items()
        if key in known and decision.verdict != "reject" and not (decision.verdict == "accept" and key in unreadable)
    ]
    if made or before:
        write_errata(path, [*kept, *made])
    return len(made)


def _correction(decision: Decision, case: Case) -> Correction:
    return Correction(
        task=case.task,
        instance=case.instance,
        references=references_digest(case.references),
        reason=decision.reason or _REASONS[decision.verdict],
        reviewer=decision.reviewer,
        date=decision.date,
        outputs=decision.outputs if decision.verdict == "correct" else (),
        also_accept=(case.answer.strip(),) if decision.verdict == "accept" else (),
        drop=decision.verdict == "drop",
    )
