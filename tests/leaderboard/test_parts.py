"""Small parts of the board: what may come in, what is counted and logged, printed results, task files for links."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medsins.catalog import published_results
from medsins.core.errors import Problem
from medsins.leaderboard._schemas import LinkIn, ReasonIn, SubmissionIn, VerdictIn
from medsins.leaderboard.evaluating import UNKNOWN, write_tasks
from medsins.leaderboard.interface import NotFound, Refused, Unavailable
from medsins.leaderboard.observe import BUCKETS, Metrics, _AsJson, log, where
from medsins.leaderboard.paper import AVERAGE, paper_summary, paper_tables
from medsins.leaderboard.replies import BUSY, NOTHING_THERE, Halt, problems_of, status_of, wants_json
from medsins.leaderboard.views import slug
from medsins.tasks import read_task

GIVEN = {"version": "small@1", "name": "Crimson"}

# what may come in


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""}, {"name": "x" * 121}, {"name": "two\nlines"}, {"name": "bell\x07"}, {"name": "turn\u202eed"},
        {"version": ""}, {"version": "../x"}, {"version": "a b"}, {"version": "x" * 200},
        {"parameters": 0}, {"parameters": -1}, {"parameters": float("nan")}, {"parameters": 2e6},
        {"weights": "some"}, {"medical": "perhaps"}, {"licence": "x" * 301}, {"training_data": "x" * 2_001},
        {"link": "javascript:alert(1)"}, {"link": "https://"}, {"link": "https://a b"}, {"link": "https://a\"b"},
        {"remarks": "nul\x00"}, {"protocol": "a\tb"}, {"team": "red"}, {"attempt": 1},
    ],
    ids=lambda fields: repr(fields)[:30],
)  # fmt: skip
def test_what_is_no_submission(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SubmissionIn(**GIVEN | fields)


def test_claims_are_what_was_said_and_no_more() -> None:
    made = SubmissionIn(**GIVEN, protocol="strict", shots="", remarks="two\nlines")
    assert made.claims() == {"protocol": "strict", "remarks": "two\nlines"}
    assert SubmissionIn(**GIVEN).claims() == {}


def test_a_link_needs_one() -> None:
    with pytest.raises(ValidationError):
        LinkIn(**GIVEN)
    assert LinkIn(**GIVEN, link="https://models.example.org/m").link.startswith("https://")


@given(st.text(max_size=600))
def test_reasons_are_one_printable_line(text: str) -> None:
    fine = 1 <= len(text) <= 500 and text.isprintable()
    for kind, name in ((ReasonIn, "reason"), (VerdictIn, "verdict")):
        if fine:
            assert getattr(kind(**{name: text}), name) == text
        else:
            with pytest.raises(ValidationError):
                kind(**{name: text})


@given(st.text(max_size=80))
def test_a_name_in_an_address_is_plain(text: str) -> None:
    made = slug(text)
    assert not set(made) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(made) == made
    assert not made.startswith("-")
    assert not made.endswith("-")


# what is said of errors


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotFound("no such submission"), 404, NOTHING_THERE),
        (Unavailable("sqlite:////srv/board is locked"), 503, BUSY),
        (Refused(Problem("the quota is used up")), 409, Problem("the quota is used up")),
        (Halt(418, Problem("tea")), 418, Problem("tea")),
    ],
)
def test_errors_are_told_without_what_is_behind_them(error: Any, status: int, said: Problem) -> None:
    assert status_of(error) == status
    assert problems_of(error) == (said,)


@pytest.mark.parametrize(
    ("path", "accept", "json_wanted"),
    [
        ("/api/v1/me", b"", True),
        ("/index.json", b"text/html", True),
        ("/", b"text/html,application/json", False),
        ("/", b"application/json", True),
        ("/", b"*/*", False),
        ("/model/x", b"", False),
    ],
)
def test_programs_get_json_and_readers_pages(path: str, accept: bytes, json_wanted: bool) -> None:
    assert wants_json({"path": path, "headers": [(b"accept", accept)]}) is json_wanted


# what is counted and logged


def test_the_histogram_is_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        metrics.record("GET", 200, seconds)
    metrics.record("POST", 422, 0.02)
    text = metrics.text({"jobs_queued": 3.0})
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    assert found['medsins_board_requests_total{method="GET",status="200"}'] == 4
    assert found['medsins_board_requests_total{method="POST",status="422"}'] == 1
    bounds = [found[f'medsins_board_request_seconds_bucket{{le="{bound}"}}'] for bound in (*BUCKETS, "+Inf")]
    assert bounds == sorted(bounds)
    assert (bounds[0], bounds[-2], bounds[-1]) == (2, 4, 5)
    assert found["medsins_board_request_seconds_count"] == 5
    assert found["medsins_board_request_seconds_sum"] == pytest.approx(99.3215)
    assert found["medsins_board_jobs_queued"] == 3


def test_a_line_of_the_log_is_one_line_and_bounded(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "medsins.board"):
        log("request", path="/x\n{}" + "y" * 5_000, status=404)
    (record,) = caplog.records
    written = _AsJson().format(record)
    assert "\n" not in written
    told = json.loads(written)
    assert (told["event"], told["status"], len(told["path"])) == ("request", 404, 200)


def test_of_an_error_its_place_is_logged_not_its_words() -> None:
    try:
        raise ValueError("the patient of bed nine")
    except ValueError as error:
        said = where(error)
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "f", 1, "broke", (), (type(error), error, None))
    assert said.startswith("ValueError at test_parts.py:")
    assert "patient" not in said
    assert "patient" not in _AsJson().format(record)


# printed results


def test_every_printed_figure_is_in_one_table() -> None:
    tables = paper_tables()
    cells = [
        (table.number, table.metric, row.model, column, value)
        for table in tables
        for row in table.rows
        for column, value in zip(table.columns, row.values, strict=True)
        if value is not None
    ]
    printed = {(one.table, one.metric, one.model, one.benchmark, one.value) for one in published_results()}
    assert set(cells) == printed
    assert all(table.columns[-1] == AVERAGE for table in tables if AVERAGE in table.columns)


def test_the_summary_repeats_what_is_printed() -> None:
    summary = paper_summary()
    printed = {(one.category, one.model): set() for one in published_results()}  # type: ignore[var-annotated]
    for one in published_results():
        printed[one.category, one.model].add(one.value)
    assert len(summary.columns) == len(summary.metrics) == len(summary.digits) == len(set(summary.columns))
    assert summary.figures == len(published_results())
    for row in summary.rows:
        assert any(value is not None for value in row.values)
        for column, value in zip(summary.columns, row.values, strict=True):
            assert value is None or value in printed[column, row.model]


# task files for a model that was handed in as a link


def test_instances_become_task_files_without_references(tmp_path: Path) -> None:
    version = {
        "tasks": [
            {"task_id": "t1", "category": "MCQA", "definition": "Choose.", "language": "English"},
            {"task_id": "t2", "category": "Diagnosis", "definition": "Name it.", "language": "French"},
        ]
    }
    lines = [
        json.dumps({"task_id": task, "instance_id": f"i{n}", "input": f"{task} question {n}\n\u2028"})
        for n, task in enumerate(("t2", "t1", "t2"))
    ]
    paths = write_tasks(version, lines, tmp_path / "tasks")
    first, second = (read_task(path) for path in paths)
    assert (first.id, second.id) == ("t1", "t2")
    assert [one.id for one in second.instances] == ["i0", "i2"]
    assert second.instances[0].input == "t2 question 0\n\u2028"
    assert {one.outputs for one in (*first.instances, *second.instances)} == {(UNKNOWN,)}
    assert (second.card.categories, second.card.definition) == (("Diagnosis",), ("Name it.",))


def test_the_answers_sent_have_no_references(tmp_path: Path) -> None:
    from medsins.cli._board_evaluate import _answers
    from medsins.cli.main import main

    version = {"tasks": [{"task_id": "t1", "category": "MCQA", "definition": "Choose.", "language": "English"}]}
    lines = [json.dumps({"task_id": "t1", "instance_id": f"i{n}", "input": f'question {n}, "so"'}) for n in range(3)]
    write_tasks(version, lines, tmp_path / "tasks")
    words = ["bench", "run", "--model", "mock:say=A", "--tasks", str(tmp_path / "tasks"), "-o", str(tmp_path / "run")]
    assert main([*words, "--protocol", "strict:shots=0", "-q", "--json"]) == 0
    with _answers(tmp_path / "run").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert set(rows[0]) == {"task_id", "input", "output", "instance_id"}
    assert [row["output"] for row in rows] == ["A"] * 3
    assert [row["instance_id"] for row in rows] == ["i0", "i1", "i2"]
