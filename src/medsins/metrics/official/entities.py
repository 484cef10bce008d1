"""The published named-entity rule: sets of entities, counted together over a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from ._records import Cell, Kind, Result, Stats
from ._rule import Rule
from .cells import need_text

NO_ENTITY = "there is no related enetity"  # sic: the instructions ask for this spelling


@dataclass(frozen=True)
class Entities(Rule):
    """Counts of the two entity sets: true positives, false positives, false negatives. An output that is no text is
    skipped.
    """

    kind: ClassVar[Kind] = "entities"

    @property
    def wrong(self) -> Stats:
        """A row on which the script would raise has no reference to count."""
        return (0.0, 0.0, 0.0)

    def score(self, reference: Cell, output: Cell) -> Stats | None:
        """The counts of one row."""
        if not isinstance(output, str):
            return None
        return _counts(need_text(reference, "GT"), output)

    def column(self, references: Sequence[Cell], outputs: Sequence[Cell]) -> list[Result]:
        """The results of many rows, texts without a detour."""
        return [
            _counts(reference, output)
            if type(reference) is str and type(output) is str
            else self._result(reference, output)
            for reference, output in zip(references, outputs, strict=True)
        ]

    def details(self, reference: Cell, output: Cell) -> dict[str, Any]:
        """Both entity sets, sorted."""
        if not isinstance(output, str) or not isinstance(reference, str):
            return {}
        return {"gt_entities": sorted(parse_entities(reference)), "pred_entities": sorted(parse_entities(output))}


def _counts(reference: str, output: str) -> Stats:
    wanted, given = parse_entities(reference), parse_entities(output)
    tp = len(wanted) if wanted is given else len(wanted & given)
    return tp, len(given) - tp, len(wanted) - tp


@lru_cache(maxsize=20_000)
def parse_entities(text: str) -> frozenset[str]:
    """The published reading of an entity list. Full stops go first, yet the last character is still dropped, which
    takes the last letter of the last entity.
    """
    text = text.replace(".", "").strip().lower()
    return frozenset() if text == NO_ENTITY else frozenset(text[:-1].split(", "))
