"""A tokenizer of whole words, with what of transformers' tokenizers is used; no download, no model."""

from __future__ import annotations

import re
import zlib
from typing import Any


class WordTokenizer:
    chat_template = "there is one"
    bos_token_id, eos_token_id, eos_token = 1, 2, "<|end|>"
    all_special_tokens = ("<|begin|>", "<|end|>")

    def __init__(self, system: bool = True, strips: bool = False) -> None:
        self.system, self.strips = system, strips

    def get_chat_template(self) -> str:
        return f"words system={self.system}"

    def get_vocab(self) -> dict[str, int]:
        return {"<|begin|>": 1, "<|end|>": 2}

    def apply_chat_template(self, turns: list[dict[str, str]], add_generation_prompt: bool, **_: Any) -> str:
        from jinja2 import TemplateError

        if not self.system and turns[0]["role"] == "system":
            raise TemplateError("no system role")
        text = "<|begin|>" + "".join(f"{t['role']}: {t['content']}<|end|>\n" for t in turns)
        return text + ("assistant: " if add_generation_prompt else "")

    def __call__(self, text: str, add_special_tokens: bool, verbose: bool = False) -> dict[str, list[int]]:
        named = {"<|begin|>": 1, "<|end|>": 2}
        words = re.findall(r"<\|\w+\|>|\w+|[^\w\s]", text)
        ids = [named.get(word) or 3 + zlib.crc32(word.encode()) % 297 for word in words]
        return {"input_ids": [1, *ids] if add_special_tokens else ids}
