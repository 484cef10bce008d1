"""The child that scores: ``python -m medsins.leaderboard.child ITEMS FOLDER``.

In both profiles, the open and the private part apart. Missing rows count as wrong in both: the published scorers drop
an empty answer from some means, so that leaving out what is hard would pay; in place of a missing one they see an
answer that can only be wrong. An answer that was given empty is scored as the published rule has it.
"""

from __future__ import annotations

import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from medsins.bench.scoring import score_source
from medsins.bench.scoring_source import Source
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import infer_spec

from ._items import read_items
from .records import Item, Part
from .scoring import TOO_MUCH, Work

WRONG = "∅"
"""What the published scorers see where an answer is missing: no reference holds it, and no rule passes over it."""

_CLOSED = ("mcqa", "labels", "multilabel")
_LONGEST_EXTRACT, _MOST_CRASHES, _LONGEST_INPUT = 80, 200, 20_000


def main(items: str, folder: str) -> int:
    """Score, or leave a word on where it went wrong: a place in the code, never a text."""
    try:
        score_folder(Path(items), Path(folder))
    except MemoryError:
        return TOO_MUCH
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
        (Path(folder) / "error").write_text(place, encoding="utf-8")
        return 1
    return 0


def score_folder(items: Path, folder: Path) -> None:
    """Score the ``answers`` of a folder as its ``work`` says; writes ``result`` there, and ``progress`` meanwhile."""
    work = msgspec.msgpack.decode((folder / "work").read_bytes(), type=Work)
    answers: list[str | None] = msgspec.msgpack.decode((folder / "answers").read_bytes())
    known = read_items(items)
    parts: list[Part] = [part for part in ("open", "private") if any(item.part == part for item in known)]
    found = {}
    for number, part in enumerate(parts):

        def tell(share: float, number: int = number) -> None:
            (folder / "progress").write_text(f"{(number + share) / len(parts):.3f}", encoding="ascii")

        found[part] = score_part(work, part, known, answers, tell)
    (folder / "result").write_bytes(msgspec.msgpack.encode(found))


def score_part(
    work: Work,
    part: Part,
    items: Sequence[Item],
    answers: Sequence[str | None],
    tell: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """The ``document`` (as ``scores.json``) and the ``samples`` of one part."""
    asked = [item for item in items if item.part == part]
    source = _source(work, part, items, asked, answers)
    document: dict[str, Any] = {}
    samples: list[dict[str, Any]] = []
    for turn, profile in enumerate(("official", "strict")):
        rows = tuple(map(_answered, source.rows)) if profile == "official" else source.rows

        def listen(what: str, done: int, total: int, turn: int = turn) -> None:
            tell((turn + done / max(total, 1)) / 2)

        scored = score_source(replace(source, rows=rows), (profile,), work.resamples, listen, work.workers)
        document = {**scored.document, "profiles": {**document.get("profiles", {}), **scored.document["profiles"]}}
        samples += [_small(sample, source.specs) for sample in scored.samples]
    official = document["profiles"]["official"]
    official["would_crash"] = official["would_crash"][:_MOST_CRASHES]
    return {"document": document, "samples": samples}


def _source(
    work: Work, part: Part, items: Sequence[Item], asked: Sequence[Item], answers: Sequence[str | None]
) -> Source:
    references: dict[str, list[str]] = defaultdict(list)
    for item in items:
        references[item.task_id] += item.outputs[:1]
    missing = sum(answers[item.row] is None for item in asked)
    cut = frozenset(work.truncated)
    return Source(
        label=f"{work.version}, {part} part",
        rows=tuple(_row(item, answers[item.row], item.row in cut) for item in asked),
        specs={
            task_id: infer_spec(task_id, category, references[task_id], language)
            for task_id, (category, language) in work.tasks.items()
        },
        languages={task_id: language for task_id, (_, language) in work.tasks.items()},
        origin=f"version:{work.version}#{work.digest[:8]}|part:{part}|submission:{work.submission}",
        notes=(f"{missing} of {len(asked)} rows have no answer; they count as wrong",) if missing else (),
    )


def _row(item: Item, answer: str | None, cut: bool) -> Row:
    status = "missing" if answer is None else "truncated" if cut else "ok"
    return Row(item.row, item.task_id, item.input[-_LONGEST_INPUT:], answer, item.outputs, status)


def _answered(row: Row) -> Row:
    return replace(row, output=WRONG, status="ok") if row.output is None else row


def _small(sample: dict[str, Any], specs: Mapping[str, TaskSpec]) -> dict[str, Any]:
    """A row's scores without texts but for the choices of closed tasks."""
    scorer = specs[sample["task_id"]].scorer
    extracted = sample["extracted"][:_LONGEST_EXTRACT] if scorer in _CLOSED else ""
    return {**sample, "extracted": extracted}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
