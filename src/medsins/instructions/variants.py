"""Variants files: instruction wordings of tasks, one JSON object a line, each with where it comes from.

    {"task_id": "task900", "text": "Say whether …", "origin": "rewritten", "model": "smollm2", "seed": "91ab…",
     "date": "2026-01-31", "access": "open", "digest": "40c2…"}

``task_id`` and ``text`` are needed, the rest may be left out. The first wording of a task in a file is the one that the
others are held against. Files may be put one behind the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from medsins.catalog import ACCESS
from medsins.core import InvalidFile, Problem, UsageError, atomic_open

Origin = Literal["published", "human", "rewritten"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
SUFFIX = ".variants.jsonl"

_KEYS = ("task_id", "text", "origin", "model", "seed", "date", "access", "override", "digest")
_MOST_PROBLEMS = 1000
_LONGEST = 100_000  # characters of a wording; an instruction is no document


def wording_digest(text: str) -> str:
    """A short name for a wording by its content: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording of a task's instruction.

    ``origin``: ``published`` (with the article), ``human`` or ``rewritten`` (by ``model``, on ``date``, from the
    wording whose digest is ``seed``). ``access`` are the terms of the task it belongs to, which also say where the
    wording may be sent; ``override`` is the reason for which it was sent to a service all the same. What is not
    known is empty.
    """

    task_id: str
    text: str
    origin: Origin = "human"
    model: str = ""
    seed: str = ""
    date: str = ""
    access: str = ""
    override: str = ""

    @property
    def digest(self) -> str:
        """The wording's short name."""
        return wording_digest(self.text)

    def document(self) -> dict[str, str]:
        """The line of a variants file, what is not known left out."""
        return {key: value for key, value in {**asdict(self), "digest": self.digest}.items() if value}


def read_variants(path: Path) -> Iterator[Variant]:
    """The variants of a file, as a stream in bounded memory.

    Raises:
        UsageError: no such file (at the first variant).
        InvalidFile: after the last sound one, with every problem and its line.
    """
    if not path.is_file():
        raise UsageError(Problem("no such variants file", str(path), "check the path"))
    problems: list[Problem] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip(b" \t\r\n\xef\xbb\xbf"):
                continue
            found = _variant(line)
            if isinstance(found, Variant):
                yield found
                continue
            problems += [Problem(what, f"{path}: line {number}", mend) for what, mend in found]
            if len(problems) >= _MOST_PROBLEMS:
                problems.append(Problem("more problems follow", str(path), "mend these first"))
                break
    if problems:
        raise InvalidFile(*problems)


def _variant(line: bytes) -> Variant | list[tuple[str, str]]:
    """The variant of a line, or what is wrong with it and what to do."""
    try:
        raw = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return [(f"is not JSON ({error})", "write one object a line")]
    if not isinstance(raw, dict):
        return [(f"must be an object, found {type(raw).__name__}", 'write {"task_id": "…", "text": "…"}')]
    wrong = [_field(key, raw[key]) for key in _KEYS if key in raw]
    wrong += [
        (f"has no '{key}'", 'write {"task_id": "…", "text": "…"}') for key in ("task_id", "text") if key not in raw
    ]
    if "origin" in raw and raw["origin"] not in ORIGINS:
        wrong.append((f"has the unknown origin {raw['origin']!r}", f"known: {', '.join(ORIGINS)}"))
    if raw.get("access", "") not in ("", *ACCESS):
        wrong.append((f"has the unknown terms of access {raw['access']!r}", f"known: {', '.join(ACCESS)}"))
    problems = [fault for fault in wrong if fault]
    if problems:
        return problems
    if "digest" in raw and raw["digest"] != wording_digest(raw["text"]):
        return [("the text is not the one its digest names", "leave the digest out after an edit")]
    return Variant(**{key: raw[key] for key in _KEYS[:-1] if key in raw})


def _field(key: str, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return f"'{key}' must be a text, found {type(value).__name__}", ""
    if key in ("task_id", "text") and not value.strip():
        return f"'{key}' is empty", "remove the line"
    if len(value) > _LONGEST:
        return f"'{key}' has {len(value):,} characters", f"a wording has at most {_LONGEST:,}"
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"'{key}' holds half of a surrogate pair", "repair the \\u escapes"
    return None


def write_variants(path: Path, variants: Iterable[Variant]) -> int:
    """Write a variants file atomically; returns how many it holds."""
    count = 0
    with atomic_open(path) as stream:
        for variant in variants:
            stream.write(json.dumps(variant.document(), ensure_ascii=False) + "\n")
            count += 1
    return count


def by_task(variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    """Variants by task id, both in the order in which they come."""
    found: dict[str, list[Variant]] = {}
    for variant in variants:
        found.setdefault(variant.task_id, []).append(variant)
    return found


def is_variants_file(path: Path) -> bool:
    """Whether a file's name or first line says that it holds variants: it may be named where task files are."""
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return False
    if path.name.endswith(SUFFIX):  # whatever it holds, so that its reader says what is wrong
        return True
    with path.open("rb") as lines:
        first = next((line for line in lines if line.strip()), b"")
    try:
        raw = json.loads(first.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(raw, dict) and "task_id" in raw and "text" in raw
