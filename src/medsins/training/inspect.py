"""A packed row as people read it: samples with instruction, shots, question, answer, and where attention is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np

from medsins.core import Message

from .records import Ints, Row
from .tokens import Tokens

Kind = Literal["instruction", "shot", "shot answer", "question", "prompt", "frame", "answer"]

_PROBES = ("qzvxa", "qzvxb", "qzvxc", "qzvxd")


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens in a row that are of one kind. ``frame`` is what the chat template writes between turns; ``prompt`` is
    all before the answer where there is no template. Only ``answer`` bears loss.
    """

    kind: Kind
    tokens: int
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens from ``start`` on that attend to themselves and to their group's prefix alone."""

    start: int
    tokens: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Samples that share a prefix, or a single sample without one; nothing outside is attended to."""

    prefix: Part | None
    samples: tuple[Part, ...]


class Reader:
    """Reads rows back into texts.

    Args:
        tokens: of the model that the rows were made for.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.marks = _marks(tokens) if tokens.template else None

    def groups(self, row: Row) -> tuple[Group, ...]:
        """The groups of a row, in its order."""
        return tuple(self._groups(row))

    def _groups(self, row: Row) -> Iterator[Group]:
        for number in np.unique(row.group):
            places = np.flatnonzero(row.group == number)
            parts = row.part[places]
            shared = places[parts == 0] if parts.any() else places[:0]
            own = [places[parts == part] for part in np.unique(parts) if part or not len(shared)]
            prefix = self._part(row, shared, places[:0], own[0]) if len(shared) else None
            yield Group(prefix, tuple(self._part(row, some, shared, places[:0]) for some in own))

    def _part(self, row: Row, places: Any, before: Any, after: Any) -> Part:
        """The pieces of some tokens, read with those before and after them so that turns are known."""
        whole = np.concatenate([before, places, after]).astype(np.int64)
        kinds = self._kinds(row.ids[whole], row.loss[whole])[len(before) : len(before) + len(places)]
        pieces, at = [], 0
        for kind, some in groupby(kinds):
            size = len(list(some))
            text: str = self.tokens.tokenizer.decode(row.ids[places[at : at + size]].tolist())
            pieces.append(Piece(kind, size, text))
            at += size
        return Part(int(places[0]), len(places), tuple(pieces))

    def _kinds(self, ids: Ints, loss: Any) -> list[Kind]:
        """What each token of a whole sample is."""
        prompt = int(np.argmax(loss)) if loss.any() else len(ids)
        texts = [self.tokens.tokenizer.decode([int(token)]) for token in ids[:prompt]]
        spans = self._spans("".join(texts))
        found: list[Kind] = []
        at = 0
        for text in texts:
            middle = at + len(text) / 2
            found.append(next((kind for kind, end in spans if middle < end), "frame"))
            at += len(text)
        answer: list[Kind] = ["answer"] * (len(ids) - prompt)
        return found + answer

    def _spans(self, text: str) -> list[tuple[Kind, int]]:
        """Kinds with where each ends, in characters."""
        if self.marks is None:
            return [("prompt", len(text))]
        at = max((len(begin) for begin in self.marks.begins if text.startswith(begin)), default=0)
        spans: list[tuple[Kind, int]] = [("frame", at)]
        pattern = "|".join(map(re.escape, self.marks.between))
        found = [match for match in re.finditer(pattern, text) if match.start() >= at]
        turns = [(at, found[0].start())] if found else [(at, len(text))]
        turns += [(a.end(), b.start()) for a, b in pairwise(found)]
        kinds = self._turns(len(turns), bool(found) and found[0][0] == self.marks.after_instruction)
        for (_, end), kind, mark in zip(turns, kinds, [*found, None], strict=False):
            spans.append((kind, end))
            if mark is not None:
                spans.append(("frame", mark.end()))
        return spans

    def _turns(self, count: int, instructed: bool) -> list[Kind]:
        """What the turns of a prompt are: an instruction, shots as question and answer, the question."""
        first: list[Kind] = ["instruction"] if instructed else []
        rest = count - len(first)
        shots: list[Kind] = ["shot", "shot answer"] * (rest // 2)
        return [*first, *shots, "question"][:count]


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a template writes before the first turn (with an instruction or without), after an instruction (empty where
    it opens the first question instead), and between turns.
    """

    begins: tuple[str, ...]
    after_instruction: str
    between: tuple[str, ...]


def _marks(tokens: Tokens) -> _Marks:
    system, question, answer, last = _PROBES
    asked = (Message("user", question), Message("assistant", answer), Message("user", last))
    text = tokens.render((Message("system", system), *asked))
    first, second, third = (text.partition(a)[2].partition(b)[0] for a, b in pairwise(_PROBES))
    begins = (text.partition(system)[0], tokens.render(asked).partition(question)[0])
    after = first if tokens.takes_system else ""
    between = (after, second, third, text.partition(last)[2])
    return _Marks(begins, after, tuple(dict.fromkeys(mark for mark in between if mark.strip())))
