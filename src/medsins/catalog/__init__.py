"""What exists, as data tables: tasks, corpora, categories, access terms, published results."""

from ._corpora import CatalogCorpus, article_corpora, corpora
from ._figure import FigureLink, figure_links
from ._resolve import find_category, find_task, resolve_category, task_access, task_definition, task_language
from ._tables import (
    ACCESS,
    CatalogTask,
    Category,
    PublishedResult,
    categories,
    definitions,
    published_results,
    tasks,
)

__all__ = [
    "ACCESS",
    "CatalogCorpus",
    "CatalogTask",
    "Category",
    "FigureLink",
    "PublishedResult",
    "article_corpora",
    "categories",
    "corpora",
    "definitions",
    "figure_links",
    "find_category",
    "find_task",
    "published_results",
    "resolve_category",
    "task_access",
    "task_definition",
    "task_language",
    "tasks",
]
