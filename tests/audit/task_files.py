"""Task files that tests write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance
from medsins.tasks import open_writer

Row = tuple[str, str] | tuple[str, str, dict[str, Any]]


def write(path: Path, rows: Sequence[Row], category: str = "Fact Verification", **card: Any) -> Path:
    """A task file with one instance a row: input, output and, where given, further keys."""
    fields = {"categories": (category,), "definition": ("Answer.",), **card}
    instances = [
        Instance(f"i{number}", row[0], (row[1],), extra=row[2] if len(row) > 2 else {})
        for number, row in enumerate(rows)
    ]
    with open_writer(path, Card(**fields)) as writer:
        writer.write(instances)
    return path
