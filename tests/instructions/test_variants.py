"""Variants files, and what they are imported from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.catalog import ACCESS
from medsins.core import Card, Instance, InvalidFile, UsageError
from medsins.instructions import (
    ORIGINS,
    Variant,
    add_wordings,
    by_task,
    is_variants_file,
    read_sources,
    read_variants,
    source_cards,
    survey,
    wording_digest,
    write_variants,
)
from medsins.tasks import open_writer, read_task

WRITTEN = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80).filter(str.strip)
VARIANTS = st.builds(
    Variant,
    WRITTEN,
    WRITTEN,
    st.sampled_from(ORIGINS),
    st.sampled_from(["", "a model"]),
    st.sampled_from(["", "0" * 16]),
    st.sampled_from(["", "2026-01-31"]),
    st.sampled_from(["", *ACCESS]),
    st.sampled_from(["", "the board allowed it"]),
)
SAME_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def card_file(path: Path, *definition: str, **extra: object) -> Path:
    card = Card(categories=("Natural Language Inference",), definition=definition, extra=extra)
    with open_writer(path, card) as writer:
        writer.write([Instance(f"i{n}", f"Is bed {n} free?", ("No.",)) for n in range(20)])
    return path


@SAME_FILE
@given(variants=st.lists(VARIANTS, max_size=6))
def test_any_variants_survive_a_round_trip(tmp_path: Path, variants: list[Variant]) -> None:
    path = tmp_path / "any.variants.jsonl"
    assert write_variants(path, variants) == len(variants)
    assert list(read_variants(path)) == variants
    assert len(path.read_bytes().splitlines()) == len(variants)
    assert sum(map(len, by_task(variants).values())) == len(variants)


@SAME_FILE
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.variants.jsonl"
    path.write_bytes(content)
    try:
        list(read_variants(path))
    except InvalidFile as error:
        places = [problem.place for problem in error.problems]
    else:
        places = [str(path)]
    assert all(place.startswith(str(path)) for place in places)
    assert places


LINES = {
    "{": "is not JSON",
    '"text"': "found str",
    '{"text": "x"}': "no 'task_id'",
    '{"task_id": "a"}': "no 'text'",
    '{"task_id": 1, "text": "x"}': "'task_id' must be a text, found int",
    '{"task_id": "a", "text": " "}': "'text' is empty",
    '{"task_id": "a", "text": "x", "origin": "robot"}': "unknown origin 'robot'",
    '{"task_id": "a", "text": "x", "access": "secret"}': "unknown terms of access 'secret'",
    '{"task_id": "a", "text": "x", "digest": "00"}': "not the one its digest names",
    '{"task_id": "a", "text": "\\ud800"}': "half of a surrogate pair",
    json.dumps({"task_id": "a", "text": "x" * 100_001}): "100,001 characters",
    "[" * 20_000: "is not JSON",
}


def test_every_damage_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.variants.jsonl"
    path.write_text("\n".join(['{"task_id": "a", "text": "good"}', "", *LINES]), encoding="utf-8")
    variants = read_variants(path)
    assert next(variants).text == "good"
    with pytest.raises(InvalidFile) as caught:
        next(variants)
    told = {problem.place.rpartition(" ")[2]: problem.what for problem in caught.value.problems}
    assert all(what in told[str(number)] for number, what in enumerate(LINES.values(), start=3))
    assert len(caught.value.problems) == len(LINES)


def test_a_hopeless_file_is_not_told_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "bad.variants.jsonl"
    path.write_text("[]\n" * 3000)
    with pytest.raises(InvalidFile) as caught:
        list(read_variants(path))
    assert len(caught.value.problems) == 1001
    assert caught.value.problems[-1].what == "more problems follow"


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.variants.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"task_id": "a", "text": "x"}\r\n\r\n{"task_id": "a", "text": "y"}\r\n')
    assert [variant.text for variant in read_variants(path)] == ["x", "y"]
    assert is_variants_file(path)


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such variants file"):
        list(read_variants(tmp_path / "none.variants.jsonl"))
    assert not is_variants_file(tmp_path / "none.variants.jsonl")


def test_what_is_not_known_is_left_out() -> None:
    assert Variant("a", "x").document() == {
        "task_id": "a", "text": "x", "origin": "human", "digest": wording_digest("x"),
    }  # fmt: skip


def test_the_published_file(shared: Path) -> None:
    found = survey(read_sources([shared / "data" / "rewrite_definitions.json"]))
    assert len(by_task(found.variants)) == 122
    assert len(found.variants) == 18_996 + 122
    assert {variant.origin for variant in found.variants} == {"published"}
    assert found.repeats > 0


def test_a_file_of_the_published_shape(tmp_path: Path) -> None:
    path = tmp_path / "Defs.json"
    entry = {"original_def": "Count beds.", "auto_rewrite_def": ["Tell how many beds.", "Count BEDS. "]}
    path.write_text(json.dumps({"Task9001": entry, "task9002": {"original_def": "Count beds."}}))
    found = survey(read_sources([path]))
    assert [(variant.task_id, variant.text) for variant in found.variants] == [
        ("task9001", "Count beds."),
        ("task9001", "Tell how many beds."),
        ("task9001", "Count BEDS. "),
        ("task9002", "Count beds."),
    ]
    assert (found.repeats, found.shared, found.uncatalogued) == (1, 1, ("task9001", "task9002"))
    assert list(source_cards([path])) == []


def test_a_damaged_published_file_tells_all(tmp_path: Path) -> None:
    path = tmp_path / "Defs.json"
    bad = {
        "a": {"original_def": "x", "auto_rewrite_def": ["y", "", 3]},
        "b": 1,
        "c": {"auto_rewrite_def": ["x"]},
        "d": {"original_def": "x", "auto_rewrite_def": "y"},
    }
    path.write_text(json.dumps(bad))
    with pytest.raises(InvalidFile) as caught:
        read_sources([path])
    places = [problem.place.partition("$.")[2] for problem in caught.value.problems]
    assert places == ["a.auto_rewrite_def[1]", "a.auto_rewrite_def[2]", "b", "c.original_def", "d.auto_rewrite_def"]


def test_problems_of_all_sources_come_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.variants.jsonl").write_text("[]\n")
    with pytest.raises(InvalidFile) as caught:
        read_sources([tmp_path / "a.variants.jsonl", tmp_path / "b.variants.jsonl"])
    assert len(caught.value.problems) == 2


def test_task_files_give_their_definitions_and_cards(tmp_path: Path) -> None:
    card_file(tmp_path / "tasks" / "beds.json", "Is the bed free?", "Tell whether the bed is free.", Access="private")
    loose = tmp_path / "loose.variants.jsonl"
    write_variants(loose, [Variant("beds", "Say if a bed is free.", "rewritten")])
    variants = read_sources([tmp_path / "tasks", loose])
    assert [variant.origin for variant in variants] == ["human", "human", "rewritten"]
    ((task_id, card),) = source_cards([loose, tmp_path / "tasks"])
    assert (task_id, card.extra["Access"]) == ("beds", "private")


def test_wordings_go_behind_those_of_the_card_each_once(tmp_path: Path) -> None:
    path = card_file(tmp_path / "beds.json", "Is the bed free?", "Tell whether the bed is free.", Access="open")
    grouped = by_task([Variant("beds", text) for text in ("Say it.", "Is the bed free?", "Say it.", "State it.")])
    written = add_wordings([path], {**grouped, "other": [Variant("other", "x")]}, tmp_path / "out")
    assert written == {tmp_path / "out" / "beds.json": 4}
    before, after = read_task(path), read_task(tmp_path / "out" / "beds.json")
    assert after.card.definition == (*before.card.definition, "Say it.", "State it.")
    assert after.instances == before.instances
    assert after.card.extra == before.card.extra


def test_files_are_not_written_over_each_other(tmp_path: Path) -> None:
    first, second = card_file(tmp_path / "a" / "beds.json", "A?"), card_file(tmp_path / "b" / "beds.json", "B?")
    content = first.read_bytes()
    with pytest.raises(UsageError) as caught:
        add_wordings([first, second], {}, tmp_path / "a")
    assert [problem.what for problem in caught.value.problems] == [
        "would be overwritten", "has the name of another file", "has the name of another file",
    ]  # fmt: skip
    assert first.read_bytes() == content


@pytest.mark.parametrize(
    ("card", "access"),
    [
        ({}, ""),
        ({"Access": "Credentialed"}, "credentialed"),
        ({"Access": "whoever asks"}, "unknown"),
        ({"Access": "open", "May_leave": False}, "private"),
        ({"May_leave": "no"}, "private"),
        ({"Access": "credentialed", "May_leave": False}, "credentialed"),
        ({"Access": "open", "May_leave": True}, "open"),
    ],
)
def test_wordings_carry_the_terms_of_their_card(tmp_path: Path, card: dict[str, object], access: str) -> None:
    path = card_file(tmp_path / "beds.json", "Is the bed free?", **card)
    copied = tmp_path / "copied.variants.jsonl"
    write_variants(copied, read_sources([path]))
    assert [variant.access for variant in read_sources([copied])] == [access]
