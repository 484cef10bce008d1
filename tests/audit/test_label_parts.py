"""The parts of the check of labels, each by itself: tallies, lists in definitions, baselines, nearly equal inputs."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit._baselines import baseline
from medsins.audit._closed_list import ClosedList, check_definition
from medsins.audit._files import find_files
from medsins.audit._label_facts import Facts, Tally, folded, items_of
from medsins.audit._label_findings import label_findings
from medsins.audit._label_tables import label_tables
from medsins.audit._near_equal import LEAST_WORDS, SIMILAR, near_pairs
from medsins.audit._shown import counted, excerpt, percent, shortened
from medsins.audit.labels import audit_labels
from medsins.core import Instance

from .task_files import write

WORD = st.sampled_from([f"w{n}" for n in range(14)])


def facts_of(labels: list[str], category: str = "", definition: tuple[str, ...] = (), inputs: str = "") -> Facts:
    found = Facts("t", "t", category, definition)
    found.add([f"{inputs} input {n}" for n in range(len(labels))], labels)
    return found


@pytest.mark.parametrize(
    ("text", "label"),
    [("Yes.", "yes"), (" YES ", "yes"), ("No  entity .", "no entity"), ("是。", "是"), (".", ""), ("", "")],
)
def test_labels_are_folded(text: str, label: str) -> None:
    assert folded(text) == label


def test_items_of_lists() -> None:
    assert items_of("Alpha, beta;GAMMA\ndelta.") == ["alpha", "beta", "gamma", "delta"]
    assert items_of(" , ;\n") == []


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=12))
def test_a_tally_counts(batches: list[list[str]]) -> None:
    tally = Tally()
    for batch in batches:
        tally.add(batch)
    assert tally.counts == Counter(itertools.chain(*batches))
    assert tally.total == sum(map(len, batches))
    assert tally.exact


def test_a_tally_is_bounded_and_keeps_what_is_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.audit._label_facts._HELD", 100)
    tally = Tally()
    for start in range(0, 10_000, 50):
        tally.add([*(f"rare {n}" for n in range(start, start + 50)), "often", "often"])
    assert len(tally.counts) <= 100
    assert not tally.exact
    assert tally.counts["often"] == 400
    assert tally.total == 10_400


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30), max_size=8))
def test_closed_sets_cover_nearly_all_and_come_again(counts: dict[str, int]) -> None:
    tally = Tally()
    tally.add([label for label, count in counts.items() for _ in range(count)])
    closed = tally.closed()
    assert all(count >= 2 and counts[label] == count for label, count in closed.items())
    if closed:
        assert sum(closed.values()) >= 0.9 * tally.total
    elif tally.total >= 20 and min(counts.values()) >= 3:
        assert not counts


@pytest.mark.parametrize(
    ("definition", "labels", "outside", "unused"),
    [
        ("Answer 'yes', 'no' or 'maybe'.", ["yes"] * 9 + ["no"] * 9, (), ("maybe",)),
        ("Answer 'yes' or 'no'.", ["yes"] * 9 + ["no"] * 9 + ["perhaps"], (("perhaps", 1),), ()),
        ("Is it right? Say so.", ["yes"] * 9 + ["no"] * 9, (), ()),
        ("One of: Neutral, Entailment, Contradiction.", ["Neutral", "entailment", "Contradiction."] * 9, (), ()),
        ('Give "0", "1" or "2".', ["0", "1"] * 9 + ["3"], (("3", 1),), ("2",)),
        ("Wähle „ja“ oder „nein“, also “ja” or “nein”.", ["ja", "nein"] * 9 + ["jein"], (("jein", 1),), ()),
    ],
    ids=["unused", "outside", "no list", "unquoted", "numbers", "curly"],
)
def test_lists_in_definitions(
    definition: str, labels: list[str], outside: tuple[tuple[str, int], ...], unused: tuple[str, ...]
) -> None:
    assert check_definition(facts_of(labels, definition=(definition,))) == ClosedList(outside, unused)


def test_a_label_named_by_any_wording_is_in_the_list() -> None:
    wordings = ("Answer yes or no.", "Answer yes or no; where you cannot tell, say unclear.")
    assert check_definition(facts_of(["yes", "no"] * 9 + ["unclear"], definition=wordings)) == ClosedList()


def test_lists_of_several_labels() -> None:
    definition = ("Choose from: inducing angiogenesis, resisting cell death, evading growth suppressors.",)
    labels = ["Inducing angiogenesis, Resisting cell death", "Resisting cell death", "Evading growth suppressors"] * 9
    facts = facts_of([*labels, "Inducing angiogenesis, Being brave"], definition=definition)
    assert facts.kind == "several labels"
    assert check_definition(facts).outside == (("being brave", 1),)


def test_free_text_has_no_list_and_no_baseline() -> None:
    facts = facts_of(
        [f"The answer to question {n} is a sentence of its own." for n in range(30)], definition=("'a', 'b'",)
    )
    assert facts.kind == "free text"
    assert check_definition(facts) == ClosedList()
    assert baseline(facts) is None
    assert label_tables([facts]) == ()


@given(st.lists(st.sampled_from(["yes", "no", "maybe"]), min_size=20, max_size=60))
def test_baselines_of_labels(labels: list[str]) -> None:
    facts = facts_of(labels)
    found = baseline(facts)
    counts = Counter(labels)
    if facts.kind == "yes/no":
        assert found is not None
        assert found.constant == pytest.approx(max(counts.values()) / len(labels))
        assert found.random == pytest.approx(sum(n * n for n in counts.values()) / len(labels) ** 2)
        assert found.low <= found.constant <= found.high


def test_macro_f1_where_the_category_asks_for_it() -> None:
    facts = facts_of(["Alpha"] * 60 + ["Beta"] * 40, "Text Classification")
    found = baseline(facts)
    assert found is not None
    assert (found.metric, found.random) == ("macro F1", 0.5)
    assert found.constant == pytest.approx(2 * 0.6 / 1.6 / 2)


@given(st.lists(st.sampled_from(["yes", "no", "x", "y", "z"]), max_size=50))
def test_entropy_is_between_nothing_and_even(labels: list[str]) -> None:
    facts = facts_of(labels)
    distinct = len(facts.distribution())
    assert -1e-9 <= facts.entropy() <= (np.log2(distinct) if distinct else 0) + 1e-9


@given(
    st.lists(
        st.tuples(st.sampled_from(["yes", "no", "a, b", "b", "A: x", "long " * 30]), st.text(max_size=30)), max_size=40
    )
)
def test_any_labels_give_findings_and_tables_that_fit(rows: list[tuple[str, str]]) -> None:
    facts = Facts("t", "t", "", ("Answer 'yes' or 'no'.",))
    facts.add([text for _, text in rows], [label for label, _ in rows])
    assert all(finding.what and finding.place == "t" for finding in label_findings(facts))
    for table in label_tables([facts]):
        assert all(len(row) == len(table.columns) == len(table.units) for row in table.rows)
        assert not table.value or {table.value, table.low, table.high} <= set(table.columns)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.lists(WORD, min_size=8, max_size=16), st.sampled_from(["yes", "no"])), max_size=10))
def test_near_pairs_agree_with_comparing_all(rows: list[tuple[list[str], str]]) -> None:
    """With so few instances every word is looked up, so that none may be missed."""
    expected = set()
    for (a, (first, one)), (b, (second, other)) in itertools.combinations(enumerate(rows), 2):
        left, right = set(first), set(second)
        similar = len(left & right) / len(left | right) >= SIMILAR
        if one != other and similar and min(len(left), len(right)) >= LEAST_WORDS:
            expected.add((a, b))
    with tempfile.TemporaryDirectory() as folder:
        texts = [(" ".join(words), label) for words, label in rows] or [("x", "yes")]
        path = write(Path(folder, "t.jsonl"), texts)
        found = near_pairs(find_files([path])[0])
    assert {(pair.first, pair.second) for pair in found} <= expected
    rare = {pair for pair in expected if len(rows) <= 4}
    assert {(pair.first, pair.second) for pair in found} >= rare


def test_only_the_first_instances_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(f"word{n}" for n in range(20))
    rows = [(text, "yes"), *((f"other text number {n}", "no") for n in range(50)), (f"{text} more", "no")]
    (file,) = find_files([write(tmp_path / "t.json", rows)])
    assert [(pair.first, pair.second) for pair in near_pairs(file)] == [(0, 51)]
    monkeypatch.setattr("medsins.audit._near_equal.LOOKED_AT", 51)
    assert near_pairs(file) == []


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 0, "0.0 %"),
        (0, 10, "0.0 %"),
        (1, 1000, "0.1 %"),
        (1, 3000, "0.033 %"),
        (5, 10, "50.0 %"),
        (10, 10, "100.0 %"),
    ],
)
def test_shares_have_as_many_digits_as_they_are_worth(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_numbers_and_what_they_count() -> None:
    assert [counted(n, "input") for n in (0, 1, 2, 1200)] == ["0 inputs", "1 input", "2 inputs", "1,200 inputs"]


@given(st.text(max_size=300), st.integers(4, 60))
def test_long_texts_keep_their_ends(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= max(len(text), longest + 3)
    assert short == text or (short.startswith(text[: longest // 2]) and short.endswith(text[-(longest // 2) :]))


def test_an_excerpt_shows_input_and_all_answers() -> None:
    assert excerpt(Instance("i", "What?", ("this", "that"))) == "What?\n→ this | that"


def test_the_order_of_rows_and_the_format_make_no_difference(tmp_path: Path) -> None:
    rng = random.Random(3)
    rows = [(f"claim {n} of many that are made", rng.choice(["yes", "no", "no"])) for n in range(80)]
    one = audit_labels([write(tmp_path / "a" / "t.json", rows)])
    rng.shuffle(rows)
    other = audit_labels([write(tmp_path / "b" / "t.parquet", rows)])
    assert other.extra == one.extra
    assert other.tables[0].rows == one.tables[0].rows
