"""The published accuracy rules: is this output right?"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ._records import Cell, Kind, Result, Stats, WouldCrash
from ._rule import Rule
from .cells import need_text

Clean = Callable[[str], str]

RIGHT: Stats = (1.0, 1.0)
WRONG: Stats = (0.0, 1.0)

PREFIX = "the right answer is"
WRITTEN_PREFIX = "The right answer is "
PLAIN = {letter: letter.lower() for letter in string.ascii_letters + string.digits if letter not in "tT"}
"""Characters that, where a text begins with them, are the first after cleaning: the removed prefix begins with a t."""


class Judged(Rule):
    """What all accuracy rules share."""

    kind: ClassVar[Kind] = "accuracy"

    @property
    def wrong(self) -> Stats:
        """Counted, and wrong."""
        return WRONG


@dataclass(frozen=True)
class Contains(Judged):
    """Right if the cleaned output contains the cleaned reference. ``any_cell``: cells go through ``str`` first, so that
    a missing one is the text "nan"; else a cell that is not text would crash the script.
    """

    reference: Clean
    output: Clean
    any_cell: bool = False

    def score(self, reference: Cell, output: Cell) -> Stats:
        """Whether the row is right."""
        if self.any_cell:
            wanted, given = str(reference), str(output)
        else:
            wanted, given = need_text(reference, "GT"), need_text(output, "output")
        return RIGHT if self.reference(wanted) in self.output(given) else WRONG


@dataclass(frozen=True)
class TrueFalse(Judged):
    """Right if the output contains the reference, exactly ``true`` or ``false``, and not the other word."""

    def score(self, reference: Cell, output: Cell) -> Stats:
        """Whether the row is right."""
        wanted, given = lower_strip(str(reference)), lower_strip(str(output))
        other = {"true": "false", "false": "true"}.get(wanted)
        return RIGHT if other and wanted in given and other not in given else WRONG


@dataclass(frozen=True)
class FirstLetter(Judged):
    """Right if output and reference begin with the same one of ``letters``, the prefix of both removed."""

    letters: str

    def score(self, reference: Cell, output: Cell) -> Stats:
        """Whether the row is right. The script looks at the reference only when the output begins with a letter."""
        given = _first(output, "output")
        return RIGHT if given in self.letters and _first(reference, "GT") == given else WRONG

    def column(self, references: Sequence[Cell], outputs: Sequence[Cell]) -> list[Result]:
        """The results of many rows, those that begin plainly without a call."""
        right = dict.fromkeys(self.letters, RIGHT)
        begins = zip(_plain_beginnings(references), _plain_beginnings(outputs), references, outputs, strict=True)
        return [
            (right.get(given, WRONG) if wanted == given else WRONG)
            if wanted and given
            else self._result(reference, output)
            for wanted, given, reference, output in begins
        ]


def _plain_beginnings(cells: Sequence[Cell]) -> list[str | None]:
    """The first character of every cleaned cell, None where cleaning must be done to know."""
    known, size = PLAIN.get, len(WRITTEN_PREFIX)
    return [
        known(cell[size : size + 1] if cell[:size] == WRITTEN_PREFIX else cell[:1]) if type(cell) is str else None
        for cell in cells
    ]


def _first(cell: Cell, column: str) -> str:
    text = str(cell).lower().replace(PREFIX, "").strip()
    if not text:
        raise WouldCrash(f"IndexError: the {column} is blank, or nothing but '{PREFIX}'")
    return text[0]


def lower_strip(text: str) -> str:
    """Lower case, outer blanks off."""
    return text.lower().strip()


def undotted(text: str) -> str:
    """Every full stop deleted, outer blanks off, lower case."""
    return text.replace(".", "").strip().lower()


def bare_diagnosis(text: str) -> str:
    """``undotted``, without the words that introduce a reference diagnosis (in exactly this case)."""
    return undotted(text.replace(".", "").replace("The diagnosis result is", ""))


def bare_treatment(text: str) -> str:
    """``undotted``, without the words that introduce a reference treatment (in exactly this case)."""
    return undotted(text.replace(".", "").replace("The treatment planning is:", ""))


def unquoted(text: str) -> str:
    """Lower case, outer blanks off, then quotes and newlines deleted."""
    return lower_strip(text).replace('"', "").replace("'", "").replace("\n", "")


def first_line(text: str) -> str:
    """What stands before the first newline, outer blanks off, lower case."""
    return text.split("\n")[0].strip().lower()


DIAGNOSIS = Contains(bare_diagnosis, str.lower)
TREATMENT = Contains(bare_treatment, str.lower)
FACT = Contains(undotted, first_line)
NLI = Contains(undotted, lower_strip, any_cell=True)
EXTRACTION = Contains(unquoted, unquoted, any_cell=True)
