"""Tricks do not pay: constants and lists of everything stay within two points of chance, on every task."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from medsins.bench import suites
from medsins.core.options import parse_options
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import infer_spec, majority_rows, random_rows, score_task
from medsins.metrics.strict._label_sets import HALLMARKS
from medsins.metrics.strict.labels import reader_for
from medsins.metrics.strict.multilabel import labels_for

Answer = Callable[[Row], str]
POINTS = 0.02


@dataclass(frozen=True)
class Task:
    """One task with its rows."""

    spec: TaskSpec
    rows: list[Row]

    def primary(self, rows: list[Row]) -> float:
        result = score_task(rows, self.spec)
        return result.table.point()[result.primary]

    def answered(self, answer: Answer) -> float:
        rows = [Row(row.row, row.task_id, row.input, answer(row), row.references) for row in self.rows]
        return self.primary(rows)

    @property
    def chance(self) -> float:
        return max(self.primary(made(self.rows, self.spec)) for made in (majority_rows, random_rows))


def make(name: str, category: str, pairs: list[tuple[str, str]], language: str = "en") -> Task:
    spec = infer_spec(name, category, [reference for _, reference in pairs], language)
    return Task(spec, [Row(i, name, text, None, (reference,)) for i, (text, reference) in enumerate(pairs)])


def mini() -> Iterator[Task]:
    for path in sorted(suites.FOLDER.glob("mini/test/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        pairs = [(instance["input"], instance["output"][0]) for instance in document["Instances"]]
        yield make(path.stem, document["Categories"][0], pairs, document["Output_language"][0])


MINI = {task.spec.id: task for task in mini()}
CLOSED = [name for name, task in MINI.items() if task.spec.scorer in ("mcqa", "labels", "multilabel")]


def lists(task: Task) -> list[Answer]:
    """Every way of naming all there is to choose from."""
    joins = (", ", "\n", " or ", "; ", " / ", " and ")
    if task.spec.scorer == "mcqa":
        by_letter = [lambda row, j=join: j.join(parse_options(row.input)) for join in joins]
        with_text = [
            lambda row, j=join: j.join(f"{k}: {v}" for k, v in parse_options(row.input).items()) for join in joins
        ]
        texts = [lambda row, j=join: j.join(parse_options(row.input).values()) for join in joins]
        return [*by_letter, *with_text, *texts, lambda row: row.input]
    labels = (
        labels_for(task.rows, task.spec)
        if task.spec.scorer == "multilabel"
        else reader_for(task.rows, task.spec).labels
    )
    listed = [join.join(labels) for join in joins]
    said = [*listed, *(f"The answer is {text}." for text in listed)]
    return [*(lambda row, t=text: t for text in said), lambda row: row.input]


@pytest.mark.parametrize("name", CLOSED)
def test_listing_everything_is_below_chance_on_the_mini_suite(name: str) -> None:
    task = MINI[name]
    found = [task.answered(answer) for answer in lists(task)]
    assert max(found) <= task.chance + POINTS


@pytest.mark.parametrize("name", CLOSED)
def test_no_constant_beats_chance_on_the_mini_suite(name: str) -> None:
    task = MINI[name]
    letters = [lambda row, c=c: c for c in ("A", "B", "E", "A or B", "The answer is A", "yes, no", "True False", "")]
    own = [lambda row, t=reference: t for reference in {row.references[0] for row in task.rows}]
    ceiling = (
        max(task.chance, max(task.answered(answer) for answer in own)) if task.spec.scorer == "labels" else task.chance
    )
    assert max(task.answered(answer) for answer in letters) <= ceiling + POINTS


@pytest.mark.parametrize("name", [n for n, t in MINI.items() if t.spec.scorer in ("entities", "fields")])
def test_constants_words_and_copies_on_extraction(name: str) -> None:
    task = MINI[name]
    everything = ", ".join(dict.fromkeys(row.references[0].strip(".") for row in task.rows))
    answers: list[Answer] = [
        lambda row: everything,
        lambda row: row.input,
        lambda row: ", ".join(row.input.split()),
        lambda row: "There is no related entity.",
        lambda row: "",
    ]
    assert max(task.answered(answer) for answer in answers) <= task.chance + POINTS


@pytest.mark.parametrize("name", sorted(MINI))
def test_references_score_100_and_silence_0(name: str) -> None:
    task = MINI[name]
    assert task.answered(lambda row: row.references[0]) == pytest.approx(1.0)
    assert task.answered(lambda row: "") == 0.0
    assert task.chance < 0.55


def hallmarks(shared: Path) -> Task:
    pairs = []
    for path in sorted((shared / "data/raw/hallmarks_of_cancer/labels").glob("*.txt")):
        named = {part.strip().split("--")[0].strip() for piece in path.read_text().split("<")[1:]
                 for part in piece.split("AND")}  # fmt: skip
        chosen = [label for label in HALLMARKS if label in named]
        if chosen:
            pairs.append(("", ", ".join(chosen)))
    return make("task106", "Text Classification", pairs)


def pubmedqa(shared: Path) -> Task:
    records = json.loads((shared / "data/raw/pubmedqa/data/ori_pqal.json").read_text())
    return make("task123", "MCQA", [(r["QUESTION"], r["final_decision"]) for r in records.values()])


def igakuqa(shared: Path) -> Task:
    pairs = []
    for path in sorted((shared / "data/raw/igakuqa/data").glob("*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            options = {chr(65 + i): text for i, text in enumerate(record.get("choices") or [])}
            keys = [letter.upper() for letter in record.get("answer") or []]
            if options and keys and all(key in options for key in keys):
                shown = "\t".join(f"{letter}: {text}" for letter, text in options.items())
                told = ", ".join(f"{key}: {options[key]}" for key in keys)
                pairs.append((f"質問: {record['problem_text']}\nオプション: {shown}", f"正しい答えは {told} です"))
    return make("task59", "MCQA", pairs, "ja")


def chemicals(shared: Path) -> Task:
    pairs, words, names = [], [], []
    path = shared / "data/raw/mtl_bioinformatics_2016/data/BC5CDR-chem-IOB/test.tsv"
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.strip():
            word, tag = line.split()
            words.append(word)
            if tag[0] == "B":
                names.append([word])
            elif tag[0] == "I" and names:
                names[-1].append(word)
        elif words:
            reference = ", ".join(" ".join(name) for name in names) + "." if names else "There is no related entity."
            pairs.append((" ".join(words), reference))
            words, names = [], []
    return make("task126", "Named Entity Recognition", pairs[:1500])


@pytest.mark.parametrize("source", [hallmarks, pubmedqa, igakuqa])
def test_real_label_sets(source: Callable[[Path], Task], shared: Path) -> None:
    task = source(shared)
    assert task.answered(lambda row: row.references[0]) == pytest.approx(1.0)
    assert max(task.answered(answer) for answer in lists(task)) <= task.chance + POINTS
    refused = task.answered(lambda row: "As an AI language model I cannot answer")
    assert refused == 0.0


def test_real_chemical_names(shared: Path) -> None:
    task = chemicals(shared)

    def natural(text: str) -> str:
        return re.sub(r"([(\[])\s+", r"\1", re.sub(r"\s+([)\].,])", r"\1", re.sub(r"\s*-\s*", "-", text)))

    assert task.answered(lambda row: row.references[0]) == pytest.approx(1.0)
    assert task.answered(lambda row: natural(row.references[0])) == pytest.approx(1.0)
    for empty in ("There is no related entity.", "There is no related enetity.", ""):
        assert task.answered(lambda row, t=empty: t) == 0.0
    half = task.answered(lambda row: row.references[0] if row.row % 2 else "")
    assert 0.4 < half < 0.75
    last = task.answered(lambda row: re.sub(r"\w\.$", "~.", row.references[0]))
    assert last < 0.7
    for trick in (lambda row: row.input, lambda row: ", ".join(row.input.split())):
        assert task.answered(trick) <= task.chance + POINTS
