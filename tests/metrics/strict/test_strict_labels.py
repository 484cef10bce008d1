"""Closed labels: one label must be asserted, and only one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict._label_sets import label_set, shared_lead
from medsins.metrics.strict._text import visible
from medsins.metrics.strict.labels import LabelReader, reader_for

DISEASES = LabelReader(
    (
        "Stable angina",
        "Unstable angina",
        "Pneumonia",
        "Bronchitis",
        "SLE",
        "HIV (initial infection)",
        "Possible NSTEMI / STEMI",
        "Guillain-Barré syndrome",
        "E. coli enteritis",
    ),
    "the diagnosis result is",
)
INFERENCE = LabelReader(("Entailment", "Contradiction", "Neutral"))
YES_NO = LabelReader(("yes", "no"))
DEGREES = LabelReader(("0", "1", "2"))
TRUTH = LabelReader(("True", "False"))
TREATMENTS = LabelReader(
    ("No radiation", "Radiation after surgery", "Radiation before surgery", "Surgery before and after radiation"),
    "the treatment planning is:",
)


@pytest.mark.parametrize(
    ("reader", "output", "expected"),
    [
        (DISEASES, "unstable angina", "Unstable angina"),
        (DISEASES, "The diagnosis result is Stable Angina.", "Stable angina"),
        (DISEASES, "guillain barre syndrome", "Guillain-Barré syndrome"),
        (DISEASES, "NSTEMI/STEMI", "Possible NSTEMI / STEMI"),
        (DISEASES, "HIV", "HIV (initial infection)"),
        (DISEASES, "E. coli enteritis", "E. coli enteritis"),
        (DISEASES, "I think this is pneumonia because of the cough.", "Pneumonia"),
        (DISEASES, "It could be pneumonia or bronchitis. The most likely diagnosis is bronchitis.", "Bronchitis"),
        (DISEASES, "Pneumonia is unlikely; this is SLE", "SLE"),
        (DISEASES, "Pneumonia.\nNot bronchitis.", "Pneumonia"),
        (INFERENCE, "The relationship is entailment.", "Entailment"),
        (INFERENCE, "Entailment\n\nInput:\nSentence1: x\nOutput: Neutral", "Entailment"),
        (INFERENCE, "Contradiction: the second denies the first, so there is no entailment.", "Contradiction"),
        (YES_NO, "No", "no"),
        (YES_NO, "Yes, there was no difference between groups.", "yes"),
        (YES_NO, "No, the answer does not answer the question", "no"),
        (YES_NO, "The answer is no.", "no"),
        (YES_NO, "Yes, at first sight. Therefore, the answer is: No", "no"),
        (DEGREES, "2", "2"),
        (DEGREES, "Label: 1", "1"),
        (DEGREES, "0. The claim contradicts the paragraph", "0"),
        (DEGREES, "The claim should be classified as '2'", "2"),
        (TRUTH, "I think it is false", "False"),
        (TRUTH, "False. The patient does well, it is true", "False"),
        (TREATMENTS, "Radiation\nafter surgery", "Radiation after surgery"),
        (TREATMENTS, "The treatment planning is: No radiation", "No radiation"),
    ],
)
def test_asserted_labels(reader: LabelReader, output: str, expected: str) -> None:
    assert reader.read(visible(output)) == expected


@pytest.mark.parametrize(
    ("reader", "output"),
    [
        (DISEASES, "This is not pneumonia"),
        (DISEASES, "Pneumonia or bronchitis"),
        (DISEASES, "The diagnosis is pneumonia or bronchitis."),
        (DISEASES, ", ".join(DISEASES.labels)),
        (DISEASES, "\n".join(DISEASES.labels)),
        (DISEASES, "measles, sleep"),
        (INFERENCE, "not entailment"),
        (INFERENCE, "neutrophil"),
        (INFERENCE, "entailment, contradiction, or neutral"),
        (INFERENCE, "entailment\ncontradiction\nneutral"),
        (YES_NO, "yes or no"),
        (YES_NO, "yes/no"),
        (YES_NO, "yes, no"),
        (YES_NO, "yes no"),
        (YES_NO, "yes\nno"),
        (YES_NO, "There was no difference."),
        (YES_NO, "Not known"),
        (DEGREES, "0, 1 or 2"),
        (DEGREES, "0 1 2"),
        (DEGREES, "Supported by 2 studies"),
        (DEGREES, "0.5 mg"),
        (TRUTH, "True or False"),
        (TRUTH, "construed as untrue"),
        (TRUTH, "not true"),
        (TREATMENTS, "Nothing after surgery is needed"),
        (TREATMENTS, "radiation"),
    ],
)
def test_lists_denials_and_near_words_are_no_label(reader: LabelReader, output: str) -> None:
    assert reader.read(visible(output)) is None


def test_a_label_that_starts_with_no_is_not_a_denial_of_the_rest() -> None:
    assert TREATMENTS.read("No radiation after surgery is needed") != "Radiation after surgery"


def rows(pairs: list[tuple[str | None, str]]) -> list[Row]:
    return [Row(i, "t", "", output, (reference,)) for i, (output, reference) in enumerate(pairs)]


SPEC = TaskSpec("t", "Diagnosis", "labels")


def test_prefix_stop_and_case_of_the_reference_do_not_matter() -> None:
    scored = score_task(
        rows(
            [
                ("croup", "The diagnosis result is Croup."),
                ("The diagnosis result is Croup", "the diagnosis result is Croup."),
                ("E. coli enteritis", "The diagnosis result is E. coli enteritis."),
                ("Measles", "The diagnosis result is Croup."),
            ]
        ),
        SPEC,
    )
    assert [score.metrics["accuracy"] for score in scored.scores] == [1, 1, 1, 0]


def test_reader_takes_its_labels_from_the_references() -> None:
    reader = reader_for(rows([(None, "The plan is: Wait"), (None, "The plan is: Operate now.")]), SPEC)
    assert reader.lead == "the plan is:"
    assert reader.labels == ("Wait", "Operate now")


def test_known_sets_complete_what_a_small_file_lacks() -> None:
    assert label_set(["Yes.", "yes"]) == ("yes", "no")
    assert label_set(["maybe", "no"]) == ("yes", "no", "maybe")
    assert label_set(["neutral"]) == ("Entailment", "Contradiction", "Neutral")
    assert label_set(["measles", "mumps", "Measles"]) == ("measles", "mumps")


def test_shared_lead_needs_two_words_and_something_after_them() -> None:
    assert shared_lead(["The result is: A b", "The result is: C d"]) == "the result is:"
    assert shared_lead(["It is", "It is"]) == ""
    assert shared_lead(["alpha one", "alpha two"]) == ""


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn import metrics

    labels = ["mumps", "measles", "rubella", "croup"]
    gold = [labels[i * 7 % 4] for i in range(60)]
    predicted = [labels[(i * 7 + (i % 5 == 0)) % 4] for i in range(60)]
    point = score_task(rows(list(zip(predicted, gold, strict=True))), SPEC).table.point()
    assert point["accuracy"] == pytest.approx(metrics.accuracy_score(gold, predicted))
    assert point["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(gold, predicted))
    assert point["macro_f1"] == pytest.approx(metrics.f1_score(gold, predicted, average="macro"))
    assert point["mcc"] == pytest.approx(metrics.matthews_corrcoef(gold, predicted))


def test_answers_outside_the_set_lower_every_metric() -> None:
    pairs = [(label, label) for label in ("mumps", "measles") * 10]
    whole = score_task(rows(pairs), SPEC).table.point()
    spoiled = score_task(rows([("no idea at all", gold) if i % 4 == 0 else (out, gold) for i, (out, gold) in
                               enumerate(pairs)]), SPEC).table.point()  # fmt: skip
    assert all(spoiled[name] < whole[name] for name in ("accuracy", "balanced_accuracy", "macro_f1", "mcc"))
    assert spoiled["accuracy_answered"] == 1.0


@given(st.text(max_size=120))
def test_a_constant_is_right_exactly_as_often_as_the_label_it_asserts(output: str) -> None:
    gold = ["mumps"] * 5 + ["measles"] * 3 + ["rubella"] * 2
    accuracy = score_task(rows([(output, label) for label in gold]), SPEC).table.point()["accuracy"]
    assert accuracy in (0.0, 0.5, 0.3, 0.2)


@given(st.permutations(["yes", "no", "maybe"]), st.sampled_from([", ", "\n", " or ", "/", "; ", " and ", " "]))
def test_no_way_of_listing_all_labels_is_an_answer(order: list[str], separator: str) -> None:
    assert LabelReader(("yes", "no", "maybe")).read(visible(separator.join(order))) is None
