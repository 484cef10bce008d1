"""LINNAEUS: full texts in which species names are marked.

Gerner et al., "LINNAEUS: A species name identification system for biomedical literature", BMC Bioinformatics 2010.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.iob import one_entity_records
from ._raw import RawFolder

FOLDER, TASK = "linnaeus-IOB", "task33"

CORPUS = Corpus(
    name="linnaeus",
    title="LINNAEUS",
    known_as=("Linnaeus Corpus",),
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the IOB files of MTL-Bioinformatics-2016 (Crichton et al. 2017), folder linnaeus-IOB",
    files=(f"{FOLDER}/train.tsv", f"{FOLDER}/devel.tsv", f"{FOLDER}/test.tsv"),
    how_to_get="clone the repository and name it or its data folder",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 1_556, f"{TASK}:validation": 524, f"{TASK}:test": 1_034},
    verified="real data",
    inferred=(
        "task33 has the form of task 1484 of Super-NaturalInstructions, whose choice of sentences and of the answer "
        "among several is not known: every sentence with an entity is taken, and each of its entities is accepted",
        "the task's instruction asks for genes or proteins, but what the corpus marks, and the published answers, "
        "are species",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence that names a species."""
    yield from one_entity_records(raw, FOLDER, TASK, options)
