"""What travels with a task file: its card, its terms, and what it was made from."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.catalog import article_corpora, corpora, find_task
from medsins.core import sha256_file
from medsins.corpora import BuildOptions, Corpus, OwnTask, RawFolder, build, load_corpus
from medsins.corpora._cards import card_of
from medsins.corpora._output import TaskCounts
from medsins.corpora._provenance import is_finished, known_facts, raw_facts, size_notes
from medsins.tasks import read_task

from .conftest import FIXTURES, read_built

PICO: Corpus = load_corpus("pico").CORPUS
WITH_FIXTURES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", WITH_FIXTURES)
def test_every_built_task_is_read_with_the_terms_of_its_corpus(name: str, tmp_path: Path) -> None:
    corpus: Corpus = load_corpus(name).CORPUS
    report = build(name, FIXTURES / name, tmp_path, BuildOptions(tasks=corpus.all_tasks))
    assert report.written
    for counts in report.written:
        task = read_task(tmp_path / f"{counts.task_id}.json")
        assert task.id == counts.task_id
        assert task.access == corpus.access
        assert len(task.instances) == counts.instances
        assert len({instance.id for instance in task.instances}) == counts.instances
        entry, own = find_task(counts.task_id), corpus.own_tasks.get(counts.task_id)
        assert task.category == (own.category if own else entry.scored_as if entry else "")
        assert task.card.extra["License"] == corpus.licence
        assert task.card.extra["May_leave"] == corpus.may_leave


def test_languages_of_a_translation_task() -> None:
    card = card_of(load_corpus("ecdc_tm").CORPUS, "task19")
    assert (card.input_language, card.output_language) == (("English",), ("Swedish",))
    assert card.instruction_language == ("English",)


def test_categories_begin_with_the_one_that_is_scored() -> None:
    assert card_of(load_corpus("igakuqa").CORPUS, "task59").categories == ("MCQA", "Question Answering")
    assert card_of(PICO, "task1").categories == ("Information Extraction",)


def test_own_cards_go_before_the_catalogue() -> None:
    own = OwnTask("Text Classification", "Say whether it rains or not.", "weather", "French", "German")
    card = card_of(replace(PICO, own_tasks={"task1": own}), "task1")
    assert card.categories == ("Text Classification",)
    assert (card.definition, card.domains) == (("Say whether it rains or not.",), ("weather",))
    assert (card.input_language, card.output_language) == (("French",), ("German",))


def test_a_task_without_any_card_is_a_fault_of_the_module() -> None:
    with pytest.raises(KeyError, match="pico makes task_nowhere"):
        card_of(PICO, "task_nowhere")


def test_agreement_and_duo_terms_stand_in_the_file(tmp_path: Path) -> None:
    build("mednli", FIXTURES / "mednli", tmp_path, BuildOptions(tasks=("task41",)))
    document = read_built(tmp_path, "task41").document
    corpus = load_corpus("mednli").CORPUS
    assert document["Agreement"] == corpus.agreement
    assert document["DUO"] == list(corpus.duo)
    assert (document["Access"], document["May_leave"]) == ("credentialed", False)


def counts(instances: int, **by_split: int) -> TaskCounts:
    return TaskCounts("task1", instances, by_split, {})


def test_notes_where_sizes_differ() -> None:
    corpus = replace(PICO, sizes={"task1": 10, "task1:train": 8, "task1:test": 2})
    assert size_notes(corpus, counts(10, train=8, test=2), "all") == []
    assert size_notes(corpus, counts(9, train=7, test=2), "all") == [
        "task1: 7 instances in train, the release gives 8",
        "task1: 9 instances, the release gives 10",
    ]
    assert size_notes(corpus, counts(7, train=7), "train") == ["task1: 7 instances in train, the release gives 8"]
    assert size_notes(corpus, counts(2, test=2), "test") == ["task1: 2 instances, MedS-Bench's test set has 43"]
    assert size_notes(corpus, counts(43, test=43), "test") == ["task1: 43 instances in test, the release gives 2"]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_note_exactly_where_the_whole_differs(built: int, published: int) -> None:
    corpus = replace(PICO, sizes={"task1": published})
    assert bool(size_notes(corpus, counts(built), "all")) == (built != published)


def test_raw_facts_hash_what_was_found(tmp_path: Path) -> None:
    raw = RawFolder(Path(shutil.copytree(FIXTURES / "pico", tmp_path / "raw")), PICO)
    raw.file("data/sentences.json")
    raw.optional("data/nothing.json")
    assert raw_facts(raw) == {
        "patterns": {"data/sentences.json": 1, "data/nothing.json": 0},
        "files": {"data/sentences.json": sha256_file(tmp_path / "raw" / "data" / "sentences.json")},
    }


def test_a_file_that_appears_later_makes_a_build_unfinished(tmp_path: Path) -> None:
    raw = Path(shutil.copytree(FIXTURES / "bc2gm", tmp_path / "raw"))
    held_back = raw / "BC2GM-IOB" / "devel.tsv"
    content = held_back.read_bytes()
    held_back.unlink()
    build("bc2gm", raw, tmp_path / "out")
    assert not build("bc2gm", raw, tmp_path / "out").written
    held_back.write_bytes(content)
    (again,) = build("bc2gm", raw, tmp_path / "out").written
    assert again.instances == 3


def test_known_facts_tell_settings_apart(tmp_path: Path) -> None:
    module = load_corpus("disease_ontology")
    facts = {
        choice: known_facts(module, BuildOptions(settings={"direction": choice}), "task47")
        for choice in ("first", "second")
    }
    assert facts["first"] != facts["second"] == known_facts(module, BuildOptions(), "task47")
    assert not is_finished(tmp_path / "task47.json", facts["first"], FIXTURES / "disease_ontology", module.CORPUS)


def test_the_terms_of_each_corpus_are_in_the_catalogue() -> None:
    for name, entry in corpora().items():
        corpus: Corpus = load_corpus(name).CORPUS
        assert (entry.access, entry.licence, entry.agreement) == (corpus.access, corpus.licence, corpus.agreement)
        assert (entry.duo, entry.may_leave, entry.languages) == (corpus.duo, corpus.may_leave, corpus.languages)
        assert (entry.tasks, entry.on_request, entry.inferred) == (corpus.tasks, corpus.on_request, corpus.inferred)


def test_names_of_the_article_are_sorted_and_different() -> None:
    names = article_corpora()
    assert list(names) == sorted(names, key=str.lower)
    assert len(set(names)) == 58
