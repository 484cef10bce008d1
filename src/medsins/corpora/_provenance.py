"""The file beside a task file that says what it was made from, and lets a finished one be recognised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from medsins import __version__
from medsins.catalog import find_task
from medsins.core import digest, sha256_file, write_json
from medsins.tasks import card_document

from ._base import BuildOptions, Corpus
from ._cards import card_of
from ._output import TaskCounts
from ._raw import RawFolder

SUFFIX = ".provenance.json"
_NO_CONVERSION = ("_many", "_registry", "_tables")


def known_facts(module: ModuleType, options: BuildOptions, task_id: str) -> dict[str, Any]:
    """What is known before a build: the source and its terms, the converter, the choices made."""
    corpus: Corpus = module.CORPUS
    chosen = {name: options.setting(corpus, name) for name in corpus.settings}
    return {
        "format": 1,
        "task": task_id,
        "corpus": corpus.name,
        "source": {"title": corpus.title, "url": corpus.url, "release": corpus.release},
        "terms": {
            "access": corpus.access,
            "licence": corpus.licence,
            "agreement": corpus.agreement,
            "duo": list(corpus.duo),
            "may_leave": corpus.may_leave,
        },
        "converter": {
            "medsins": __version__,
            "sha256": _code_digest(module),
            "card_sha256": digest(card_document(card_of(corpus, task_id))),
        },
        "options": {
            "split": options.split,
            "seed": options.seed,
            "empty_answer": options.empty_answer,
            "settings": chosen,
        },
        "verified": corpus.task_verified.get(task_id, corpus.verified),
        "inferred": list(corpus.inferred),
    }


def raw_facts(raw: RawFolder) -> dict[str, Any]:
    """How many raw files were found for each pattern, and the SHA-256 of each file or archive."""
    files = {path.relative_to(raw.path).as_posix(): _file_digest(path) for path in sorted(raw.used)}
    return {"patterns": {pattern: len(places) for pattern, places in raw.found.items()}, "files": files}


def size_notes(corpus: Corpus, counts: TaskCounts, split: str) -> list[str]:
    """Where the counts differ from those of the release and of MedS-Bench's test set."""
    task_id, notes = counts.task_id, []
    whole = {"": counts.instances} if split == "all" else {}
    for name, number in {**counts.by_split, **whole}.items():
        expected = corpus.sizes.get(f"{task_id}:{name}" if name else task_id)
        if expected is not None and expected != number:
            part = f" in {name}" if name else ""
            notes.append(f"{task_id}: {number:,} instances{part}, the release gives {expected:,}")
    entry = find_task(task_id)
    if split == "test" and entry and entry.test_samples not in (None, counts.instances):
        notes.append(f"{task_id}: {counts.instances:,} instances, MedS-Bench's test set has {entry.test_samples:,}")
    return notes


def write_provenance(path: Path, facts: Mapping[str, Any], counts: TaskCounts) -> None:
    """Write the provenance of a task file beside it; only now does its build count as finished."""
    numbers = {
        "instances": counts.instances,
        "dropped": counts.dropped,
        "by_split": counts.by_split,
        "dropped_by_reason": counts.reasons,
    }
    made = {"name": path.name, "sha256": sha256_file(path), "bytes": path.stat().st_size}
    write_json(beside(path), {**facts, "counts": numbers, "file": made})


def beside(path: Path) -> Path:
    """Where the provenance of a task file stands."""
    return path.with_name(path.name.removesuffix(".json") + SUFFIX)


def is_finished(path: Path, facts: Mapping[str, Any], raw_dir: Path, corpus: Corpus) -> bool:
    """Whether the task file is whole and made from these very raw files in this very way."""
    if not path.is_file() or not beside(path).is_file():
        return False
    try:
        found = json.loads(beside(path).read_text(encoding="utf-8"))
        if any(found[key] != facts[key] for key in facts) or found["file"]["sha256"] != sha256_file(path):
            return False
        raw = RawFolder(raw_dir, corpus)
        for pattern in found["raw"]["patterns"]:
            raw.glob(pattern)
        return bool(raw_facts(raw) == found["raw"])
    except (ValueError, KeyError, TypeError):
        return False


def _file_digest(path: Path) -> str:
    status = path.stat()
    return _cached_digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _cached_digest(path: Path, size: int, modified: int) -> str:
    return sha256_file(path)


def _code_digest(module: ModuleType) -> str:
    """SHA-256 over the corpus module and the code it is built with."""
    here = Path(__file__).parent
    files = [path for path in here.glob("_*.py") if not path.name.startswith(_NO_CONVERSION)]
    files += (here / "_formats").glob("*.py")
    files += [Path(module.__file__)] if module.__file__ else []
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in sorted(files))).hexdigest()
