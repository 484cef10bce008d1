"""The corpora there are: the modules of this folder, and entry points of group ``medsins.corpus``."""

from __future__ import annotations

from types import ModuleType

from medsins.core import Registry, unknown_name

_REGISTRY = Registry("medsins.corpora", "corpus")


def corpus_names() -> list[str]:
    """Every corpus, sorted; nothing is imported."""
    return sorted(name.replace("-", "_") for name in _REGISTRY.names())


def load_corpus(name: str) -> ModuleType:
    """The module of a corpus, with ``CORPUS`` and ``read``.

    Raises:
        UsageError: no such corpus (suggestions, then the list).
    """
    known = corpus_names()
    if name.replace("-", "_") not in known:
        raise unknown_name("corpus", name, known)
    return _REGISTRY.load(name.replace("_", "-"))
