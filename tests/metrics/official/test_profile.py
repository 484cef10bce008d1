"""Official scores of runs and mixed files: rules by category, averages, groups, crashes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics._types import Row, TaskSpec
from medsins.metrics.official import category_metrics, metrics_from_sums, parallel, run_scorer, score_official
from medsins.metrics.official._rule import Rule
from medsins.metrics.official.accuracy import FACT, NLI
from medsins.metrics.official.aggregate import running_sum
from medsins.metrics.official.profile import rule_for
from medsins.metrics.official.scripts import FACT_TEXT, LETTERS, RAW, SCRIPTS, YES_NO

NER = TaskSpec("mine", "Named Entity Recognition", "entities")


def _row(place: int, task_id: str, reference: str, output: str | None) -> Row:
    return Row(place, task_id, "a question", output, (reference,))


def test_a_user_s_own_task_is_scored_by_the_rule_of_its_category() -> None:
    rows = [_row(0, "mine", "aspirin, heparin.", "aspirin, heparin."), _row(1, "mine", "insulin.", "x.")]
    scores = score_official(rows, {"mine": NER})
    assert scores.tasks["mine"].metrics == {"f1": 100 * (2 / 3), "precision": 100 * (2 / 3), "recall": 100 * (2 / 3)}
    assert [row.stats for row in scores.tasks["mine"].rows] == [(2, 0, 0), (0, 1, 1)]
    category = scores.categories["Named Entity Recognition"]
    assert not category.published
    assert category.metrics == scores.tasks["mine"].metrics


def test_published_averages_take_published_tasks_only_and_miss_none() -> None:
    specs = {"mine": NER, "task125": TaskSpec("task125", "Named Entity Recognition", "entities")}
    rows = [_row(0, "mine", "a, b.", "c."), _row(1, "task125", "a, b.", "a, b.")]
    category = score_official(rows, specs).categories["Named Entity Recognition"]
    assert category.published
    assert category.metrics == {"f1": 25.0}
    assert set(category.tasks) == {"mine", "task125"}


def test_summaries_of_groups_are_pooled_and_left_out_of_the_average() -> None:
    specs = {t: TaskSpec(t, "Text Summarization", "text") for t in ("task110", "task83", "task84")}
    copy = "the scan shows no change"
    rows = [_row(0, "task84", copy, copy), _row(1, "task83", copy, "else"), _row(2, "task110", copy, copy)]
    scores = score_official(rows, specs)
    assert scores.tasks["CT"].metrics["bleu1"] == 50.0
    assert [row.row for row in scores.tasks["CT"].rows] == [1, 0]
    assert [row.task_id for row in scores.tasks["CT"].rows] == ["task83", "task84"]
    assert "MRI" not in scores.tasks
    assert scores.categories["Text Summarization"].metrics["bleu1"] == (100.0 - 3) / 4


def test_both_inference_scripts_average_apart() -> None:
    figures = {"task41": {"accuracy": 80.0}}
    assert category_metrics("Natural Language Inference", figures) == {"accuracy": 80.0}
    figures["task42"] = {"bleu1": 10.0, "rouge_l_f": 20.0}
    expected = {"accuracy": 80.0, "bleu1": 10.0, "rouge_l_f": 20.0}
    assert category_metrics("Natural Language Inference", figures) == expected


def test_a_script_without_an_average_gets_the_plain_mean() -> None:
    figures = {"task12": {"accuracy": 80.0}, "task100": {"bleu1": 10.0, "rouge_l_f": 20.0}}
    assert category_metrics("Fact Verification", figures) == {"accuracy": 80.0, "bleu1": 10.0, "rouge_l_f": 20.0}


def test_missing_spellings_of_a_run_s_outputs_are_missing() -> None:
    spec = TaskSpec("task123", "MCQA", "mcqa")
    outputs = ["", None, "None", "NA", "nan"]
    scores = score_official([_row(i, "task123", "no", text) for i, text in enumerate(outputs)], {"task123": spec})
    assert scores.tasks["task123"].metrics == {"accuracy": 100.0}  # the text "nan" begins like "no"


def test_rows_that_would_crash_count_as_wrong() -> None:
    spec = TaskSpec("task130", "Diagnosis", "labels")
    rows = [_row(4, "task130", "The diagnosis result is Croup.", "croup"), _row(9, "task130", "Croup", "")]
    rows.append(Row(11, "task130", "a question", "x", ()))
    scores = score_official(rows, {"task130": spec})
    assert scores.tasks["task130"].metrics == {"accuracy": 100 / 3}
    assert [(crash.row, crash.task_id) for crash in scores.would_crash] == [(9, "task130"), (11, "task130")]
    assert scores.tasks["task130"].rows[1].crash == scores.would_crash[0].reason


def test_skipped_rows_are_not_in_the_denominator() -> None:
    spec = TaskSpec("task18", "Explanation", "text")
    scores = score_official([_row(0, "task18", "a b", "a b"), _row(1, "task18", "a b", "")], {"task18": spec})
    task = scores.tasks["task18"]
    assert task.metrics["bleu1"] == 100.0
    assert [row.counted for row in task.rows] == [True, False]
    assert task.rows[1].metrics == {}


def test_tasks_no_rule_covers_are_named_and_unknown_tasks_ignored() -> None:
    spec = TaskSpec("mine", "Word Relation Classification", "labels", labels=("x", "y"))
    scores = score_official([_row(0, "mine", "x", "y"), _row(1, "who", "x", "y")], {"mine": spec, "not here": NER})
    assert scores.unruled == ("mine",)
    assert not scores.tasks


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (TaskSpec("task123", "MCQA", "mcqa"), YES_NO),
        (TaskSpec("own", "MCQA", "mcqa", labels=("yes", "no", "maybe")), YES_NO),
        (TaskSpec("own", "MCQA", "mcqa"), LETTERS),
        (TaskSpec("own", "Fact Verification", "text"), FACT_TEXT),
        (TaskSpec("own", "Fact Verification", "labels"), FACT),
        (TaskSpec("own", "Natural Language Inference", "labels"), NLI),
        (TaskSpec("own", "Natural Language Inference", "text"), RAW),
        (TaskSpec("own", "Translation", "text"), RAW),
        (TaskSpec("own", "Rationale", "text", "ja"), SCRIPTS["Rationale"].rules["task54"]),
        (TaskSpec("task54", "Rationale", "text", "en"), SCRIPTS["Rationale"].rules["task54"]),
        (TaskSpec("own", "Translation", "labels"), None),
    ],
)
def test_rules_of_tasks(spec: TaskSpec, rule: Rule | None) -> None:
    assert rule_for(spec) == rule


def test_a_user_s_classes_are_the_task_s_labels() -> None:
    spec = TaskSpec("own", "Text Classification", "multilabel", labels=("Heart", "Lung"))
    scores = score_official([_row(0, "own", "heart, lung", "HEART")], {"own": spec})
    assert scores.tasks["own"].rows[0].stats == (1, 0, 0, 0, 0, 1)
    assert scores.tasks["own"].metrics["macro_recall"] == 50.0


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_rules_travel_to_other_processes(script: object) -> None:
    assert pickle.loads(pickle.dumps(script)) == script


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTHWHILE", 0)
    monkeypatch.setattr(parallel, "CHUNK", 3)
    specs = {
        "task53": TaskSpec("task53", "Rationale", "text", "fr"),
        "task110": TaskSpec("task110", "Text Summarization", "text"),
        "task4": TaskSpec("task4", "MCQA", "mcqa"),
    }
    texts = [f"word{i} and word{i % 3}, then {i}." for i in range(20)]
    rows = [_row(i, list(specs)[i % 3], texts[i], texts[(7 * i) % 20] if i % 5 else "") for i in range(20)]
    alone, together = score_official(rows, specs), score_official(rows, specs, workers=2)
    assert {name: task.metrics for name, task in alone.tasks.items()} == {
        name: task.metrics for name, task in together.tasks.items()
    }
    assert [task.rows for task in alone.tasks.values()] == [task.rows for task in together.tasks.values()]
    assert alone.would_crash == together.would_crash
    assert alone.would_crash


def test_a_run_and_its_file_score_alike(tmp_path_factory: pytest.TempPathFactory) -> None:
    import csv

    path = tmp_path_factory.mktemp("run") / "run_Model.csv"
    texts = ["a b c", "None", "a, b.", "d e", "a c", ""]
    rows = [_row(i, "task18", "a b. c", text) for i, text in enumerate(texts)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [("task_id", "input", "GT", "output"), *((r.task_id, r.input, r.references[0], r.output) for r in rows)]
        )
    task = score_official(rows, {"task18": TaskSpec("task18", "Explanation", "text")}).tasks["task18"]
    published = run_scorer(path, "ConceptExplanation")
    assert published["results"]["task18"] == task.metrics
    assert [row["counted"] for row in published["per_row"]] == [row.counted for row in task.rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=8), st.data())
def test_figures_are_functions_of_the_sums(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    category, scorer = data.draw(
        st.sampled_from([("Explanation", "text"), ("Named Entity Recognition", "entities"), ("MCQA", "mcqa")])
    )
    spec = TaskSpec("own", category, scorer)
    rows = [_row(i, "own", reference, output) for i, (reference, output) in enumerate(pairs)]
    task = score_official(rows, {"own": spec}).tasks["own"]
    sums = [running_sum(column) for column in zip(*(row.stats for row in task.rows), strict=True)]
    assert metrics_from_sums(task.kind, sums) == task.metrics
    assert all(0 <= value <= 100.0001 for value in task.metrics.values())


def test_no_sums_are_zero() -> None:
    for kind in ("accuracy", "overlap", "entities", "labels"):
        assert set(metrics_from_sums(kind, []).values()) == {0.0}
