"""TRL: conversational ``prompt`` and ``completion``, of which its ``SFTTrainer`` learns the answer only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ._base import Exported, Options, Source
from ._sft import Conversation, write_rows


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``data/<split>.jsonl``; set the trainer's ``max_length`` (its default is shorter than many instances)."""
    return write_rows(sources, folder, options.seed, _row)[1]


def _row(conversation: Conversation) -> dict[str, Any]:
    system = [{"role": "system", "content": conversation.system}] if conversation.system else []
    return {
        "prompt": [*system, {"role": "user", "content": conversation.user}],
        "completion": [{"role": "assistant", "content": conversation.assistant}],
        "id": conversation.id,
        "task_id": conversation.task_id,
    }
