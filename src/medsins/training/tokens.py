"""Samples as a model reads them: its own chat template, the question never cut, loss on the answer alone.

The prompt's tokens are those an evaluation sends (a test compares them), so that a tuned model meets what it was tuned
on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from medsins.core import Message, Problem, UsageError
from medsins.core.chat import merge_system, pin_date, plain

from .records import Ints, Sample, TokenSample

_PROBE = "qzvxk"
_SHORTEST = 64  # characters of an input that are kept where it has to be cut


class Tokens:
    """Turns samples into tokens of one model.

    A tokenizer without chat template gets the plain one (texts with a blank line between them), as in evaluations.

    Args:
        tokenizer: of transformers.
        window: tokens of a sample, prompt and answer.

    Raises:
        UsageError: a tokenizer that has no token to end an answer with.
    """

    def __init__(self, tokenizer: Any, window: int) -> None:
        self.tokenizer, self.window = tokenizer, window
        self.template = pin_date(tokenizer.get_chat_template()) if tokenizer.chat_template else ""
        self.takes_system = bool(self.template) and self._takes_system()
        self.end = self._end()

    def sample(self, sample: Sample) -> TokenSample | None:
        """A sample's tokens; None where its answer and the end of its question alone are longer than the window.

        What is too long loses whole shots first, the one farthest from the question before the others; then its input
        loses characters from the left, where the context stands: the question, at the end, is never cut.
        """
        answer = self._answer(sample.output)
        room = self.window - len(answer)
        for dropped in range(len(sample.shots) + 1):
            prompt = self.prompt(replace(sample, shots=sample.shots[dropped:]))
            if len(prompt) <= room:
                return TokenSample(prompt, answer, dropped)
        return self._cut(sample, answer, room)

    def _cut(self, sample: Sample, answer: Ints, room: int) -> TokenSample | None:
        """Without shots, the input's end only: the longest that fits, by bisection."""
        low, high = 0, len(sample.input) - min(_SHORTEST, len(sample.input))
        best: tuple[int, Ints] | None = None
        while low <= high:
            cut = (low + high) // 2
            prompt = self.prompt(replace(sample, shots=(), input=sample.input[cut:]))
            if len(prompt) <= room:
                best, high = (cut, prompt), cut - 1
            else:
                low = cut + 1
        if best is None:
            return None
        return TokenSample(best[1], answer, len(sample.shots), best[0])

    def prompt(self, sample: Sample) -> Ints:
        """The tokens up to where the answer begins."""
        return self._encode(self.render(messages(sample)), bool(self.template))

    def render(self, turns: Sequence[Message]) -> str:
        """The text up to where the answer begins."""
        if not self.template:
            return plain(turns)
        turns = turns if self.takes_system else merge_system(tuple(turns))
        return self._apply(turns, True)

    def _answer(self, text: str) -> Ints:
        return self._encode(text + self.end, True)

    def _encode(self, text: str, complete: bool) -> Ints:
        """Token ids; a begin-of-text token is never there twice, and none that ends a text is added."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self.tokenizer(clean, add_special_tokens=not complete, verbose=False)["input_ids"]
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        if not complete and len(ids) > 1 and ids[-1] == end:
            ids = ids[:-1]
        while len(ids) > 1 and ids[0] == ids[1] == begin:
            ids = ids[1:]
        return np.asarray(ids, dtype=np.int32)

    def _apply(self, turns: Sequence[Message], generate: bool) -> str:
        text: str = self.tokenizer.apply_chat_template(
            [{"role": turn.role, "content": turn.content} for turn in turns],
            chat_template=self.template,
            tokenize=False,
            add_generation_prompt=generate,
        )
        return text

    def _takes_system(self) -> bool:
        from jinja2 import TemplateError

        try:
            return _PROBE in self._apply((Message("system", _PROBE), Message("user", "x")), True)
        except TemplateError:
            return False

    def _end(self) -> str:
        """The token that the template writes behind an answer; the tokenizer's own where it writes none."""
        if self.template:
            whole = self._apply((Message("user", "x"), Message("assistant", _PROBE)), False)
            behind = whole.rpartition(_PROBE)[2].lstrip()
            for special in sorted(self.tokenizer.all_special_tokens, key=len, reverse=True):
                if re.match(re.escape(special), behind):
                    return str(special)
        if self.tokenizer.eos_token:
            return str(self.tokenizer.eos_token)
        mend = "a tuned model could not stop: choose a tokenizer with an end-of-text token"
        raise UsageError(Problem("the tokenizer has no token that ends an answer", mend=mend))


def messages(sample: Sample) -> tuple[Message, ...]:
    """The turns of a sample, as protocol ``strict`` has them: the instruction, shots as turns, the question."""
    opening = (Message("system", sample.instruction),) if sample.instruction.strip() else ()
    shots = [turn for given, answer in sample.shots for turn in (Message("user", given), Message("assistant", answer))]
    return (*opening, *shots, Message("user", sample.input))
