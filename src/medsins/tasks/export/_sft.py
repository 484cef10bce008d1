"""Conversations for supervised fine-tuning: instruction as system turn, input as user turn, reference as answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..card_terms import RESTRICTED
from ..wordings import draw_wording
from ._base import Exported, JsonLines, Source

MAX_TOKENS = 2048  # the sequence length of the published recipe


@dataclass(frozen=True, slots=True)
class Conversation:
    """One training example; ``id`` and ``task_id`` join predictions and losses back to the task file."""

    id: str
    task_id: str
    system: str
    user: str
    assistant: str


def conversations(source: Source, seed: int) -> Iterator[Conversation]:
    """The instances of a task file that have a reference, each with one wording of the instruction, drawn by
    (seed, task id, instance id).
    """
    task_id, wordings = source.facts.id, source.facts.card.definition
    for instance in source.instances():
        if instance.reference.strip():
            drawn = draw_wording(wordings, seed, task_id, instance.id)
            yield Conversation(instance.id, task_id, drawn, instance.input, instance.reference)


def write_rows(
    sources: Iterable[Source], folder: Path, seed: int, shape: Callable[[Conversation], dict[str, Any]]
) -> tuple[dict[str, int], Exported]:
    """Write ``data/<split>.jsonl`` in the shape a tool reads; returns rows by split, and the notices."""
    lines, left_out = JsonLines(folder), 0
    restricted = []
    try:
        for source in sources:
            kept, facts = 0, source.facts
            for conversation in conversations(source, seed):
                lines.put(f"data/{facts.split}.jsonl", shape(conversation))
                kept += 1
            left_out += facts.instances - kept
            if facts.access in RESTRICTED:
                restricted.append(facts.id)
    finally:
        lines.close()
    notices = [f"{left_out} instances without a reference are left out"] if left_out else []
    if restricted:
        notices.append(f"restricted access, do not pass the files on: {', '.join(restricted)}")
    rows = {Path(name).stem: count for name, count in lines.rows.items()}
    return rows, Exported((), tuple(notices))
