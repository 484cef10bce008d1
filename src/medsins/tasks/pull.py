"""Fetch published task files from the hub: all of them or some tasks and categories, checked, resumable, offline.

``pull.provenance.json`` in the folder says which commit the files are of and what their SHA-256 is.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from medsins.catalog import find_category, find_task, task_access
from medsins.core import InvalidFile, Problem, RunError, UsageError, sha256_file, unknown_name, write_json

from .card_facts import distinct
from .card_terms import ORDER, SUMMARY, agreement
from .pull_hub import Hub, HubFile, Repository, check_file
from .reader import SUFFIXES, task_id_of

PUBLISHED = {"meds-bench": "Henrychur/MedS-Bench", "meds-ins": "Henrychur/MedS-Ins"}
RECORD = "pull.provenance.json"
_NO_TASKS = ("dataset_infos.json", "croissant.json")
_FORMS = ("README", "LICENSE", "LICENCE", "CITATION")  # they say how the data may be used: always fetched


@dataclass(frozen=True, slots=True)
class Published:
    """A file of a published data set. ``task_id`` and ``category`` are empty for files that are no task files."""

    file: HubFile
    task_id: str = ""
    category: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Told while files come: bytes here and in all, and the file that is being fetched."""

    done: int
    total: int
    path: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What is there now. ``fetched`` files came in this call, the others were here already and are unchanged."""

    repository: str
    commit: str
    files: tuple[str, ...]
    fetched: int
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tasks and categories to take; all files where both are empty."""

    tasks: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def repository_name(name: str) -> str:
    """The hub's name of a data set: ``meds-bench``, ``meds-ins``, or any ``owner/name``.

    Raises:
        UsageError: neither.
    """
    if name in PUBLISHED:
        return PUBLISHED[name]
    if len([part for part in name.split("/") if part]) != 2 or name.count("/") != 1:
        raise unknown_name("data set (or owner/name of the hub)", name, PUBLISHED)
    return name


def published_files(files: Iterable[HubFile]) -> list[Published]:
    """What is known of each file: its task, category and access terms, from its name, its folder and the catalogue."""
    found = []
    for file in files:
        path = PurePosixPath(file.path)
        if path.name.startswith("."):
            continue
        if not path.name.endswith(tuple(SUFFIXES)) or path.name in _NO_TASKS:
            found.append(Published(file))
            continue
        task_id = task_id_of(Path(path.name))
        entry = find_task(task_id)
        folder = find_category(path.parts[0]) if len(path.parts) > 1 else None
        category = (entry.scored_as if entry else "") or folder or ""
        found.append(Published(file, task_id, category, task_access(task_id)))
    return found


def select(files: Sequence[Published], choice: Choice) -> list[Published]:
    """The chosen files, and those that say how the data may be used.

    Raises:
        UsageError: tasks or categories that the data set does not have, all of them at once.
    """
    if not choice.tasks and not choice.categories:
        return list(files)
    ids = {file.task_id for file in files if file.task_id}
    known = {file.category for file in files if file.category}
    wanted = {name.lower() for name in choice.tasks}
    categories = {find_category(name) or name for name in choice.categories}
    errors = [unknown_name("task of this data set", name, ids) for name in sorted(wanted - {i.lower() for i in ids})]
    errors += [unknown_name("category of this data set", name, known) for name in sorted(categories - known)]
    if errors:
        raise UsageError(*(problem for error in errors for problem in error.problems))
    return [
        file
        for file in files
        if (file.task_id and (file.task_id.lower() in wanted or file.category in categories))
        or (not file.task_id and PurePosixPath(file.file.path).name.upper().startswith(_FORMS))
    ]


def terms(files: Iterable[Published]) -> list[str]:
    """What must be known of the access to the files before they are fetched: a line for each kind of terms, the
    strictest first, and one for each agreement it takes.
    """
    held: dict[str, list[str]] = {}
    for file in files:
        if file.task_id and file.access != "open":
            held.setdefault(file.access, []).append(file.task_id)
    lines = []
    for access in [access for access in reversed(ORDER) if access in held]:
        tasks = list(dict.fromkeys(held[access]))
        lines.append(f"{access}: {SUMMARY[access]} ({', '.join(tasks)})")
        lines += distinct(f"{access}: {known}" for task_id in tasks if (known := agreement(task_id)))
    return lines


def pull(
    hub: Hub,
    repository: Repository,
    files: Sequence[Published],
    folder: Path,
    listen: Callable[[Progress], None] = lambda progress: None,
) -> Pulled:
    """Fetch files into ``folder``, keeping their paths; those that are there and unchanged are not fetched again.

    Raises:
        RunError: the disk has too little room. InvalidFile, Unreachable: as ``Hub.fetch``.
    """
    record = _read_record(folder)
    total = sum(file.file.size for file in files)
    digests = {f.file.path: check_file(folder / f.file.path, f.file) for f in files}
    missing = [file for file in files if not digests[file.file.path]]
    _check_room(folder, missing)
    done = total - sum(file.file.size for file in missing)
    for file in missing:

        def advance(count: int, path: str = file.file.path) -> None:
            nonlocal done
            done += count
            listen(Progress(done, total, path))

        listen(Progress(done, total, file.file.path))
        digests[file.file.path] = hub.fetch(repository, file.file, folder / file.file.path, advance)
        _write_record(folder, hub, repository, record, files, digests)
    _write_record(folder, hub, repository, record, files, digests)
    notices = []
    if record and record.get("commit") != repository.commit:
        notices.append(f"the data set changed since the last pull ({record.get('commit')} → {repository.commit})")
    return Pulled(repository.name, repository.commit, tuple(digests), len(missing), tuple(notices))


def verify(folder: Path, name: str, choice: Choice) -> Pulled:
    """Without any network: check that the chosen files of an earlier pull are here and unchanged.

    Raises:
        InvalidFile: nothing was pulled here, or files are missing or changed; all of them at once.
    """
    record = _read_record(folder)
    if not record or record.get("repository") != name:
        mend = "pull it once with a network, or copy the folder from a machine that has one"
        raise InvalidFile(Problem(f"{name} was not pulled here", str(folder), mend))
    rows = {str(row["path"]): row for row in record["files"]}
    chosen = select(published_files(HubFile(p, int(row["size"]), row["sha256"], "") for p, row in rows.items()), choice)
    problems = []
    for file in chosen:
        path = folder / file.file.path
        what = "is missing" if not path.is_file() else "has changed"
        if what == "is missing" or sha256_file(path) != file.file.sha256:
            problems.append(Problem(what, str(path), "pull again with a network"))
    if problems:
        raise InvalidFile(*problems)
    return Pulled(name, str(record["commit"]), tuple(file.file.path for file in chosen), 0)


def is_offline() -> bool:
    """Whether the user asked the hub's tools to stay off the network (``HF_HUB_OFFLINE``)."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}


def _check_room(folder: Path, missing: Sequence[Published]) -> None:
    existing = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    needed, free = sum(file.file.size for file in missing), shutil.disk_usage(existing).free
    if needed > free:
        what = f"needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
        raise RunError(Problem(what, str(folder), "free some space, or choose tasks with --task or --category"))


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if isinstance(record, dict) and isinstance(record.get("files"), list) else {}
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise InvalidFile(Problem(f"is not JSON ({error})", str(path), "remove it and pull again")) from error


def _write_record(
    folder: Path,
    hub: Hub,
    repository: Repository,
    before: dict[str, Any],
    files: Sequence[Published],
    digests: dict[str, str],
) -> None:
    """Note what is complete; files of the same commit that an earlier call brought stay in the record."""
    same = before.get("commit") == repository.commit
    rows = {row["path"]: row for row in before.get("files", ()) if same}
    for file in files:
        if digests[file.file.path]:
            described = {key: value for key, value in asdict(file).items() if key != "file"}
            size, path = file.file.size, file.file.path
            rows[path] = {"path": path, "size": size, "sha256": digests[path], **described}
    document = {"format": 1, "repository": repository.name, "commit": repository.commit, "endpoint": hub.endpoint}
    write_json(folder / RECORD, {**document, "files": [rows[path] for path in sorted(rows)]})
