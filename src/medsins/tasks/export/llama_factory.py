"""LLaMA-Factory: conversations in its ``sharegpt`` format, and the ``dataset_info.json`` that names them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medsins.core import write_json

from ._base import Exported, Options, Source
from ._sft import Conversation, write_rows


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``data/<split>.jsonl`` and ``dataset_info.json`` with the data sets ``medsins_<split>``; give the folder as
    ``dataset_dir``.
    """
    rows, exported = write_rows(sources, folder, options.seed, _row)
    write_json(folder / "dataset_info.json", {f"medsins_{split}": _entry(split) for split in rows})
    return exported


def _entry(split: str) -> dict[str, Any]:
    return {
        "file_name": f"data/{split}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
        "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
    }


def _row(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversations": [
            {"from": "human", "value": conversation.user},
            {"from": "gpt", "value": conversation.assistant},
        ],
        "system": conversation.system,
        "id": conversation.id,
        "task_id": conversation.task_id,
    }
