"""The published multi-label rule: which class names does a text contain?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._records import Cell, Kind, Stats
from ._rule import Rule

HALLMARKS = (
    "sustaining proliferative signaling",
    "evading growth suppressors",
    "resisting cell death",
    "enabling replicative immortality",
    "inducing angiogenesis",
    "activating invasion and metastasis",
    "genomic instability and mutation",
    "tumor promoting inflammation",
    "cellular energetics",
    "avoiding immune destruction",
)


@dataclass(frozen=True)
class Classes(Rule):
    """Predicted and true classes are the names contained in the lower-cased text."""

    names: tuple[str, ...] = HALLMARKS
    kind: ClassVar[Kind] = "labels"

    @property
    def wrong(self) -> Stats:
        """Never needed: the rule takes any cell."""
        return (0.0,) * (3 * len(self.names))

    def score(self, reference: Cell, output: Cell) -> Stats:
        """True positives of every class, then false positives, then false negatives."""
        pairs = list(zip(self._found(reference), self._found(output), strict=True))
        return (
            *(float(true and predicted) for true, predicted in pairs),
            *(float(predicted and not true) for true, predicted in pairs),
            *(float(true and not predicted) for true, predicted in pairs),
        )

    def details(self, reference: Cell, output: Cell) -> dict[str, Any]:
        """The class names found in either text."""
        cells = {"gt_classes": reference, "pred_classes": output}
        return {
            key: [name for name, found in zip(self.names, self._found(cell), strict=True) if found]
            for key, cell in cells.items()
        }

    def _found(self, cell: Cell) -> list[bool]:
        text = str(cell).lower().strip()
        return [name in text for name in self.names]
