"""Errata files: what is written is read again, and everything wrong with one is told at once."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile, UsageError
from medsins.tasks.errata import Correction, Errata, read_errata, references_digest, write_errata

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
lists = st.lists(words, min_size=1, max_size=3).map(tuple)


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    what: dict[str, Any] = draw(
        st.one_of(
            st.fixed_dictionaries({"outputs": lists}),
            st.fixed_dictionaries({"also_accept": lists}),
            st.just({"drop": True}),
        )
    )
    day = draw(st.dates()).isoformat()
    return Correction(draw(words), draw(words), draw(words), draw(words), draw(words), day, **what)


def entry(**changes: Any) -> dict[str, Any]:
    plain = {
        "task": "task900", "instance": "i-1", "references": "00ff", "outputs": ["Yes"],
        "reason": "a slip", "reviewer": "R. Viewer", "date": "2026-02-14",
    }  # fmt: skip
    return {name: value for name, value in {**plain, **changes}.items() if value is not ...}


def told(path: Path, *lines: Any) -> list[str]:
    """The problems of a file with these lines."""
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        read_errata(path)
    return [str(problem) for problem in caught.value.problems]


@given(st.lists(corrections(), max_size=6, unique_by=lambda correction: correction.key))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, made: list[Correction]) -> None:
    path = tmp_path_factory.mktemp("errata") / "errata.jsonl"
    write_errata(path, made)
    read = read_errata(path)
    assert sorted(read.corrections, key=lambda c: c.key) == sorted(made, key=lambda c: c.key)
    assert read.digest == Errata(tuple(reversed(made))).digest


def test_the_digest_is_of_what_is_done_not_of_why() -> None:
    one = Correction("t", "i", "00", "a", "b", "2026-01-01", outputs=("x",))
    why = Correction("t", "i", "00", "c", "d", "2026-01-02", outputs=("x",))
    other = Correction("t", "i", "00", "a", "b", "2026-01-01", also_accept=("x",))
    assert Errata((one,)).digest == Errata((why,)).digest != Errata((other,)).digest


@given(lists, lists)
def test_references_have_one_digest(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (references_digest(one) == references_digest(other)) == (one == other)


def test_what_corrections_do() -> None:
    base = ("t", "i", "00", "why", "who", "2026-01-01")
    assert Correction(*base, outputs=("x", "y")).apply(("a", "b")) == ("x", "y")
    assert Correction(*base, also_accept=("x", "a")).apply(("a", "b")) == ("a", "b", "x")
    assert Correction(*base, drop=True).apply(("a", "b")) == ()


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"task": ...}, "task is missing"),
        ({"reason": "  "}, "reason is missing"),
        ({"outputs": []}, "outputs is no list of texts"),
        ({"outputs": "Yes"}, "outputs is no list of texts"),
        ({"outputs": [1]}, "outputs is no list of texts"),
        ({"outputs": ...}, "not just one of"),
        ({"also_accept": ["No"]}, "not just one of"),
        ({"drop": True}, "not just one of"),
        ({"outputs": ..., "drop": "yes"}, "drop is not true"),
        ({"drop": False}, "drop is not true"),
        ({"date": "14.02.2026"}, "is no day"),
        ({"date": 20260214}, "date is missing"),
        ({"output": ["Yes"]}, "unknown keys: output"),
        ({"instance": 7}, "instance is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, wrong: dict[str, Any], part: str) -> None:
    (first, *_) = told(tmp_path / "errata.jsonl", entry(**wrong))
    assert part in first
    assert "errata.jsonl, line 1" in first


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    found = told(tmp_path / "e.jsonl", entry(), "", "{broken", "[1]", entry(), entry(instance="i-2", date="soon"))
    assert [text.split(": ")[0].rsplit(" ", 1)[1] for text in found] == ["3", "4", "5", "6"]
    assert "again (first in line 1)" in found[2]


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(UsageError, match="no such errata file"):
            read_errata(path)
    (tmp_path / "latin.jsonl").write_bytes(b'{"task": "\xff\xfe"}')
    with pytest.raises(InvalidFile, match="UTF-8"):
        read_errata(tmp_path / "latin.jsonl")
    (tmp_path / "deep.jsonl").write_text("[" * 100_000)
    with pytest.raises(InvalidFile, match="line 1"):
        read_errata(tmp_path / "deep.jsonl")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("errata") / "any.jsonl"
    path.write_bytes(data)
    with suppress(InvalidFile):
        assert read_errata(path).path == str(path)
