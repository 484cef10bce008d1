"""The samples of a run, packed for the browser: an index to filter by, and blocks unpacked only when looked at."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from medsins.core import Prediction

from .figures import Sheet, number
from .rundata import Judgement, Usage

BLOCK = 250
"""Samples per block: a page of samples then unpacks in well under a tenth of a second."""

OUTCOMES = ("right", "partial", "wrong", "unscored", "not scored yet")

LANGUAGE_CODES = {"English": "en", "Chinese": "zh", "Japanese": "ja", "French": "fr", "Spanish": "es", "Russian": "ru"}
"""Languages of the benchmark as HTML language codes, for fonts and for the pronunciation of screen readers."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Samples as base64 of gzipped JSON. ``index`` holds what filters need; ``texts`` and ``prompts`` are blocks of
    ``BLOCK`` rows, apart because a search never needs the (long) prompts. ``usage`` is by task, in row order.
    """

    index: str
    texts: list[str]
    prompts: list[str]
    usage: list[Usage]
    rows: int


@dataclass(slots=True)
class _Packer:
    profiles: tuple[str, ...]
    primary: Mapping[tuple[str, str], str]
    numbers: dict[str, int] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    outcomes: dict[str, list[int]] = field(default_factory=dict)
    texts: list[Any] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    text_blocks: list[str] = field(default_factory=list)
    prompt_blocks: list[str] = field(default_factory=list)

    def add(self, row: Prediction, judged: Mapping[str, Judgement]) -> None:
        usage = self.usage.setdefault(row.task_id, Usage(row.task_id))
        usage.add(row)
        self.tasks.append(self.numbers.setdefault(row.task_id, len(self.numbers)))
        for profile in self.profiles:
            metric = self.primary.get((profile, row.task_id), "")
            code = OUTCOMES.index(outcome(judged.get(profile), metric))
            self.outcomes.setdefault(profile, []).append(code)
        self.texts.append(_texts(row, judged))
        self.prompts.append(row.prompt)

    def close_block(self) -> None:
        if self.texts:
            self.text_blocks.append(pack(self.texts))
            self.prompt_blocks.append(pack(self.prompts))
            self.texts, self.prompts = [], []


def outcome(judgement: Judgement | None, metric: str) -> str:
    """How one answer fared: ``right`` (100 %), ``partial``, ``wrong`` (0 %), ``unscored``, or ``not scored yet``.

    Judged by ``metric``, else by the row's first one.
    """
    if judgement is None:
        return "not scored yet"
    if judgement.unscored or not judgement.metrics:
        return "unscored"
    value = judgement.metrics.get(metric, next(iter(judgement.metrics.values())))
    if value >= 1:
        return "right"
    return "wrong" if value <= 0 else "partial"


def pack_samples(
    rows: Iterable[tuple[int, Prediction]], judged: Mapping[int, Mapping[str, Judgement]], sheet: Sheet
) -> Packed:
    """Pack predictions, given with their row numbers in order, with their judgements by row number."""
    primary = {(profile, line.name): line.first(profile).metric for line in sheet.tasks for profile in line.figures}
    packer = _Packer(sheet.profiles, primary)
    for place, row in rows:
        if len(packer.texts) == BLOCK:
            packer.close_block()
        packer.rows.append(place)
        packer.add(row, judged.get(place, {}))
    packer.close_block()
    known = {line.name: line for line in sheet.tasks}
    index = {
        "block": BLOCK,
        "tasks": list(packer.usage),
        "categories": [known[task].category if task in known else "" for task in packer.usage],
        "languages": [LANGUAGE_CODES.get(known[task].language, "") if task in known else "" for task in packer.usage],
        "profiles": sheet.profiles,
        "outcomes": OUTCOMES,
        "row": packer.rows,
        "task": packer.tasks,
        "outcome": {profile: packer.outcomes.get(profile, []) for profile in sheet.profiles},
    }
    return Packed(pack(index), packer.text_blocks, packer.prompt_blocks, list(packer.usage.values()), len(packer.tasks))


def pack(value: Any) -> str:
    """JSON, gzipped (no time stamp: equal values pack equally), as base64 text."""
    text = json.dumps(value, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), compresslevel=6, mtime=0)).decode("ascii")


def _texts(row: Prediction, judged: Mapping[str, Judgement]) -> dict[str, Any]:
    done = row.completion
    return {
        "id": row.instance_id,
        "input": row.input,
        "references": row.references,
        "answer": done.text,
        "status": done.status,
        "error": done.error,
        "tokens": [done.prompt_tokens, done.completion_tokens],
        "seconds": round(number(done.latency) or 0.0, 3),
        "dropped": row.dropped_shots,
        "cut": row.cut_characters,
        "judged": {name: [j.metrics, j.unscored, j.extracted] for name, j in judged.items()},
    }
