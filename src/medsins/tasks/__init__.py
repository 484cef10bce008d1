"""The MedS-Ins task file: read it in its documented shape and in every bent shape that published files have."""

from .reader import find_task_files, read_task, read_tasks
from .writer import card_document, instance_document, task_document, write_task

__all__ = [
    "card_document",
    "find_task_files",
    "instance_document",
    "read_task",
    "read_tasks",
    "task_document",
    "write_task",
]
