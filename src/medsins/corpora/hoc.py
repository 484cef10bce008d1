"""Hallmarks of Cancer: PubMed abstracts labelled with the hallmarks of cancer that they deal with.

Baker et al., "Automatic semantic classification of scientific literature according to the hallmarks of cancer",
Bioinformatics 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFile, RawFolder

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
    settings={"unit": ("abstract", "sentence")},
    verified="real data",
    inferred=(
        "the order of the labels in the answer is that of the ten hallmarks in the task's instruction",
        "the sentences of an abstract are joined with one blank",
        "the DUO term is read off the licence",
        "unit=sentence gives each labelled sentence for itself; the published task has abstracts only",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an abstract: its sentences joined with a blank, and its hallmarks in the fixed order; with
    ``unit=sentence`` one for each sentence that has a label.
    """
    labels = {file.place.rpartition("/")[2]: file for file in raw.files("labels/*.txt")}
    for file in raw.files("text/*.txt"):
        name = file.place.rpartition("/")[2]
        if name not in labels:
            yield dropped(TASK, "the document has no label file", place=file.place)
            continue
        found = hallmarks(labels[name].text())
        unknown = {label for part in found for label in part} - set(HALLMARKS)
        if unknown:
            labels[name].invalid(f"has the label '{min(unknown)}', which is none of the ten hallmarks")
        stem = f"{TASK}-{name.removesuffix('.txt')}"
        if options.setting(CORPUS, "unit") == "sentence":
            yield from _sentences(file, found, stem)
        elif any(found):
            text = " ".join(file.text().split("\n")).strip()
            yield made(TASK, text, answer(set().union(*found)), place=file.place, id=stem)
        else:
            yield dropped(TASK, "no sentence has a label", place=file.place)


def _sentences(file: RawFile, found: Sequence[set[str]], stem: str) -> Iterator[Record]:
    lines = file.text().strip().split("\n")
    if len(lines) != len(found):
        reason = f"the document has {len(lines)} sentences and labels for {len(found)}"
        yield dropped(TASK, reason, place=file.place)
        return
    for number, (line, labels) in enumerate(zip(lines, found, strict=True), 1):
        if labels:
            yield made(TASK, line.strip(), answer(labels), place=f"{file.place}:{number}", id=f"{stem}-{number}")


def answer(found: Set[str]) -> str:
    """Hallmarks in the fixed order."""
    return ", ".join(name for name in HALLMARKS if name in found)


def hallmarks(labels: str) -> list[set[str]]:
    """The hallmarks of each sentence in a label file: one part a sentence, each begun by ``<``, with labels joined by
    AND; a label is a hallmark and finer classes, parted by ``--``.
    """
    parts = labels.split("<")[1:]
    return [{label.strip().split("--")[0].strip() for label in part.split("AND")} - {"", "NULL"} for part in parts]
