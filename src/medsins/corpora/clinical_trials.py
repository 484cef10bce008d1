"""Eligibility criteria of ClinicalTrials.gov with entities and relations marked line by line.

University of Washington BioNLP, the "Leaf Clinical Trials" corpus: Dobbins et al., Scientific Data 2022.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFile, RawFolder

TASK = "task77"
DOCUMENTS = "docs/brat/*/*.txt"
ANNOTATIONS = {"train": "spert/train.json", "validation": "spert/dev.json", "test": "spert/test.json"}

CORPUS = Corpus(
    name="clinical_trials",
    title="ClinicalTrials.gov eligibility criteria (Leaf Clinical Trials)",
    known_as=("Clinical-Trials.gov",),
    url="https://github.com/uw-bionlp/clinical-trials-gov-data",
    licence="none stated",
    access="open",
    release="the repository of 2022: spert annotation files and the texts of the trials under docs/brat",
    files=(*ANNOTATIONS.values(), DOCUMENTS),
    how_to_get="clone the repository",
    tasks=(TASK,),
    sizes={f"{TASK}:validation": 650, f"{TASK}:test": 638},
    verified="real data",
    inferred=(
        "the repository states no licence",
        "the splits part lines, not documents: each instance has only the annotations of its own split",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a trial and split: the criteria, and their entities and relations as JSON by line."""
    wanted = {split: name for split, name in ANNOTATIONS.items() if options.wants_split(split)}
    if len(wanted) == 1 or not any(raw.glob(name) for name in wanted.values()):
        raw.file(*wanted.values())
    documents = {file.place.rpartition("/")[2].removesuffix(".txt"): file for file in raw.files(DOCUMENTS)}
    for split, name in wanted.items():
        for file in raw.optional(name):
            yield from _trials(file, split, documents)


def _trials(file: RawFile, split: str, documents: dict[str, RawFile]) -> Iterator[Record]:
    trials: dict[str, dict[int, Any]] = {}
    for line in file.json():
        file.need(("orig_id", "tokens", "entities", "relations"), list(line))
        number, _, trial = line["orig_id"].partition("_")
        if not number.isdigit():
            file.invalid("has an orig_id that is not <line>_<trial>", line["orig_id"])
        trials.setdefault(trial, {})[int(number)] = _line(line)
    for trial, lines in trials.items():
        place = f"{file.place}: {trial}"
        if trial not in documents:
            yield dropped(TASK, "the text of the trial is not among the documents", split=split, place=place)
            continue
        empty: dict[str, Any] = {"Entities": [], "Relations": []}
        answer = {f"Line{number}": lines.get(number, empty) for number in range(max(lines) + 1)}
        output = json.dumps(answer, ensure_ascii=False, indent=4)
        yield made(TASK, documents[trial].text(), output, split=split, place=place)


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """Entities as {text: type}, their tokens joined with one blank; relations as [head, tail, type]."""
    entities = [{" ".join(line["tokens"][e["start"] : e["end"]]): e["type"]} for e in line["entities"]]
    relations = [[entities[r["head"]], entities[r["tail"]], r["type"]] for r in line["relations"]]
    return {"Entities": entities, "Relations": relations}
