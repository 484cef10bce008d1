"""What a task file leaves open is found in the catalogue, the same from every spelling."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins import catalog
from medsins.core import Problem

DATA = files("medsins.catalog") / "data"
ORDER = ["open", "registration", "unknown", "credentialed", "private"]

categories = list(catalog.categories().values())
spellings = st.sampled_from([(c.name, name) for c in categories for name in (c.name, *c.also)])
task_ids = st.sampled_from(list(catalog.tasks()))


@given(spellings, st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from([" ", "-", "_", "  "]))
def test_a_category_is_found_from_any_spelling(pair: tuple[str, str], case: object, blank: str) -> None:
    name, spelling = pair
    assert callable(case)
    written = blank.join(case(spelling).replace("-", " ").split())
    assert catalog.find_category(f" {written}{blank.strip('_-')}") == name


@given(st.text(max_size=30))
def test_only_known_spellings_are_categories(text: str) -> None:
    found = catalog.find_category(text)
    assert found is None or found in catalog.categories()
    if found is None:
        problem = catalog.resolve_category("own_task", [text])
        assert isinstance(problem, Problem)
        assert all(name in problem.mend for name in catalog.categories())


@given(task_ids)
def test_a_catalogued_task_without_categories_gets_its_own(task_id: str) -> None:
    entry = catalog.tasks()[task_id]
    resolved = catalog.resolve_category(task_id, [])
    assert resolved == entry.scored_as or (not entry.scored_as and isinstance(resolved, Problem))


@given(task_ids)
def test_the_broader_category_is_made_precise(task_id: str) -> None:
    entry = catalog.tasks()[task_id]
    if entry.category:
        assert catalog.resolve_category(task_id, [entry.category]) == (entry.bench_category or entry.category)
    if entry.bench_category:
        assert catalog.resolve_category(task_id, [entry.bench_category]) == entry.bench_category


@given(st.lists(spellings, min_size=1, max_size=3))
def test_of_an_own_task_the_first_known_category_decides(pairs: list[tuple[str, str]]) -> None:
    named = ["no such thing", *(spelling for _, spelling in pairs)]
    assert catalog.resolve_category("own_task", named) == pairs[0][0]


def test_a_card_that_names_another_category_is_believed() -> None:
    entry = next(t for t in catalog.tasks().values() if t.bench_category and t.category == "Question Answering")
    assert catalog.resolve_category(entry.id, ["Translation"]) == "Translation"


def test_a_misspelt_category_gets_a_suggestion() -> None:
    problem = catalog.resolve_category("own_task", ["Diagnosys"])
    assert isinstance(problem, Problem)
    assert problem.mend.startswith("did you mean Diagnosis?")
    nothing = catalog.resolve_category("own_task", [])
    assert isinstance(nothing, Problem)
    assert nothing.mend.startswith('name one in "Categories"')


@given(task_ids | st.just("own_task"), st.sampled_from([None, "", *catalog.ACCESS, " OPEN ", "Private"]))
def test_access_is_never_looser_than_either_says(task_id: str, named: str | None) -> None:
    access = catalog.task_access(task_id, named)
    entry = catalog.find_task(task_id)
    for said in filter(None, (named and named.strip().lower(), entry and entry.access)):
        assert ORDER.index(access) >= ORDER.index(said)
    assert access in catalog.ACCESS
    if not named and not entry:
        assert access == "unknown"


@given(st.text(max_size=12) | st.integers() | st.lists(st.text(max_size=3), max_size=2))
def test_any_access_text_is_at_least_understood_as_unknown(named: object) -> None:
    access = catalog.task_access("task1", named)
    assert access in catalog.ACCESS
    if named and str(named).strip().lower() not in catalog.ACCESS:
        assert access == "unknown"


@pytest.mark.parametrize("task_id", catalog.tasks())
def test_the_language_is_the_cards_then_the_catalogues(task_id: str) -> None:
    entry = catalog.tasks()[task_id]
    assert catalog.task_language(task_id) == (entry.output_language or "English")
    assert catalog.task_language(task_id, [" french "], ["german"]) == "French"
    assert catalog.task_language(task_id, [], ["german"]) == "German"


def test_a_task_nobody_knows_answers_in_english() -> None:
    assert catalog.find_task("own_task") is None
    assert catalog.task_language("own_task", (), ()) == "English"


def test_definitions_come_before_the_words_of_the_category() -> None:
    own = next(iter(catalog.definitions()))
    assert catalog.task_definition(own, "MCQA") == catalog.definitions()[own]
    for category in categories:
        assert catalog.task_definition("own_task", category.name) == category.instruction


@pytest.mark.parametrize("name", ["tasks.csv", "corpora.csv", "published.csv"])
def test_tables_are_well_formed(name: str) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert len(set(header)) == len(header)
    assert {len(row) for row in rows} == {len(header)}
    assert all(cell == cell.strip() for row in rows for cell in row)
    if name != "published.csv":
        keys = [row[0] for row in rows]
        assert len(set(keys)) == len(keys)


def test_categories_of_the_table_have_all_their_keys() -> None:
    table = tomllib.loads((DATA / "categories.toml").read_text(encoding="utf-8"))
    for name, row in table.items():
        assert set(row) == {"bench", "metric", "also", "instruction"}, name
        assert bool(row["metric"]) or not row["bench"]
        assert row["instruction"].endswith((".", "!"))


@pytest.mark.parametrize("corpus", catalog.corpora().values(), ids=list(catalog.corpora()))
def test_every_corpus(corpus: catalog.CatalogCorpus) -> None:
    assert corpus.access in catalog.ACCESS
    assert corpus.url.startswith("http")
    assert all((corpus.title, corpus.licence, corpus.release, corpus.verified))
    assert set(corpus.known_as) <= set(catalog.article_corpora())
    assert not set(corpus.tasks) & set(corpus.on_request)
    assert all(term.startswith("DUO:") and len(term) == 11 for term in corpus.duo)
    if corpus.access in ("credentialed", "private"):
        assert not corpus.may_leave
    for task_id in (*corpus.tasks, *corpus.on_request):
        entry = catalog.find_task(task_id)
        if entry:
            assert ORDER.index(entry.access) >= ORDER.index(corpus.access), task_id


def test_the_article_names_58_corpora_once() -> None:
    assert len(catalog.article_corpora()) == len(set(catalog.article_corpora())) == 58


def test_tables_are_read_once() -> None:
    for read in (catalog.tasks, catalog.categories, catalog.corpora, catalog.published_results, catalog.definitions):
        assert read() is read()
