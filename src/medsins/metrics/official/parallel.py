"""Many rows, several processes; the same results in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._records import RowScore
from .overlap import Overlap
from .scoring import Job, score_job

WORTHWHILE = 400_000  # characters of generated text below which starting processes takes longer than it saves
CHUNK = 200  # rows handed over at once


def score_jobs(jobs: Sequence[Job], workers: int) -> Iterable[RowScore]:
    """Score jobs in their order, the text-overlap ones in ``workers`` processes where that pays."""
    heavy = [job for job in jobs if isinstance(job.rule, Overlap)]
    if workers < 2 or sum(_length(job) for job in heavy) < WORTHWHILE:
        return [score_job(job) for job in jobs]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # never "fork": the caller may hold threads (torch, a web server), and a forked lock is never released
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        chunks = [heavy[start : start + CHUNK] for start in range(0, len(heavy), CHUNK)]
        futures = [pool.submit(_score_all, chunk) for chunk in chunks]
        light = {id(job): score_job(job) for job in jobs if not isinstance(job.rule, Overlap)}
        done = iter([scored for future in futures for scored in future.result()])
    return [light[id(job)] if id(job) in light else next(done) for job in jobs]


def _score_all(jobs: Sequence[Job]) -> list[RowScore]:
    return [score_job(job) for job in jobs]


def _length(job: Job) -> int:
    return len(str(job.output)) + len(str(job.reference))
