"""Check task files: every problem of every file at once, each with its place and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medsins.catalog import resolve_category
from medsins.core import Problem

from ._check_task import check_task
from ._check_texts import TextChecks
from ._findings import Finding, Findings
from .stream import open_reader

__all__ = ["Finding", "Validation", "validate"]


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found in one file. ``instances`` counts those that could be read."""

    path: Path
    instances: int
    category: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many errors, those not listed included."""
        return sum(1 + finding.more for finding in self.findings if finding.level == "error")

    @property
    def warnings(self) -> int:
        """How many warnings, those not listed included."""
        return sum(1 + finding.more for finding in self.findings if finding.level == "warning")


def validate(path: Path, advance: Callable[[int, int], None] = lambda taken, size: None) -> Validation:
    """Check one task file of any format and size in one pass.

    Errors make it unusable: text that is not the format, missing keys, empty inputs, an unknown category, no samples.
    Warnings make it worse than it could be: samples that come again, one-sided or misspelt labels, empty outputs,
    outputs that stand in their inputs, texts in another language than the card says, damaged or cut-off texts, lengths
    far from the others, and a definition that does not name what is to be answered.

    Args:
        advance: called with the bytes taken so far, and all of them.

    Raises:
        UsageError: no such file, or its name ends in no known format.
        OSError: the file cannot be opened.
    """
    reader = open_reader(path)
    findings = Findings(str(path))
    size = path.stat().st_size
    category = resolve_category(reader.name, reader.card.categories)
    texts = TextChecks(reader, "" if isinstance(category, Problem) else category, findings)
    try:
        for batch in reader.batches():
            texts.add(batch)
            advance(reader.taken, size)
        category = resolve_category(reader.name, reader.card.categories)
        if isinstance(category, Problem) and not reader.unread:
            near, asked, _ = category.mend.partition("? ")  # the whole list helps only where no name is near
            mend = near + asked.strip() if asked else category.mend
            findings.error("category", reader.card_place("Categories"), category.what, mend)
        if not texts.rows and not reader.problems:
            findings.error("format", reader.card_place("Instances"), "has no instances", "a task needs at least one")
        if not reader.unread:
            check_task(texts, reader.card, findings)
    finally:
        texts.close()
    broken = [Finding("error", "format", problem) for problem in reader.problems]
    found = (*broken, *findings.all())
    return Validation(path, texts.rows, "" if isinstance(category, Problem) else category, found)
