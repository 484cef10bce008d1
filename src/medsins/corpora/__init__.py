"""Source corpora: raw files as published in, instances out. One module per corpus; the folder is the registry."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from medsins.core import Registry, unknown_name

from ._base import SPLITS, BuildOptions, Corpus, OwnTask, Record, canonical_split, dropped, made
from ._raw import RawFile, RawFolder

if TYPE_CHECKING:
    from ._build import BuildReport, Progress

__all__ = [
    "SPLITS",
    "BuildOptions",
    "Corpus",
    "OwnTask",
    "RawFile",
    "RawFolder",
    "Record",
    "build_corpus",
    "canonical_split",
    "corpus_names",
    "dropped",
    "load_corpus",
    "made",
]

_REGISTRY = Registry("medsins.corpora", "corpus")


def corpus_names() -> list[str]:
    """Every corpus, sorted; nothing is imported."""
    return [name.replace("-", "_") for name in _REGISTRY.names()]


def load_corpus(name: str) -> ModuleType:
    """The module of a corpus, with ``CORPUS`` and ``read``.

    Raises:
        UsageError: no such corpus (suggestions, then the list).
    """
    known = corpus_names()
    if name.replace("-", "_") not in known:
        raise unknown_name("corpus", name, known)
    return _REGISTRY.load(name.replace("_", "-"))


def build_corpus(
    name: str, raw_dir: Path, out_dir: Path, options: BuildOptions | None = None, progress: Progress | None = None
) -> BuildReport:
    """Make the task files of a corpus from the folder of its raw files; see ``medsins.corpora._build.build``."""
    from ._build import build

    return build(name, raw_dir, out_dir, options, progress)
