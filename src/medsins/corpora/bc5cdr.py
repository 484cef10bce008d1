"""BC5CDR: PubMed abstracts in which chemicals and diseases are marked (BioCreative V chemical-disease relations).

Li et al., "BioCreative V CDR task corpus: a resource for chemical disease relation extraction", Database 2016.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.iob import ner_records, one_entity_records
from ._raw import RawFolder

ONE = "task28"
FOLDERS = {"task126": "BC5CDR-chem-IOB", "task127": "BC5CDR-disease-IOB"}

CORPUS = Corpus(
    name="bc5cdr",
    title="BC5CDR (BioCreative V)",
    known_as=("BC5-Chem", "BioCreative V"),
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the IOB files of MTL-Bioinformatics-2016 (Crichton et al. 2017), one folder for each kind of entity",
    files=tuple(f"{folder}/{part}.tsv" for folder in FOLDERS.values() for part in ("train", "devel", "test")),
    how_to_get="clone the repository and name it or its data folder",
    tasks=tuple(FOLDERS),
    on_request=(ONE,),
    sizes={f"{task}:{split}": size for task in FOLDERS for split, size in (("train", 4560), ("test", 4797))},
    verified="real data",
    task_verified={ONE: "published samples"},
    inferred=(
        "which 1,500 of the 4,797 test sentences MedS-Bench keeps is not known",
        "task28 has the form of task 1449 of Super-NaturalInstructions, whose choice of sentences and of the answer "
        "among several is not known: every sentence with an entity is taken, and each of its entities is accepted",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence and kind of entity: all its names, or the fixed sentence where there are none."""
    for task_id, folder in FOLDERS.items():
        if options.wants(task_id):
            yield from ner_records(raw, folder, task_id, options)
    if options.wants(ONE):
        yield from one_entity_records(raw, FOLDERS["task127"], ONE, options)
