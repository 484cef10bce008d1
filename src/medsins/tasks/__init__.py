"""The MedS-Ins task file: read it in its documented shape and in every bent shape that published files have; stream,
check, count, split and convert it at any size.
"""

from ._bytes import SUFFIXES
from ._parquet import IndexedTask
from ._stream import Batch, Mark, TaskReader
from .convert import Converted, convert
from .reader import find_task_files, read_task, read_tasks, task_digest
from .show import Shown, show_instance
from .split import Split, split_task
from .stats import Lengths, TaskStats, task_stats
from .stream import open_reader, open_writer, write_task
from .template import write_template
from .validate import Finding, Validation, validate
from .writer import card_document, instance_document, task_document

__all__ = [
    "SUFFIXES",
    "Batch",
    "Converted",
    "Finding",
    "IndexedTask",
    "Lengths",
    "Mark",
    "Shown",
    "Split",
    "TaskReader",
    "TaskStats",
    "Validation",
    "card_document",
    "convert",
    "find_task_files",
    "instance_document",
    "open_reader",
    "open_writer",
    "read_task",
    "read_tasks",
    "show_instance",
    "split_task",
    "task_digest",
    "task_document",
    "task_stats",
    "validate",
    "write_task",
    "write_template",
]
