"""NCBI Disease Corpus: PubMed abstracts in which diseases are marked.

Dogan et al., "NCBI disease corpus: a resource for disease name recognition and concept normalization", Journal of
Biomedical Informatics 2014.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.iob import ner_records, one_entity_records
from ._raw import RawFolder

FOLDER = "NCBI-disease-IOB"
TASK, ONE = "task_ncbi_disease", "task27"

CORPUS = Corpus(
    name="ncbi_disease",
    title="NCBI Disease Corpus",
    known_as=("NCBI Disease Corpus",),
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the IOB files of MTL-Bioinformatics-2016 (Crichton et al. 2017), folder NCBI-disease-IOB",
    files=(f"{FOLDER}/train.tsv", f"{FOLDER}/devel.tsv", f"{FOLDER}/test.tsv"),
    how_to_get="clone the repository and name it or its data folder",
    tasks=(TASK,),
    on_request=(ONE,),
    own_tasks={
        TASK: OwnTask(
            category="Named Entity Recognition",
            definition=(
                "List every disease named in the sentence, in order, separated by commas. "
                "If there is none, answer: There is no related entity."
            ),
            domain="academic papers",
        )
    },
    sizes={f"{TASK}:train": 5424, f"{TASK}:test": 940},
    verified="real data",
    task_verified={ONE: "published samples"},
    inferred=(
        "task27 has the form of task 1448 of Super-NaturalInstructions, whose choice of sentences and of the answer "
        "among several is not known: every sentence with an entity is taken, and each of its entities is accepted",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence: all diseases; on request, of each sentence that has any, one."""
    if options.wants(TASK):
        yield from ner_records(raw, FOLDER, TASK, options)
    if options.wants(ONE):
        yield from one_entity_records(raw, FOLDER, ONE, options)
