"""Closed answer sets that clinical tasks share, so that a file that happens to lack one label still has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ._text import fold, key

HALLMARKS = (
    "Sustaining proliferative signaling",
    "Evading growth suppressors",
    "Resisting cell death",
    "Enabling replicative immortality",
    "Inducing angiogenesis",
    "Activating invasion and metastasis",
    "Genomic instability and mutation",
    "Tumor promoting inflammation",
    "Cellular energetics",
    "Avoiding immune destruction",
)
"""The ten hallmarks of cancer (Hanahan and Weinberg 2011), as the task HoC writes them."""

CLOSED_SETS: tuple[tuple[str, ...], ...] = (
    ("yes", "no"),
    ("yes", "no", "maybe"),
    ("True", "False"),
    ("0", "1"),
    ("0", "1", "2"),
    ("Entailment", "Contradiction", "Neutral"),
    ("synonym", "parent", "child", "unrelated"),
    ("Similar", "Dissimilar"),
    HALLMARKS,
)
"""Smallest first where one contains another."""

_MOST_LABELS = 200


def closed_set(references: Sequence[str]) -> tuple[str, ...]:
    """The known set that all references belong to, else empty."""
    seen = {key(reference) for reference in references}
    fitting = [labels for labels in CLOSED_SETS if seen <= {key(label) for label in labels}]
    return min(fitting, key=len) if fitting and seen else ()


def label_set(references: Sequence[str]) -> tuple[str, ...]:
    """The labels of a single-label task: a known set, else the distinct references, commonest first (at most 200)."""
    known = closed_set(references)
    if known:
        return known
    first = {key(reference): reference for reference in reversed(references)}
    return tuple(first[label] for label, _ in Counter(map(key, references)).most_common(_MOST_LABELS))


def shared_lead(references: Sequence[str]) -> str:
    """The words all references open with, up to "is" or a colon ("The diagnosis result is"), folded; empty if none."""
    split = [fold(reference).split() for reference in dict.fromkeys(references)]
    common: list[str] = []
    for words in zip(*split, strict=False):
        if len(set(words)) > 1:
            break
        common.append(words[0])
    while common and not (common[-1] in ("is", "are", "=") or common[-1].endswith(":")):
        common.pop()
    whole = any(len(words) == len(common) for words in split)
    return " ".join(common) if len(common) >= 2 and not whole else ""


def without_lead(text: str, lead: str) -> str:
    """A folded text without that opening, and without a final stop."""
    text = text[len(lead) :] if lead and text.startswith(lead) else text
    return text.strip(" .:;\"'")
