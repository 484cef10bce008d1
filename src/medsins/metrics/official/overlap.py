"""The published text-overlap rules: BLEU-1 and "Rouge" after each script's own cleaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..text import RougeError, bleu1, segment, summary_rouge
from ._records import Cell, Kind, Outcome, WouldCrash
from .accuracy import undotted
from .cells import need_text

Cleaned = tuple[str, str] | Outcome

SKIPPED = Outcome((0.0, 0.0, 0.0), {}, {"scored": False}, counted=False)
COUNTED_AS_ZERO = Outcome((0.0, 0.0, 1.0), {"bleu1": 0.0, "rouge_l_f": 0.0}, {"scored": False})

OFFICIAL_NAMES = {"ja": "jp", "fr": "fra", "es": "spa"}


@dataclass(frozen=True, slots=True)
class Overlap:
    """BLEU-1 and "Rouge" of cleaned texts. ``clean`` gives (output, reference), or the outcome of a row that is not
    scored. ``language`` is an ISO 639-1 code: ``zh`` and ``ja`` are segmented, all others take English word rules.
    """

    clean: Callable[[Cell, Cell], Cleaned]
    language: str = "en"

    @property
    def kind(self) -> Kind:
        """Overlap."""
        return "overlap"

    @property
    def wrong(self) -> Outcome:
        """Counted with 0."""
        return COUNTED_AS_ZERO

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row."""
        cleaned = self.clean(reference, output)
        if isinstance(cleaned, Outcome):
            return cleaned
        bleu, rouge = similarity(*cleaned, self.language)
        details = {"lang": OFFICIAL_NAMES.get(self.language, self.language)}
        return Outcome((bleu, rouge, 1.0), {"bleu1": bleu, "rouge_l_f": rouge}, details)


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
    if isinstance(reference, str) and isinstance(output, str):
        return output, reference
    return SKIPPED


def stripped(reference: Cell, output: Cell) -> Cleaned:
    """Outer blanks off; rows where either is then empty are skipped."""
    given, wanted = need_text(output, "output").strip(), need_text(reference, "GT").strip()
    return (given, wanted) if given and wanted else SKIPPED


def fact(reference: Cell, output: Cell) -> Cleaned:
    """Lower case, outer blanks off, full stops deleted from the reference only; an empty output counts with 0."""
    wanted, given = undotted(need_text(reference, "GT")), need_text(output, "output").strip().lower()
    return (given, wanted) if given else COUNTED_AS_ZERO
