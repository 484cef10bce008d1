"""The one family of errors a user can cause: shown without traceback, each with what, where and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with something a user handed us.

    ``place`` is a file, line, JSON path or sheet/row/column, as exact as is known; ``mend`` says what to do.
    """

    what: str
    place: str = ""
    mend: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}" if self.place else self.what
        return f"{text}\n    {self.mend}" if self.mend else text


class MedsinsError(Exception):
    """An error a user can cause and mend. ``exit_code`` is what the command line ends with (CLI contract)."""

    exit_code = 1

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class InvalidFile(MedsinsError):
    """A file that cannot be read as what it should be; carries every problem found, not only the first."""


class UsageError(MedsinsError):
    """Wrong usage: an unknown name, options that contradict each other, a path that is not there."""

    exit_code = 2


class RefusedByPolicy(MedsinsError):
    """Refused on purpose: restricted data to a remote endpoint, remote code, pickled weights."""

    exit_code = 3


class MissingExtra(UsageError):
    """An optional dependency is not installed; names the exact command that installs it."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(
            Problem(f"{needed_for} needs packages that are not installed", mend=f"pip install 'medsins[{extra}]'")
        )


class AssetUnavailable(MedsinsError):
    """A file fetched from outside could not be had from any of its sources; lists what was tried."""


class RunError(MedsinsError):
    """A run directory that cannot be used: locked by another process, of another model, or damaged."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that does not exist: nearest suggestions first, then the whole list."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return UsageError(Problem(f"unknown {kind} '{name}'", mend=f"{hint}known: {', '.join(names) or 'none'}"))
