"""What every reader of questions, dialogue and entities promises, checked on its invented files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from medsins.catalog import find_category, find_task
from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, Corpus, RawFolder, build, load_corpus
from medsins.tasks import read_task

from .conftest import FIXTURES, read_built

NAMES = (
    "ade",
    "anem",
    "bc4chemd",
    "bioasq",
    "catalonia_independence",
    "chatdoctor",
    "cmedqa2",
    "covidqa",
    "frenchmedmcqa",
    "headqa",
    "lima",
    "linnaeus",
    "mashqa",
    "medalpaca",
    "medical_question_pairs",
    "medmcqa",
    "medqa",
    "mediqa_ans",
    "mmedbench",
    "mmlu",
    "pubmedqa_artificial",
    "wikidoc",
)
PARTED = (
    "anem",
    "bc4chemd",
    "catalonia_independence",
    "frenchmedmcqa",
    "headqa",
    "linnaeus",
    "mashqa",
    "medqa",
    "mmedbench",
    "mmlu",
)
WHOLE = ("ade", "bioasq", "chatdoctor", "covidqa", "medical_question_pairs", "pubmedqa_artificial", "wikidoc")


def corpus_of(name: str) -> Corpus:
    corpus: Corpus = load_corpus(name).CORPUS
    return corpus


def inputs(folder: Path, task: str) -> list[tuple[str, str]]:
    """(id, input) of each instance of a task file."""
    document = json.loads((folder / f"{task}.json").read_text(encoding="utf-8"))
    return [(i["id"], i["input"]) for i in document["Instances"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_build_gives_every_task_with_its_card_and_provenance(name: str, tmp_path: Path) -> None:
    corpus = corpus_of(name)
    report = build(name, FIXTURES / name, tmp_path, BuildOptions(tasks=corpus.all_tasks))
    assert [counts.task_id for counts in report.written] == list(corpus.all_tasks)
    for task_id in corpus.all_tasks:
        result = read_built(tmp_path, task_id)
        task = read_task(result.path)
        assert all(i.input.strip() and i.outputs for i in task.instances)
        assert len({i.id for i in task.instances}) == len(task.instances)
        assert all(find_category(category) for category in task.card.categories)
        assert result.document["License"] == corpus.licence
        assert result.provenance["inferred"] == list(corpus.inferred)
        assert result.provenance["counts"]["instances"] == len(task.instances)
        assert result.provenance["raw"]["files"]


@pytest.mark.parametrize("name", NAMES)
def test_a_second_build_writes_the_same_bytes(name: str, tmp_path: Path) -> None:
    for part in ("one", "two"):
        build(name, FIXTURES / name, tmp_path / part)
    for task_id in corpus_of(name).tasks:
        first, second = ((tmp_path / part / f"{task_id}.json").read_bytes() for part in ("one", "two"))
        assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_build_is_left_alone(name: str, tmp_path: Path) -> None:
    build(name, FIXTURES / name, tmp_path)
    again = build(name, FIXTURES / name, tmp_path)
    assert again.finished_before == corpus_of(name).tasks
    assert not again.written


@pytest.mark.parametrize("name", PARTED)
def test_published_splits_are_parts_of_the_whole(name: str, tmp_path: Path) -> None:
    task = corpus_of(name).tasks[0]
    build(name, FIXTURES / name, tmp_path / "all", BuildOptions(tasks=(task,)))
    document = json.loads((tmp_path / "all" / f"{task}.json").read_text(encoding="utf-8"))
    for split in {i["split"] for i in document["Instances"]}:
        build(name, FIXTURES / name, tmp_path / split, BuildOptions(tasks=(task,), split=split))
        expected = [(i["id"], i["input"]) for i in document["Instances"] if i["split"] == split]
        assert inputs(tmp_path / split, task) == expected


@pytest.mark.parametrize("name", WHOLE)
def test_corpora_without_splits_are_drawn_apart(name: str, tmp_path: Path) -> None:
    task = corpus_of(name).tasks[0]
    parts: dict[str, list[tuple[str, str]]] = {}
    for split in ("all", "train", "test"):
        try:
            build(name, FIXTURES / name, tmp_path / split, BuildOptions(tasks=(task,), split=split))
            parts[split] = inputs(tmp_path / split, task)
        except InvalidFile:
            parts[split] = []  # one instance alone is the test set
    assert sorted(parts["train"] + parts["test"]) == sorted(parts["all"])
    assert parts["test"]


@pytest.mark.parametrize("name", NAMES)
def test_files_may_stay_in_their_archive(name: str, tmp_path: Path) -> None:
    corpus = corpus_of(name)
    shutil.make_archive(str(tmp_path / "raw" / "download"), "zip", FIXTURES / name)
    build(name, tmp_path / "raw", tmp_path / "packed", BuildOptions(tasks=corpus.all_tasks))
    build(name, FIXTURES / name, tmp_path / "plain", BuildOptions(tasks=corpus.all_tasks))
    for task_id in corpus.all_tasks:
        assert inputs(tmp_path / "packed", task_id) == inputs(tmp_path / "plain", task_id)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_folder_is_refused_with_the_release(name: str, tmp_path: Path) -> None:
    corpus = corpus_of(name)
    for task_id in corpus.all_tasks:
        with pytest.raises(InvalidFile) as error:
            list(load_corpus(name).read(RawFolder(tmp_path, corpus), BuildOptions(tasks=(task_id,))))
        assert corpus.release in str(error.value)
        assert "found no files" in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_wanted_task_is_made(name: str) -> None:
    corpus = corpus_of(name)
    for task_id in corpus.all_tasks:
        raw = RawFolder(FIXTURES / name, corpus)
        made = [r for r in load_corpus(name).read(raw, BuildOptions(tasks=(task_id,))) if r.task_id == task_id]
        assert any(record.instance for record in made)
        assert all(record.place for record in made)


@pytest.mark.parametrize("name", NAMES)
def test_terms_are_no_milder_than_the_catalogue(name: str) -> None:
    corpus = corpus_of(name)
    order = ("open", "registration", "credentialed")
    for task_id in corpus.all_tasks:
        entry = find_task(task_id)
        if entry:
            assert order.index(corpus.access) >= order.index(entry.access)
        else:
            assert task_id in corpus.own_tasks
