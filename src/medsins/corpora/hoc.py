"""Hallmarks of Cancer: PubMed abstracts labelled with the hallmarks of cancer that they deal with.

Baker et al., "Automatic semantic classification of scientific literature according to the hallmarks of cancer",
Bioinformatics 2016.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFolder

TASK = "task106"
HALLMARKS = (
    "Sustaining proliferative signaling",
    "Evading growth suppressors",
    "Resisting cell death",
    "Enabling replicative immortality",
    "Inducing angiogenesis",
    "Activating invasion and metastasis",
    "Genomic instability and mutation",
    "Tumor promoting inflammation",
    "Cellular energetics",
    "Avoiding immune destruction",
)

CORPUS = Corpus(
    name="hoc",
    title="Hallmarks of Cancer (HoC)",
    known_as=("HoC",),
    url="https://github.com/sb895/Hallmarks-of-Cancer",
    licence="GPL-3.0",
    access="open",
    duo=("DUO:0000004",),
    release="the repository's text and labels folders, 1,852 documents, 1,580 of them with a label",
    files=("text/*.txt", "labels/*.txt"),
    how_to_get="clone the repository",
    tasks=(TASK,),
    sizes={TASK: 1580},
    verified="real data",
    inferred=(
        "the order of the labels in the answer is that of the ten hallmarks in the task's instruction",
        "the sentences of an abstract are joined with one blank",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an abstract: its sentences joined with a blank, and its hallmarks in the fixed order."""
    labels = {file.place.rpartition("/")[2]: file for file in raw.files("labels/*.txt")}
    for file in raw.files("text/*.txt"):
        name = file.place.rpartition("/")[2]
        if name not in labels:
            yield dropped(TASK, "the document has no label file", place=file.place)
            continue
        found = hallmarks(labels[name].text())
        unknown = found - set(HALLMARKS)
        if unknown:
            labels[name].invalid(f"has the label '{min(unknown)}', which is none of the ten hallmarks")
        text = " ".join(file.text().split("\n")).strip()
        if found:
            output = ", ".join(name for name in HALLMARKS if name in found)
            yield made(TASK, text, output, place=file.place, id=f"{TASK}-{name.removesuffix('.txt')}")
        else:
            yield dropped(TASK, "no sentence has a label", place=file.place)


def hallmarks(labels: str) -> set[str]:
    """The hallmarks in a label file: one part a sentence, each begun by ``<``, with labels joined by AND; a label is a
    hallmark and finer classes, parted by ``--``.
    """
    parts = labels.split("<")[1:]
    names = {label.strip().split("--")[0].strip() for part in parts for label in part.split("AND")}
    return names - {"", "NULL"}
