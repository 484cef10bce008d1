"""Corpora that ship one file for each split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medsins.corpora._base import BuildOptions
from medsins.corpora._raw import RawFile, RawFolder

Patterns = str | tuple[str, ...]


def split_files(raw: RawFolder, parts: Mapping[str, Patterns], options: BuildOptions) -> Iterator[tuple[str, RawFile]]:
    """(split, file) of the wanted splits that are there.

    Args:
        raw: the folder.
        parts: the file pattern of each split (``train``, ``validation``, ``test``), or several, the first found taken.
        options: which splits are wanted.

    Raises:
        InvalidFile: none of the wanted files is there, or the only wanted one is not.
    """
    wanted = {split: (p,) if isinstance(p, str) else p for split, p in parts.items() if options.wants_split(split)}
    every = [pattern for patterns in wanted.values() for pattern in patterns]
    if every and not any(raw.glob(pattern) for pattern in every):
        raw.file(*every)
    for split, patterns in wanted.items():
        if any(raw.glob(pattern) for pattern in patterns):
            yield split, raw.file(*patterns)
        else:
            raw.optional(patterns[0])
