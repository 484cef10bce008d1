"""``medsins bench spread``: one run for every wording of the instruction, and what moves between them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from medsins.bench.compare import spread
from medsins.cli.main import main
from medsins.core import Card, Instance, Task, UsageError
from medsins.reports import print_spread, write_spread
from medsins.reports.spread import most_moved, read_movements
from medsins.tasks import write_task

WORDINGS = ("Explain the term.", "Explain joint pain, an inflammation of the joints.", "What is it?")
MODEL = "mock:echo"  # with the protocol paper it repeats the instruction too


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task whose second wording gives the answers away, and one of letters, where an echo is no answer."""
    folder = tmp_path_factory.mktemp("tasks")
    terms = {"arthritis": "An inflammation of the joints.", "arthralgia": "Joint pain."}
    instances = tuple(Instance(term, term, (meaning,)) for term, meaning in terms.items())
    card = Card(definition=WORDINGS, categories=("Explanation",))
    write_task(Task("ward_terms", card, instances, "Explanation"), folder / "ward_terms.json")
    options = "Options: A: yes\tB: no"
    letters = tuple(Instance(f"q{n}", f"Question {n}? {options}", ("The right answer is A: yes",)) for n in range(3))
    card = Card(definition=WORDINGS, categories=("MCQA",))
    write_task(Task("ward_letters", card, letters, "MCQA"), folder / "ward_letters.json")
    return folder


def ask(tasks: Path, out: Path, *more: str) -> Path:
    assert main(["bench", "run", "--tasks", str(tasks), "-o", str(out), "-q", "--json", *more]) == 0
    return out


@pytest.fixture(scope="module")
def runs(tasks: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [
        ask(tasks, folder / f"wording{n}", "--model", MODEL, "--protocol", f"paper:shots=0,wording={n}")
        for n in (1, 2, 3)
    ]


@pytest.fixture(scope="module")
def found(runs: list[Path]) -> dict[str, Any]:
    return spread(runs)


def test_a_wording_moves_what_depends_on_it_and_nothing_else(found: dict[str, Any]) -> None:
    moved = found["tasks"]["ward_terms"]
    first, second, third = moved["values"]
    assert second > max(first, third)
    assert (moved["min"], moved["max"]) == (min(first, third), second)
    assert moved["median"] == max(first, third)
    assert moved["range"] == moved["max"] - moved["min"]
    assert found["tasks"]["ward_letters"]["range"] == 0
    assert found["most_moved"] == ["ward_terms"]
    assert found["categories"]["Explanation"]["values"] == moved["values"]


def test_what_was_varied_is_named(found: dict[str, Any]) -> None:
    assert found["varied"] == {"protocol": ["paper:shots=0", "paper:shots=0,wording=2", "paper:shots=0,wording=3"]}


def test_the_command_prints_one_document(
    runs: list[Path], found: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "spread", *map(str, runs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_the_command_prints_a_table_and_writes_a_page(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "spread.html"
    assert main(["bench", "spread", *map(str, runs), "-o", str(page)]) == 0
    text = capsys.readouterr().out
    assert "3 runs of mock:echo" in text
    assert "protocol: paper:shots=0, paper:shots=0,wording=2" in text
    assert "ward_terms" in text
    assert "ward_letters" not in text  # it does not move
    assert "wording=3" in page.read_text(encoding="utf-8")


def test_runs_of_other_models_are_refused(tasks: Path, runs: list[Path], tmp_path: Path) -> None:
    other = ask(tasks, tmp_path / "other", "--model", "mock:empty", "--protocol", "paper:shots=0")
    with pytest.raises(UsageError, match=r"asks another model than wording1 \(mock:empty, not mock:echo\)"):
        spread([runs[0], other])


def test_a_wording_no_task_has_is_refused_for_every_task(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "run", "--tasks", str(tasks), "-o", str(tmp_path / "r"), "--model", MODEL]
    assert main([*words, "--protocol", "strict:wording=4"]) == 2
    said = capsys.readouterr().err
    assert "ward_terms: wording 4" in said
    assert "ward_letters: wording 4" in said
    assert not (tmp_path / "r").exists()


def test_equal_runs_differ_in_nothing(
    tasks: Path, runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ask(tasks, tmp_path / "again", "--model", MODEL, "--protocol", "paper:shots=0")
    capsys.readouterr()
    assert main(["bench", "spread", str(runs[0]), str(again)]) == 0
    text = capsys.readouterr().out
    assert "The runs differ in no setting" in text
    assert "No task moves." in text


@pytest.mark.parametrize("width", [40, 60, 80, 130])
def test_tables_fit_every_terminal(found: dict[str, Any], width: int) -> None:
    stream = io.StringIO()
    print_spread(found, Console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    tables = [line for line in lines if "ward_terms" in line or "Explanation" in line]
    assert tables
    assert all(cell_len(line) <= width for line in tables)


JSON = st.recursive(
    st.none() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
ENTRY = st.dictionaries(st.sampled_from(["metric", "values", "min", "median", "max", "sd"]), JSON) | JSON


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["tasks", "categories"]), st.dictionaries(st.text(max_size=5), ENTRY) | JSON))
def test_any_document_is_read(document: dict[str, Any]) -> None:
    ranges = [line.range for line in most_moved(document)]
    assert ranges == sorted(ranges, reverse=True)
    assert all(line.name is not None for line in read_movements(document, "categories"))


def test_untrusted_names_stay_text(found: dict[str, Any], tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    entry = {**found["tasks"]["ward_terms"], "metric": evil}
    spoiled = {
        **found,
        "runs": [{"name": evil, "model": evil, "signature": evil}] * 3,
        "varied": {evil: [evil] * 3},
        "profile": evil,
        "tasks": {evil: entry},
        "categories": {evil: entry},
    }
    assert evil not in write_spread(spoiled, tmp_path / "s.html").read_text(encoding="utf-8")
