"""The catalogue's tables, read once from ``data/``."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

ACCESS = ("open", "registration", "credentialed", "private", "unknown")


@dataclass(frozen=True, slots=True)
class CatalogTask:
    """One task of MedS-Ins or MedS-Bench. ``category`` is the MedS-Ins one, ``bench_category`` the benchmark's (empty
    for training-only tasks), ``test_samples`` the published size of its test set, ``file`` the published file name,
    ``inferred`` marks entries of which some cell is not stated by a source.
    """

    id: str
    name: str
    category: str
    bench_category: str
    corpus: str
    input_language: str
    output_language: str
    domain: str
    metric: str
    test_samples: int | None
    access: str
    file: str
    inferred: bool

    @property
    def scored_as(self) -> str:
        """The category that decides the scorer."""
        return self.bench_category or self.category


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of task; ``bench``: part of MedS-Bench; ``metric``: what the published scripts compute for it."""

    name: str
    bench: bool
    metric: str
    also: tuple[str, ...]
    instruction: str


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """One figure of the article's Tables 1-8. ``value`` on the 0-100 scale, as printed."""

    table: int
    model: str
    params: str
    weights: str
    benchmark: str
    task_ids: tuple[str, ...]
    category: str
    metric: str
    value: float


def _read(name: str) -> str:
    return (files("medsins.catalog") / "data" / name).read_text(encoding="utf-8")


@cache
def tasks() -> dict[str, CatalogTask]:
    """All catalogued tasks by id, in the order of their numbers."""
    rows = csv.DictReader(_read("tasks.csv").splitlines())
    return {row["id"]: _task(row) for row in rows}


def _task(row: dict[str, str]) -> CatalogTask:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(CatalogTask)}
    values["test_samples"] = int(row["test_samples"]) if row["test_samples"] else None
    values["inferred"] = bool(row["inferred"])
    return CatalogTask(**values)


@cache
def categories() -> dict[str, Category]:
    """All categories by name: MedS-Bench's first, then those only MedS-Ins has."""
    table = tomllib.loads(_read("categories.toml"))
    return {
        name: Category(name, row["bench"], row["metric"], tuple(row["also"]), row["instruction"])
        for name, row in table.items()
    }


@cache
def definitions() -> dict[str, str]:
    """Our wording of the instruction of benchmark tasks whose published file has none."""
    return {str(key): str(value) for key, value in tomllib.loads(_read("definitions.toml")).items()}


@cache
def published_results() -> tuple[PublishedResult, ...]:
    """The 673 figures of the article's tables, averages as printed there."""
    rows = csv.DictReader(_read("published.csv").splitlines())
    return tuple(
        PublishedResult(
            table=int(row["table"]),
            model=row["model"],
            params=row["params"],
            weights=row["weights"],
            benchmark=row["benchmark"],
            task_ids=tuple(row["task_ids"].split()),
            category=row["category"],
            metric=row["metric"],
            value=float(row["value"]),
        )
        for row in rows
    )
