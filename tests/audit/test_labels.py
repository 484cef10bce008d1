"""Labels: kinds of answers, baselines as scorers have them, one-sided tasks, places, lengths, lists, wrong labels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from medsins.audit import Section
from medsins.audit.labels import audit_labels
from medsins.bench.suites import load_suite
from medsins.metrics import Row as ScorerRow
from medsins.metrics.strict import infer_spec, score_task

from .task_files import Row, write

RNG_SEED = 7
JSON = '{"Line0": {"Entities": [], "Relations": []}, "Line1": {"Entities": []}} ' * 2
NONE = "There is no related entity."


def sentence(rng: random.Random, words: int = 12) -> str:
    return " ".join(f"w{rng.randrange(5000)}" for _ in range(words))


def rows_of(labels: Sequence[str], words: int = 12) -> list[Row]:
    rng = random.Random(RNG_SEED)
    return [(sentence(rng, words), label) for label in labels]


def audited(path: Path, rows: Sequence[Row], category: str = "Fact Verification", **card: object) -> Section:
    return audit_labels([write(path / "t.json", rows, category, **card)])


def facts(section: Section, name: str = "t") -> dict[str, Any]:
    found: dict[str, Any] = section.extra["tasks"][name]
    return found


def spans(n: int, most: str = "") -> list[Row]:
    drugs = [f"drug{i}" for i in range(9)]
    rng = random.Random(RNG_SEED)
    rows: list[Row] = []
    for number in range(n):
        picked = rng.sample(drugs, number % 3)
        rows.append((f"He took {' and '.join(picked) or 'nothing'} today.", ", ".join(picked) or NONE))
    return rows + [(f"She took {most} too.", most)] * (n if most else 0)


def questions(n: int, key: str = "") -> list[Row]:
    rng = random.Random(RNG_SEED)
    rows: list[Row] = []
    for _ in range(n):
        options = [f"{letter}: {sentence(rng, 3)}" for letter in "ABCD"]
        right = key or rng.choice("ABCD")
        answer = f"The right answer is {right}"
        rows.append((f"Question: {sentence(rng)}?\nOptions: " + "\t".join(options), answer))
    return rows


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (rows_of(["yes", "no", "no", "maybe"] * 20), "yes/no"),
        (rows_of(["True.", "False."] * 20), "yes/no"),
        (rows_of(["Entailment", "Contradiction", "Neutral"] * 20), "labels"),
        (rows_of(["Alpha, Beta", "Beta", "Gamma, Alpha", "Delta"] * 10), "several labels"),
        (questions(40), "multiple choice"),
        (spans(60), "spans"),
        (rows_of([f"A sentence about number {n} and nothing else at all." for n in range(40)]), "free text"),
        (
            rows_of(['{"Line0": {"Entities": [], "Relations": []}, "Line1": {"Entities": []}} and so on ' * 2] * 9),
            "free text",
        ),
    ],
    ids=["yes no", "true false", "labels", "several", "choice", "spans", "free", "json"],
)
def test_kinds(tmp_path: Path, rows: list[Row], kind: str) -> None:
    assert facts(audited(tmp_path, rows))["kind"] == kind


@pytest.mark.parametrize(
    ("rows", "category", "metric"),
    [
        (rows_of(["yes", "no", "no"] * 20), "Fact Verification", "accuracy"),
        (rows_of(["Entailment", "Contradiction", "Neutral", "Neutral"] * 20), "Natural Language Inference", "accuracy"),
        (questions(60), "MCQA", "accuracy"),
        (rows_of(["Alpha, Beta", "Beta", "Beta, Delta", "Delta", "Gamma"] * 10), "Text Classification", "macro_f1"),
        (spans(60), "Named Entity Recognition", "f1"),
        (spans(60, most="drug1, drug2"), "Named Entity Recognition", "f1"),
    ],
    ids=["yes no", "labels", "choice", "several", "spans", "spans always there"],
)
def test_the_constant_scores_what_the_scorer_gives_it(
    tmp_path: Path, rows: list[Row], category: str, metric: str
) -> None:
    """Closed forms against the scorers themselves, fed with the commonest answer."""
    found: dict[str, Any] = facts(audited(tmp_path, rows, category))
    spec = infer_spec("t", category, [row[1] for row in rows])
    given = found["constant"]["answer"]
    scored = score_task([ScorerRow(i, "t", row[0], given, (row[1],)) for i, row in enumerate(rows)], spec)
    assert found["baseline"]["constant"] == pytest.approx(scored.table.point()[metric])


def test_random_answers_score_what_is_expected_of_them(tmp_path: Path) -> None:
    labels = ["yes"] * 60 + ["no"] * 30 + ["maybe"] * 10
    told = facts(audited(tmp_path, rows_of(labels)))["baseline"]["random"]
    rng = random.Random(RNG_SEED)
    hits = sum(rng.choice(labels) == label for label in labels * 300)
    assert told == pytest.approx(hits / 30_000, abs=0.01)


def test_random_spans_score_what_the_scorer_gives_them(tmp_path: Path) -> None:
    rows = spans(300)
    told = facts(audited(tmp_path, rows, "Named Entity Recognition"))["baseline"]["random"]
    spec = infer_spec("t", "Named Entity Recognition", [row[1] for row in rows])
    rng, scores = random.Random(RNG_SEED), []
    for _ in range(20):
        drawn = [row[1] for row in rows]
        rng.shuffle(drawn)
        scored = [
            ScorerRow(i, "t", row[0], text, (row[1],)) for i, (row, text) in enumerate(zip(rows, drawn, strict=True))
        ]
        scores.append(score_task(scored, spec).table.point()["f1"])
    assert told == pytest.approx(sum(scores) / len(scores), abs=0.015)


@pytest.mark.parametrize(
    ("one", "other", "severity"), [(40, 0, "error"), (98, 2, "warning"), (90, 10, None), (19, 0, None)]
)
def test_one_sided_tasks(tmp_path: Path, one: int, other: int, severity: str | None) -> None:
    section = audited(tmp_path, rows_of(["yes"] * one + ["no"] * other))
    about = [f.severity for f in section.findings if "answer" in f.what and "yes" in f.what]
    assert about == ([severity] if severity else [])


def test_splits_are_looked_at_apart(tmp_path: Path) -> None:
    rows: list[Row] = [(row[0], row[1], {"split": "train"}) for row in rows_of(["yes", "no"] * 30)]
    rows += [(f"Another input, number {n}.", "no", {"split": "test"}) for n in range(30)]
    section = audited(tmp_path, rows)
    assert [(f.severity, f.place) for f in section.findings] == [("error", "t (test)")]
    assert facts(section, "t (train)")["constant"]["share"] == 0.5


def test_the_tables_say_what_was_counted(tmp_path: Path) -> None:
    labels = [f"label {n % 15}" for n in range(300)]
    section = audited(tmp_path, rows_of(labels))
    table = next(t for t in section.tables if t.title == "Labels")
    assert table.rows[-1] == ("t", "3 other labels", 60, pytest.approx(20))
    assert sum(row[2] for row in table.rows if isinstance(row[2], int)) == 300
    texts = rows_of([f"Sentence number {n} of a text that says something long." for n in range(40)])
    free = audited(tmp_path, texts)
    assert free.tables == ()
    long = "The same long answer that is given to every single question of this task, whatever it asks."
    same = audited(tmp_path, rows_of([long] * 40))
    assert [(f.severity, f.what[:20]) for f in same.findings] == [("error", "every answer is 'The")]
    prefix = audited(tmp_path, rows_of([f"{long} {n}" for n in range(40)]))
    assert prefix.clean


def test_a_key_that_stands_at_one_place(tmp_path: Path) -> None:
    balanced = audited(tmp_path, questions(400))
    assert not [f for f in balanced.findings if "places" in f.what and f.severity == "warning"]
    biased = audited(tmp_path, questions(150, "B") + questions(250))
    (finding,) = [f for f in biased.findings if "places" in f.what]
    assert finding.severity == "warning"
    assert "most often at B" in finding.what


def test_options_that_are_always_the_same_are_labels_and_no_places(tmp_path: Path) -> None:
    rows: list[Row] = [(f"{text}\nOptions: A: yes\tB: no", "A: yes") for text, _ in questions(50)]
    section = audited(tmp_path, rows)
    assert [f.what for f in section.findings] == ["every answer is 'A'"]
    assert not [t for t in section.tables if t.title in ("Places of right options", "Length cues")]


def test_the_longest_option_gives_itself_away(tmp_path: Path) -> None:
    rng = random.Random(RNG_SEED)
    rows: list[Row] = []
    for _ in range(200):
        right = rng.choice("ABCD")
        long = rng.random() < 0.7
        options = "\t".join(f"{c}: {sentence(rng, 9 if long and c == right else 3)}" for c in "ABCD")
        rows.append((f"{sentence(rng)}?\nOptions: {options}", right))
    section = audited(tmp_path, rows)
    (finding,) = [f for f in section.findings if "longest" in f.what]
    assert finding.severity == "warning"
    table = next(t for t in section.tables if t.title == "Length cues")
    longest, shortest, area = (row[3] for row in table.rows)
    assert 70 < longest < 90 < 100
    assert shortest < 25
    assert area > 75


def test_the_length_of_the_input_gives_the_answer_away(tmp_path: Path) -> None:
    rows = rows_of(["yes"] * 60, 9) + rows_of(["no"] * 60, 30)
    (finding,) = [f for f in audited(tmp_path, rows).findings if "length" in f.what]
    assert finding.severity == "warning"
    assert "1.00" in finding.what
    even = rows_of(["yes", "no"] * 60)
    assert not [f for f in audited(tmp_path, even).findings if "length" in f.what]


def test_answers_outside_the_list_of_the_definition(tmp_path: Path) -> None:
    definition = ("Does it follow? Answer with 'yes', 'no' or 'maybe'.",)
    rows = rows_of(["yes"] * 30 + ["no"] * 30 + ["unclear"] * 3)
    section = audited(tmp_path, rows, definition=definition)
    told = [(f.severity, f.what) for f in section.findings]
    assert ("warning", "3 answers are not in the list of the definition: 'unclear' (3)") in told
    assert ("note", "the definition offers answers that never come: 'maybe'") in told
    silent = audited(tmp_path, rows, definition=("Tell whether it follows.",))
    assert not [f for f in silent.findings if "definition" in f.what]


def test_the_same_input_with_another_label_is_shown(tmp_path: Path) -> None:
    rows = rows_of(["yes", "no"] * 40)
    flipped: Row = (rows[5][0].upper(), "yes")
    section = audited(tmp_path, [*rows, flipped])
    assert [(f.severity, f.what) for f in section.findings] == [
        ("warning", "the same input, different labels: 1 input")
    ]
    (shown,) = section.evidence
    assert (shown.left_place, shown.right_place, shown.score) == ("t / i5 / output", "t / i80 / output", 1.0)


def test_nearly_equal_inputs_with_other_labels_are_found(tmp_path: Path) -> None:
    """Planted: a word of 30 changed, and the label. All are found, and nothing else."""
    rng = random.Random(RNG_SEED)
    rows = rows_of(["yes", "no"] * 300, 30)
    planted = rng.sample(range(600), 50)
    for number in planted:
        words = rows[number][0].split()
        words[rng.randrange(30)] = "changed"
        rows.append((" ".join(words), "no" if rows[number][1] == "yes" else "yes"))
    section = audited(tmp_path, rows)
    (finding,) = [f for f in section.findings if "in common" in f.what]
    assert finding.what.endswith(": 50 pairs of inputs")
    pairs = {(e.left_place.split(" / ")[1], e.right_place.split(" / ")[1]) for e in section.evidence}
    assert pairs <= {(f"i{number}", f"i{600 + at}") for at, number in enumerate(planted)}
    assert all(e.score is not None and 0.9 <= e.score < 1 for e in section.evidence)


def test_the_bundled_suite_is_not_one_sided() -> None:
    section = audit_labels([Path(task.path) for task in load_suite("mini").tasks])
    assert section.clean, [str(f) for f in section.findings]
    kinds = {name: found["kind"] for name, found in section.extra["tasks"].items()}
    assert {kind for name, kind in kinds.items() if "mcqa" in name} == {"multiple choice"}
    assert {kind for name, kind in kinds.items() if "_ner_" in name} == {"spans"}
    assert {kind for name, kind in kinds.items() if "rationale" in name} == {"free text"}
    assert kinds["mini_hallmarks"] == "several labels"
