"""Predictions as the published scripts read them: ``pandas.read_csv`` with its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OfficialTable:
    """The columns of a predictions file as pandas typed them: text, int, float, bool, NaN."""

    columns: dict[str, list[Any]]
    rows: int
    warnings: tuple[str, ...] = ()


def read_official_csv(path: Path, *, warn_bad_lines: bool = False) -> OfficialTable:
    """Read a predictions CSV with the published scripts' eyes.

    Args:
        warn_bad_lines: drop lines with too many fields (``ConceptExplanation`` does) where the others raise.

    Raises:
        InvalidFile: wrong encoding, unterminated quote, too many fields, no header; with the line where known.
    """
    raise NotImplementedError
