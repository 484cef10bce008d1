"""Instruction data in the layout of Alpaca: a list of objects with instruction, input and output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medsins.corpora._base import Record, dropped, made
from medsins.corpora._raw import RawFile


def list_of_objects(file: RawFile, *keys: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each item of the list that the file holds.

    Raises:
        InvalidFile: the file holds something else, or an object lacks one of the keys.
    """
    items = file.json()
    if not isinstance(items, list):
        file.invalid(f"must hold a list of objects, found {type(items).__name__}")
    for number, item in enumerate(items):
        file.need(keys, list(item) if isinstance(item, dict) else [], where=f"item {number}")
        yield f"{file.place}: item {number}", item


def question_records(file: RawFile, task_id: str, question: str = "input", answer: str = "output") -> Iterator[Record]:
    """One record an object: the question, and the answer; the instruction, which is always the same, is not used."""
    for place, item in list_of_objects(file, question, answer):
        if item[question] and item[answer]:
            yield made(task_id, item[question], item[answer], place=place)
        else:
            empty = question if not item[question] else answer
            yield dropped(task_id, f"the {empty} is empty", place=place)
