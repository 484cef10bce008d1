"""The folder is the registry: a module's file name is the entry's name; listing imports nothing."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from types import ModuleType

from .errors import MissingExtra, unknown_name


@cache
def _third_party(kind: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=f"medsins.{kind}"))


class Registry:
    """The entries of one room: its public modules, plus third-party entry points of group ``medsins.<kind>``.

    Args:
        package: dotted name of the room, for example ``medsins.models``.
        kind: what an entry is called in messages, for example ``backend``.
        extras: entry name to the optional-dependency group it needs.
    """

    def __init__(self, package: str, kind: str, extras: dict[str, str] | None = None) -> None:
        self.package, self.kind, self.extras = package, kind, extras or {}

    def names(self) -> list[str]:
        """All names, sorted, hyphens for underscores; nothing is imported."""
        spec = find_spec(self.package)
        paths = list(spec.submodule_search_locations or []) if spec else []
        own = {m.name.replace("_", "-") for m in pkgutil.iter_modules(paths) if not m.name.startswith("_")}
        return sorted(own | {entry.name for entry in _third_party(self.kind)})

    def load(self, name: str) -> ModuleType:
        """Import one entry.

        Raises:
            UsageError: no such name (suggestions, then the list).
            MissingExtra: its optional packages are not installed.
        """
        if name not in self.names():
            raise unknown_name(self.kind, name, self.names())
        for entry in _third_party(self.kind):
            if entry.name == name:
                module: ModuleType = entry.load()
                return module
        try:
            return importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
        except ModuleNotFoundError as error:
            if name in self.extras and not str(error.name).startswith("medsins"):
                raise MissingExtra(f"{self.kind} {name}", self.extras[name]) from error
            raise
