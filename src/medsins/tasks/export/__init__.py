"""Task files for other tools: the folder's public modules are the formats.

``hub`` (Parquet for the hub), ``lm-eval``, ``inspect`` (evaluation), ``trl``, ``axolotl``, ``llama-factory`` (tuning).
Each has ``export(sources, folder, options) -> Exported``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from medsins.core import Registry

from ._base import Asked, Exported, Options, fresh_folder, listing, read_each

FORMATS = Registry("medsins.tasks.export", "export")


def export_tasks(
    paths: Sequence[Path],
    name: str,
    folder: Path,
    options: Options,
    say: Callable[[Path], None] = lambda path: None,
) -> Exported:
    """Write task files in the format ``name`` into the new folder ``folder``; it appears whole or not at all.

    Raises:
        UsageError: no such format, the folder is not empty, or paths that are not there.
        InvalidFile: every problem of every file.
    """
    module = FORMATS.load(name)
    with fresh_folder(folder) as staging:
        exported: Exported = module.export(read_each(paths, say), staging, options)
        files = listing(staging)
    return replace(exported, files=files)


__all__ = ["FORMATS", "Asked", "Exported", "Options", "export_tasks"]
