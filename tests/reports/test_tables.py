from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Completion, Prediction
from medsins.reports import inert, write_csv, write_predictions, write_tables
from medsins.reports.rundata import load_run
from medsins.reports.tables import escape_latex, latex

from .fake_run import edit_json, put

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('=+-@\t\r\n\0",;\\'), max_size=20)


def prediction(output: str, given: str = "question", reference: str = "answer", index: int = 0) -> Prediction:
    return Prediction("task1", index, f"id{index}", given, "prompt", (reference,), Completion(output))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1", "-1-1", "-0x1", "--1"]
)
def test_cells_a_spreadsheet_would_run_are_made_inert(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-1", "-12.5", "-3e-07", "", "a=b", "12", " ", 4, -4.5, None])
def test_plain_text_and_plain_numbers_stay(cell: str | float | None) -> None:
    assert inert(cell) == cell


@given(texts)
def test_no_cell_starts_active_unless_it_is_a_number(cell: str) -> None:
    safe = str(inert(cell))
    assert not safe.startswith(tuple("=+-@\t\r\0")) or re.fullmatch(r"-\d+(\.\d+)?([eE][+-]?\d+)?", safe)
    assert safe in (cell, f"'{cell}")


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_csv_reads_back_cell_by_cell(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = write_csv(tmp_path_factory.mktemp("csv") / "t.csv", ("a", "b"), rows)
    with path.open(encoding="utf-8", newline="") as stream:
        read = list(csv.reader(stream))
    assert read == [["a", "b"], *([str(inert(cell)) for cell in row] for row in rows)]


@given(st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=4))
def test_predictions_stay_raw_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("predictions")
    put(folder, [(k, prediction(output, given, ref, k)) for k, (output, given, ref) in enumerate(rows)])
    with write_predictions(folder).open(encoding="utf-8", newline="") as stream:
        header, *read = list(csv.reader(stream))
    assert header == ["task_id", "input", "GT", "output", "instance_id", "status"]
    assert [(row[3], row[1], row[2]) for row in read] == rows
    assert [row[4] for row in read] == [f"id{k}" for k in range(len(rows))]


def test_predictions_are_read_by_pandas_with_empty_answers_as_empty_cells(tmp_path: Path) -> None:
    outputs = ["", "a\rb", "=2+3", "None", 'say "no",\nthen']
    put(tmp_path, [(k, prediction(text, index=k)) for k, text in enumerate(outputs)])
    frame = pd.read_csv(write_predictions(tmp_path), keep_default_na=False)
    assert frame["output"].tolist() == outputs
    assert list(frame.columns[:4]) == ["task_id", "input", "GT", "output"]


def test_a_run_without_answers_yields_only_the_header(tmp_path: Path) -> None:
    assert write_predictions(tmp_path).read_text().strip() == "task_id,input,GT,output,instance_id,status"


def test_tables_hold_every_category_task_and_metric(run_dir: Path) -> None:
    names = {path.relative_to(run_dir).as_posix() for path in write_tables(run_dir)}
    assert names == {
        "predictions.csv", "tables/categories.csv", "tables/categories.tex", "tables/tasks.csv", "tables/tasks.tex",
        "tables/metrics.csv",
    }  # fmt: skip
    sheet = load_run(run_dir).sheet
    tasks = pd.read_csv(run_dir / "tables" / "tasks.csv")
    assert tasks["name"].tolist() == [line.name for line in sheet.tasks]
    assert tasks["strict"].tolist() == pytest.approx([line.main.value for line in sheet.tasks])
    assert tasks["official"].tolist() == pytest.approx([line.official.value for line in sheet.tasks])
    assert tasks.filter(like="unscored_").sum(axis=1).tolist() == [line.unscored_total for line in sheet.tasks]
    metrics = pd.read_csv(run_dir / "tables" / "metrics.csv")
    assert set(metrics["profile"]) == {"strict", "official"}
    kept = metrics[(metrics["name"] == "task950") & (metrics["profile"] == "strict")]
    assert set(kept["metric"]) == {"f1", "precision"}
    main = next(line.main for line in sheet.tasks if line.name == "task950")
    assert kept.set_index("metric").loc["f1", ["low", "high"]].tolist() == pytest.approx([main.low, main.high])


def test_names_from_outside_are_inert_in_tables_and_escaped_in_latex(run_dir: Path) -> None:
    evil = '=HYPERLINK("http://x.invalid")'

    def rename(scores: dict) -> None:  # type: ignore[type-arg]
        for profile in scores["profiles"].values():
            profile["tasks"][evil] = profile["tasks"].pop("task901")

    edit_json(run_dir / "scores.json", rename)
    write_tables(run_dir)
    with (run_dir / "tables" / "tasks.csv").open(newline="") as stream:
        names = [row[0] for row in csv.reader(stream)]
    assert f"'{evil}" in names
    assert evil not in names


def test_latex_rows_have_as_many_cells_as_the_head(run_dir: Path) -> None:
    text = latex(load_run(run_dir).sheet.tasks, "tasks")
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(body) == 1 + len(load_run(run_dir).sheet.tasks)
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {7}
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1


@given(st.text(max_size=30))
def test_latex_text_has_no_live_character(text: str) -> None:
    known = (r"\textbackslash{}", r"\textasciitilde{}", r"\textasciicircum{}", *(f"\\{sign}" for sign in "&%$#_{}"))
    rest = escape_latex(text)
    for escaped in known:
        rest = rest.replace(escaped, "")
    assert not set(rest) & set("\\&%$#_{}~^\n\r")


def test_surrogates_do_not_stop_a_table(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", ("a",), [("x\ud800y",)])
    assert next(csv.reader(io.StringIO(path.read_text(encoding="utf-8").split("\n")[1]))) == ["x?y"]
