"""What exists, as data tables: tasks, corpora, categories, access terms, published results."""

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
    "CatalogTask",
    "Category",
    "PublishedResult",
    "categories",
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
