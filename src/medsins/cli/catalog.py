"""``medsins catalog``: what exists."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ._catalog_plot import add_plot
from ._common import add_verb, out_console, print_json


def build(commands: Any, name: str, summary: str) -> None:
    """Add the group's verbs."""
    group = commands.add_parser(name, help=summary, description=summary, example="medsins catalog tasks --bench")
    verbs = group.add_subparsers(title="verbs", metavar="VERB", required=True)
    tasks = add_verb(verbs, "tasks", _tasks, "every known task", "medsins catalog tasks --category NER")
    tasks.add_argument("--bench", action="store_true", help="only the tasks of MedS-Bench")
    tasks.add_argument("--category", metavar="NAME", help="only tasks of this category")
    add_verb(verbs, "corpora", _corpora, "the source corpora and their tasks", "medsins catalog corpora --json")
    add_verb(verbs, "categories", _categories, "the task categories", "medsins catalog categories")
    add_verb(verbs, "models", _models, "what is known of models by their names", "medsins catalog models --json")
    published = add_verb(
        verbs, "published", _published, "the article's results", "medsins catalog published --category MCQA --json"
    )
    published.add_argument("--category", metavar="NAME", help="only results of this category")
    add_plot(verbs)


def _category(name: str | None) -> str | None:
    from medsins.catalog import categories, find_category
    from medsins.core import unknown_name

    if not name:
        return None
    found = find_category(name)
    if not found:
        raise unknown_name("category", name, categories())
    return found


def _show(args: argparse.Namespace, title: str, rows: list[dict[str, Any]], columns: list[str]) -> int:
    if args.json:
        print_json(rows)
        return 0
    from rich.table import Table

    table = Table(title=f"{title} ({len(rows)})", title_justify="left")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        values = (row[column] for column in columns)
        table.add_row(*("" if v is None else ", ".join(v) if isinstance(v, list | tuple) else str(v) for v in values))
    out_console().print(table)
    return 0


def _tasks(args: argparse.Namespace) -> int:
    from medsins import catalog

    wanted = _category(args.category)
    rows = [
        asdict(task)
        for task in catalog.tasks().values()
        if (not args.bench or task.bench_category) and wanted in (None, task.category, task.bench_category)
    ]
    return _show(args, "Tasks", rows, ["id", "name", "category", "bench_category", "corpus", "metric", "access"])


def _corpora(args: argparse.Namespace) -> int:
    from medsins import catalog

    rows = [asdict(corpus) for corpus in catalog.corpora().values()]
    return _show(args, "Corpora", rows, ["name", "title", "access", "licence", "tasks"])


def _categories(args: argparse.Namespace) -> int:
    from medsins import catalog

    rows = [asdict(category) for category in catalog.categories().values()]
    return _show(args, "Categories", rows, ["name", "bench", "metric", "also"])


def _models(args: argparse.Namespace) -> int:
    from medsins.models import presets

    rows = [asdict(preset) for preset in presets()]
    yes = {True: "yes", False: ""}
    shown = [
        {
            **row,
            "thinks": yes[row["thinks"]],
            "article": yes[row["paper"]],
            "USD in, out": [f"{price:g}" for price in row["prices"]] if row["as_of"] else [],
        }
        for row in rows
    ]
    columns = ["name", "window", "thinks", "USD in, out", "as_of", "article"]
    return _show(args, "Model presets", rows if args.json else shown, columns)


def _published(args: argparse.Namespace) -> int:
    from medsins import catalog

    wanted = _category(args.category)
    rows = [asdict(r) for r in catalog.published_results() if wanted in (None, r.category)]
    return _show(args, "Published results", rows, ["table", "model", "benchmark", "category", "metric", "value"])
