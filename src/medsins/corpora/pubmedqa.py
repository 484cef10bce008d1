"""PubMedQA, expert-labelled part (PQA-L): questions on PubMed abstracts answered with yes, no or maybe.

Jin et al., "PubMedQA: A Dataset for Biomedical Research Question Answering", EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFolder

CLOSED, VERIFY = "task123", "task12"

CORPUS = Corpus(
    name="pubmedqa",
    title="PubMedQA (PQA-L)",
    known_as=("PubMedQA",),
    url="https://github.com/pubmedqa/pubmedqa",
    licence="MIT",
    access="open",
    duo=("DUO:0000004",),
    release="data/ori_pqal.json of the repository, 1,000 questions",
    files=("ori_pqal.json",),
    how_to_get="download data/ori_pqal.json from the repository",
    tasks=(CLOSED,),
    on_request=(VERIFY,),
    sizes={CLOSED: 1000, VERIFY: 890},
    verified="real data",
    task_verified={VERIFY: "published samples"},
    inferred=(
        "the sections of an abstract are joined with one blank",
        "task12 is published on PQA-A; here its rule is applied to PQA-L when asked for",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question, in the order of the file; MedS-Bench tests on all 1,000."""
    file = raw.file(*CORPUS.files)
    keys = ("QUESTION", "CONTEXTS", "LONG_ANSWER", "final_decision")
    records = file.json()
    for pmid, record in records.items():
        file.need(keys, list(record), where=pmid)
    for pmid, record in records.items() if options.wants(CLOSED) else ():
        text = f"Context: {' '.join(record['CONTEXTS'])}\nQuestion: {record['QUESTION']}"
        place = f"{file.place}: {pmid}"
        yield made(CLOSED, text, record["final_decision"], place=place, id=f"{CLOSED}-{pmid}")
    for pmid, record in records.items() if options.wants(VERIFY) else ():
        place = f"{file.place}: {pmid}"
        if record["final_decision"] == "maybe":
            yield dropped(VERIFY, "the decision is maybe", place=place)
            continue
        text = f"Question: {record['QUESTION']}\nAnswer: {record['LONG_ANSWER']}"
        yield made(VERIFY, text, record["final_decision"], place=place, id=f"{VERIFY}-{pmid}")
