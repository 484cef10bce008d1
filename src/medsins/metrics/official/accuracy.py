"""The published accuracy rules: is this output right?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ._records import Cell, Kind, Outcome, WouldCrash
from .cells import need_text

Clean = Callable[[str], str]

RIGHT = Outcome((1.0, 1.0), {"accuracy": 1.0}, {"correct": 1})
WRONG = Outcome((0.0, 1.0), {"accuracy": 0.0}, {"correct": 0})

MCQA_PREFIX = "the right answer is"


@dataclass(frozen=True, slots=True)
class Judged:
    """What all accuracy rules share."""

    @property
    def kind(self) -> Kind:
        """Accuracy."""
        return "accuracy"

    @property
    def wrong(self) -> Outcome:
        """Counted, and wrong."""
        return WRONG


@dataclass(frozen=True, slots=True)
class Contains(Judged):
    """Right if the cleaned output contains the cleaned reference. ``any_cell``: cells go through ``str`` first, so that
    a missing one is the text "nan"; else a cell that is not text would crash the script.
    """

    reference: Clean
    output: Clean
    any_cell: bool = False

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row."""
        if self.any_cell:
            wanted, given = str(reference), str(output)
        else:
            wanted, given = need_text(reference, "GT"), need_text(output, "output")
        return RIGHT if self.reference(wanted) in self.output(given) else WRONG


@dataclass(frozen=True, slots=True)
class TrueFalse(Judged):
    """Right if the output contains the reference, exactly ``true`` or ``false``, and not the other word."""

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row."""
        wanted, given = lower_strip(str(reference)), lower_strip(str(output))
        other = {"true": "false", "false": "true"}.get(wanted)
        return RIGHT if other and wanted in given and other not in given else WRONG


@dataclass(frozen=True, slots=True)
class FirstLetter(Judged):
    """Right if output and reference begin with the same one of ``letters``, the prefix of both removed."""

    letters: str

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row. The script looks at the reference only when the output begins with a letter."""
        given = _first(output, "output")
        return RIGHT if given in self.letters and _first(reference, "GT") == given else WRONG


def _first(cell: Cell, column: str) -> str:
    text = str(cell).lower().replace(MCQA_PREFIX, "").strip()
    if not text:
        raise WouldCrash(f"IndexError: the {column} is blank, or nothing but '{MCQA_PREFIX}'")
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
