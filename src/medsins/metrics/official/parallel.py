"""Columns of rows through rules, in several processes where that pays; the same results in the same order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._records import Cell, Result
from ._rule import Rule
from .overlap import Overlap

WORTHWHILE = 400_000  # characters of generated text below which starting processes takes longer than it saves
CHUNK = 100  # rows handed over at once


@dataclass(slots=True)
class Column:
    """The rows of one task: their numbers, references and outputs, in file order."""

    rule: Rule
    places: Sequence[int]
    references: Sequence[Cell]
    outputs: Sequence[Cell]

    def results(self) -> list[Result]:
        """What the rule finds in every row."""
        return self.rule.column(self.references, self.outputs)

    def characters(self) -> int:
        """The size of the texts."""
        return sum(len(cell) for cells in (self.references, self.outputs) for cell in cells if isinstance(cell, str))


def places_by_task(task_ids: Sequence[Cell]) -> dict[Cell, list[int]]:
    """Where the rows of every task stand, tasks in the order of their first row."""
    places: dict[Cell, list[int]] = defaultdict(list)
    for place, task_id in enumerate(task_ids):
        places[task_id].append(place)
    return places


def score_columns(columns: Mapping[str, Column], workers: int) -> dict[str, list[Result]]:
    """The results of every column, the text-overlap ones in ``workers`` processes where that pays."""
    heavy = {name: column for name, column in columns.items() if isinstance(column.rule, Overlap)}
    if workers < 2 or sum(column.characters() for column in heavy.values()) < WORTHWHILE:
        return {name: column.results() for name, column in columns.items()}
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # never "fork": the caller may hold threads (torch, a web server), and a forked lock is never released
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = {
            name: [
                pool.submit(_part, column.rule, column.references[at : at + CHUNK], column.outputs[at : at + CHUNK])
                for at in range(0, len(column.places), CHUNK)
            ]
            for name, column in heavy.items()
        }
        done = {name: column.results() for name, column in columns.items() if name not in heavy}
        done |= {name: [result for part in found for result in part.result()] for name, found in parts.items()}
    return {name: done[name] for name in columns}


def _part(rule: Rule, references: Sequence[Cell], outputs: Sequence[Cell]) -> list[Result]:
    return rule.column(references, outputs)
