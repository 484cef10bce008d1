"""Every published per-row rule, on rows invented to show its edges."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics.official._records import Cell, WouldCrash, row_metrics
from medsins.metrics.official._rule import Rule
from medsins.metrics.official.accuracy import DIAGNOSIS, EXTRACTION, FACT, NLI, RIGHT, TREATMENT, WRONG, TrueFalse
from medsins.metrics.official.cells import MISSING, MISSING_SPELLINGS, as_cell
from medsins.metrics.official.classes import Classes
from medsins.metrics.official.entities import Entities, parse_entities
from medsins.metrics.official.scripts import FACT_TEXT, LETTERS, PRESENT, RAW, SCRIPTS, YES_NO

RULES: dict[int, Rule] = {id(rule): rule for script in SCRIPTS.values() for rule in script.rules.values()}


def _right(rule: Rule, reference: Cell, output: Cell) -> bool:
    found = rule.score(reference, output)
    assert found in (RIGHT, WRONG)
    return found == RIGHT


@pytest.mark.parametrize(
    ("reference", "output", "right"),
    [
        ("True", "it is true", True),
        (" TRUE ", "untrue", True),
        ("true", "true, not false", False),
        ("False", "That is False.", True),
        ("True.", "true", False),
        ("yes", "yes", False),
        (True, True, True),
        (MISSING, "nan", False),
        ("false", MISSING, False),
    ],
)
def test_clinical_outcome(reference: Cell, output: Cell, right: bool) -> None:
    assert _right(TrueFalse(), reference, output) is right


@pytest.mark.parametrize(
    ("reference", "output", "right"),
    [
        ("The diagnosis result is Croup.", "I think CROUP it is", True),
        ("the diagnosis result is Croup.", "croup", False),
        ("St. Vitus dance.", "st vitus dance", True),
        ("St. Vitus dance.", "St. Vitus dance", False),
        ("The diagnosis result is.", "anything", True),
        (".The .diagnosis result is. Croup", "croup", True),
    ],
)
def test_diagnosis(reference: str, output: str, right: bool) -> None:
    assert _right(DIAGNOSIS, reference, output) is right


@pytest.mark.parametrize(
    ("rule", "reference", "output", "right"),
    [
        (TREATMENT, "The treatment planning is: Rest.", "bed REST", True),
        (TREATMENT, "The treatment planning is Rest.", "rest", False),
        (FACT, "Yes.", " YES, because\nno", True),
        (FACT, "No.", "Yes\nno", False),
        (FACT, "No.", "I do not know", True),
        (FACT, "Yes.", "", False),
        (NLI, "Entailment.", " entailment ", True),
        (NLI, "Neutral", "It is NEUTRAL.", True),
        (NLI, MISSING, "banana", True),
        (NLI, MISSING, MISSING, True),
        (NLI, "nan", MISSING, True),
        (EXTRACTION, "5 mg", "15 MG", True),
        (EXTRACTION, "'a'\n\"b\"", "xaby", True),
        (EXTRACTION, "a b", "a\nb", False),
        (EXTRACTION, 10.0, 10, False),
        (EXTRACTION, 10, 10.0, True),
        (EXTRACTION, "' a'", "b a", True),
    ],
)
def test_contained_references(rule: Rule, reference: Cell, output: Cell, right: bool) -> None:
    assert _right(rule, reference, output) is right


@pytest.mark.parametrize(
    ("rule", "reference", "output", "right"),
    [
        (LETTERS, "The right answer is B: rest", "b", True),
        (LETTERS, "A", "As an AI language model I cannot answer", True),
        (LETTERS, "B", "The answer is B", False),
        (LETTERS, "E", "E", False),
        (LETTERS, "C", "The right answer is C: the right answer is", True),
        (LETTERS, "the right answer isC", "c", True),
        (LETTERS, "D", "(D)", False),
        (LETTERS, "T", "T", False),
        (YES_NO, "no", MISSING, True),
        (YES_NO, "yes", "Yes.", True),
        (YES_NO, "maybe", "maybe", False),
        (LETTERS, "The right answer is", "Z", False),
        (LETTERS, "", "7", False),
    ],
)
def test_first_letters(rule: Rule, reference: Cell, output: Cell, right: bool) -> None:
    assert _right(rule, reference, output) is right
    assert rule.column([reference], [output]) == [RIGHT if right else WRONG]


@settings(max_examples=400)
@given(
    st.sampled_from([LETTERS, YES_NO]),
    st.text(st.sampled_from("abtTyN. \nÀı"), max_size=3).map(lambda t: f"The right answer is {t}")
    | st.text(max_size=4),
    st.text(st.sampled_from("abtTyN. \nÀı"), max_size=3).map(lambda t: f"The right answer is {t}")
    | st.text(max_size=4),
)
def test_a_column_of_letters_is_its_rows(rule: Rule, reference: str, output: str) -> None:
    alone = rule._result(reference, output)
    column = rule.column([reference], [output])[0]
    assert str(column) == str(alone)


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("aspirin, warfarin.", {"aspirin", "warfari"}),
        ("There is no related enetity.", set()),
        ("There is no related entity.", {"there is no related entit"}),
        ("", {""}),
        ("K.", {""}),
        ("a, a, a", {"a", ""}),
        ("A,b", {"a,"}),
        ("e. coli, x ", {"e coli", ""}),
    ],
)
def test_entities_lose_their_last_letter(text: str, entities: set[str]) -> None:
    assert parse_entities(text) == entities


def test_entity_counts() -> None:
    assert Entities().score("heparin, insulin.", "insulin, heparin.") == (0, 2, 2)
    assert Entities().score("heparin, insulin.", "heparin, insulin!") == (1, 1, 1)
    assert Entities().score("a, b.", MISSING) is None
    assert Entities().score("a, b.", 7) is None
    with pytest.raises(WouldCrash, match="AttributeError: the GT is missing"):
        Entities().score(MISSING, "a.")
    assert Entities().details("b, a.", "none") == {"gt_entities": ["", "b"], "pred_entities": ["non"]}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9))), min_size=1, max_size=12))
def test_macro_figures_are_scikit_learn_s(rows: list[tuple[set[int], set[int]]]) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    from medsins.metrics.official.aggregate import task_metrics

    rule = Classes()
    texts = [tuple(", ".join(rule.names[i].upper() for i in sorted(side)) for side in row) for row in rows]
    results = rule.column([true for true, _ in texts], [predicted for _, predicted in texts])
    matrices = [[[int(i in side) for i in range(10)] for side in column] for column in zip(*rows, strict=True)]
    expected = precision_recall_fscore_support(*matrices, average="macro", zero_division=0)
    found = task_metrics("labels", results, rule.wrong)
    names = ("macro_precision", "macro_recall", "macro_f1")
    assert [found[name] for name in names] == [float(value) * 100 for value in expected[:3]]


def test_class_names_are_sought_in_lower_case_anywhere() -> None:
    details = Classes().details("Not Inducing Angiogenesis", "CELLULAR ENERGETICS and inducing angiogenesis")
    assert details["gt_classes"] == ["inducing angiogenesis"]
    assert details["pred_classes"] == ["inducing angiogenesis", "cellular energetics"]
    assert Classes(("x",)).score(MISSING, "x") == (0.0, 1.0, 0.0)


def test_overlap_rules_clean_differently() -> None:
    text = "A dose of 3.5 mg."
    assert PRESENT.score(text, text) == RAW.score(text, text)
    bleu, rouge, counted = FACT_TEXT.score(text, text) or ()
    assert bleu < 1  # full stops are deleted from the reference only
    assert rouge < 0.999
    assert counted == 1
    assert FACT_TEXT.score(text, " \n ") == (0, 0, 1)
    assert FACT_TEXT.details(text, " ") == {"scored": False}
    assert PRESENT.score(text, MISSING) is None
    assert PRESENT.score(MISSING, text) is None
    rationale = SCRIPTS["Rationale"].rules["task53"]
    assert rationale.score(text, "  ") is None
    assert rationale.details(text, text) == {"lang": "fra"}
    with pytest.raises(WouldCrash, match="TypeError: the output is missing"):
        RAW.score(text, MISSING)
    with pytest.raises(WouldCrash, match="AttributeError: the GT is read as int"):
        FACT_TEXT.score(3, text)
    with pytest.raises(WouldCrash, match=r"ValueError: Hypothesis is empty"):
        RAW.score(text, "..")


@pytest.mark.parametrize(
    ("number", "text"), [("51", "诊断为肺炎。"), ("54", "肺炎と診断された。"), ("55", "Это пневмония.")]
)
def test_a_copy_scores_full_bleu_and_nearly_full_rouge(number: str, text: str) -> None:
    bleu, rouge, _ = SCRIPTS["Rationale"].rules[f"task{number}"].score(text, text) or ()
    assert bleu == 1
    assert rouge == 2.0 * (1 / (2 + 1e-8))


@pytest.mark.parametrize("spelling", sorted(MISSING_SPELLINGS))
def test_missing_spellings_are_missing_and_others_are_not(spelling: str) -> None:
    cell = as_cell(spelling)
    assert isinstance(cell, float)
    assert math.isnan(cell)
    assert as_cell(f" {spelling}") == f" {spelling}"


CELLS = st.one_of(
    st.text(st.characters(), max_size=40),
    st.text(st.sampled_from(". \nabT,'\"肺炎"), max_size=12),
    st.sampled_from([MISSING, 0, -7, 1.5, True, None, "\ud800", "\x00", "The right answer is", "诊断\udfff"]),
)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: type(rule).__name__)
def test_no_row_raises_anything_but_what_the_script_would(rule: Rule) -> None:
    @settings(max_examples=60, deadline=None)
    @given(CELLS, CELLS)
    def check(reference: Cell, output: Cell) -> None:
        result = rule.column([reference], [output])[0]
        if isinstance(result, WouldCrash):
            assert ":" in str(result)
        elif result is not None:
            assert len(result) == len(rule.wrong)
            assert all(value >= 0 for value in result)
            assert all(isinstance(value, float | int) for value in row_metrics(rule.kind, result).values())
        rule.details(reference, output) if not isinstance(result, WouldCrash) else None

    check()


@given(st.lists(st.floats(0, 1), max_size=50))
def test_sums_run_in_order(values: list[float]) -> None:
    from medsins.metrics.official.aggregate import running_sum

    total = 0.0
    for value in values:
        total += value
    assert running_sum(values) == total


def test_clean_functions_take_any_text() -> None:
    for rule in (DIAGNOSIS, TREATMENT, FACT, NLI, EXTRACTION):
        clean: tuple[Callable[[str], str], ...] = (rule.reference, rule.output)
        assert all(isinstance(function("\ud800. İ"), str) for function in clean)
