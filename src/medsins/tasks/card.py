"""Cards of task files, for others to find and trust them: ``README.md`` for the hub and ``croissant.json``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsins.core import InvalidFile, Problem, write_json, write_text

from .card_croissant import Field, RecordSet, croissant
from .card_facts import DataFile, Dataset, TaskFacts, data_file, newest, survey
from .card_hub import readme
from .reader import find_task_files

README, CROISSANT = "README.md", "croissant.json"


@dataclass(frozen=True, slots=True)
class About:
    """What no task file says of the set: its name, address, version (``MAJOR.MINOR.PATCH``) and, where the cards do not
    state one, licence. Empty values are found from the files.
    """

    name: str = ""
    url: str = ""
    version: str = "1.0.0"
    licence: str = ""


@dataclass(frozen=True, slots=True)
class CardReport:
    """What was written, and what a reader of the card will miss."""

    files: tuple[Path, ...]
    notices: tuple[str, ...]


def write_card(
    paths: Sequence[Path], folder: Path, about: About, say: Callable[[Path], None] = lambda path: None
) -> CardReport:
    """Describe task files in ``folder/README.md`` and ``folder/croissant.json``. File names in them are relative to
    ``folder``.

    Raises:
        UsageError, InvalidFile: files that are not there or cannot be read; all problems of all files.
    """
    tasks: list[TaskFacts] = []
    files: list[DataFile] = []
    problems: list[Problem] = []
    sources = find_task_files(paths)
    for path in sources:
        say(path)
        try:
            tasks.append(survey(path))
        except InvalidFile as error:
            problems += error.problems
            continue
        files.append(data_file(path, folder, tasks[-1].access))
    if problems:
        raise InvalidFile(*problems)
    name = about.name or (tasks[0].id if len(tasks) == 1 else folder.resolve().name)
    dataset = Dataset(name, tuple(tasks), newest(sources), about.url, about.version, about.licence)
    records = [record for task, file in zip(tasks, files, strict=True) if (record := _record_set(task, file))]
    write_text(folder / README, readme(dataset, files))
    write_json(folder / CROISSANT, croissant(dataset, files, records))
    return CardReport((folder / README, folder / CROISSANT), tuple(_notices(dataset, files, records)))


def _record_set(task: TaskFacts, file: DataFile) -> RecordSet | None:
    """The table of a task file that other tools can read as it is; None for a file in a bent shape."""
    where = {
        "application/json": ("jsonPath", "$.Instances[*]."),
        "application/jsonlines": ("column", ""),
        "application/x-parquet": ("column", ""),
    }
    if not task.documented or file.encoding not in where:
        return None
    kind, prefix = where[file.encoding]
    fields = [Field("id", "Name of the instance inside its task.", {kind: f"{prefix}id"})] if task.named else []
    fields += [
        Field("input", "What the model is given after the instruction.", {kind: f"{prefix}input"}),
        Field("output", "Accepted references, the first one first.", {kind: f"{prefix}output"}, repeated=True),
    ]
    description = f"Instances of task {task.id} ({task.category}), split {task.split}."
    name = re.sub(r"\W+", "-", file.name).strip("-")
    return RecordSet(name, description, tuple(fields), task.access, file=file.name)


def _notices(dataset: Dataset, files: Sequence[DataFile], records: Sequence[RecordSet]) -> list[str]:
    described = {record.file for record in records}
    notices = [
        f"{file.name}: described without its columns, which other tools cannot read as they are; "
        "convert it first (medsins tasks convert)"
        for file in files
        if file.name not in described
    ]
    if not dataset.licences:
        notices.append("no card states a licence: add License to the task files, or give --license")
    outside = [file.name for file in files if file.name.startswith("../")]
    if outside:
        counted = "1 file is" if len(outside) == 1 else f"{len(outside)} files are"
        notices.append(f"{counted} outside the card's folder ({outside[0]}): publish them together")
    return notices
