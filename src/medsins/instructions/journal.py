"""Every answer of a rewriting session, durable before it counts; an append-only JSON Lines file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from medsins.core import InvalidFile, Problem, RunError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one request: the text as it came, the digest of the seed wording, model and day, and the
    reason for which a restricted task was sent to it.
    """

    task_id: str
    attempt: int
    seed: str
    text: str
    model: str
    date: str
    override: str = ""


class Journal:
    """Answers of one rewriting, held by one process at a time.

    A line cut off by a kill is taken off; whatever stood before it is kept. ``settings`` are what the answers depend
    on: a journal of other settings is refused rather than mixed.

    Raises:
        RunError: another process holds it, or it was begun with other settings.
        InvalidFile: a line in the middle is damaged.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self._answers: dict[str, dict[int, Answer]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        try:
            self._lock()
            self._load(settings)
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(Problem("is in use by another process", str(self.path), "wait for it to end")) from error

    def _load(self, settings: dict[str, Any]) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._file.truncate(len(whole))
        head, *lines = whole.splitlines() or [b""]
        if not head:
            self._write([settings])
            return
        if self._parsed(head, 1) != settings:
            mend = "give the same model, seed and tasks, or another output file"
            raise RunError(Problem("was begun with other settings", str(self.path), mend))
        for number, line in enumerate(lines, start=2):
            try:
                self._note(Answer(**self._parsed(line, number)))
            except TypeError as error:
                raise self._damaged(number) from error

    def _parsed(self, line: bytes, number: int) -> Any:
        try:
            return json.loads(line)
        except ValueError as error:
            raise self._damaged(number) from error

    def _damaged(self, number: int) -> InvalidFile:
        return InvalidFile(Problem("is no line of a journal", f"{self.path}: line {number}", "remove the line"))

    def _note(self, answer: Answer) -> None:
        self._answers.setdefault(answer.task_id, {})[answer.attempt] = answer

    def _write(self, lines: Sequence[Any]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self._file.write(text.encode("utf-8", "replace"))
        self._file.flush()
        os.fsync(self._file.fileno())

    def add(self, answers: Sequence[Answer]) -> None:
        """Make answers durable."""
        if answers:
            self._write([asdict(answer) for answer in answers])
        for answer in answers:
            self._note(answer)

    def of(self, task_id: str) -> list[Answer]:
        """The answers of a task, by attempt."""
        return [answer for _, answer in sorted(self._answers.get(task_id, {}).items())]

    def __len__(self) -> int:
        return sum(map(len, self._answers.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
