"""A contract over every entry of the catalogue's tables."""

from __future__ import annotations

import pytest

from medsins import catalog
from medsins.core import Problem


def test_counts_of_the_article() -> None:
    assert len(catalog.published_results()) == 673
    assert len(catalog.tasks()) == 130
    bench = {task.bench_category for task in catalog.tasks().values()} - {""}
    assert bench == {name for name, category in catalog.categories().items() if category.bench}
    assert len(bench) == 12  # the article counts Explanation and Rationale as one
    assert len(catalog.categories()) == 21


@pytest.mark.parametrize("task", catalog.tasks().values(), ids=list(catalog.tasks()))
def test_every_task(task: catalog.CatalogTask) -> None:
    assert task.id.removeprefix("task").isdigit()
    assert task.name == task.name.strip() != ""
    assert task.access in catalog.ACCESS
    assert not task.category or task.category in catalog.categories()
    assert bool(task.bench_category) == bool(task.metric)
    assert task.test_samples is None or task.test_samples > 0
    if task.category:
        assert len(catalog.task_definition(task.id, task.scored_as)) > 20


def test_everything_derived_from_mimic_is_credentialed() -> None:
    mimic = [task for task in catalog.tasks().values() if "MIMIC" in task.corpus or "MedNLI" in task.corpus]
    assert len(mimic) > 20
    assert {task.access for task in mimic} == {"credentialed"}


def test_published_results_name_known_categories_and_sane_values() -> None:
    for result in catalog.published_results():
        assert catalog.find_category(result.category) == result.category
        assert 0 <= result.value <= 100
        assert all(task_id in catalog.tasks() for task_id in result.task_ids)


def test_definitions_belong_to_tasks() -> None:
    assert set(catalog.definitions()) <= set(catalog.tasks())


@pytest.mark.parametrize("spelling", ["ner", "NAMED-ENTITY_recognition", "Named Entity Recognition"])
def test_spellings_of_a_category(spelling: str) -> None:
    assert catalog.find_category(spelling) == "Named Entity Recognition"


def test_no_spelling_names_two_categories() -> None:
    spellings = [s.lower() for c in catalog.categories().values() for s in (c.name, *c.also)]
    assert len(spellings) == len(set(spellings))


def test_unknown_category_and_unknown_task() -> None:
    problem = catalog.resolve_category("my_task", [])
    assert isinstance(problem, Problem)
    assert "not in the catalogue" in problem.what
    problem = catalog.resolve_category("task1", ["Poetry"])
    assert isinstance(problem, Problem)
    assert "Poetry" in problem.what


def test_language_and_access_defaults() -> None:
    assert catalog.task_language("task54") == "Japanese"
    assert catalog.task_language("own", (), ["spanish"]) == "Spanish"
    assert catalog.task_access("own", "nonsense") == "unknown"
    assert catalog.task_access("task1") == "open"
