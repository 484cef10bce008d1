"""SEER: records of cancer patients from U.S. registries, with the sequence of radiation and surgery they had.

Surveillance, Epidemiology, and End Results program of the National Cancer Institute. The published task uses a
selection of breast cancer cases followed for five years, one row a patient.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, made
from ._formats.frame import frame_rows
from ._raw import RawFolder

TASK = "task131"
ANSWER, LEFT_OUT = "Radiation sequence with surgery", "stutus_5_years"
TRAIN_SHARE = 0.9

CORPUS = Corpus(
    name="seer",
    title="SEER",
    known_as=("SEER",),
    url="https://seer.cancer.gov/data/",
    licence="SEER Research Data Use Agreement",
    access="registration",
    agreement="https://seer.cancer.gov/data/access.html",
    duo=("DUO:0000042", "DUO:0000026"),
    may_leave=False,
    release="Query_5_years.csv: a case listing of SEER*Stat, one column a variable",
    files=("Query_5_years.csv",),
    how_to_get=(
        "request access to SEER Research Data, export the case listing from SEER*Stat with the column "
        f"'{ANSWER}' and save it as Query_5_years.csv"
    ),
    tasks=(TASK,),
    sizes={f"{TASK}:test": 3535},
    verified="format only",
    inferred=(
        "the selection of cases and variables is not published; every column of the file is used, in its order, but "
        f"the answer and '{LEFT_OUT}' (sic)",
        "the first nine tenths of the rows are training, the rest test, as the published converter cuts them",
        "published descriptions of released instances show the columns and the answer as they are read here",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a patient: ``variable: value`` paragraphs, and the treatment."""
    file = raw.file(*CORPUS.files)
    rows = list(frame_rows(file))
    trained = int(TRAIN_SHARE * len(rows))
    for number, (place, row) in enumerate(rows):
        if number == 0:
            file.need((ANSWER,), list(row), "columns")
        text = "\n\n".join(f"{name}: {value}" for name, value in row.items() if name not in (ANSWER, LEFT_OUT))
        answer = f"The treatment planning is: {row[ANSWER]}"
        yield made(TASK, text, answer, split="train" if number < trained else "test", place=place)
