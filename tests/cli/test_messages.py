"""What commands say while they work and where they cut short: corpora, score, pull."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from medsins.cli import corpora, pull, score
from medsins.cli.main import main
from medsins.core import UsageError
from medsins.tasks import pull as tasks_pull
from medsins.tasks import pull_hub

Capture = pytest.CaptureFixture[str]
FIXTURES = Path(__file__).resolve().parents[1] / "corpora" / "fixtures"


def build(*words: str) -> argparse.Namespace:
    from medsins.cli.main import build_parser

    return build_parser(["corpora"]).parse_args(["corpora", "build", *words, "--raw", "r", "-o", "o"])


# corpora


def test_records_are_said_every_ten_seconds_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(corpora, "time", SimpleNamespace(monotonic=lambda: clock.now))
    text, updates = io.StringIO(), list[str]()
    status: Any = SimpleNamespace(update=updates.append)
    show = corpora._shower("seer", Console(file=text, width=20), status)
    for number in range(31):
        show(number * 1000)
        clock.now += 1
    assert text.getvalue().splitlines() == [f"reading seer: {n},000 records" for n in (10, 20, 30)]
    assert updates == []
    show = corpora._shower("seer", Console(file=text, force_terminal=True), status)
    show(5)
    assert updates == ["reading seer: 5 records"]


def test_settings_of_a_build_are_read_and_all_mistakes_named_at_once() -> None:
    options = corpora._options(build("pico", "--set", "a=1", "--set", "b=x=y", "--task", "t1", "--task", "t2"))
    assert options.settings == {"a": "1", "b": "x=y"}
    assert options.tasks == ("t1", "t2")
    assert (options.seed, options.split, options.empty_answer) == (0, "all", "released")
    with pytest.raises(UsageError) as caught:
        corpora._options(build("pico", "--set", "a", "--set", "b=1", "--set", "c"))
    assert [problem.what for problem in caught.value.problems] == ["'a' is no setting", "'c' is no setting"]


def test_of_several_corpora_the_sound_ones_are_in_the_document(tmp_path: Path, capsys: Capture) -> None:
    words = ["corpora", "build", "pico", "no-such", "--raw", str(FIXTURES), "-o", str(tmp_path), "--json", "-q"]
    assert main(words) == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert [report["corpus"] for report in document["corpora"]] == ["pico"]
    assert [problem["what"] for problem in document["problems"]] == ["unknown corpus 'no-such'"]
    assert "no-such" in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("access", ["open", "registration", "credentialed"])
def test_a_list_by_terms_is_part_of_the_whole(access: str, capsys: Capture) -> None:
    assert main(["corpora", "list", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert main(["corpora", "list", "--access", access, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [row for row in every if row.get("access") == access]


# score


def predictions(path: Path, rows: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task_id", "input", "GT", "output"])
        writer.writerow(["task41", "Sentence1: a\n\nSentence2: b", "Entailment", "entailment"])
        writer.writerows([f"nobody{n}", "x", "y", "z"] for n in range(rows))
    return path


@pytest.mark.parametrize(("rows", "verbose", "named"), [(20, False, 20), (25, False, 20), (25, True, 25)])
def test_many_problems_are_cut_short_unless_asked(
    rows: int, verbose: bool, named: int, tmp_path: Path, capsys: Capture
) -> None:
    path = predictions(tmp_path / "p.csv", rows)
    words = ["score", str(path), "--profile", "strict", "--resamples", "10", "--json", *(["-v"] if verbose else [])]
    assert main(words) == 1
    shown = capsys.readouterr()
    assert shown.err.count("unknown task") == named
    assert ("… and 5 more" in shown.err) == (named < rows)
    assert f"{rows} rows were not scored, 1 were" in shown.err
    assert len(json.loads(shown.out)["problems"]) == rows


def test_problems_are_named_even_when_quiet(tmp_path: Path, capsys: Capture) -> None:
    path = predictions(tmp_path / "p.csv", 1)
    assert main(["score", str(path), "--profile", "strict", "--resamples", "10", "--json", "-q"]) == 1
    assert "nobody0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("step", "text"),
    [(("reading", 3, 0), "reading"), (("scoring", 1, 3), "scoring 33 %"), (("scoring", 3, 3), "scoring 100 %")],
)
def test_steps_have_a_share_where_the_end_is_known(step: tuple[str, int, int], text: str) -> None:
    assert score._step(*step) == text


@pytest.mark.parametrize(("text", "good"), [("10", True), ("1000000", True), ("9", False), ("1000001", False)])
def test_resamples_have_bounds(text: str, good: bool) -> None:
    if good:
        assert score._resamples(text) == int(text)
    else:
        with pytest.raises(argparse.ArgumentTypeError):
            score._resamples(text)


# pull


class InterruptedHub:
    """A hub whose listing is interrupted; remembers that it was closed."""

    closed = 0

    def repository(self, name: str, revision: str) -> None:
        raise KeyboardInterrupt

    def close(self) -> None:
        type(self).closed += 1


def test_an_interrupted_pull_says_that_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(pull_hub, "Hub", InterruptedHub)
    monkeypatch.setattr(InterruptedHub, "closed", 0)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert main(["pull", "meds-bench", "-o", str(tmp_path)]) == 130
    shown = capsys.readouterr()
    assert "run the same command again to go on" in shown.err
    assert shown.out == ""
    assert InterruptedHub.closed == 1


def test_offline_without_an_earlier_pull_is_an_error_of_the_user(tmp_path: Path, capsys: Capture) -> None:
    assert main(["pull", "meds-bench", "--offline", "-o", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert str(tmp_path) in shown.err


def test_the_bar_is_silent_without_a_terminal(capsys: Capture) -> None:
    with pull._bar(argparse.Namespace(quiet=False)) as listen:
        listen(tasks_pull.Progress(path="NER/task1.json", done=5, total=10))
    shown = capsys.readouterr()
    assert "\x1b" not in shown.err
    assert shown.out == ""
