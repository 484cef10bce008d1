"""Shots that hold the query or its answer: found however they are written, and nothing found where nothing is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit.shots import find_shot_leak, shots_section, split_prompt, task_form

from .fake_answers import answer, run_of

QUERY = "A man of 61 climbs two floors and has to rest because of a pressure behind the breastbone."
ANSWER = "Stable angina: it comes with effort, goes with rest, and has not changed for many months."
OTHER = "A child woke at night with a barking cough that became better in the cold air of the balcony."


def prompt(*shots: tuple[str, str], query: str = QUERY) -> str:
    return "".join(f"Input: {given}\nOutput: {said}\n\n" for given, said in shots) + f"Input: {query}\nOutput:"


def kind(text: str, query: str = QUERY, *references: str) -> str:
    leak = find_shot_leak(text, query, references or (ANSWER,))
    return leak.kind if leak else ""


def test_clean_shots_are_clean() -> None:
    assert kind(prompt((OTHER, "Croup."))) == ""
    assert kind(prompt()) == ""
    assert kind("") == ""


@pytest.mark.parametrize("change", [str, str.upper, lambda text: text.replace(" ", "  ").replace(".", "!")])
def test_the_query_among_the_shots_is_found_whatever_its_case_and_marks(change: object) -> None:
    assert callable(change)
    assert kind(prompt((OTHER, "Croup."), (change(QUERY), "no"))) == "query"


def test_the_answer_among_the_shots_is_found() -> None:
    assert kind(prompt((OTHER, ANSWER))) == "answer"


def test_short_answers_recur_by_chance() -> None:
    assert kind(prompt((OTHER, "Yes, angina.")), QUERY, "Yes, angina.") == ""


def test_an_answer_that_the_query_holds_is_no_leak() -> None:
    query = f"{QUERY} His doctor writes: {ANSWER}"
    assert kind(prompt((OTHER, ANSWER), query=query), query) == ""


def test_a_query_with_a_word_changed_is_nearly_there() -> None:
    changed = QUERY.replace("61", "58")
    assert kind(prompt((changed, "no"))) == "query, nearly"


def test_what_a_task_s_queries_share_is_its_form() -> None:
    """A record of fields: most of its words stand in every other record too."""
    record = (
        "age: {}\ngender: F\narrival: brought in by ambulance from home\nchief complaint: number {} of the list\n"
        "vital signs on arrival: temperature 37, pulse 72, breathing 16 a minute"
    )
    queries = [record.format(20 + i, i) for i in range(30)]
    shots = [(query, "no") for query in queries[1:3]]
    form = task_form(queries)
    sent = prompt(*shots, query=queries[0])
    assert find_shot_leak(sent, queries[0], [ANSWER]) is not None
    assert find_shot_leak(sent, queries[0], [ANSWER], form) is None
    assert find_shot_leak(prompt((queries[0], "no"), query=queries[0]), queries[0], [ANSWER], form) is not None


def test_scripts_without_blanks() -> None:
    query = "患者三天前开始发热，伴有干咳和乏力，无胸痛。"
    assert kind(prompt((query, "感冒"), query=query), query, "肺炎") == "query"
    assert kind(prompt(("患者右下腹疼痛一天，伴有恶心。", "阑尾炎"), query=query), query, "肺炎") == ""


def test_an_input_that_is_a_whole_prompt_is_its_last_case() -> None:
    """The published format keeps the whole few-shot prompt as the input."""
    whole = prompt((OTHER, "Croup."), (QUERY, "no"))
    assert split_prompt(whole, whole)[1] == QUERY
    assert kind(whole, whole) == "query"
    assert kind(prompt((OTHER, "Croup.")), prompt((OTHER, "Croup."))) == ""


@given(st.integers(0, 10_000))
def test_planted_leaks_are_found_and_others_are_not(seed: int) -> None:
    chance = random.Random(seed)
    vocabulary = [f"word{i}" for i in range(500)]

    def text(n: int) -> str:
        return " ".join(chance.choice(vocabulary) for _ in range(n))

    query, reference = text(chance.randint(12, 80)), text(chance.randint(8, 40))
    shots = [(text(30), text(12)) for _ in range(3)]
    assert kind(prompt(*shots, query=query), query, reference) == ""
    place = chance.randrange(3)
    assert kind(prompt(*shots[:place], (query, "x"), *shots[place:], query=query), query, reference) == "query"
    assert kind(prompt(*shots[:place], ("x", reference), *shots[place:], query=query), query, reference) == "answer"


@given(st.text(max_size=80), st.text(max_size=40), st.lists(st.text(max_size=40), max_size=2))
def test_any_text_is_looked_at(sent: str, query: str, references: list[str]) -> None:
    leak = find_shot_leak(sent, query, references)
    assert leak is None or 0.6 <= leak.share <= 1
    before, own = split_prompt(sent, query)
    assert len(before) <= len(sent)
    assert own in query


def test_the_section_counts_and_shows_them() -> None:
    leaky = [answer(i, "x", ANSWER, given=QUERY, prompt=prompt((OTHER, "Croup."), (QUERY, ANSWER))) for i in range(3)]
    clean = [answer(i + 3, "x", ANSWER, given=QUERY, prompt=prompt((OTHER, "Croup."))) for i in range(7)]
    section = shots_section(run_of(*leaky, *clean))
    assert [finding.severity for finding in section.findings] == ["error"]
    assert "3 of 10" in section.findings[0].what
    assert section.tables[0].rows[0][:6] == ("closed", 10, 3, 0, 0, 30.0)
    assert section.evidence[0].left == QUERY
    assert QUERY in section.evidence[0].right
    assert "breastbone" in section.evidence[0].marked
    assert shots_section(run_of(*clean)).clean
