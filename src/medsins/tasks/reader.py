"""Read task files: ``.json`` (one object with ``Instances``) and ``.jsonl`` (one instance a line), plain or gzipped."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from medsins.catalog import resolve_category, task_access, task_definition, task_language
from medsins.core import Card, Instance, InvalidFile, Problem, Task, UsageError, digest

from ._shape import CARD_KEYS, Shape, documented
from .writer import card_document

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
SIDECARS = (".stats.json", ".provenance.json", "croissant.json")  # stand beside task files and are none
_TASK_NUMBER = re.compile(r"task\d+", re.IGNORECASE)


def task_id_of(path: Path) -> str:
    """The leading ``task<N>`` of the file name, else the stem."""
    found = _TASK_NUMBER.match(path.name)
    return found.group(0).lower() if found else _stem(path)


def find_task_files(paths: Iterable[Path]) -> list[Path]:
    """The task files that ``paths`` name: files as they are, folders searched (not below hidden ones), sorted.

    Raises:
        UsageError: a path that is not there, is no task file, or a folder without any.
    """
    files: list[Path] = []
    problems = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and not p.name.startswith("."))
            found = [p for p in found if not p.name.endswith(SIDECARS)]
            files += found
            if not found:
                problems.append(Problem("no task files in this folder", str(path), "task files end in .json or .jsonl"))
        elif path.name.endswith(SIDECARS):
            continue
        elif not path.exists():
            problems.append(Problem("no such file or folder", str(path), "check the path"))
        elif not path.name.endswith(SUFFIXES):
            problems.append(Problem("not a task file", str(path), f"known endings: {', '.join(SUFFIXES)}"))
        else:
            files.append(path)
    if not files and not problems:
        problems.append(Problem("no task files were named"))
    if problems:
        raise UsageError(*problems)
    return files


def read_tasks(paths: Iterable[Path]) -> list[Task]:
    """Read many task files. Where two share a task id (``task77.dev.json``, ``task77.test.json``), their whole stems
    tell them apart. All problems of all files come at once.

    Raises:
        InvalidFile, UsageError: with every problem found.
    """
    tasks: list[Task] = []
    problems: list[Problem] = []
    for path in find_task_files(paths):
        try:
            task = read_task(path)
        except InvalidFile as error:
            problems += error.problems
            continue
        tasks.append(task)
    shared = {task_id for task_id, number in Counter(task.id for task in tasks).items() if number > 1}
    tasks = [replace(task, id=_stem(Path(task.path))) if task.id in shared else task for task in tasks]
    seen: dict[str, str] = {}
    for task in tasks:
        if task.id in seen:
            mend = "rename one of them; the id is the leading task<N> of the name, else the stem"
            problems.append(Problem(f"has the same task id '{task.id}' as {seen[task.id]}", task.path, mend))
        seen[task.id] = task.path
    if problems:
        raise InvalidFile(*problems)
    return tasks


def _stem(path: Path) -> str:
    return path.name.split(".json")[0]


def read_task(path: Path) -> Task:
    """Read one task file.

    Raises:
        InvalidFile: with every problem, each with its line or JSON path.
        OSError: the file cannot be opened.
    """
    text = _decode(path)
    shape = Shape(str(path))
    name = task_id_of(path)
    if ".jsonl" in path.name:
        card, instances = _read_lines(text, shape, name)
    else:
        card, instances = _read_object(text, shape, name)
    if not instances and not shape.problems:
        shape.problem("$.Instances", "has no instances", "a task needs at least one")
    category = resolve_category(name, card.categories)
    if isinstance(category, Problem):
        shape.problem("$.Categories", category.what, category.mend)
    if shape.problems:
        raise InvalidFile(*shape.problems)
    return _assemble(path, name, card, instances, str(category))


def _assemble(path: Path, name: str, card: Card, instances: list[Instance], category: str) -> Task:
    if not card.definition:
        card = replace(
            card, definition=(task_definition(name, category),), extra={**card.extra, "default_definition": True}
        )
    content = [card_document(card), [[i.id, i.input, list(i.outputs)] for i in instances]]
    return Task(
        id=name,
        card=card,
        instances=tuple(instances),
        category=category,
        language=task_language(name, card.output_language, card.input_language),
        access=task_access(name, card.extra.get("Access")),
        digest=digest(content),
        path=str(path),
    )


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    if path.name.endswith(".gz"):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidFile(
                Problem(f"not a whole gzip file ({error})", str(path), "fetch or pack it again")
            ) from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidFile(Problem("is UTF-16", str(path), "save it as UTF-8"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"is not UTF-8 (byte {raw[error.start]:#04x})"
        raise InvalidFile(Problem(what, f"{path}: line {line}", "save it as UTF-8")) from error


def _parse(text: str, shape: Shape, line: int = 0) -> Any:
    """Parse strict JSON; ``line`` is the line of a ``.jsonl`` file (1-based), 0 for a whole file."""
    where = f"line {line}" if line else ""
    duplicates: list[str] = []

    def pairs(items: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            duplicates.extend(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return result

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {line or error.lineno}, column {error.colno}"
        shape.problem(place, f"is not JSON: {error.msg}", _json_hint(text, error))
        return None
    except RecursionError:
        shape.problem(where, "is nested too deeply")
        return None
    except ValueError as error:
        shape.problem(where, str(error))
        return None
    if duplicates:
        shape.problem(where, f"has the key '{duplicates[0]}' twice in one object", "keep one of them")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is not JSON")


def _json_hint(text: str, error: json.JSONDecodeError) -> str:
    if error.pos >= len(text.rstrip()):
        return "the file ends too early: it was cut off, fetch or save it again"
    before = text[max(0, error.pos - 40) : error.pos].rstrip()
    return "remove the comma before this place" if before.endswith(",") else ""


def _read_object(text: str, shape: Shape, name: str) -> tuple[Card, list[Instance]]:
    raw = _parse(text, shape)
    if shape.problems:
        return Card(), []
    if isinstance(raw, list):
        raw = {"Instances": raw}
    if not isinstance(raw, dict):
        shape.problem("$", f"must be one JSON object, found {type(raw).__name__}")
        return Card(), []
    raw = {documented(key): value for key, value in raw.items()}
    if "Instances" not in raw:
        shape.problem("$.Instances", "is missing", "a task file has its samples in a list named Instances")
        return Card(), []
    if not isinstance(raw["Instances"], list):
        shape.problem("$.Instances", f"must be a list, found {type(raw['Instances']).__name__}")
        return Card(), []
    rows = (
        shape.instance(item, f"$.Instances[{number}]", f"{name}-{number}")
        for number, item in enumerate(raw["Instances"])
    )
    instances = [row for row in rows if row is not None]
    return shape.card(raw), instances


def _read_lines(text: str, shape: Shape, name: str) -> tuple[Card, list[Instance]]:
    """One instance a line; card keys may stand on a line of their own or beside the first instance."""
    card: dict[str, Any] = {}
    instances: list[Instance] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        raw = _parse(line, shape, number)
        if not isinstance(raw, dict):
            if raw is not None:
                shape.problem(f"line {number}", f"must be one JSON object, found {type(raw).__name__}")
            continue
        is_instance = "input" in raw or "output" in raw
        for key, value in raw.items():
            if not is_instance or documented(key) in CARD_KEYS:
                card.setdefault(documented(key), value)
        if is_instance:
            own = {key: value for key, value in raw.items() if documented(key) not in CARD_KEYS}
            instance = shape.instance(own, f"line {number}", f"{name}-{len(instances)}")
            if instance is not None:
                instances.append(instance)
    return shape.card(card), instances
