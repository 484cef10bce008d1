"""What a task file leaves open, from the catalogue: category, language, access, instruction."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from medsins.core import Problem

from ._tables import ACCESS, CatalogTask, categories, definitions, tasks


def find_task(task_id: str) -> CatalogTask | None:
    """The catalogue's entry of a task id, or None."""
    return tasks().get(task_id)


def find_category(name: str) -> str | None:
    """The catalogue's spelling of a category, whatever its case, hyphens and known synonyms; None if unknown."""
    folded = _fold(name)
    for category in categories().values():
        if folded in {_fold(category.name), *map(_fold, category.also)}:
            return category.name
    return None


def _fold(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


def resolve_category(task_id: str, named: Iterable[str]) -> str | Problem:
    """The category that decides the scorer: the card's, made precise by the catalogue where the card only has the
    broader MedS-Ins category of a benchmark task; the catalogue's where the card has none.
    """
    entry = find_task(task_id)
    names = list(named)
    known = [found for found in map(find_category, names) if found]
    if not known and entry and not names:
        return entry.scored_as or Problem(f"task '{task_id}' has no known category", mend=_category_hint(""))
    if not known:
        what = (
            f"unknown category '{names[0]}'"
            if names
            else "no category is named and the task id is not in the catalogue"
        )
        return Problem(what, mend=_category_hint(names[0] if names else ""))
    if entry and entry.bench_category and known[0] in (entry.category, "Explanation", "Question Answering"):
        return entry.bench_category
    return known[0]


def _category_hint(name: str) -> str:
    names = list(categories())
    close = difflib.get_close_matches(name.title(), names, n=2, cutoff=0.5) if name else []
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    return f'{hint}name one in "Categories": {", ".join(names)}'


def task_language(task_id: str, *named: Sequence[str]) -> str:
    """The output language as an English name: the card's (output, then input), else the catalogue's, else English."""
    for names in named:
        if names:
            return names[0].strip().title()
    entry = find_task(task_id)
    return (entry.output_language if entry else "") or "English"


def task_access(task_id: str, named: object = None) -> str:
    """The access terms: the stricter of the card's and the catalogue's; ``unknown`` where neither says."""
    entry = find_task(task_id)
    order = ["open", "registration", "unknown", "credentialed", "private"]
    found = [str(named).strip().lower()] if named else []
    found += [entry.access] if entry else []
    known = [access if access in ACCESS else "unknown" for access in found]
    return max(known, key=order.index, default="unknown")


def task_definition(task_id: str, category: str) -> str:
    """Our own instruction for a task whose file has no Definition."""
    return definitions().get(task_id) or categories()[category].instruction
