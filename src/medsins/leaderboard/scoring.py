"""Scoring a submission in a limited child (``child.py``), with progress, and with failures told in words that help."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import msgspec

from medsins.core import MedsinsError, Problem, digest

from ._limited import Bounds, run_limited
from ._scratch import scratch
from .records import Item, Part, Scores, Submission, Version

RESAMPLES = 1_000
TOO_MUCH = 3
"""What the child ends with where memory or a file's size did not suffice."""

_FORMAT = 1
_LIBRARIES = ("nltk", "jieba", "janome")
_KILLED = (-9, -11, -24, -25)  # SIGKILL, SIGSEGV, SIGXCPU, SIGXFSZ


class ScoringFailed(MedsinsError):
    """A submission could not be scored; the words are for whoever sent it and hold no text of theirs."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the child is given besides items and answers. ``tasks``: task id to category and language."""

    submission: str
    version: str
    digest: str
    tasks: dict[str, tuple[str, str]]
    truncated: list[int]
    resamples: int
    workers: int


@dataclass(frozen=True, slots=True)
class Given:
    """What a submission answers: one output for each row of its version, None where there is none, and the rows whose
    output was cut.
    """

    answers: Sequence[str | None]
    truncated: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What scoring may use: the child's bounds, processes, bootstrap resamples."""

    bounds: Bounds = field(default_factory=lambda: Bounds(4_000, 1_500, 900, 900.0))
    workers: int = 2
    resamples: int = RESAMPLES


def metric_digest(resamples: int = RESAMPLES) -> str:
    """Changes whenever a score could for another reason than data: rules of both profiles, tokenisers, intervals."""
    from medsins.bench.scoring import OFFICIAL_VERSION
    from medsins.metrics.strict import VERSION as STRICT_VERSION

    libraries = {name: installed(name) for name in _LIBRARIES}
    return digest([_FORMAT, OFFICIAL_VERSION, STRICT_VERSION, libraries, resamples])[:16]


def score_submission(
    submission: Submission,
    version: Version,
    items: Path,
    given: Given,
    means: Means | None = None,
    beat: Callable[[float], None] = lambda progress: None,
) -> tuple[Scores, ...]:
    """Score a submission in a limited child.

    Args:
        submission: whose answers they are.
        version: what they answer.
        items: the version's instances, from ``items_file``.
        given: what it answers.
        means: what scoring may use.
        beat: told about twice a second how far it is (0 to 1); what it raises ends the child.

    Returns:
        The scores of each part that has rows.

    Raises:
        ScoringFailed: it took too much, or ended as it should not.
    """
    means = means or Means()
    with scratch(items.parent) as folder:
        tasks = {task.task_id: (task.category, task.language) for task in version.tasks}
        cut = sorted(given.truncated)
        work = Work(submission.id, version.id, version.digest, tasks, cut, means.resamples, means.workers)
        (folder / "work").write_bytes(msgspec.msgpack.encode(work))
        (folder / "answers").write_bytes(msgspec.msgpack.encode(list(given.answers)))
        command = [sys.executable, "-m", "medsins.leaderboard.child", str(items.resolve()), str(folder)]
        ended = run_limited(command, folder, means.bounds, lambda: beat(_progress(folder)))
        result = folder / "result"
        if ended.late or ended.code or not result.exists():
            raise ScoringFailed(_reason(ended.late, ended.code, folder, given.answers))
        found: dict[Part, Any] = msgspec.msgpack.decode(result.read_bytes())
    now, metric = datetime.now(UTC), metric_digest(means.resamples)
    return tuple(
        Scores(submission.id, part, version.digest, metric, made["document"], tuple(made["samples"]), now)
        for part, made in found.items()
    )


def _progress(folder: Path) -> float:
    try:
        return float((folder / "progress").read_text(encoding="ascii"))
    except (OSError, ValueError):  # not written yet, or being written
        return 0.0


def _reason(late: bool, code: int, folder: Path, answers: Sequence[str | None]) -> Problem:
    """Why a child gave no scores, and what its sender can do about it."""
    if late or code in _KILLED or code == TOO_MUCH:
        longest = max(range(len(answers)), key=lambda row: len(answers[row] or ""), default=0)
        size = len(answers[longest] or "") if answers else 0
        what = "scoring took more time or memory than the board gives"
        mend = (
            f"all answers have {sum(len(answer or '') for answer in answers):,} characters, the longest (instance "
            f"{longest} of the version) {size:,}; where answers run on, limit their tokens and submit again"
        )
        return Problem(what, mend=mend)
    place = folder / "error"
    where = place.read_text(encoding="utf-8")[:200] if place.exists() else f"exit code {code}"
    return Problem("scoring broke off for a reason that is not in your file", where, "the maintainers were told")


def constant_tasks(items: Sequence[Item], answers: Sequence[str | None], fewest: int = 10) -> list[str]:
    """Tasks of at least so many rows that were all given one and the same answer: no crime, but worth a look."""
    given: dict[str, Counter[str]] = {}
    for item in items:
        given.setdefault(item.task_id, Counter())[" ".join((answers[item.row] or "").split())] += 1
    return [task for task, texts in given.items() if texts.total() >= fewest and len(texts) == 1 and "" not in texts]
