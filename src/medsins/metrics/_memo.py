"""Bounded memory of computed values: speed for what recurs, no growth for what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Values by text. Texts longer than ``characters`` are not kept; the older half goes when ``entries`` are full."""

    def __init__(self, entries: int, characters: int) -> None:
        self.entries, self.characters = entries, characters
        self.values: dict[str, Value] = {}

    def get(self, text: str, compute: Callable[[str], Value]) -> Value:
        """The value of a text, computed when it is not known."""
        try:
            return self.values[text]
        except KeyError:
            value = compute(text)
        if len(text) <= self.characters:
            if len(self.values) >= self.entries:
                self._forget()
            self.values[text] = value
        return value

    def _forget(self) -> None:
        for key in list(self.values)[: self.entries // 2]:
            self.values.pop(key, None)
