"""Several corpora at once, one process each: conversion is bound by the processor, and corpora share nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from medsins.core import MedsinsError

from ._base import BuildOptions
from ._build import BuildReport, build

Outcome = tuple[str, BuildReport | MedsinsError]


def raw_folder_of(name: str, raw_dir: Path) -> Path:
    """Where the raw files of one of several corpora are looked for: its own folder in ``raw_dir``, else ``raw_dir``."""
    own = raw_dir / name
    return own if own.is_dir() else raw_dir


def build_many(
    names: Sequence[str], raw_dir: Path, out_dir: Path, options: BuildOptions | None = None, jobs: int = 1
) -> Iterator[Outcome]:
    """Build several corpora, ``jobs`` at a time; yields (name, report or error) as each one ends."""
    if jobs == 1 or len(names) == 1:
        for name in names:
            yield _one(name, raw_dir, out_dir, options)
        return
    context = multiprocessing.get_context("spawn")  # progress on a terminal runs in a thread, which a fork would break
    with ProcessPoolExecutor(min(jobs, len(names)), mp_context=context) as pool:
        running = [pool.submit(_one, name, raw_dir, out_dir, options) for name in names]
        for done in as_completed(running):
            yield done.result()


def _one(name: str, raw_dir: Path, out_dir: Path, options: BuildOptions | None) -> Outcome:
    try:
        return name, build(name, raw_folder_of(name, raw_dir), out_dir, options)
    except MedsinsError as error:
        return name, error
