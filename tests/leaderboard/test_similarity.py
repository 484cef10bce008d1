"""Copies are flagged, however they are dressed up; strong models that agree because they are right are not."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.leaderboard import similarity
from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import ModelCard, Published, Scores, Submission, Team
from medsins.leaderboard.similarity import fold, grams, likeness, similar, sketch

from .boards import make_version

_TEXT = (
    "patient shows signs of infection which responds well to treatment with rest water and time because most such "
    "cases heal without drugs although some need careful watching by nurses who know what to look for at night"
)
WORDS = _TEXT.split()


def texts(count: int, seed: int) -> list[str]:
    """Free answers of a model."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=40)) for _ in range(count)]


def scores_of(kinds: Sequence[str], extracted: Sequence[str] = (), right: Sequence[bool] = ()) -> Scores:
    """Open scores of rows of text tasks (``t``) and closed ones (``c``)."""
    tasks = {"t": {"scorer": "text", "primary": "rouge_l_f"}, "c": {"scorer": "mcqa", "primary": "accuracy"}}
    samples: list[dict[str, Any]] = []
    for row, kind in enumerate(kinds):
        closed = kind == "c"
        metrics = {"accuracy": float(right[row])} if closed else {"rouge_l_f": 0.3}
        named = {"row": row, "task_id": kind, "profile": "strict", "metrics": metrics}
        samples.append({**named, "extracted": extracted[row] if closed else ""})
        samples.append({**named, "profile": "official", "extracted": ""})
    return Scores("s", "open", "v", "m", {"profiles": {"strict": {"tasks": tasks}}}, tuple(samples))


def kind_of(a: Sequence[str], b: Sequence[str]) -> str:
    free = scores_of("t" * len(a))
    return likeness(sketch(list(a), free), sketch(list(b), free)).kind


def disturbed(answers: Sequence[str], share: float, seed: int = 0) -> list[str]:
    """Some words replaced."""
    draw = random.Random(seed)
    return [" ".join(draw.choice(WORDS) if draw.random() < share else word for word in t.split()) for t in answers]


def test_the_same_answers_are_copied_and_other_ones_are_not() -> None:
    assert kind_of(texts(100, 1), texts(100, 1)) == "copied"
    assert kind_of(texts(100, 1), texts(100, 2)) == ""


@pytest.mark.parametrize(
    "dress", [str.upper, lambda t: t.replace(" ", "  "), lambda t: f"{t}.", lambda t: t.replace(" which", ", which")]
)
def test_case_blanks_and_punctuation_hide_no_copy(dress: Any) -> None:
    assert kind_of(texts(100, 1), [dress(text) for text in texts(100, 1)]) == "copied"


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_replaced_words_hide_no_copy(share: float) -> None:
    assert kind_of(texts(200, 1), disturbed(texts(200, 1), share)) in ("near-duplicate", "copied")


def test_a_third_copied_is_noticed() -> None:
    mixed = [
        copied if i % 3 == 0 else own for i, (copied, own) in enumerate(zip(texts(200, 1), texts(200, 2), strict=True))
    ]
    assert kind_of(texts(200, 1), mixed) == "near-duplicate"


def test_few_rows_say_nothing() -> None:
    assert kind_of(texts(19, 1), texts(19, 1)) == ""
    assert kind_of([], []) == ""


def choices(count: int, wrong: float, same: float, seed: int, mistakes: Sequence[str]) -> tuple[list[str], list[bool]]:
    """Letters of a model that is wrong in a share of questions, and makes the common mistake in a share of those."""
    draw = random.Random(seed)
    letters, right = [], []
    for i in range(count):
        fails = draw.random() < wrong
        letters.append((mistakes[i] if draw.random() < same else draw.choice("BCDE")) if fails else "A")
        right.append(not fails)
    return letters, right


def closed(seeds: tuple[int, int], wrong: float, same: float, count: int = 1_000) -> str:
    mistakes = random.Random(99).choices("BCDE", k=count)
    made = []
    for seed in seeds:
        letters, right = choices(count, wrong, same, seed, mistakes)
        made.append(sketch(letters, scores_of("c" * count, letters, right)))
    return likeness(made[0], made[1]).kind


@pytest.mark.parametrize(("wrong", "same"), [(0.1, 0.6), (0.5, 0.6), (0.5, 0.8), (0.02, 1.0)])
@pytest.mark.parametrize("seed", range(5))
def test_strong_models_that_make_common_mistakes_are_not_flagged(wrong: float, same: float, seed: int) -> None:
    assert closed((seed, seed + 100), wrong, same) == ""


@pytest.mark.parametrize("wrong", [0.15, 0.5])
def test_the_same_choices_are_copied(wrong: float) -> None:
    assert closed((1, 1), wrong, 0.6) == "copied"


def test_right_choices_and_yes_or_no_count_for_nothing() -> None:
    count = 1_000
    perfect = sketch(["A"] * count, scores_of("c" * count, ["A"] * count, [True] * count))
    assert likeness(perfect, perfect).kind == ""
    letters = ["yes" if i % 2 else "no" for i in range(count)]
    binary = sketch(letters, scores_of("c" * count, letters, [False] * count))
    assert likeness(binary, binary).mistakes == 0


def test_sketches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "TEXT_ROWS", 50)
    one, other = sketch(texts(300, 1), scores_of("t" * 300)), sketch(texts(300, 1), scores_of("t" * 300))
    assert len(one.text_rows) == 50
    assert np.array_equal(one.text_rows, other.text_rows)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_a_sketch(a: str, b: str) -> None:
    assert grams(a).shape == (16,)
    assert (grams(a) == grams(a)).all()
    if fold(a) == fold(b):
        assert (grams(fold(a)) == grams(fold(b))).all()


def test_sketch_values_agree_as_often_as_letter_sequences_do() -> None:
    draw, errors = random.Random(3), []
    for share in (0.05, 0.1, 0.2):
        for text in texts(40, 5):
            other = disturbed([text], share, draw.randrange(999))[0]
            a, b = ({t[i : i + 9] for i in range(len(t) - 8)} for t in map(fold, (text, other)))
            errors.append((grams(fold(text)) == grams(fold(other))).mean() - len(a & b) / len(a | b))
    assert abs(np.mean(errors)) < 0.03


def test_the_published_answers_of_a_model_are_no_copy_of_the_references(shared: Path) -> None:
    """Answers of one model, and references another one wrote, to the same 250 questions in five languages."""
    csv.field_size_limit(1 << 30)
    path = next((shared / "data" / "raw" / "medsbench_example_results").glob("*.csv"))
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    answers, references = [row["output"] for row in rows], [row["GT"] for row in rows]
    free = scores_of("t" * len(rows))
    found = likeness(sketch(answers, free), sketch(references, free))
    assert (found.texts, found.kind) == (250, "")
    assert found.alike < 0.02
    cut = [text[len(text) // 10 :] for text in answers]
    assert likeness(sketch(answers, free), sketch(cut, free)).kind in ("copied", "near-duplicate")


def test_only_other_teams_are_compared_and_damaged_sketches_are_made_again(store: Store, tmp_path: Path) -> None:
    version, items = make_version("small@1", rows=60)
    store.add_version(version, items, "tester")
    answers = texts(60, 1)
    kept: list[Submission] = []
    free = scores_of(["t" if i % 2 == 0 else "" for i in range(60)])
    free = Scores("", "open", "v", "m", free.document, tuple(s for s in free.samples if s["task_id"]))
    for team in ("red", "red", "blue"):
        if team not in {each.id for each in store.teams()}:
            store.add_team(Team(team, team), "tester")
        new = NewSubmission("small@1", ModelCard(f"{team}-m", team, "m"), team, "csv", "a" * 64, answers=answers)
        kept.append(store.submit(new, Quota(100)))
        job = store.lease("w", 60)
        assert job is not None
        own = Scores(kept[-1].id, "open", "v", "m", free.document, free.samples)
        if kept[-1].team == "red":
            assert similar(store, kept[-1], answers, own, tmp_path) == []
        store.finish(job, [own], [_shown(kept[-1])], [])
    own = Scores(kept[2].id, "open", "v", "m", free.document, free.samples)
    for damage in (None, b"", b"PK\x03\x04 no archive"):
        for path in (tmp_path / "sketches").iterdir():
            if damage is None:
                path.unlink()
            else:
                path.write_bytes(damage)
        flags = similar(store, kept[2], answers, own, tmp_path)
        assert [(kind, detail["other"]) for kind, detail in flags] == [("copied", kept[1].id), ("copied", kept[0].id)]
        assert flags[0][1]["texts"] == 30


def _shown(submission: Submission) -> Published:
    return Published(submission.version, submission.model, submission.id, "open", {}, submission.received, 1)
