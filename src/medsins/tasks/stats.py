"""Count what a task file holds: instances, lengths in characters, words and tokens, labels, languages."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.catalog import resolve_category
from medsins.core import MissingExtra, Problem, UsageError

from ._check_texts import LABEL_LENGTH
from ._language import guess_language
from .stream import open_reader

UNITS = ("characters", "words", "tokens")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")  # scripts without blanks
_LABELS_KEPT = 4096
_SAMPLES = 400

TokenCounter = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Lengths:
    """The spread of a length over the instances of a file."""

    mean: float
    median: float
    p95: float
    longest: int
    total: int


@dataclass(frozen=True, slots=True)
class TaskStats:
    """What one file holds.

    ``lengths`` has ``input`` and ``output`` (the first accepted one), each with ``characters``, ``words`` (in scripts
    without blanks, characters) and ``tokens``; ``tokens_estimated`` says that these were not counted. ``labels`` are
    the commonest outputs of up to 80 characters with their counts. ``languages`` are guessed from the texts, empty
    where they cannot be told.
    """

    path: Path
    task_id: str
    category: str
    instances: int
    references: int
    lengths: dict[str, dict[str, Lengths]]
    tokens_estimated: bool
    labels: dict[str, int]
    languages: dict[str, str]


def task_stats(
    path: Path, tokenizer: Path | None = None, advance: Callable[[int, int], None] = lambda taken, size: None
) -> TaskStats:
    """Count one task file of any format and size in one pass.

    Args:
        tokenizer: a ``tokenizer.json``; without it tokens are estimated (four ASCII letters or one other a token).
        advance: called with the bytes taken so far, and all of them.

    Raises:
        InvalidFile: every problem of the file.
        MissingExtra: ``tokenizer`` needs a package that is not installed.
    """
    count_tokens = token_counter(tokenizer) if tokenizer else estimated_tokens
    reader = open_reader(path)
    size = path.stat().st_size
    counts = {side: {unit: array("I") for unit in UNITS} for side in ("input", "output")}
    labels: Counter[str] = Counter()
    samples: dict[str, list[str]] = {"input": [], "output": []}
    references = 0
    for batch in reader.batches():
        reader.check()
        firsts = [outputs[0] if outputs else "" for outputs in batch.columns.outputs]
        references += sum(map(len, batch.columns.outputs))
        for side, texts in (("input", batch.columns.inputs), ("output", firsts)):
            counts[side]["characters"].extend(map(len, texts))
            counts[side]["words"].extend(map(words_in, texts))
            counts[side]["tokens"].extend(count_tokens(texts))
            if len(samples[side]) < _SAMPLES:
                samples[side] += texts[:: max(1, len(texts) // 50)]
        labels.update(text for text in firsts if len(text) <= LABEL_LENGTH)
        if len(labels) > _LABELS_KEPT:
            labels = Counter(dict(labels.most_common(_LABELS_KEPT // 2)))
        advance(reader.taken, size)
    reader.check()
    category = resolve_category(reader.name, reader.card.categories)
    return TaskStats(
        path=path,
        task_id=reader.name,
        category="" if isinstance(category, Problem) else category,
        instances=len(counts["input"]["words"]),
        references=references,
        lengths={side: {unit: _lengths(found) for unit, found in units.items()} for side, units in counts.items()},
        tokens_estimated=tokenizer is None,
        labels={label: count for label, count in labels.most_common(20) if count > 1},
        languages={side: guess_language(texts) for side, texts in samples.items()},
    )


def _lengths(counts: Any) -> Lengths:
    import numpy as np

    if not len(counts):
        return Lengths(0.0, 0.0, 0.0, 0, 0)
    values = np.frombuffer(counts, np.uint32)
    median, high = np.percentile(values, (50, 95))
    return Lengths(float(values.mean()), float(median), float(high), int(values.max()), int(values.sum(dtype=np.int64)))


def words_in(text: str) -> int:
    """Words between blanks; in scripts without blanks every character counts as one."""
    if text.isascii():
        return len(text.split())
    unspaced = len(_UNSPACED.findall(text))
    return unspaced + len(_UNSPACED.sub(" ", text).split()) if unspaced else len(text.split())


def estimated_tokens(texts: Sequence[str]) -> list[int]:
    """Tokens as a large English-centred vocabulary would roughly make them."""
    counts = []
    for text in texts:
        beyond = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
        counts.append((len(text) - beyond + 3) // 4 + beyond)
    return counts


def token_counter(path: Path) -> TokenCounter:
    """A counter by a model's own ``tokenizer.json``, special tokens left out.

    Raises:
        MissingExtra, UsageError: the package or the file cannot be used.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtra("counting tokens", "local") from error
    if not path.is_file():
        raise UsageError(Problem("no such tokenizer file", str(path), "give the path of a tokenizer.json"))
    try:
        tokenizer: Any = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises bare Exception
        raise UsageError(Problem(f"not a tokenizer file ({error})", str(path), "give a tokenizer.json")) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(found.ids) for found in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    return count
