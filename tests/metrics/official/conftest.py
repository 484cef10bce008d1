"""Predictions files made on the spot."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Write = Callable[[Sequence[Sequence[str]]], Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> Write:
    """Write rows of (task id, reference, output) as a predictions file; returns its path."""

    def write(rows: Sequence[Sequence[str]]) -> Path:
        path = tmp_path / "predictions_Model.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["task_id", "input", "GT", "output"])
            writer.writerows([task_id, "a question", reference, output] for task_id, reference, output in rows)
        return path

    return write
