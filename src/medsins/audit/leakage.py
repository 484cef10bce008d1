"""Leakage: which training instances hold what a benchmark asks, exactly, but for case and punctuation, or nearly.

Two passes over the training files, in bounded memory at any size: the first counts how common each run of words of the
benchmark is and marks the rows that share some, the second compares those word by word.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ._benchmark import Benchmark, read_benchmark
from ._clean import Cleaned, clean_targets, write_without
from ._collect import Collector
from ._engine import Engine, open_engine
from ._grams import I32
from ._judge import weigh
from ._leakage_section import Leakage
from ._sources import Advance, Mask, Reading, check_apart, find_sources
from ._words import I64

__all__ = ["Cleaned", "Leakage", "check_clean", "find_leakage", "write_clean"]


def find_leakage(
    train: Sequence[Path],
    test: Sequence[Path],
    *,
    engine: str = "here",
    advance: Advance = lambda done, size: None,
) -> Leakage:
    """Look for the texts of a benchmark in training files.

    Args:
        train: task files, or folders of them.
        test: task files, or folders of them; their telling texts are held in memory (about 30 bytes a word).
        engine: ``here``, or ``ray`` for a Ray cluster; the result is the same.
        advance: called with the bytes of training files read so far, and all that will be (two passes).

    Raises:
        UsageError: a path that is not there, or a file on both sides.
        InvalidFile: a file cannot be read.
        RefusedByPolicy: restricted text would leave this machine for a cluster.
    """
    sources, tests = find_sources(train), find_sources(test)
    check_apart(sources, tests)
    benchmark = read_benchmark(Reading(tests))
    size = sum(source.size for source in sources)
    with open_engine(engine, benchmark.index, sources, tests) as running:
        first = Reading(sources, lambda taken: advance(taken, 2 * size))
        marks, in_train = _scan(running, benchmark, first)
        second = Reading(sources, lambda taken: advance(size + taken, 2 * size))
        found = Collector(benchmark, sources)
        weights = weigh(benchmark.index, in_train)
        for portion, (matches, whole) in running.judge(weights, second.portions(marks)):
            found.add(portion, matches, whole)
    return Leakage(sources, tuple(first.counts), benchmark, found.pairs, found.removals)


def _scan(running: Engine, benchmark: Benchmark, reading: Reading) -> tuple[dict[int, Mask], I32]:
    """For each training file with any the rows to be looked at again; in how many training texts each gram is."""
    in_train = np.zeros(len(benchmark.index.grams), np.int32)
    again: dict[int, list[I64]] = {}
    for portion, scanned in running.scan(reading.portions()):
        in_train[scanned.grams] += scanned.counts
        if len(scanned.texts):
            again.setdefault(portion.file, []).append(np.array(portion.rows)[np.unique(scanned.texts // 2)])
    marks = {}
    for file, rows in again.items():
        marks[file] = np.zeros(reading.counts[file], bool)
        marks[file][np.concatenate(rows)] = True
    return marks, in_train


def check_clean(train: Sequence[Path], folder: Path) -> None:
    """Whether cleaned files may go to a folder; to be asked before the search, which may take long.

    Raises:
        UsageError: a training file would be overwritten.
    """
    clean_targets(find_sources(train), folder)


def write_clean(found: Leakage, folder: Path, advance: Advance = lambda done, size: None) -> Cleaned:
    """Write the training files again, same formats, without the instances that leak; each file is there whole or not
    at all. ``removals.jsonl`` lists every instance left out, with the reason and its most telling test instance.

    Args:
        found: what ``find_leakage`` found.
        folder: where to; files keep their places below the folder that all of them are in.
        advance: called with the bytes of training files read so far, and all of them.

    Raises:
        UsageError: a training file would be overwritten.
    """
    return write_without(found.train, found.removals, found.benchmark, folder, advance)
