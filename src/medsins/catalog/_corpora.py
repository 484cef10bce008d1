"""The table of source corpora: terms of access, release, tasks. Made from the corpus modules by
``python -m medsins.corpora._tables``; a test says when it is out of date.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

_LISTS = ("known_as", "duo", "languages", "tasks", "on_request", "inferred")
BETWEEN = " | "  # parts the items of a list in the table


@dataclass(frozen=True, slots=True)
class CatalogCorpus:
    """One source corpus. ``known_as``: the article's names for it (of its 58 corpora); ``access`` as for tasks;
    ``agreement``: what has to be signed; ``duo``: terms of the Data Use Ontology; ``may_leave``: whether the text may
    be sent to other machines than the licensee's own; ``inferred``: what no source on hand states.
    """

    name: str
    title: str
    known_as: tuple[str, ...]
    access: str
    licence: str
    agreement: str
    duo: tuple[str, ...]
    may_leave: bool
    url: str
    languages: tuple[str, ...]
    release: str
    tasks: tuple[str, ...]
    on_request: tuple[str, ...]
    verified: str
    inferred: tuple[str, ...]


@cache
def corpora() -> dict[str, CatalogCorpus]:
    """All corpora that have a reader, by name."""
    text = (files("medsins.catalog") / "data" / "corpora.csv").read_text(encoding="utf-8")
    return {row["name"]: _corpus(row) for row in csv.DictReader(text.splitlines())}


def _corpus(row: dict[str, str]) -> CatalogCorpus:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(CatalogCorpus)}
    for name in _LISTS:
        values[name] = tuple(row[name].split(BETWEEN)) if row[name] else ()
    values["may_leave"] = row["may_leave"] == "yes"
    return CatalogCorpus(**values)


@cache
def article_corpora() -> tuple[str, ...]:
    """The names of the 58 corpora of the article's figure of MedS-Ins."""
    text = (files("medsins.catalog") / "data" / "article_corpora.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)
