"""Stretches of a Japanese text: kept paths change nothing, whatever was analysed before."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics.text import _lattice
from medsins.metrics.text._lattice import BEGIN, Lattice

TEXTS = st.text(st.sampled_from("患者は急性心筋梗塞と診断すももカナー一二AB12.%、。 \n🙂"), min_size=1, max_size=40)


@cache
def used() -> Lattice:
    """A lattice that remembers all examples before."""
    return Lattice()


def analyse(lattice: Lattice, text: str) -> list[str]:
    ends, passed = BEGIN, []
    for start, end in lattice.stretches(text):
        passed.append(lattice.paths(text[start:end], ends))
        ends = passed[-1].ends
    return list(lattice.surfaces(passed))


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_stretches_cover_the_text_and_words_never_cross_them(text: str) -> None:
    stretches = list(used().stretches(text))
    assert [start for start, _ in stretches] == [0, *[end for _, end in stretches[:-1]]]
    assert stretches[-1][1] == len(text)
    surfaces = analyse(used(), text)
    assert "".join(surfaces) == text
    ends = {0}
    for surface in surfaces:
        ends.add(max(ends) + len(surface))
    assert {start for start, _ in stretches} <= ends


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_one_stretch_of_the_whole_text_gives_the_same_surfaces(text: str) -> None:
    whole = used()._find(text, BEGIN)
    assert list(used().surfaces([whole])) == analyse(used(), text)


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_beginnings_are_told_from_their_costs_alone(text: str) -> None:
    """Costs that are all higher by the same amount change no path."""
    stretch = text[: next(used().stretches(text))[1]]
    begins = ((0, 5, 7), (3, 9, 2))
    dearer = tuple((cost + 1000, right, number) for cost, right, number in begins)
    assert used()._shared(stretch, begins) == used()._shared(stretch, dearer)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lattice, "KEPT", 200)
    lattice = Lattice()
    text = "患者は発熱と咳を訴え、肺炎と診断された。すもももももももものうち。"
    assert analyse(lattice, text) == analyse(used(), text)
    assert len(lattice._known) <= 200 / 20
