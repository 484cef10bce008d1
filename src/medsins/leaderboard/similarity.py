"""Submissions of different teams that are too alike to be of different models.

Two strong models agree because both are right, so right answers count for nothing. What tells a copy is agreement where
there are many ways to be wrong: free texts that share half of their letter sequences (independent models almost never
phrase an answer alike), and the same wrong choice in nearly all questions both got wrong that offer several. Families
of models and greedy decoding make honest cases of both, so this flags and never decides.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsins.core import derive_seed

from ._scratch import scratch
from .interface import Store
from .records import Scores, Submission

Numbers = NDArray[np.uint32]

TEXT_ROWS, CHOICE_ROWS = 4_000, 20_000
"""Rows looked at, the same of every submission to a version; so many tell enough, and the time is bounded."""

ALIKE = 0.5
"""Two texts are alike from this share of equal sketch values."""
NEAR, SAME = 0.25, 0.9
"""Share of text rows that are alike in a near-duplicate, and share that is letter by letter the same in a copy."""
AGREE = 0.93
"""Share of common mistakes that are the same choice in a copy."""
FEWEST_TEXTS, FEWEST_CHOICES = 20, 80
"""Rows below which nothing is said."""

_GRAM, _VALUES, _LETTERS = 9, 16, 2_000
_SHORT, _LONG = 40, 200
_WAYS = 3
"""Different choices that must occur among the wrong answers of a task."""
_NEWEST = 400
_MULTIPLIERS = np.array([derive_seed(0, "sketch", i) | 1 for i in range(_VALUES)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A submission in small. By rows of the version: ``text_rows`` with ``texts`` (hash of the folded text) and
    ``grams`` (shape [rows, 16], the least hash of its letter sequences under 16 functions; Broder 1997);
    ``choice_rows``, wrong ones only, with ``choices`` (hash of what was chosen).
    """

    text_rows: Numbers
    texts: Numbers
    grams: Numbers
    choice_rows: Numbers
    choices: Numbers


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two submissions side by side: ``alike`` and ``same`` are shares of ``texts`` rows, ``agree`` of ``mistakes``."""

    texts: int
    alike: float
    same: float
    mistakes: int
    agree: float

    @property
    def kind(self) -> str:
        """What to flag: ``copied``, ``near-duplicate`` or nothing."""
        texts, choices = self.texts >= FEWEST_TEXTS, self.mistakes >= FEWEST_CHOICES
        if (texts and self.same >= SAME) or (choices and self.agree >= AGREE and not (texts and self.alike < NEAR)):
            return "copied"
        return "near-duplicate" if texts and self.alike >= NEAR else ""


def sketch(answers: Sequence[str | None], scores: Scores) -> Sketch:
    """The sketch of a submission from its outputs and its open scores."""
    tasks = scores.document["profiles"]["strict"]["tasks"]
    texts: list[tuple[int, str]] = []
    choices: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for sample in sorted(scores.samples, key=lambda sample: zlib.crc32(b"%d" % sample["row"])):
        if sample["profile"] != "strict":
            continue
        row, free = sample["row"], tasks[sample["task_id"]]["scorer"] == "text"
        text = fold(answers[row])
        if len(text) >= (_SHORT if free else _LONG):
            if len(texts) < TEXT_ROWS and max(sample["metrics"].values(), default=0.0) < 1:
                texts.append((row, text))
        elif not free and sample["extracted"] and not any(sample["metrics"].values()):
            choices[sample["task_id"]].append((row, sample["extracted"]))
    chosen = [pair for pairs in choices.values() if len({text for _, text in pairs}) >= _WAYS for pair in pairs]
    texts, chosen = sorted(texts), sorted(chosen[:CHOICE_ROWS])
    return Sketch(
        text_rows=_numbers(row for row, _ in texts),
        texts=_numbers(_hash(text) for _, text in texts),
        grams=np.array([grams(text) for _, text in texts], dtype=np.uint32).reshape(len(texts), _VALUES),
        choice_rows=_numbers(row for row, _ in chosen),
        choices=_numbers(_hash(text) for _, text in chosen),
    )


def fold(text: str | None) -> str:
    """A text by its letters and digits alone, lower case: punctuation, case and blanks make no other answer."""
    return "".join(filter(str.isalnum, (text or "")[: 2 * _LETTERS].casefold()))[:_LETTERS]


def grams(text: str) -> Numbers:
    """The least hash of a text's sequences of nine letters under each of 16 functions."""
    letters = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    hashes = np.zeros(max(len(letters) - _GRAM + 1, 1), dtype=np.uint64)
    for i in range(min(_GRAM, len(letters))):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + letters[i : i + len(hashes)]
    hashes ^= hashes >> np.uint64(29)
    mixed = (hashes[:, None] * _MULTIPLIERS[None, :]) >> np.uint64(32)
    found: Numbers = mixed.min(axis=0).astype(np.uint32)
    return found


def likeness(a: Sketch, b: Sketch) -> Likeness:
    """How alike two submissions to one version are."""
    _, here, there = np.intersect1d(a.text_rows, b.text_rows, assume_unique=True, return_indices=True)
    shares = (a.grams[here] == b.grams[there]).mean(axis=1) if len(here) else np.zeros(0)
    same = a.texts[here] == b.texts[there]
    _, mine, theirs = np.intersect1d(a.choice_rows, b.choice_rows, assume_unique=True, return_indices=True)
    agree = a.choices[mine] == b.choices[theirs]
    return Likeness(len(here), _mean(shares >= ALIKE), _mean(same), len(mine), _mean(agree))


def similar(
    store: Store,
    submission: Submission,
    answers: Sequence[str | None],
    scores: Scores,
    cache: Path,
    beat: Callable[[], None] = lambda: None,
) -> list[tuple[str, Mapping[str, Any]]]:
    """Flags for a submission that is too like those of other teams on its version (the 400 newest).

    Args:
        store: the board.
        submission: the new one.
        answers: its outputs.
        scores: its open scores.
        cache: a folder for sketches; those that are not there are made.
        beat: called now and then.
    """
    own = sketch(answers, scores)
    _keep(cache, submission.id, own)
    flags: list[tuple[str, Mapping[str, Any]]] = []
    others = [
        each
        for each in store.submissions(version=submission.version)
        if each.team != submission.team and each.state == "scored"
    ]
    for other in others[:_NEWEST]:
        beat()
        there = _kept(cache, other.id) or _make(store, other.id, cache)
        found = likeness(own, there) if there else None
        if found and found.kind:
            detail = {
                "other": other.id,
                "texts": found.texts,
                "alike": round(found.alike, 3),
                "same": round(found.same, 3),
                "mistakes": found.mistakes,
                "agree": round(found.agree, 3),
            }
            flags.append((found.kind, detail))
    return flags


def _make(store: Store, submission_id: str, cache: Path) -> Sketch | None:
    scores = store.scores(submission_id, "open")
    if scores is None:
        return None
    made = sketch(store.answers(submission_id), scores)
    _keep(cache, submission_id, made)
    return made


def _path(cache: Path, submission_id: str) -> Path:
    return cache / "sketches" / f"{hashlib.sha256(submission_id.encode()).hexdigest()[:32]}.npz"


def _keep(cache: Path, submission_id: str, made: Sketch) -> None:
    path = _path(cache, submission_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with scratch(cache) as folder:
        np.savez(folder / path.name, **{name: getattr(made, name) for name in Sketch.__slots__})
        (folder / path.name).replace(path)


def _kept(cache: Path, submission_id: str) -> Sketch | None:
    """The sketch in the cache; None where there is none, or one of another program."""
    path = _path(cache, submission_id)
    try:
        with np.load(path, allow_pickle=False) as found:
            made = Sketch(*(found[name] for name in Sketch.__slots__))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return made if made.grams.shape[1:] == (_VALUES,) else None


def _numbers(values: Any) -> Numbers:
    return np.fromiter(values, dtype=np.uint32)


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0
