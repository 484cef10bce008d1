"""Variants into task files: their ``Definition`` gets the further wordings, everything else stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from medsins.core import Problem, UsageError
from medsins.tasks import find_task_files, open_reader, open_writer
from medsins.tasks.wordings import with_wordings

from .variants import Variant


def add_wordings(paths: Iterable[Path], variants: Mapping[str, list[Variant]], folder: Path) -> dict[Path, int]:
    """Write the task files of ``paths`` again into ``folder``, each with its task's variants behind its own wordings.

    Returns:
        The files written, with the number of wordings each has now.

    Raises:
        UsageError: two files of the same name, or a file that would overwrite itself.
        InvalidFile: a file that cannot be read; it is not written.
    """
    files = find_task_files(paths)
    problems = [
        Problem("would be overwritten", str(path), "choose another folder with -o")
        for path in files
        if path.resolve().parent == folder.resolve()
    ]
    names = [path.name for path in files]
    problems += [
        Problem("has the name of another file", str(path), "write them to different folders")
        for path in files
        if names.count(path.name) > 1
    ]
    if problems:
        raise UsageError(*problems)
    written = {}
    for path in files:
        reader = open_reader(path)
        card = with_wordings(reader.card, (variant.text for variant in variants.get(reader.name, ())))
        with open_writer(folder / path.name, card) as writer:
            for batch in reader.batches():
                reader.check()
                writer.write_columns(batch.columns)
            reader.check()
        written[folder / path.name] = len(card.definition)
    return written
