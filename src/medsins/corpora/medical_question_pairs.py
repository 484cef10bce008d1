"""Medical Question Pairs: patients' questions, each rewritten by a doctor to ask the same and to ask something else.

McCreery et al., "Effective Transfer Learning for Identifying Similar Questions: Matching User Questions to COVID-19
FAQs", KDD 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.plain import plain_rows
from ._raw import RawFolder

TASK = "task38"
LABELS = {"1": "Similar", "0": "Dissimilar"}

CORPUS = Corpus(
    name="medical_question_pairs",
    title="Medical Question Pairs",
    known_as=("Medical Question Pair Dataset",),
    url="https://github.com/curai/medical-question-pair-dataset",
    licence="none stated",
    access="open",
    release="mqp.csv of 2020, 3,048 pairs",
    files=("mqp.csv",),
    how_to_get="download mqp.csv from the repository",
    tasks=(TASK,),
    sizes={TASK: 3_048},
    verified="real data",
    inferred=(
        "the form is that of task 1645 of Super-NaturalInstructions, whose order is another",
        "the repository states no licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a pair, in the order of the file."""
    for place, (_, first, second, label) in plain_rows(raw.file(*CORPUS.files), 4):
        if label in LABELS:
            yield made(TASK, f"Sentence1: {first} \n Sentence2: {second}", LABELS[label], place=place)
        else:
            yield dropped(TASK, f"the label is '{label}', neither 1 nor 0", place=place)
