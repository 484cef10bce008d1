"""Rewriting with a scripted model, and the journal that lets it resume."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile, RunError
from medsins.instructions import Answer, Ask, Job, Journal, results, rewrite, wording_digest
from medsins.instructions.rewrite import PATIENCE, ask_of, outcome, prompt_for, unwrapped

BEDS = 'Say whether the bed in the note is "free" or "taken".'
WARDS = "Name the ward that the patient lies in."
OPENINGS = ("Read the note", "As a colleague", "Kindly", "Looking at what is written", "Being brief", "From the lines")
SETTINGS = {"model": "scripted"}


def wording(number: int) -> str:
    return f'{OPENINGS[number % 6]} {"again " * (number // 6)}and tell: bed "taken" or "free"?'


class Scripted:
    """Answers by attempt; ``script`` gives the text, or None where the request fails."""

    def __init__(self, script: Callable[[Ask], str | None]) -> None:
        self.script = script
        self.asked: list[tuple[str, int]] = []

    def __call__(self, asks: Sequence[Ask]) -> Iterator[list[tuple[int, str]]]:
        for place, ask in reversed(list(enumerate(asks))):
            self.asked.append(ask.key)
            text = self.script(ask)
            yield [] if text is None else [(place, text)]


def run(path: Path, jobs: Sequence[Job], model: Scripted) -> list[list[str]]:
    with Journal(path, SETTINGS) as journal:
        list(rewrite(jobs, model, journal, "scripted"))
        return [[v.text for v in check.kept if v.origin == "rewritten"] for check in results(jobs, journal)]


def test_what_is_wanted_is_asked_for_and_no_more(tmp_path: Path) -> None:
    model = Scripted(lambda ask: wording(ask.attempt))
    assert run(tmp_path / "j", [Job("beds", (BEDS,), 3)], model) == [[wording(0), wording(1), wording(2)]]
    assert sorted(model.asked) == [("beds", 0), ("beds", 1), ("beds", 2)]


@pytest.mark.parametrize("useless", ["", "   ", BEDS, "Tell something.", "I'm sorry, I cannot do that."])
def test_useless_answers_are_replaced(useless: str, tmp_path: Path) -> None:
    model = Scripted(lambda ask: wording(ask.attempt) if ask.attempt > 1 else useless)
    assert run(tmp_path / "j", [Job("beds", (BEDS,), 2)], model) == [[wording(2), wording(3)]]


def test_a_model_that_cannot_is_not_asked_for_ever(tmp_path: Path) -> None:
    model = Scripted(lambda ask: "1. Tell something.\n2. Tell another thing.")
    assert run(tmp_path / "j", [Job("beds", (BEDS,), 3)], model) == [[]]
    assert len(model.asked) == len(set(model.asked)) == PATIENCE * 3


def test_a_numbered_list_of_wordings_is_judged_as_one_text(tmp_path: Path) -> None:
    listed = "\n".join(f"{number + 1}. {wording(number)}" for number in range(6))
    with Journal(tmp_path / "j", SETTINGS) as journal:
        list(rewrite([Job("beds", (BEDS,), 1)], Scripted(lambda ask: listed), journal, "scripted"))
        (check,) = results([Job("beds", (BEDS,), 1)], journal)
    assert check.rules["length"] == PATIENCE
    assert [variant.origin for variant in check.kept] == ["human"]


def test_what_failed_is_asked_again_by_the_next_session(tmp_path: Path) -> None:
    jobs = [Job("beds", (BEDS,), 2), Job("wards", (WARDS,), 1)]
    down = Scripted(lambda ask: None)
    assert run(tmp_path / "j", jobs, down) == [[], []]
    assert len(down.asked) == 3  # one round, then it stops
    up = Scripted(lambda ask: wording(ask.attempt) if ask.task_id == "beds" else "In which ward does the patient lie?")
    made = run(tmp_path / "j", jobs, up)
    assert sorted(up.asked) == sorted(down.asked)
    assert made == [[wording(0), wording(1)], ["In which ward does the patient lie?"]]


def test_an_interrupted_session_loses_only_what_did_not_arrive(tmp_path: Path) -> None:
    def stops(ask: Ask) -> str:
        if ask.attempt == 1:
            raise KeyboardInterrupt
        return wording(ask.attempt)

    jobs = [Job("beds", (BEDS,), 4)]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "j", jobs, Scripted(stops))
    rest = Scripted(lambda ask: wording(ask.attempt))
    assert run(tmp_path / "j", jobs, rest) == [[wording(number) for number in range(4)]]
    assert sorted(rest.asked) == [("beds", 0), ("beds", 1)]


def test_results_do_not_hang_on_the_order_of_arrival() -> None:
    job = Job("beds", (BEDS,), 2)
    answers = [Answer("beds", n, wording_digest(BEDS), f"**{wording(n)}**", "m", "2026-01-31") for n in range(4)]
    assert outcome(job, answers) == outcome(job, answers[::-1])
    first = outcome(job, answers).kept[1]
    assert (first.text, first.origin, first.model, first.date) == (wording(0), "rewritten", "m", "2026-01-31")
    assert first.seed == wording_digest(BEDS)


def test_seeds_take_turns_and_say_what_must_stay() -> None:
    job = Job("beds", (BEDS, "Is the bed 4 free?"), 3)
    asks = [ask_of(job, attempt, seed=1) for attempt in range(4)]
    assert [ask.seed for ask in asks] == [wording_digest(seed) for seed in job.seeds] * 2
    assert len({ask.prompt for ask in asks}) == len({ask.random_seed for ask in asks}) == 4
    assert asks == [ask_of(job, attempt, seed=1) for attempt in range(4)]
    assert asks[0].random_seed != ask_of(job, 0, seed=2).random_seed
    assert "- the labels and fixed phrases: free, taken" in prompt_for(BEDS, 0)
    assert "must stay exactly" not in prompt_for(WARDS, 0)
    assert prompt_for(WARDS, 0).endswith(WARDS)


@given(st.text(max_size=60))
def test_quotation_marks_around_the_whole_are_taken_off(text: str) -> None:
    assert unwrapped(f" {text}\n") == unwrapped(text)
    bare = text.strip().replace('"', "").replace("“", "").replace("”", "").replace("'", "").replace("*", "").strip()
    if bare:
        assert {unwrapped(f'"{bare}"'), unwrapped(f"“{bare}”"), unwrapped(f"**{bare}**")} == {bare}
        assert unwrapped(f'"{bare}" or "{bare}"') == f'"{bare}" or "{bare}"'


ONE = Answer("beds", 0, "0" * 16, "β\n\u2028 1", "m", "2026-01-31")


def test_a_journal_keeps_what_it_was_given(tmp_path: Path) -> None:
    with Journal(tmp_path / "deep" / "j", SETTINGS) as journal:
        journal.add([Answer("beds", 1, "", "later", "m", ""), ONE])
        journal.add([])
    with Journal(tmp_path / "deep" / "j", SETTINGS) as journal:
        assert [answer.attempt for answer in journal.of("beds")] == [0, 1]
        assert journal.of("beds")[0] == ONE
        assert (len(journal), journal.of("none")) == (2, [])


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_cut_off_is_taken_off(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, SETTINGS) as journal:
        journal.add([ONE])
        whole = path.read_bytes()
        journal.add([Answer("beds", 1, "", "lost", "m", "")])
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, SETTINGS) as journal:
        assert journal.of("beds") == [ONE]
        assert path.read_bytes() == whole


def test_a_journal_cut_in_its_first_line_begins_again(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"model": "scr')
    with Journal(tmp_path / "j", SETTINGS) as journal:
        assert len(journal) == 0
    assert json.loads((tmp_path / "j").read_text()) == SETTINGS


@pytest.mark.parametrize("line", ["no json", "[]", "3", '{"task_id": "beds"}', '{"stranger": 1}'])
def test_damage_in_the_middle_is_refused_with_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, SETTINGS) as journal:
        journal.add([ONE])
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(InvalidFile, match="line 3"):
        Journal(path, SETTINGS)
    assert path.read_bytes() == before


def test_one_process_at_a_time_and_one_kind_of_answers(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", SETTINGS), pytest.raises(RunError, match="in use by another process"):
        Journal(tmp_path / "j", SETTINGS)
    with pytest.raises(RunError, match="other settings"):
        Journal(tmp_path / "j", {"model": "another"})
    with Journal(tmp_path / "j", SETTINGS) as journal:  # a refusal leaves no lock behind
        assert len(journal) == 0
