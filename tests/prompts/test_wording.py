"""The setting ``wording``: one of a task's definitions by its number, the same everywhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medsins.core import Task, UsageError
from medsins.prompts import ShotPool, get_protocol

from .samples import DEFINITION, content, examples_card, fever_task

POOL = ShotPool(train=fever_task(12, start=100))


def two_wordings() -> Task:
    return replace(fever_task(6), card=examples_card(4))


@pytest.mark.parametrize("name", ["strict", "paper"])
def test_a_numbered_wording_takes_the_place_of_the_first(name: str) -> None:
    first, second = (
        content(next(get_protocol(spec).build(two_wordings(), POOL if name == "strict" else ShotPool(), 0)))
        for spec in (name, f"{name}:wording=2")
    )
    assert DEFINITION in first
    assert second == first.replace(DEFINITION, "A second wording.")


@pytest.mark.parametrize("name", ["strict", "paper"])
def test_wording_one_is_the_protocol_without_the_setting(name: str) -> None:
    usual = get_protocol(name)
    for spec in (f"{name}:wording=1", f"{name}:wording=first", f"{name}:wording=01"):
        assert get_protocol(spec) == usual
        assert get_protocol(spec).digest == usual.digest
    other = get_protocol(f"{name}:wording=2")
    assert other.digest != usual.digest
    assert get_protocol(other.spec) == other


@pytest.mark.parametrize("name", ["strict", "paper"])
def test_a_wording_that_is_not_there_is_an_error_before_anything_is_asked(name: str) -> None:
    protocol = get_protocol(f"{name}:wording=3")
    with pytest.raises(UsageError, match=r"task900: wording 3 .* it has 2 wordings"):
        protocol.select(two_wordings(), ShotPool(), 0)
    with pytest.raises(UsageError, match=r"it has 1 wording\n"):
        protocol.select(fever_task(6), ShotPool(), 0)


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "²", "", "99999999"])
def test_only_numbers_from_one_are_wordings(value: str) -> None:
    with pytest.raises(UsageError, match="counted from 1"):
        get_protocol(f"strict:wording={value}")


def test_the_published_code_has_no_such_setting() -> None:
    with pytest.raises(UsageError, match="unknown setting of protocol official-code 'wording'"):
        get_protocol("official-code:wording=2")
