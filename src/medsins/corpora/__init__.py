"""Source corpora: raw files as published in, instances out. One module per corpus; the folder is the registry."""

from ._base import SPLITS, BuildOptions, Corpus, OwnTask, Record, canonical_split, dropped, made
from ._build import BuildReport, build
from ._generic import import_corpus
from ._many import build_many
from ._raw import RawFile, RawFolder
from ._registry import corpus_names, load_corpus

__all__ = [
    "SPLITS",
    "BuildOptions",
    "BuildReport",
    "Corpus",
    "OwnTask",
    "RawFile",
    "RawFolder",
    "Record",
    "build",
    "build_many",
    "canonical_split",
    "corpus_names",
    "dropped",
    "import_corpus",
    "load_corpus",
    "made",
]
