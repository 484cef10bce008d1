"""Write task files, always in the documented shape; unknown keys are kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance, Task, write_json

from ._shape import EXAMPLE_KEYS, LIST_KEYS

# What the reader notes for its own use and no file should hold.
_NOTES = ("definition_was_string", "default_definition")


def card_document(card: Card) -> dict[str, Any]:
    """The card as the documented JSON object, without ``Instances``."""
    document: dict[str, Any] = {key: list(getattr(card, field)) for key, field in LIST_KEYS.items()}
    for key, field in EXAMPLE_KEYS.items():
        document[key] = [asdict(example) for example in getattr(card, field)]
    if card.split_type:
        document["Split Type"] = card.split_type
    document.update({key: value for key, value in card.extra.items() if key not in _NOTES})
    return document


def instance_document(instance: Instance) -> dict[str, Any]:
    """One instance as the documented JSON object; ``output`` is a list of accepted references."""
    return {"id": instance.id, "input": instance.input, "output": list(instance.outputs), **instance.extra}


def task_document(task: Task) -> dict[str, Any]:
    """A whole task as the documented JSON object."""
    return {**card_document(task.card), "Instances": [instance_document(i) for i in task.instances]}


def write_task(task: Task, path: Path) -> None:
    """Write a task file atomically (UTF-8 JSON)."""
    write_json(path, task_document(task))
