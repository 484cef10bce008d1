"""PICO annotations: participants, interventions and outcomes in sentences of trial reports, marked by crowd workers.

Zlabinger et al., "Effective Crowd-Annotation of Participants, Interventions, and Outcomes in the Text of Clinical Trial
Reports", Findings of EMNLP 2020. Reproduces tasks 179-181 of Super-NaturalInstructions, on which the released files are
built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ._base import BuildOptions, Corpus, Record, made
from ._raw import RawFile, RawFolder

ELEMENTS = {"task1": "participants", "task2": "interventions", "task3": "outcomes"}
SENTENCES = "data/sentences.json"
ANNOTATIONS = "data/annotations/{}_sensupport.json"
NONE = "not found"

CORPUS = Corpus(
    name="pico",
    title="PICO (pico-annotation)",
    known_as=("PICO",),
    url="https://github.com/Markus-Zlabinger/pico-annotation",
    licence="none stated",
    access="open",
    release="the repository of 2020: 423 sentences, annotation sets named SenSupport",
    files=(SENTENCES, *(ANNOTATIONS.format(element) for element in ELEMENTS.values())),
    how_to_get="clone the repository",
    tasks=tuple(ELEMENTS),
    sizes=dict.fromkeys(ELEMENTS, 423),
    verified="real data",
    inferred=(
        "the repository states no licence",
        "which 43 of the 423 sentences MedS-Bench tests on is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence and element: the tokens that all three workers marked."""
    file = raw.file(SENTENCES)
    sentences: dict[str, str] = file.json()
    for task_id, element in ELEMENTS.items():
        if not options.wants(task_id):
            continue
        marks_file = raw.file(ANNOTATIONS.format(element))
        marks = marks_file.json()
        for name, sentence in sentences.items():
            tokens = sentence.split()
            marked = _agreed(marks_file, name, marks, len(tokens))
            items = _tokens(tokens, marked) if task_id == "task2" else _spans(tokens, marked)
            output = ", ".join(items).replace(" ,", ",") or NONE
            yield made(task_id, sentence, output, place=f"{file.place}: {name}", id=f"{task_id}-{name}")


def _agreed(file: RawFile, name: str, marks: dict[str, dict[str, list[list[int]]]], length: int) -> list[bool]:
    """Which tokens every worker marked."""
    if name not in marks or "annotations" not in marks[name]:
        file.invalid("has no annotations of this sentence", name)
    workers = marks[name]["annotations"]
    if len(workers) != 3 or any(len(worker) != length for worker in workers):
        file.invalid(f"must have three lists of {length} marks, one a token", name)
    return [all(token) for token in zip(*workers, strict=True)]


def _tokens(tokens: Sequence[str], marked: Sequence[bool]) -> list[str]:
    return [token for token, mark in zip(tokens, marked, strict=True) if mark]


def _spans(tokens: Sequence[str], marked: Sequence[bool]) -> list[str]:
    """Marked tokens that follow each other. A span that begins with the sentence is lost, as it is upstream."""
    spans: list[list[str]] = []
    for position, token in enumerate(tokens):
        if marked[position] and (position == 0 or not marked[position - 1]):
            spans.append([token])
        elif marked[position]:
            spans[-1].append(token)
    if marked and marked[0]:
        del spans[0]
    return [" ".join(span) for span in spans]
