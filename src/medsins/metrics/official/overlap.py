"""The published text-overlap rules: BLEU-1 and "Rouge" after each script's own cleaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..text import RougeError, bleu1, segment, summary_rouge
from ._records import Cell, Kind, Stats, WouldCrash
from ._rule import Rule
from .accuracy import undotted
from .cells import need_text

Cleaned = tuple[str, str] | Stats | None

COUNTED_AS_ZERO = (0.0, 0.0, 1.0)

OFFICIAL_NAMES = {"ja": "jp", "fr": "fra", "es": "spa"}


@dataclass(frozen=True)
class Overlap(Rule):
    """BLEU-1 and "Rouge" of cleaned texts. ``clean`` gives (output, reference), or the result of a row of which no
    overlap is computed. ``language`` is an ISO 639-1 code: ``zh`` and ``ja`` are segmented, all others take English
    word rules.
    """

    clean: Callable[[Cell, Cell], Cleaned]
    language: str = "en"
    kind: ClassVar[Kind] = "overlap"

    @property
    def wrong(self) -> Stats:
        """Counted with 0."""
        return COUNTED_AS_ZERO

    def score(self, reference: Cell, output: Cell) -> Stats | None:
        """BLEU-1, "Rouge" and 1, or None for a skipped row."""
        match self.clean(reference, output):
            case str(candidate), str(wanted):
                return *similarity(candidate, wanted, self.language), 1.0
            case result:
                return result

    def details(self, reference: Cell, output: Cell) -> dict[str, Any]:
        """The language, or that nothing was computed."""
        cleaned = self.clean(reference, output)
        scored = cleaned is not None and len(cleaned) == 2
        return {"lang": OFFICIAL_NAMES.get(self.language, self.language)} if scored else {"scored": False}


def similarity(candidate: str, reference: str, language: str) -> tuple[float, float]:
    """BLEU-1 and "Rouge" of two texts, fractions 0-1.

    Raises:
        WouldCrash: the ``rouge`` package would raise.
    """
    found, wanted = segment(candidate, language), segment(reference, language)
    if language in ("zh", "ja"):
        candidate, reference = " ".join(found), " ".join(wanted)
    try:
        return bleu1(found, wanted), summary_rouge(candidate, reference)
    except RougeError as error:
        raise WouldCrash(str(error)) from error


def raw(reference: Cell, output: Cell) -> Cleaned:
    """Texts as they are."""
    return need_text(output, "output", "TypeError"), need_text(reference, "GT", "TypeError")


def present(reference: Cell, output: Cell) -> Cleaned:
    """Texts as they are; rows where either is no text are skipped."""
    return (output, reference) if isinstance(reference, str) and isinstance(output, str) else None


def stripped(reference: Cell, output: Cell) -> Cleaned:
    """Outer blanks off; rows where either is then empty are skipped."""
    given, wanted = need_text(output, "output").strip(), need_text(reference, "GT").strip()
    return (given, wanted) if given and wanted else None


def fact(reference: Cell, output: Cell) -> Cleaned:
    """Lower case, outer blanks off, full stops deleted from the reference only; an empty output counts with 0."""
    wanted, given = undotted(need_text(reference, "GT")), need_text(output, "output").strip().lower()
    return (given, wanted) if given else COUNTED_AS_ZERO
