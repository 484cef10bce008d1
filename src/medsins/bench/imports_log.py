"""What a log of another harness is read into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.core import Completion, InvalidFile, Problem
from medsins.models import ModelInfo


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a log. ``task_id`` and ``instance_id`` are those of the task file (``index``: its position there,
    -1 where not stated); ``place`` is where the log has it.
    """

    task_id: str
    instance_id: str
    index: int
    prompt: str
    completion: Completion
    place: str


@dataclass(frozen=True, slots=True)
class Log:
    """One log file. ``model`` is None where it does not say; ``task_digests`` are those of the exported task files;
    ``limited`` says that only the first instances were asked on purpose; ``answers`` reads it, anew at each call.
    """

    path: Path
    tool: str
    model: ModelInfo | None
    task_digests: Mapping[str, str]
    limited: bool
    answers: Callable[[], Iterator[Answer]]


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def no_json(place: str, error: Exception) -> InvalidFile:
    """The error for a part of a log that does not parse."""
    what = getattr(error, "msg", "") or str(error)
    return InvalidFile(Problem(f"is not JSON: {what}", place, "the log is damaged or was cut off: copy it again"))
