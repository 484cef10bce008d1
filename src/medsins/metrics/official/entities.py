"""The published named-entity rule: sets of entities, counted together over a task."""

from __future__ import annotations

from dataclasses import dataclass

from ._records import Cell, Kind, Outcome
from .cells import need_text

NO_ENTITY = "there is no related enetity"  # sic: the instructions ask for this spelling


@dataclass(frozen=True, slots=True)
class Entities:
    """Counts of the two entity sets: true positives, false positives, false negatives. An output that is no text is
    skipped.
    """

    @property
    def kind(self) -> Kind:
        """Entities."""
        return "entities"

    @property
    def wrong(self) -> Outcome:
        """A row on which the script would raise has no reference to count."""
        return Outcome((0.0, 0.0, 0.0), {"f1": 0.0}, {"tp": 0, "fp": 0, "fn": 0})

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row."""
        if not isinstance(output, str):
            return Outcome((0.0, 0.0, 0.0), counted=False)
        wanted, given = parse_entities(need_text(reference, "GT")), parse_entities(output)
        tp, fp, fn = len(wanted & given), len(given - wanted), len(wanted - given)
        f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
        counts = {"tp": tp, "fp": fp, "fn": fn}
        sets = {"gt_entities": sorted(wanted), "pred_entities": sorted(given)}
        return Outcome((tp, fp, fn), {**counts, "f1": f1}, {**sets, **counts})


def parse_entities(text: str) -> frozenset[str]:
    """The published reading of an entity list. Full stops go first, yet the last character is still dropped, which
    takes the last letter of the last entity.
    """
    text = text.replace(".", "").strip().lower()
    return frozenset() if text == NO_ENTITY else frozenset(text[:-1].split(", "))
