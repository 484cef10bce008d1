"""Prompts as the model reads them: its chat template, its begin-of-text token, exactly once."""

from __future__ import annotations

import re
from array import array
from dataclasses import replace
from typing import Any

from medsins.core import Message, Prompt, Request, digest
from medsins.core.chat import FORMATS, merge_system, pin_date, plain, render

from ._local_job import Job
from ._presets import Preset
from ._thinking import COMMON, Tags, is_opened

PROBE = "qzvxk"


class Chat:
    """Renders and encodes prompts for one tokenizer.

    A tokenizer without a chat template gets the format of the model's preset, else the plain one: the messages' texts,
    one blank line between them, a newline at the end. A template without a system role gets the system text on top of
    the first user turn. ``tags`` mark what the model thinks; ``stop`` ends its answers beside what a prompt names.
    """

    def __init__(self, tokenizer: Any, preset: Preset | None = None) -> None:
        preset = preset or Preset()
        self.tokenizer = tokenizer
        self.template = pin_date(tokenizer.get_chat_template()) if tokenizer.chat_template else ""
        self.takes_system = bool(self.template) and self._takes_system()
        self.family = "" if self.template else self._family(preset.chat_format)
        self.stop = preset.stop
        self.tags: Tags = preset.tags or (COMMON if COMMON[1] in self.template else ())
        self.format = f"template:{digest(self.template)[:12]}" if self.template else self.family or "plain"
        self.format += f" stop:{digest(self.stop)[:8]}" if self.stop else ""
        self.kept = self._kept()

    def render(self, prompt: Prompt) -> str:
        """The exact text the model reads, begin-of-text token not counted where the tokenizer adds it."""
        if prompt.text is not None:
            return prompt.text
        if self.family:
            return render(prompt, self.family)
        if not self.template:
            return plain(prompt.messages)
        return self._apply(prompt.messages if self.takes_system else merge_system(prompt.messages))

    def encode(self, prompt: Prompt) -> array[int]:
        """Token ids of the rendered prompt; a begin-of-text token is never there twice.

        A template writes its own special tokens, and ``text_has_bos`` says that a raw text has them; only then does
        the tokenizer add none.
        """
        complete = prompt.text_has_bos if prompt.text is not None else bool(self.template or self.family)
        text = self.render(prompt).encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self.tokenizer(text, add_special_tokens=not complete, verbose=False)["input_ids"]
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        if not complete and len(ids) > 1 and ids[-1] == end and not text.endswith(self.tokenizer.eos_token):
            ids = ids[:-1]
        while len(ids) > 1 and ids[0] == ids[1] == begin:
            ids = ids[1:]
        return array("i", ids)

    def encode_answer(self, text: str) -> list[int]:
        """Token ids of a text as an answer begins with it."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def encode_options(self, job: Job, window: int) -> list[list[int]]:
        """Token ids of the options a request names; none where no answer can follow: the prompt opens thoughts, or an
        option does not fit the window (0: none) with it, or has no tokens.
        """
        options = [self.encode_answer(option) for option in job.request.options]
        room = window - len(job.prompt) if window else max(map(len, options), default=0)
        return options if not job.opened and all(0 < len(option) <= room for option in options) else []

    def job(self, request: Request, prompt: array[int], limit: int, ends: frozenset[int], budget: int = 0) -> Job:
        """A request on its way, with what this model adds to it: stop strings, and what marks its thinking.

        Args:
            prompt: its tokens.
            limit: the most tokens it may write, thoughts included.
            ends: tokens that end an answer.
            budget: the most tokens of thoughts.
        """
        if self.stop:
            request = replace(request, prompt=replace(request.prompt, stop=(*request.prompt.stop, *self.stop)))
        job = Job(request, prompt, limit, ends, self.decode)
        if self.tags:
            job.tags, job.budget = self.tags, budget
            job.opened = is_opened(self.render(request.prompt), self.tags)
        return job

    def decode(self, tokens: list[int]) -> str:
        """The text of an answer, special tokens left out save those that mark thinking, otherwise as it is."""
        parts, start = [], 0
        for i, token in enumerate(tokens if self.kept else ()):
            if token in self.kept:
                parts += [self._decode(tokens[start:i]), self.kept[token]]
                start = i + 1
        return "".join([*parts, self._decode(tokens[start:])])

    def _decode(self, tokens: list[int]) -> str:
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _kept(self) -> dict[int, str]:
        """Special tokens that mark thinking, which would get lost among the other special ones."""
        ids = {tag: self.tokenizer.convert_tokens_to_ids(tag) for tag in self.tags}
        return {i: tag for tag, i in ids.items() if i in self.tokenizer.all_special_ids}

    def _family(self, name: str) -> str:
        """The chat format of a preset, if the tokenizer has its marks as tokens of their own."""
        if name not in FORMATS:
            return ""
        text = render(Prompt(messages=(Message("user", PROBE),)), name)
        marks = re.findall(r"<[^<>\s]+>", text)
        return name if all(len(self.encode_answer(mark)) == 1 for mark in marks) else ""

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
