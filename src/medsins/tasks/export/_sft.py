"""Conversations for supervised fine-tuning: instruction as system turn, input as user turn, reference as answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.core import Task, derive_random

from ..card_terms import RESTRICTED
from ._base import Exported, JsonLines, split_name

MAX_TOKENS = 2048  # the sequence length of the published recipe


@dataclass(frozen=True, slots=True)
class Conversation:
    """One training example; ``id`` and ``task_id`` join predictions and losses back to the task file."""

    id: str
    task_id: str
    system: str
    user: str
    assistant: str


def conversations(task: Task, seed: int) -> Iterable[Conversation]:
    """The instances of a task that have a reference, each with one wording of the instruction, drawn by
    (seed, task id, instance id).
    """
    wordings = task.card.definition
    for instance in task.instances:
        if instance.reference.strip():
            drawn = derive_random(seed, task.id, instance.id, "wording").choice(wordings) if wordings else ""
            yield Conversation(instance.id, task.id, drawn, instance.input, instance.reference)


def write_rows(
    tasks: Iterable[Task], folder: Path, seed: int, shape: Callable[[Conversation], dict[str, Any]]
) -> tuple[dict[str, int], Exported]:
    """Write ``data/<split>.jsonl`` in the shape a tool reads; returns rows by split, and the notices."""
    lines, left_out = JsonLines(folder), 0
    restricted = []
    try:
        for task in tasks:
            kept = 0
            split = split_name(task)
            for conversation in conversations(task, seed):
                lines.put(f"data/{split}.jsonl", shape(conversation))
                kept += 1
            left_out += len(task.instances) - kept
            if task.access in RESTRICTED:
                restricted.append(task.id)
    finally:
        lines.close()
    notices = [f"{left_out} instances without a reference are left out"] if left_out else []
    if restricted:
        notices.append(f"restricted access, do not pass the files on: {', '.join(restricted)}")
    rows = {Path(name).stem: count for name, count in lines.rows.items()}
    return rows, Exported((), tuple(notices))
