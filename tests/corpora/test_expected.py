"""Builds from the owners' raw files against the hashes of the published converters' output."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from medsins.corpora import BuildOptions, RawFolder, build, load_corpus
from medsins.corpora._formats.mcqa import lettered, rationale_text

from .conftest import Built, read_built

TARGETS = {
    "task114": ("meqsum", "meqsum", "task114", "all"),
    "task65": ("medicationqa", "medication_qa_medinfo2019", "task65", "all"),
    "task62": ("liveqa", "liveqa_trec2017", "task62", "all"),
    "task59": ("igakuqa", "igakuqa", "task59", "all"),
    "task1": ("pico", "pico_annotation", "task1", "all"),
    "task2": ("pico", "pico_annotation", "task2", "all"),
    "task3": ("pico", "pico_annotation", "task3", "all"),
    "task126": ("bc5cdr", "mtl_bioinformatics_2016", "task126", "test"),
    "task127": ("bc5cdr", "mtl_bioinformatics_2016", "task127", "test"),
    "task128": ("species800", "s800", "task128", "test"),
    "ner-bc2gm": ("bc2gm", "mtl_bioinformatics_2016", "task_bc2gm", "test"),
    "ner-anatem": ("anatem", "mtl_bioinformatics_2016", "task_anatem", "test"),
    "ner-ncbi-disease": ("ncbi_disease", "mtl_bioinformatics_2016", "task_ncbi_disease", "test"),
    "task77.dev": ("clinical_trials", "clinical_trials_gov_data", "task77", "dev"),
    "task77.test": ("clinical_trials", "clinical_trials_gov_data", "task77", "test"),
}


def pair_hash(pair: tuple[str, str | None]) -> str:
    return hashlib.sha256(json.dumps(list(pair), ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize("target", TARGETS)
def test_every_pair_in_order(target: str, shared: Path, tmp_path: Path) -> None:
    name, folder, task, split = TARGETS[target]
    stats_file = shared / "data" / "expected" / f"{target}.stats.json"
    if not stats_file.exists():
        pytest.skip(f"no reference for {target}")
    stats = json.loads(stats_file.read_text(encoding="utf-8"))
    for spelling, key in (("released", "pair_sha256_released_spelling"), ("converter", "pair_sha256")):
        if key in stats:
            options = BuildOptions(tasks=(task,), split=split, empty_answer=spelling)
            build(name, shared / "data" / "raw" / folder, tmp_path / spelling, options)
            assert [pair_hash(pair) for pair in read_built(tmp_path / spelling, task).pairs] == stats[key]


COUNTS = {
    ("hoc", "hallmarks_of_cancer", "task106"): (592, 8),
    ("disease_ontology", "disease_ontology", "task46"): (2686, 4188),
    ("pubmedqa", "pubmedqa", "task123"): (1000, 0),
    ("pubmedqa", "pubmedqa", "task12"): (890, 110),
    ("rumedbench", "rumedbench_danet", "task61"): (1564, 512),
    ("medquad", "medquad", "task_medquad"): (1984, 351 + 8),
    ("igakuqa", "igakuqa", "task59"): (1987, 13),
    ("meqsum", "meqsum", "task114"): (1000, 0),
    ("medicationqa", "medication_qa_medinfo2019", "task65"): (690, 0),
}


@pytest.mark.parametrize(("name", "folder", "task"), COUNTS)
def test_counts_of_the_real_files(name: str, folder: str, task: str, shared: Path, built: Callable[..., Built]) -> None:
    result = built(name, task, raw=shared / "data" / "raw" / folder)
    assert (len(result.instances), len(result.dropped)) == COUNTS[name, folder, task]


def test_one_medication_question_has_no_answer(shared: Path, built: Callable[..., Built]) -> None:
    result = built("medicationqa", raw=shared / "data" / "raw" / "medication_qa_medinfo2019")
    assert [output for _, output in result.pairs].count(None) == 1


def released_inputs(shared: Path, task: str) -> set[str]:
    """Inputs of the published rationale files, as far as they are known."""
    path = shared / "data" / "raw" / "medsbench_example_results" / "derived" / f"{task}.json"
    return {instance["input"] for instance in json.loads(path.read_text(encoding="utf-8"))["Instances"]}


def test_japanese_rationale_inputs_are_rebuilt_from_igakuqa(shared: Path) -> None:
    raw = RawFolder(shared / "data" / "raw" / "igakuqa", load_corpus("igakuqa").CORPUS)
    rebuilt = set()
    for file in raw.files("[0-9]*/[0-9]*-[A-F].jsonl"):
        for _, problem in file.jsonl():
            options = lettered(problem["choices"])
            right = [letter.upper() for letter in problem["answer"]]
            if options and set(right) <= set(options):
                rebuilt.add(rationale_text("Japanese", problem["problem_text"], options, right))
    released = released_inputs(shared, "task54")
    assert len(released) > 100
    assert released <= rebuilt


def test_russian_rationale_inputs_are_rebuilt_from_rumeddanet(shared: Path) -> None:
    raw = RawFolder(shared / "data" / "raw" / "rumedbench_danet", load_corpus("rumedbench").CORPUS)
    options = lettered(["да", "нет"])
    letters = {"да": "A", "нет": "B"}
    rebuilt = {
        rationale_text("Russian", record["question"], options, [letters[record["answer"]]])
        for _, record in raw.file("RuMedDaNet/test_v1.jsonl").jsonl()
    }
    released = released_inputs(shared, "task55")
    assert len(released) > 100
    assert released <= rebuilt
