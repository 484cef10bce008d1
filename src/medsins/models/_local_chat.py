"""Prompts as the model reads them: its chat template, its begin-of-text token, exactly once."""

from __future__ import annotations

import re
from array import array
from datetime import datetime
from typing import Any

from medsins.core import Message, Prompt, digest

PROBE = "qzvxk"


class Chat:
    """Renders and encodes prompts for one tokenizer.

    A tokenizer without a chat template gets the plain format: the messages' texts, one blank line between them, a
    newline at the end. A template without a system role gets the system text on top of the first user turn.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.template = pin_date(tokenizer.get_chat_template()) if tokenizer.chat_template else ""
        self.takes_system = bool(self.template) and self._takes_system()
        self.format = f"template:{digest(self.template)[:12]}" if self.template else "plain"

    def render(self, prompt: Prompt) -> str:
        """The exact text the model reads, begin-of-text token not counted where the tokenizer adds it."""
        if prompt.text is not None:
            return prompt.text
        if not self.template:
            text = "\n\n".join(message.content for message in prompt.messages)
            return text if text.endswith("\n") else f"{text}\n"
        return self._apply(prompt.messages if self.takes_system else merge_system(prompt.messages))

    def encode(self, prompt: Prompt) -> array[int]:
        """Token ids of the rendered prompt; a begin-of-text token is never there twice.

        A template writes its own special tokens, and ``text_has_bos`` says that a raw text has them; only then does
        the tokenizer add none.
        """
        complete = prompt.text_has_bos if prompt.text is not None else bool(self.template)
        text = self.render(prompt).encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self.tokenizer(text, add_special_tokens=not complete, verbose=False)["input_ids"]
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        if not complete and len(ids) > 1 and ids[-1] == end and not text.endswith(self.tokenizer.eos_token):
            ids = ids[:-1]
        while len(ids) > 1 and ids[0] == ids[1] == begin:
            ids = ids[1:]
        return array("i", ids)

    def decode(self, tokens: list[int]) -> str:
        """The text of an answer, special tokens left out, otherwise as it is."""
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _apply(self, messages: tuple[Message, ...]) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        text: str = self.tokenizer.apply_chat_template(
            turns, chat_template=self.template, tokenize=False, add_generation_prompt=True
        )
        return text

    def _takes_system(self) -> bool:
        from jinja2 import TemplateError

        try:
            return PROBE in self._apply((Message("system", PROBE), Message("user", "x")))
        except TemplateError:
            return False


def pin_date(template: str) -> str:
    """The template with one day for ever where it asks for today's, or every prompt would change from day to day."""
    asks = re.compile(r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""")
    return asks.sub(lambda match: repr(datetime(2024, 7, 26).strftime(match[2])), template)


def merge_system(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The same conversation with its system texts on top of the first user turn."""
    system = [message.content for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    if not system:
        return messages
    users = [message.content for message in rest[:1] if message.role == "user"]
    return (Message("user", "\n\n".join([*system, *users])), *rest[len(users) :])
