from __future__ import annotations

from pathlib import Path

import pytest

from medsins.core import InvalidFile
from medsins.instructions import Job, Journal, Variant, judge, read_variants, results, rewrite, write_variants
from medsins.tasks.wordings import draw_wording

FEVER = "Decide whether the note describes a fever (38.0 °C or more). Answer yes or no."


def test_variants_survive_a_round_trip(tmp_path: Path) -> None:
    variants = [Variant("a", "Erste Fassung", "human"), Variant("a", "β\n2", "rewritten", "m", "0" * 16, "2026-01-31")]
    write_variants(tmp_path / "v.jsonl", variants)
    assert list(read_variants(tmp_path / "v.jsonl")) == variants


def test_every_bad_line_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"task_id": "a", "text": "x"}\n[]\n{"task_id": "a"}\nnot json\n')
    with pytest.raises(InvalidFile) as caught:
        list(read_variants(tmp_path / "v.jsonl"))
    assert [problem.place.rpartition(": ")[2] for problem in caught.value.problems] == ["line 2", "line 3", "line 4"]


@pytest.mark.parametrize(
    ("wording", "rule"),
    [
        ("Does the note describe a fever of 38.0 °C or more? Reply yes or no.", ""),
        ("Does the note describe a fever of 38.0 °C or more?", "lost"),
        ("Decide if a note shows a fever from 39.0 °C. Answer yes or no.", "added"),
        ("Sure, here is the rewritten version: fever of 38.0 °C? Answer yes or no.", "answer"),
    ],
)
def test_rules(wording: str, rule: str) -> None:
    rules = {fault.rule for fault in judge(FEVER, wording)}
    assert rule in rules if rule else not rules


def test_a_resumed_rewriting_asks_nothing_twice(tmp_path: Path) -> None:
    jobs = [Job("fever", (FEVER,), 2)]
    asked: list[tuple[str, int]] = []

    def complete(asks):  # type: ignore[no-untyped-def]
        for place, ask in enumerate(asks):
            asked.append(ask.key)
            yield [(place, f"{FEVER} Think hard about case {'abcdefgh'[ask.attempt]}{'xyz' * ask.attempt}.")]

    for _ in range(2):
        with Journal(tmp_path / "j", {"model": "m"}) as journal:
            list(rewrite(jobs, complete, journal, "m"))
            results(jobs, journal)
    assert asked
    assert len(asked) == len(set(asked))


def test_repeats_of_an_instance_get_different_wordings() -> None:
    assert {draw_wording("abc", 1, "t", "i", repeat) for repeat in range(3)} == set("abc")
