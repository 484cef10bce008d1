"""The query of a prompt is found whatever template surrounds it, and no shot is ever taken for it."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Message, Prompt
from medsins.core.chat import FORMATS, render
from medsins.leaderboard.intake_match import Matcher
from medsins.leaderboard.records import Item

from .wards import ward_version


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> tuple[Item, ...]:
    return ward_version(tmp_path_factory.mktemp("ward"))[1]


Shots = list[tuple[str, str]]


def plain(shots: Shots, query: str) -> str:
    return "".join(f"Input:\n{q}\n\nOutput:\n{a}\n\n\n" for q, a in shots) + f"Input:\n{query}\nOutput:"


def one_line(shots: Shots, query: str) -> str:
    return " ".join(f"Case: {q} Solution: {a}" for q, a in shots) + f" Case: {query} Solution:"


def quoted(shots: Shots, query: str) -> str:
    return "".join(f'### Q\n"{q}"\n### A\n{a}\n' for q, a in shots) + f'### Q\n"{query}"\n### A\n'


def turns(name: str) -> Callable[[Shots, str], str]:
    def made(shots: Shots, query: str) -> str:
        messages = [Message("system", "Learn from the cases.")]
        for q, a in shots:
            messages += [Message("user", q), Message("assistant", a)]
        return render(Prompt((*messages, Message("user", query))), name)

    return made


def windows(shots: Shots, query: str) -> str:
    return plain(shots, query).replace("\n", "\r\n").replace("\t", "    ")


def asked_after(shots: Shots, query: str) -> str:
    return plain(shots, query) + "\n\nPlease learn from the cases, then answer. Say nothing else."


TEMPLATES = {
    "plain": plain,
    "one line": one_line,
    "quoted": quoted,
    "windows": windows,
    "instruction last": asked_after,
    **{name: turns(name) for name in FORMATS},
}


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("shots", [0, 1, 3])
def test_every_query_is_found_among_shots_of_the_same_task(items: tuple[Item, ...], name: str, shots: int) -> None:
    draw, matcher = random.Random(name), Matcher(items)
    for item in draw.sample(items, 60):
        mates = [other for other in items if other.task_id == item.task_id]
        chosen = [(mate.input, mate.outputs[0]) for mate in draw.choices(mates, k=shots)]
        prompt = TEMPLATES[name](chosen, item.input)
        assert matcher.by_prompt(item.task_id, prompt) == (item.row,), prompt


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_query_that_is_unknown_is_never_taken_for_a_shot(items: tuple[Item, ...], name: str) -> None:
    draw, matcher = random.Random(name), Matcher(items)
    strangers = ("swine gout", "Question: Who is it?\nOptions: A: rest\tB: tests", "Is it raining?", "acute")
    for item in draw.sample(items, 30):
        mates = [(mate.input, mate.outputs[0]) for mate in items if mate.task_id == item.task_id]
        assert matcher.by_prompt(item.task_id, TEMPLATES[name](draw.choices(mates, k=3), item.input)) == (item.row,)
        for stranger in strangers:
            assert matcher.by_prompt(item.task_id, TEMPLATES[name](draw.choices(mates, k=3), stranger)) == ()
            assert matcher.by_prompt(item.task_id, TEMPLATES[name]([], stranger)) == ()


def test_the_query_itself_among_the_shots_is_still_the_query(items: tuple[Item, ...]) -> None:
    matcher = Matcher(items)
    for item in items:
        assert matcher.by_prompt(item.task_id, plain([(item.input, item.outputs[0])] * 3, item.input)) == (item.row,)


def test_the_longest_name_wins_and_a_part_of_a_word_is_none() -> None:
    inputs = ("gout", "acute gout", "late acute gout", "out")
    matcher = Matcher([Item(i, "t", str(i), "open", text, ("x",)) for i, text in enumerate(inputs)])
    for row, text in enumerate(inputs):
        assert matcher.by_prompt("t", f"Input: {text}\nOutput:") == (row,)
    for text in ("swine gout", "layout", "gouty"):
        assert matcher.by_prompt("t", f"Input: {text}\nOutput:") == ()


def test_instances_that_ask_the_same_come_together() -> None:
    texts = ("Is it so?", "Is  it\nso?", "Is it not so?")
    matcher = Matcher([Item(i, "t", str(i), "open", text, ("x",)) for i, text in enumerate(texts)])
    assert matcher.by_input("t", "Is it so?") == (0, 1)
    assert matcher.by_prompt("t", "Input:\nIs it so?\nOutput:") == (0, 1)
    assert matcher.by_prompt("t", "Input:\nIs it not so?\nOutput:") == (2,)


@given(st.text(max_size=400), st.text(max_size=60))
def test_any_text_is_answered(prompt: str, text: str) -> None:
    matcher = Matcher([Item(0, "t", "a", "open", text, (prompt[:20],)), Item(1, "t", "b", "open", "", ())])
    found = matcher.by_prompt("t", prompt)
    assert set(found) <= {0, 1}
    if text.strip():
        assert matcher.by_prompt("t", f"Input:\n{text}\n") in ((0,), ())


@given(
    st.lists(st.text("ab \n", min_size=1, max_size=12), min_size=1, max_size=12, unique_by=lambda t: "".join(t.split()))
)
def test_whatever_the_inputs_are_the_whole_last_one_is_found(inputs: list[str]) -> None:
    inputs = [text for text in inputs if text.strip()]
    items = [Item(i, "t", str(i), "open", text, ("zz",)) for i, text in enumerate(inputs)]
    for item in items:
        found = Matcher(items).by_prompt("t", f"Q>{item.input.strip()}")
        assert found == (item.row,)


def test_hopeless_prompts_cost_little_in_the_end(items: tuple[Item, ...]) -> None:
    matcher = Matcher(items)
    for i in range(700):
        assert matcher.by_prompt("ward_facts", f"What {i}?\n" * 5) == ()
    assert matcher._failures == 500


def test_the_published_prompts_are_matched(shared: Path) -> None:
    folder = shared / "data" / "raw" / "medsbench_example_results"
    items: list[Item] = []
    for path in sorted((folder / "derived").glob("*.json")):
        for one in json.loads(path.read_text(encoding="utf-8"))["Instances"]:
            items.append(Item(len(items), path.stem, f"i{len(items)}", "open", one["input"], (one["output"],)))
    csv.field_size_limit(1 << 30)
    with next(folder.glob("*.csv")).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    matcher = Matcher(items)
    found = [matcher.by_prompt(row["task_id"], row["input"]) for row in rows]
    right = [
        any(items[i].outputs[0].strip() == row["GT"].strip() for i in places)
        for row, places in zip(rows, found, strict=True)
    ]
    assert all(right)
    assert len(rows) == 250


def test_the_prompts_of_the_published_code_are_matched(shared: Path) -> None:
    """Its shots come from the test file itself; messages are written out as Python writes them."""
    document = json.loads((shared / "golden" / "prompts.json").read_text(encoding="utf-8"))
    checked = 0
    for case in document["cases"]:
        instances = document["task_files"][case["file"]]["Instances"]
        items = [Item(i, "t", str(i), "open", one["input"], (str(one["output"]),)) for i, one in enumerate(instances)]
        matcher = Matcher(items)
        for row, sample in enumerate(case["samples"]):
            assert row in matcher.by_prompt("t", str(sample["input"])), sample
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("write", [str, json.dumps])
def test_messages_written_out_are_read(items: tuple[Item, ...], write: Callable[[object], str]) -> None:
    matcher = Matcher(items)
    for item in items:
        shot = {"role": "user", "content": "Input:\ngout\nOutput:"}
        turns = [
            shot,
            {"role": "assistant", "content": "Rest."},
            {"role": "user", "content": f"Input:\n{item.input}\nOutput:\n"},
        ]
        assert matcher.by_prompt(item.task_id, write(turns)) == (item.row,)
        assert matcher.by_prompt(item.task_id, write({"system": "gout", "user": item.input})) == (item.row,)


@pytest.mark.parametrize(
    "text", ["[{" * 50_000, "{'a': 1}", '[{"content": null}]', "{'user': 3}", "[{'role'", '{"a": ' * 9_000]
)
def test_what_only_looks_like_messages(items: tuple[Item, ...], text: str) -> None:
    assert Matcher(items).by_prompt("ward_facts", text) == ()
