"""A contract over every corpus: facts complete, terms consistent with the catalogue, page and table up to date."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from medsins import catalog
from medsins.catalog import find_category, find_task
from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, Corpus, RawFolder, _tables, corpus_names, load_corpus
from medsins.corpora._cards import card_of

ROOT = Path(__file__).resolve().parents[2]
CORPORA: list[Corpus] = _tables.own_corpora()
IDS = [corpus.name for corpus in CORPORA]


@pytest.mark.parametrize("corpus", CORPORA, ids=IDS)
def test_facts_are_complete(corpus: Corpus) -> None:
    assert corpus.name in corpus_names()
    assert corpus.access in {"open", "registration", "credentialed"}
    assert corpus.url.startswith("https://")
    assert corpus.files
    assert corpus.tasks
    for text in (corpus.title, corpus.licence, corpus.release, corpus.how_to_get):
        assert text == text.strip() != ""
        assert not text.endswith(".")
        assert "|" not in text
    assert all(re.fullmatch(r"DUO:\d{7}", term) for term in corpus.duo)
    assert len(set(corpus.all_tasks)) == len(corpus.all_tasks)
    assert set(corpus.task_verified) <= set(corpus.all_tasks)
    assert {key.split(":")[0] for key in corpus.sizes} <= set(corpus.all_tasks)
    assert all(len(values) > 1 for values in corpus.settings.values())
    assert {corpus.verified, *corpus.task_verified.values()} <= set(_tables.MARKS)


@pytest.mark.parametrize("corpus", CORPORA, ids=IDS)
def test_terms_hold_together(corpus: Corpus) -> None:
    if corpus.access == "credentialed":
        assert not corpus.may_leave
        assert corpus.agreement.startswith("https://")
    for task_id in corpus.all_tasks:
        entry = find_task(task_id)
        if entry:
            assert entry.access == corpus.access, task_id
        card = card_of(corpus, task_id)
        assert catalog.task_access(task_id, card.extra["Access"]) == corpus.access


@pytest.mark.parametrize("corpus", CORPORA, ids=IDS)
def test_every_task_has_a_card(corpus: Corpus) -> None:
    for task_id in corpus.all_tasks:
        card = card_of(corpus, task_id)
        assert card.categories
        assert all(find_category(name) == name for name in card.categories)
        assert len(card.definition[0]) > 20
        assert card.input_language
        assert card.output_language
        assert card.extra["Access"] == corpus.access
        assert find_task(task_id) or task_id in corpus.own_tasks


@pytest.mark.parametrize("corpus", CORPORA, ids=IDS)
def test_a_wrong_folder_is_refused_with_what_to_do(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    raw = RawFolder(tmp_path, corpus)
    with pytest.raises(InvalidFile) as error:
        list(load_corpus(corpus.name).read(raw, BuildOptions(tasks=corpus.all_tasks)))
    assert corpus.title in str(error.value)
    assert corpus.how_to_get in str(error.value)
    assert "holiday.jpg" in str(error.value)


def test_each_corpus_of_the_article_has_readers_and_no_name_is_wrong() -> None:
    assert len(catalog.article_corpora()) == 58
    named = Counter(name for corpus in CORPORA for name in corpus.known_as)
    assert set(named) <= set(catalog.article_corpora())
    assert set(catalog.article_corpora()) <= set(named)


def test_the_table_is_up_to_date() -> None:
    found = (ROOT / "src" / "medsins" / "catalog" / "data" / "corpora.csv").read_text(encoding="utf-8")
    assert found == _tables.table(), "run: python -m medsins.corpora._tables --write"
    assert list(catalog.corpora()) == IDS
    assert catalog.corpora()["bc5cdr"].tasks == ("task126", "task127")


def test_the_page_is_up_to_date() -> None:
    found = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert found == _tables.page(), "run: python -m medsins.corpora._tables --write"


def test_the_page_says_what_is_inferred_and_how_each_task_was_verified() -> None:
    page = _tables.page()
    for corpus in CORPORA:
        assert all(f"- {sentence}" in page for sentence in corpus.inferred)
        (row,) = [line for line in page.splitlines() if line.startswith(f"| [`{corpus.name}`]")]
        assert all(re.search(rf"\b{task}\b", row) for task in corpus.all_tasks)


def test_every_task_of_the_catalogue_has_a_definition_of_its_own() -> None:
    assert set(catalog.definitions()) == set(catalog.tasks())
