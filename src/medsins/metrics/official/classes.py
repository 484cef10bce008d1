"""The published multi-label rule: which class names does a text contain?"""

from __future__ import annotations

from dataclasses import dataclass

from ._records import Cell, Kind, Outcome

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


@dataclass(frozen=True, slots=True)
class Classes:
    """Predicted and true classes are the names contained in the lower-cased text."""

    names: tuple[str, ...] = HALLMARKS

    @property
    def kind(self) -> Kind:
        """Labels."""
        return "labels"

    @property
    def wrong(self) -> Outcome:
        """Never needed: the rule takes any cell."""
        return Outcome((0.0,) * (3 * len(self.names)))

    def __call__(self, reference: Cell, output: Cell) -> Outcome:
        """Score one row."""
        wanted, given = str(reference).lower().strip(), str(output).lower().strip()
        true = [name in wanted for name in self.names]
        predicted = [name in given for name in self.names]
        pairs = list(zip(true, predicted, strict=True))
        tp = [float(t and p) for t, p in pairs]
        fp = [float(p and not t) for t, p in pairs]
        fn = [float(t and not p) for t, p in pairs]
        details = {
            "gt_classes": [name for name, t in zip(self.names, true, strict=True) if t],
            "pred_classes": [name for name, p in zip(self.names, predicted, strict=True) if p],
        }
        hits, misses = sum(tp), sum(fp) + sum(fn)
        f1 = 2 * hits / (2 * hits + misses) if hits or misses else 1.0
        return Outcome((*tp, *fp, *fn), {"exact": float(true == predicted), "f1": f1}, details)
