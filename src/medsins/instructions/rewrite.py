"""More wordings from a model: people's wordings as seeds, each reworded with its meaning kept, then the quality rules.

The method is the article's (human seeds, then "reword, same meaning, nothing else"); the rules, the journal and the
provenance are ours. What the model is, is the caller's business: it hands in a function from prompts to answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from medsins.core import derive_seed

from .anchors import anchors
from .check import TaskCheck, check_task
from .journal import Answer, Journal
from .variants import Variant, wording_digest

PATIENCE = 4
"""Answers asked for at most, to each wording that is wanted; a model that cannot do it is not asked for ever."""

_STYLES = (
    "as a direct order",
    "beginning with what will be given",
    "as a polite request",
    "beginning with what is wanted",
    "in plain words",
    "in the words of a clinical colleague",
    "with the sentences in another order",
    "as briefly as nothing is lost",
)
_KEEP = {
    "label": "the labels and fixed phrases",
    "number": "the numbers",
    "placeholder": "the placeholders",
    "format": "the output format",
    "language": "the languages",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One task to reword: its seeds, of which the first is the definition, and how many wordings are ``wanted``;
    its terms of ``access`` and the reason to send it all the same (``override``), for the provenance.
    """

    task_id: str
    seeds: tuple[str, ...]
    wanted: int
    access: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a model. ``attempt`` counts a task's requests from 0; ``random_seed`` is for its sampling."""

    task_id: str
    attempt: int
    seed: str
    prompt: str
    random_seed: int

    @property
    def key(self) -> tuple[str, int]:
        """What makes a request the same one: task and attempt."""
        return self.task_id, self.attempt


Complete = Callable[[Sequence[Ask]], Iterable[Sequence[tuple[int, str]]]]
"""Answers requests: yields groups of (position, text), in any order; a position may be left out where it failed."""


def prompt_for(seed: str, attempt: int) -> str:
    """The request to reword one seed; the way of saying it changes with the attempt."""
    kept = anchors(seed)
    lines = [f"- {_KEEP[kind]}: {', '.join(items)}" for kind, items in kept.items() if items]
    verbatim = "\nThese must stay exactly as they are:\n" + "\n".join(lines) if lines else ""
    return (
        f"Say the following task description in other words, {_STYLES[attempt % len(_STYLES)]}. It must ask for "
        "exactly the same: add nothing, leave nothing out, keep its language, and do not carry out the task itself."
        f"{verbatim}\nReply with the new description only, without quotation marks, title or comment.\n\n"
        f"Task description:\n{seed}"
    )


def ask_of(job: Job, attempt: int, seed: int) -> Ask:
    """The request of an attempt: seeds take turns."""
    wording = job.seeds[attempt % len(job.seeds)]
    text = prompt_for(wording, attempt // len(job.seeds))
    drawn = derive_seed(seed, job.task_id, attempt, "rewrite") % (1 << 31)
    return Ask(job.task_id, attempt, wording_digest(wording), text, drawn)


def outcome(job: Job, answers: Iterable[Answer]) -> TaskCheck:
    """The seeds and the answers of a task, judged in the order of attempts, however they arrived."""
    seeds = [Variant(job.task_id, text, access=job.access) for text in job.seeds]
    made = [
        Variant(
            task_id=job.task_id,
            text=unwrapped(answer.text),
            origin="rewritten",
            model=answer.model,
            seed=answer.seed,
            date=answer.date,
            access=job.access,
            override=answer.override,
        )
        for answer in sorted(answers, key=lambda answer: answer.attempt)
    ]
    return check_task(job.task_id, job.seeds[0], [*seeds, *made])


def unwrapped(text: str) -> str:
    """An answer without the blanks and the quotation marks around the whole of it."""
    bare = text.strip()
    for left, right in (('"', '"'), ("“", "”"), ("'", "'"), ("**", "**")):
        if (
            len(bare) > 2
            and bare.startswith(left)
            and bare.endswith(right)
            and right not in bare[len(left) : -len(right)]
        ):
            return bare[len(left) : -len(right)].strip()
    return bare


def rewrite(jobs: Sequence[Job], complete: Complete, journal: Journal, model: str, seed: int = 0) -> Iterator[int]:
    """Ask until every task has its wordings or its attempts are spent; yields how many answers came after each group.

    Every answer is durable in the journal before it counts; what the journal has is not asked again.

    Args:
        jobs: what is wanted, one for each task.
        complete: the model.
        journal: of this and earlier sessions.
        model: its name, for the provenance.
        seed: of the sampling.
    """
    reasons = {job.task_id: job.override for job in jobs}
    for _ in count():
        asks = [ask for job in jobs for ask in _round(job, journal, seed)]
        if not asks:
            return
        arrived = 0
        for group in complete(asks):
            today = datetime.now(UTC).date().isoformat()
            journal.add([_answer(asks[place], text, model, today, reasons) for place, text in group])
            arrived += len(group)
            yield len(group)
        if not arrived:
            return


def _answer(ask: Ask, text: str, model: str, date: str, reasons: Mapping[str, str]) -> Answer:
    return Answer(ask.task_id, ask.attempt, ask.seed, text, model, date, reasons[ask.task_id])


def _round(job: Job, journal: Journal, seed: int) -> list[Ask]:
    """As many requests as wordings are lacking: those not answered yet, from the first attempt on."""
    answers = journal.of(job.task_id)
    good = [variant for variant in outcome(job, answers).kept if variant.origin == "rewritten"]
    asked = {answer.attempt for answer in answers}
    open_attempts = (attempt for attempt in range(PATIENCE * job.wanted) if attempt not in asked)
    lacking = max(0, job.wanted - len(good))
    return [ask_of(job, attempt, seed) for attempt, _ in zip(open_attempts, range(lacking), strict=False)]


def results(jobs: Sequence[Job], journal: Journal) -> list[TaskCheck]:
    """Every task with its seeds and all its answers, judged; of the good ones as many as were wanted."""
    return [_limited(outcome(job, journal.of(job.task_id)), job.wanted) for job in jobs]


def _limited(check: TaskCheck, wanted: int) -> TaskCheck:
    kept, left = [], wanted
    for item in check.judged:
        made = item.variant.origin == "rewritten" and not item.faults
        if not made or left > 0:
            kept.append(item)
        left -= made
    return replace(check, judged=tuple(kept))
