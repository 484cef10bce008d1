"""Species-800: MEDLINE abstracts of eight fields in which organisms are marked.

Pafilis et al., "The SPECIES and ORGANISMS Resources for Fast and Accurate Identification of Taxonomic Names in Text",
PLOS ONE 2013.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.iob import ner_records
from ._raw import RawFolder

TASK = "task128"

CORPUS = Corpus(
    name="species800",
    title="Species-800",
    known_as=("Species-800",),
    url="https://github.com/spyysalo/s800",
    licence="none stated",
    access="open",
    release="the IOB files of the s800 repository's pipeline (5,733 / 830 / 1,630 sentences)",
    files=("train.tsv", "devel.tsv", "test.tsv"),
    how_to_get="run the repository's conversion of the standoff files to IOB, or take its species_800 files",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 5733, f"{TASK}:validation": 830, f"{TASK}:test": 1630},
    verified="real data",
    inferred=(
        "the repository states no licence",
        "which 1,500 of the 1,630 test sentences MedS-Bench keeps is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence: all organisms, or the fixed sentence where there are none."""
    yield from ner_records(raw, "", TASK, options)
