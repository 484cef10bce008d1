"""Where variants come from: the published file, variants files, and the Definition of task files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.catalog import ACCESS
from medsins.catalog import tasks as catalogued
from medsins.core import Card, InvalidFile, Problem
from medsins.tasks import find_task_files, open_reader

from .anchors import plain
from .variants import Variant, by_task, is_variants_file, read_variants

ORIGINAL, REWRITTEN = "original_def", "auto_rewrite_def"
_HEAD = 1 << 16  # bytes in which the published file shows what it is; its first definition is far shorter
_SHAPE = f'{{"task900": {{"{ORIGINAL}": "…", "{REWRITTEN}": ["…"]}}}}'


@dataclass(frozen=True, slots=True)
class Found:
    """What an import holds, and what is odd about it without being wrong: ``repeats`` of a wording within its task,
    ``shared`` wordings that several tasks have, tasks that the catalogue does not know or that lack wordings.
    """

    variants: tuple[Variant, ...]
    repeats: int
    shared: int
    uncatalogued: tuple[str, ...]
    without: tuple[str, ...]


def survey(variants: Sequence[Variant]) -> Found:
    """Count what is odd about variants."""
    grouped = by_task(variants)
    folded = {task: [plain(variant.text) for variant in found] for task, found in grouped.items()}
    owners: dict[str, int] = {}
    for texts in folded.values():
        for text in set(texts):
            owners[text] = owners.get(text, 0) + 1
    known = catalogued()
    return Found(
        variants=tuple(variants),
        repeats=sum(len(texts) - len(set(texts)) for texts in folded.values()),
        shared=sum(count > 1 for count in owners.values()),
        uncatalogued=tuple(task for task in grouped if task not in known),
        without=tuple(task for task in known if task not in grouped),
    )


def read_sources(paths: Iterable[Path]) -> list[Variant]:
    """The wordings of published files, variants files, task files and folders of those, in the order named.

    Nothing is left out: repeats stay, as draws from the published lists count them.

    Raises:
        UsageError, InvalidFile: every problem of every source.
    """
    variants: list[Variant] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            variants += _read(path)
        except InvalidFile as error:
            problems += error.problems
    if problems:
        raise InvalidFile(*problems)
    return variants


def _read(path: Path) -> list[Variant]:
    if is_variants_file(path):
        return list(read_variants(path))
    published = _published_document(path)
    if published is not None:
        return read_published(published, path)
    return [variant for card_path in find_task_files([path]) for variant in _definitions(card_path)]


def read_cards(paths: Iterable[Path]) -> Iterator[tuple[str, Card, Path]]:
    """(task id, card, path) of task files and folders of them; instances are not read."""
    for path in find_task_files(paths):
        reader = open_reader(path)
        card = reader.card
        reader.check()
        yield reader.name, card, path


def source_cards(paths: Iterable[Path]) -> Iterator[tuple[str, Card]]:
    """(task id, card) of those sources that are task files; variants files and published ones carry no cards."""
    for path in paths:
        if not is_variants_file(path) and _published_document(path) is None:
            yield from ((task_id, card) for task_id, card, _ in read_cards([path]))


def _definitions(path: Path) -> Iterator[Variant]:
    """A task's own wordings: people wrote them."""
    for task_id, card, _ in read_cards([path]):
        access = card_access(card)
        yield from (Variant(task_id, text, access=access) for text in card.definition)


def card_access(card: Card) -> str:
    """The terms a card names, ``private`` where it says that the text may not leave; empty where it names none."""
    named = str(card.extra.get("Access") or "").strip().lower()
    access = named if named in ("", *ACCESS) else "unknown"
    leaves = card.extra.get("May_leave")
    stays = leaves is not None and str(leaves).strip().lower() not in ("true", "yes", "1")
    return "private" if stays and access != "credentialed" else access


def _published_document(path: Path) -> Mapping[str, Any] | None:
    """The parsed file where it has the shape of the published one; a task file has none of its keys."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not any(key.encode() in head for key in (ORIGINAL, REWRITTEN)):
        return None
    try:
        raw = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None  # whatever it is, the reader of task files says what is wrong with it
    if not isinstance(raw, dict) or "Instances" in raw:
        return None
    entries = [entry for entry in raw.values() if isinstance(entry, dict)]
    return raw if any(ORIGINAL in entry or REWRITTEN in entry for entry in entries) else None


def read_published(raw: Mapping[str, Any], path: Path) -> list[Variant]:
    """The wordings of the published ``RewriteDefinitions.json``: of each task its definition, then the rewritten ones.

    Raises:
        InvalidFile: every entry of another shape.
    """
    variants: list[Variant] = []
    problems: list[Problem] = []
    for task_id, entry in raw.items():
        place = f"{path}: $.{task_id}"
        if not isinstance(entry, dict):
            problems.append(Problem(f"must be an object, found {type(entry).__name__}", place, f"write {_SHAPE}"))
            continue
        first, others = entry.get(ORIGINAL), entry.get(REWRITTEN, [])
        texts = [first, *others] if isinstance(others, list) else [first]
        if not isinstance(others, list):
            problems.append(Problem("must be a list of texts", f"{place}.{REWRITTEN}", f"write {_SHAPE}"))
        wrong = [number for number, text in enumerate(texts) if not (isinstance(text, str) and text.strip())]
        problems += [
            Problem("is no text or empty", f"{place}.{f'{REWRITTEN}[{number - 1}]' if number else ORIGINAL}")
            for number in wrong
        ]
        if not wrong:
            variants += [Variant(task_id.lower(), str(text), "published") for text in texts]
    if problems:
        raise InvalidFile(*problems)
    return variants
