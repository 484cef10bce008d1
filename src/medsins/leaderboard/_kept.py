"""Results that were made before, by keys that name all they depend on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The latest ``size`` results. Threads may share it: two may make the same result, which harms neither."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, Lock()
        self._found: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The result of a key, made where it is not here."""
        return self.get_all([key], lambda missing: {key: make()})[key]

    def get_all(self, keys: Sequence[Any], make: Callable[[list[Any]], Mapping[Any, Value]]) -> dict[Any, Value]:
        """The results of some keys; ``make`` is asked once for all that are not here."""
        with self._lock:
            found = {key: self._found[key] for key in keys if key in self._found}
        missing = [key for key in keys if key not in found]
        if missing:
            found.update(make(missing))
        with self._lock:
            for key in keys:
                self._found[key] = found[key]
                self._found.move_to_end(key)
            while len(self._found) > self._size:
                self._found.popitem(last=False)
        return found
