"""Multi-label classification: sets of labels, macro over those that occur, lists of everything refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict._label_sets import HALLMARKS
from medsins.metrics.strict.multilabel import labels_for

SPEC = TaskSpec("t", "Text Classification", "multilabel", labels=HALLMARKS)
OWN = TaskSpec("t", "Text Classification", "multilabel")


def rows(pairs: list[tuple[str | None, str]]) -> list[Row]:
    return [Row(i, "t", "", output, (reference,)) for i, (output, reference) in enumerate(pairs)]


def row_f1(output: str, reference: str) -> float:
    return score_task(rows([(output, reference)]), SPEC).scores[0].metrics["f1"]


@pytest.mark.parametrize(
    "output",
    [
        "Tumor promoting inflammation, Genomic instability and mutation",
        "genomic instability and mutation, tumor-promoting inflammation.",
        "The hallmarks are: (1) tumour-promoting inflammation and (2) genome instability and mutation.",
        "- Tumor promoting inflammation\n- Genomic instability & mutation, i.e. genomic instability and mutation",
    ],
)
def test_order_spelling_and_layout_do_not_matter(output: str) -> None:
    assert row_f1(output, "Tumor promoting inflammation, Genomic instability and mutation") == 1.0


def test_denied_labels_are_not_given() -> None:
    output = "Inducing angiogenesis. There is no evidence of resisting cell death."
    assert row_f1(output, "Inducing angiogenesis") == 1.0


def test_one_label_too_many_costs_precision() -> None:
    assert row_f1("Inducing angiogenesis, Resisting cell death", "Inducing angiogenesis") == pytest.approx(2 / 3)


def test_naming_most_labels_is_unparsed() -> None:
    for count in (6, 9, 10):
        scored = score_task(rows([(", ".join(HALLMARKS[:count]), HALLMARKS[0])]), SPEC)
        assert scored.scores[0].unscored == "unparsed"
    assert row_f1(", ".join(HALLMARKS[:5]), ", ".join(HALLMARKS[:5])) == 1.0


def test_a_reference_that_names_most_labels_allows_an_answer_that_does() -> None:
    everything = ", ".join(HALLMARKS)
    assert row_f1(everything, everything) == 1.0


def test_labels_of_an_unknown_task_are_the_items_of_its_references() -> None:
    table = rows([(None, "fever, cough"), (None, "cough."), (None, "rash; fever")])
    assert set(labels_for(table, OWN)) == {"fever", "cough", "rash"}


def test_perfect_answers_score_100_whatever_labels_occur() -> None:
    for references in (["Cellular energetics"], ["Cellular energetics", "Resisting cell death, Inducing angiogenesis"]):
        point = score_task(rows([(r, r) for r in references]), SPEC).table.point()
        assert {point[name] for name in ("macro_f1", "micro_f1", "samples_f1", "macro_precision")} == {1.0}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from("pqrst"), max_size=2), st.sets(st.sampled_from("pqrst"), min_size=1, max_size=3)
        ),
        min_size=2,
        max_size=12,
    )
)
def test_metrics_agree_with_scikit_learn(pairs: list[tuple[set[str], set[str]]]) -> None:
    from sklearn import metrics

    names = {letter: f"{letter}{letter} syndrome" for letter in "pqrst"}
    text = [", ".join(names[x] for x in sorted(chosen)) for pair in pairs for chosen in pair]
    spec = TaskSpec("t", "Text Classification", "multilabel", labels=tuple(names.values()))
    point = score_task(rows(list(zip(text[::2], text[1::2], strict=True))), spec).table.point()
    found, gold = (np.array([[x in pair[side] for x in "pqrst"] for pair in pairs]) for side in (0, 1))
    present = gold.any(axis=0)
    f1 = metrics.f1_score(gold, found, average=None, zero_division=0)
    assert point["macro_f1"] == pytest.approx(f1[present].mean())
    assert point["micro_f1"] == pytest.approx(metrics.f1_score(gold, found, average="micro", zero_division=0))
    assert point["samples_f1"] == pytest.approx(metrics.f1_score(gold, found, average="samples", zero_division=0))
    correlations = [metrics.matthews_corrcoef(gold[:, i], found[:, i]) for i in np.flatnonzero(present)]
    assert point["macro_mcc"] == pytest.approx(np.mean(correlations))


def test_a_constant_has_no_correlation() -> None:
    gold = ["Inducing angiogenesis", "Resisting cell death", "Inducing angiogenesis, Cellular energetics"] * 5
    point = score_task(rows([("Inducing angiogenesis", reference) for reference in gold]), SPEC).table.point()
    assert point["macro_mcc"] == pytest.approx(0.0)
    assert point["macro_f1"] < 0.34
