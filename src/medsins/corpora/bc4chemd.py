"""BC4CHEMD (CHEMDNER, BioCreative IV): PubMed abstracts in which chemicals are marked.

Krallinger et al., "The CHEMDNER corpus of chemicals and drugs and its annotation principles", Journal of
Cheminformatics 2015.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.iob import ner_records
from ._raw import RawFolder

FOLDER, TASK = "BC4CHEMD", "task125"

CORPUS = Corpus(
    name="bc4chemd",
    title="BC4CHEMD (BioCreative IV CHEMDNER)",
    known_as=("BC4-Chem",),
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the IOB files of MTL-Bioinformatics-2016 (Crichton et al. 2017), folder BC4CHEMD",
    files=(f"{FOLDER}/train.tsv", f"{FOLDER}/devel.tsv", f"{FOLDER}/test.tsv"),
    how_to_get="clone the repository and name it or its data folder",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the files were not at hand; the rule is the one verified on five other folders of the same repository",
        "which 1,500 of the test sentences MedS-Bench keeps is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence: all chemicals, or the fixed sentence where there are none."""
    yield from ner_records(raw, FOLDER, TASK, options)
