"""axolotl: ``messages`` rows for its ``chat_template`` type, and the part of its configuration that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medsins.core import write_text

from ..card_yaml import to_yaml
from ._base import Exported, Options, Source
from ._sft import MAX_TOKENS, Conversation, write_rows


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``data/<split>.jsonl`` and ``axolotl.yaml``, to be merged into a training configuration."""
    rows, exported = write_rows(sources, folder, options.seed, _row)
    config: dict[str, Any] = {}
    if "train" in rows:
        config["datasets"] = [_source("train")]
    if held_out := next((split for split in ("validation", "test") if split in rows), ""):
        config["test_datasets"] = [_source(held_out)]
    config |= {"sequence_len": MAX_TOKENS, "excess_length_strategy": "drop", "train_on_inputs": False}
    write_text(folder / "axolotl.yaml", to_yaml(config))
    return exported


def _source(split: str) -> dict[str, Any]:
    return {
        "path": f"data/{split}.jsonl",
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
        "roles_to_train": ["assistant"],
    }


def _row(conversation: Conversation) -> dict[str, Any]:
    turns = [("system", conversation.system), ("user", conversation.user), ("assistant", conversation.assistant)]
    messages = [{"role": role, "content": content} for role, content in turns if content or role != "system"]
    return {"messages": messages, "id": conversation.id, "task_id": conversation.task_id}
