"""One request on its way: the tokens it has, the tokens it may guess, and when it is finished."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from medsins.core import Completion, Request

from ._local_attention import Prefix
from ._thinking import Tags, split_thinking

LONGEST_GUESS = 8  # tokens
GUESS_BY = 3  # tokens that must have occurred before


@dataclass(slots=True, eq=False)
class Job:
    """A request, its prompt's tokens, and the answer so far.

    ``limit`` is the most tokens the answer may have; the first ``shared`` tokens of the prompt are read once for all
    that begin with them; ``close`` is set where two tokens were so near each other that
    rounding decides, which the batch leaves to ``Decoder.alone``. ``tags`` mark thinking, which ``opened`` says the
    prompt begins, and which may take ``budget`` tokens beside the answer's. ``options`` are the tokens of
    answers to be scored, none of them empty.
    """

    request: Request
    prompt: array[int]
    limit: int
    ends: frozenset[int]
    decode: Callable[[list[int]], str]
    tags: Tags = ()
    opened: bool = False
    budget: int = 0
    options: Sequence[Sequence[int]] = ()
    option_scores: tuple[float, ...] = ()
    shared: int = 0
    prefix: Prefix = field(default_factory=Prefix)
    new: list[int] = field(default_factory=list)
    finished: bool = False
    status: str = ""
    error: str = ""
    close: bool = False
    started: float = 0.0
    latency: float = 0.0
    trust: int = 2
    _seen: dict[tuple[int, ...], int] = field(default_factory=dict)
    _known: int = 0
    _dice: random.Random | None = None
    _thinks: bool | None = None
    _thought: int = 0

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken at each step."""
        return self.request.sampling.temperature <= 0

    def roll(self) -> float:
        """The next number in [0, 1) of this request's own generator."""
        if self._dice is None:
            self._dice = random.Random(self.request.sampling.seed)
        return self._dice.random()

    def restart(self) -> None:
        """Forget the answer so far."""
        self.new, self.finished, self.close, self._seen, self._known, self._dice = [], False, False, {}, 0, None
        self._thinks, self._thought = None, 0

    def take(self, token: int) -> bool:
        """Append a token; true when the answer is finished."""
        self.new.append(token)
        thinking = self._thinking()
        most = self.budget if thinking else self._thought + self.request.sampling.max_new_tokens
        if token in self.ends or (not thinking and self._stopped()):
            self.finished, self.status = True, "ok"
        elif len(self.new) >= min(most, self.limit):
            self.finished, self.status = True, "truncated"
        return self.finished

    def fail(self, error: str) -> None:
        """End without an answer."""
        self.finished, self.status, self.error, self.new = True, "error", error, []

    def guess(self, most: int) -> list[int]:
        """Up to ``most`` tokens that followed when the last few tokens occurred before (prompt lookup)."""
        most = min(most, self.trust, LONGEST_GUESS, self.limit - len(self.new) - 1)
        if most <= 0 or not self.greedy:
            return []
        text = [*self.prompt, *self.new]
        for end in range(max(self._known, GUESS_BY), len(text)):
            self._seen[tuple(text[end - GUESS_BY : end])] = end
        self._known = len(text)
        found = self._seen.get(tuple(text[-GUESS_BY:]))
        return text[found : found + most] if found is not None else []

    def learn(self, guessed: int, right: int) -> None:
        """Guess more after guesses that were right, less after wrong ones."""
        if guessed:
            self.trust = min(LONGEST_GUESS, self.trust * 2) if right == guessed else max(1, right)

    def completion(self) -> Completion:
        """The answer as a record: end tokens and stop strings are no part of its text."""
        tokens = self.new[:-1] if self.new and self.new[-1] in self.ends else self.new
        thinking, text, ended = split_thinking(self.decode(tokens), self.tags, self.opened)
        for stop in self.request.prompt.stop:
            text = text.split(stop, 1)[0] if stop else text
        return Completion(
            text=text,
            status=self.status if ended or self.error else "truncated",  # type: ignore[arg-type]
            error=self.error,
            prompt_tokens=len(self.prompt),
            completion_tokens=len(self.new),
            latency=self.latency,
            thinking=thinking,
            thinking_tokens=self._thought if ended else len(tokens),
            option_scores=self.option_scores,
        )

    def _stopped(self) -> bool:
        stops = [stop for stop in self.request.prompt.stop if stop]
        if not stops:
            return False
        # A token holds at least one byte, so the end of the answer is enough to see a stop string that just came.
        start = max(len(self.new) - max(len(stop.encode()) for stop in stops) - 8, self._thought)
        tail = self.decode(self.new[start:])
        if self._thought == start:
            tail = tail.lstrip()
        return any(stop in tail for stop in stops)

    def _thinking(self) -> bool:
        """Whether the newest token still belongs to thoughts; what cannot be told yet counts as an answer."""
        if not self.tags or self._thinks is False:
            return False
        begin, end = self.tags
        if self._thinks is None:
            head = self.decode(self.new).lstrip()
            if self.opened or head.startswith(begin):
                self._thinks = True
            elif not begin.startswith(head):
                self._thinks = False
        if self._thinks and end in self.decode(self.new[-len(end.encode()) - 8 :]):
            self._thinks, self._thought = False, len(self.new)
        return self._thinks is True
