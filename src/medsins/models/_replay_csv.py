"""Answers of a predictions file, found by task and instance id, else by the input that the prompt ends with."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsins.core import Completion, InvalidFile, Problem, Request, sha256_file
from medsins.core.records import Status

from ._base import ModelInfo

COLUMNS = ("task_id", "input", "output")
_STATUS: dict[str, Status] = {"truncated": "truncated", "refused": "refused", "error": "error"}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    input: str
    output: str
    status: Status


class CsvAnswers:
    """The answers of one file. Two rows for one sample are a contradiction unless they say the same."""

    def __init__(self, path: Path) -> None:
        """Read a file with the columns task_id, input and output, and perhaps instance_id.

        Raises:
            InvalidFile: it cannot be read as such.
        """
        self.info = ModelInfo(name=path.stem, weights=sha256_file(path), engine="replay of a predictions file")
        self.by_id: dict[tuple[str, str], list[_Row]] = {}
        self.by_input: dict[str, dict[str, list[_Row]]] = {}
        for task, instance, row in _read(path):
            if instance:
                self.by_id.setdefault((task, instance), []).append(row)
            self.by_input.setdefault(task, {}).setdefault(row.input.strip(), []).append(row)

    def find(self, requests: Sequence[Request]) -> Iterator[tuple[Completion, str]]:
        """The answer to each request; the prompt of then is not known."""
        for request in requests:
            yield self._answer(request), ""

    def _answer(self, request: Request) -> Completion:
        rows = self.by_id.get((request.key[0], request.instance_id), []) or self._by_text(request)
        task, index = request.key
        if not rows:
            return Completion("", "error", f"the replayed file has no row for sample {index} of {task}")
        if len({(row.output, row.status) for row in rows}) > 1:
            lines = ", ".join(str(row.line) for row in rows[:5])
            error = (
                f"the replayed file has {len(rows)} rows for it that contradict each other (they end in lines {lines})"
            )
            return Completion("", "error", error)
        if rows[0].status == "error":
            return Completion("", "error", "the replayed file says that this sample failed")
        return Completion(rows[0].output, rows[0].status, cached=True)

    def _by_text(self, request: Request) -> list[_Row]:
        """The rows whose input is the prompt's last turn, else the longest input that stands in it."""
        known = self.by_input.get(request.key[0], {})
        prompt = request.prompt
        asked = prompt.messages[-1].content if prompt.messages else prompt.text or ""
        exact = known.get(asked.strip())
        if exact:
            return exact
        inside = [given for given in known if given and given in asked]
        return known[max(inside, key=len)] if inside else []


def _read(path: Path) -> Iterator[tuple[str, str, _Row]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                mend = "a predictions file begins with the line task_id,input,GT,output"
                raise InvalidFile(Problem(f"has no column {', '.join(missing)}", str(path), mend))
            for row in table:
                found = _Row(
                    table.line_num, row["input"] or "", row["output"] or "", _STATUS.get(row.get("status") or "", "ok")
                )
                yield (row["task_id"] or "").strip(), (row.get("instance_id") or "").strip(), found
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidFile(Problem(f"is no CSV file in UTF-8: {error}", str(path))) from error
