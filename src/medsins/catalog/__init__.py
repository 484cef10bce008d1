"""What exists, as data tables: tasks, corpora, categories, access terms, published results."""

from ._corpora import CatalogCorpus, article_corpora, corpora
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
    "PublishedResult",
    "article_corpora",
    "categories",
    "corpora",
    "definitions",
    "find_category",
    "find_task",
    "published_results",
    "resolve_category",
    "task_access",
    "task_definition",
    "task_language",
    "tasks",
]
