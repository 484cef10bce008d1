"""AnatEM: abstracts and full texts in which anatomical entities, from cell parts to whole organs, are marked.

Pyysalo and Ananiadou, "Anatomical entity mention recognition at literature scale", Bioinformatics 2014.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, OwnTask, Record
from ._formats.iob import ner_records
from ._raw import RawFolder

FOLDER = "AnatEM-IOB"
TASK = "task_anatem"

CORPUS = Corpus(
    name="anatem",
    title="AnatEM",
    known_as=(),
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the IOB files of MTL-Bioinformatics-2016 (Crichton et al. 2017), folder AnatEM-IOB",
    files=(f"{FOLDER}/train.tsv", f"{FOLDER}/devel.tsv", f"{FOLDER}/test.tsv"),
    how_to_get="clone the repository and name it or its data folder",
    tasks=(TASK,),
    own_tasks={
        TASK: OwnTask(
            category="Named Entity Recognition",
            definition=(
                "List every anatomical entity named in the sentence, in order, separated by commas. "
                "If there is none, answer: There is no related entity."
            ),
            domain="academic papers",
        )
    },
    sizes={f"{TASK}:train": 5861, f"{TASK}:test": 3830},
    verified="real data",
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence: all anatomical entities, or the fixed sentence where there are none."""
    yield from ner_records(raw, FOLDER, TASK, options)
