"""``medsins catalog`` and ``medsins demo``: the tables and documents, and how a demo is described."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from medsins import catalog
from medsins.bench.spec import RunSpec
from medsins.cli import bench
from medsins.cli.main import main
from medsins.prompts import get_protocol

Capture = pytest.CaptureFixture[str]


def document(capsys: Capture, *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_tasks_of_the_benchmark_are_some_of_all(capsys: Capture) -> None:
    every = document(capsys, "catalog", "tasks")
    bench_only = document(capsys, "catalog", "tasks", "--bench")
    assert [row["id"] for row in every] == list(catalog.tasks())
    assert bench_only == [row for row in every if row["bench_category"]]
    assert 0 < len(bench_only) < len(every)


@pytest.mark.parametrize("category", catalog.categories())
def test_tasks_and_results_of_every_category(category: str, capsys: Capture) -> None:
    tasks = document(capsys, "catalog", "tasks", "--category", category.upper())
    assert all(category in (row["category"], row["bench_category"]) for row in tasks)
    listed = {row["id"] for row in tasks}
    assert listed == {t.id for t in catalog.tasks().values() if category in (t.category, t.bench_category)}
    results = document(capsys, "catalog", "published", "--category", category)
    assert len(results) == sum(result.category == category for result in catalog.published_results())
    if results:
        assert {task for row in results for task in row["task_ids"]} <= set(catalog.tasks())


def test_presets_of_models_are_listed(capsys: Capture) -> None:
    rows = {row["name"]: row for row in document(capsys, "catalog", "models")}
    assert rows["GPT-4"]["prices"] == [30, 60]
    assert rows["GPT-4"]["as_of"] == "2025-07-04"
    assert main(["catalog", "models"]) == 0
    table = capsys.readouterr().out
    assert "MEDITRON 7B" in table
    assert "30, 60" in table


def test_a_synonym_names_the_same_category(capsys: Capture) -> None:
    assert document(capsys, "catalog", "tasks", "--category", "ner") == document(
        capsys, "catalog", "tasks", "--category", "Named-Entity_Recognition"
    )


@pytest.mark.parametrize("verb", ["tasks", "published"])
def test_an_unknown_category_is_wrong_usage(verb: str, capsys: Capture) -> None:
    assert main(["catalog", verb, "--category", "Diagnosys"]) == 2
    assert "did you mean Diagnosis?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "count", "cells"),
    [
        ("tasks", len(catalog.tasks()), ["task1", "task130"]),
        ("corpora", len(catalog.corpora()), ["meqsum", "pico"]),
        ("categories", len(catalog.categories()), ["MCQA", "NER"]),
        ("published", len(catalog.published_results()), ["57.7"]),
    ],
)
def test_tables_say_how_many_rows_they_have(verb: str, count: int, cells: list[str], capsys: Capture) -> None:
    assert main(["catalog", verb]) == 0
    shown = capsys.readouterr().out
    assert f"({count})" in shown
    assert all(cell in shown for cell in cells)
    assert "\x1b" not in shown


def test_documents_carry_every_field(capsys: Capture) -> None:
    (corpus,) = [row for row in document(capsys, "catalog", "corpora") if row["name"] == "ade"]
    assert corpus["tasks"] == list(catalog.corpora()["ade"].tasks)
    assert corpus["may_leave"] is True
    categories = {row["name"]: row for row in document(capsys, "catalog", "categories")}
    assert list(categories) == list(catalog.categories())
    assert "NER" in categories["Named Entity Recognition"]["also"]


@pytest.mark.parametrize(("words", "folder"), [([], "demo"), (["-o", "runs/first"], "runs/first")])
def test_the_demo_runs_a_real_model_on_the_mini_suite(
    words: list[str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[RunSpec, argparse.Namespace]] = []

    def execute(spec: RunSpec, args: argparse.Namespace) -> int:
        seen.append((spec, args))
        return 1

    monkeypatch.setattr(bench, "execute", execute)
    assert main(["demo", *words, "-q"]) == 1
    ((spec, args),) = seen
    assert (spec.model, spec.suite, args.output, args.quiet) == ("smollm2", "mini", Path(folder), True)
    assert max(get_protocol(spec.protocol).max_new_tokens(name) for name in catalog.categories()) <= 128
    assert spec.load_suite().name == "mini"
