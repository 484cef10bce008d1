"""What is compressed comes back as it was, whatever it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from medsins.leaderboard._blobs import (
    pack_answers,
    pack_items,
    pack_samples,
    unpack_answers,
    unpack_items,
    unpack_samples,
    unpack_truncated,
)
from medsins.leaderboard._types import Json, UtcTime, Words, storable, storable_json
from medsins.leaderboard.records import Item

texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
DIALECTS = (sqlite.dialect(), postgresql.dialect())


@settings(max_examples=40)
@given(answers=st.lists(st.none() | texts), cut=st.sets(st.integers(0, 20)))
def test_answers_come_back(answers: list[str | None], cut: set[int]) -> None:
    packed = pack_answers(answers, cut)
    assert unpack_answers(packed) == answers
    assert unpack_truncated(packed) == {row for row in cut if row < len(answers)}


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(texts, texts, texts, st.lists(texts, max_size=3), st.sampled_from(["open", "private"]))))
def test_items_come_back(rows: list[tuple[Any, ...]]) -> None:
    items = [
        Item(number, task, name, part, text, tuple(outputs))
        for number, (task, name, text, outputs, part) in enumerate(rows)
    ]
    assert list(unpack_items(pack_items(items))) == items


@settings(max_examples=40)
@given(samples=st.lists(st.dictionaries(texts, values, max_size=4)))
def test_samples_come_back(samples: list[dict[str, Any]]) -> None:
    assert list(unpack_samples(pack_samples(samples))) == samples


def test_numbers_keep_their_kind_and_their_last_bit() -> None:
    samples = [{"row": 1, "metrics": {"f1": 0.1 + 0.2}}, {"row": 2, "metrics": {"f1": 1}}, {"row": True, "metrics": {}}]
    assert repr(list(unpack_samples(pack_samples(samples)))) == repr(samples)


def test_sixty_thousand_rows_are_small() -> None:
    samples = [
        {"row": row, "task_id": f"task{row % 28}", "profile": profile, "metrics": {"f1": (row % 7) / 7}}
        for profile in ("official", "strict")
        for row in range(30_000)
    ]
    assert len(pack_samples(samples)) < 0.1 * len(json.dumps(samples))
    assert len(pack_answers(["The answer is B."] * 60_000)) < 10_000


@given(text=texts)
def test_words_can_be_kept_by_both_databases(text: str) -> None:
    for dialect in DIALECTS:
        kept = Words().process_bind_param(text, dialect)
        assert kept is not None
        assert "\0" not in kept
        kept.encode("utf-8")
        assert len(kept) == len(text)
    assert storable(storable(text)) == storable(text)


@given(value=values)
def test_json_comes_back_and_is_ascii(value: Any) -> None:
    for dialect in DIALECTS:
        kept = Json().process_bind_param(value, dialect)
        assert kept.isascii()
        assert "\0" not in kept
        assert Json().process_result_value(kept, dialect) == value
    json.dumps(storable_json(value), ensure_ascii=False).encode("utf-8")


@given(at=st.datetimes(datetime(1000, 1, 2), datetime(9000, 1, 1)), hours=st.integers(-12, 12))
def test_moments_come_back_in_utc(at: datetime, hours: int) -> None:
    moment = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    for dialect in DIALECTS:
        kept = UtcTime().process_bind_param(moment, dialect)
        back = UtcTime().process_result_value(kept, dialect)
        assert back == moment
        assert back is not None
        assert back.tzinfo is UTC


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), DIALECTS[0])
