"""What counts as a leak, on which side and how alike; and what does not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.audit import audit_document
from medsins.audit.leakage import Leakage, find_leakage
from medsins.core import Instance, InvalidFile, UsageError, canonical_json

from .leaks import changed, task, text


def search(folder: Path, train: list[tuple[str, str]], test: list[tuple[str, str]]) -> Leakage:
    return find_leakage([task(folder / "task1.json", train)], [task(folder / "task2.json", test)])


def leaks(found: Leakage) -> dict[int, tuple[int, str, str]]:
    """Training row to (test row, kind, side)."""
    return {row: (gone.leak.test, gone.leak.kind, gone.leak.side) for row, gone in found.removals[0].items()}


NOISE = [(text(40, f"noise {n}"), "yes") for n in range(50)]
TEST = [(text(30, "asked"), text(12, "answer")), (text(30, "other"), "no")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (TEST[0], (0, "exact", "both")),
        (TEST[1], (1, "exact", "both")),
        ((TEST[0][0], "yes"), (0, "exact", "input")),
        ((TEST[1][0], "yes"), (1, "exact", "input")),
        (("What is it?", TEST[0][1]), (0, "exact", "output")),
        ((TEST[0][0].upper(), "yes"), (0, "normalised", "input")),
        ((TEST[0][0].replace(" ", ", ").title() + ".", "yes"), (0, "normalised", "input")),
        ((changed(TEST[0][0], 0.1), "yes"), (0, "near", "input")),
        ((changed(TEST[0][0], 0.1), TEST[0][1]), (0, "near", "both")),
        ((f"{text(60, 'a')} {TEST[0][0]} {text(60, 'b')}", "yes"), (0, "near", "input")),
        ((f"{text(60, 'a')} {changed(TEST[0][0], 0.1)} {text(60, 'b')}", "yes"), (0, "near", "input")),
        ((f"{TEST[0][0]} {text(9, 'c')} {TEST[0][1]}", "yes"), (0, "near", "both")),
        (("Ask something.", TEST[0][0]), (0, "exact", "input")),
        ((TEST[0][0].rsplit(" ", 14)[0], "yes"), (0, "near", "input")),
    ],
    ids=lambda value: " ".join(map(str, value)) if len(value) == 3 else "",
)
def test_kinds_and_sides(tmp_path: Path, row: tuple[str, str], expected: tuple[int, str, str]) -> None:
    assert leaks(search(tmp_path, [*NOISE, row], TEST)) == {len(NOISE): expected}


@pytest.mark.parametrize(
    "row",
    [
        (text(40, "unheard"), "no"),
        ("no", "no"),
        (changed(TEST[0][0], 0.6), "yes"),
        (" ".join(sorted(TEST[0][0].split())), "yes"),
        (" ".join(TEST[0][0].split()[:6]), "yes"),
        ("", ""),
        ("\n\t ...", "?"),
    ],
)
def test_what_is_no_leak(tmp_path: Path, row: tuple[str, str]) -> None:
    assert leaks(search(tmp_path, [*NOISE, row], TEST)) == {}


def test_a_short_answer_counts_only_with_its_question(tmp_path: Path) -> None:
    found = search(tmp_path, [("aspirin?", "no"), TEST[1], (TEST[1][0], "maybe")], TEST)
    assert leaks(found) == {1: (1, "exact", "both"), 2: (1, "exact", "input")}


def test_templates_are_told_from_what_is_said_in_them(tmp_path: Path) -> None:
    """Headings and options that all instances have make no pair; the same case in them does."""
    options = "Options: A: the drug should be given at once. B: the drug should be withheld. C: ask the pharmacist."

    def case(seed: object) -> tuple[str, str]:
        return f"Read the case report and choose one option. Case: {text(8, seed)} {options}", "A"

    test = [case(f"test {n}") for n in range(30)]
    train = [case(f"train {n}") for n in range(300)]
    found = search(tmp_path, [*train, test[3], case("test 4")], test)
    assert leaks(found) == {300: (3, "exact", "both"), 301: (4, "exact", "both")}


def test_a_text_that_is_common_as_a_whole_is_found_in_every_copy(tmp_path: Path) -> None:
    train = [(f"{changed(TEST[0][0], 0.05, n)} {text(3, n)}", "yes") for n in range(50)]
    assert set(leaks(search(tmp_path, train, TEST))) == set(range(50))


def test_boilerplate_outputs_are_no_leak(tmp_path: Path) -> None:
    """What hundreds of training instances answer word for word tells nothing about one test instance."""
    answer = "There is no evidence of an acute cardiopulmonary process on this film."
    train = [(text(30, f"film {n}"), answer) for n in range(400)]
    assert leaks(search(tmp_path, train, [(text(30, "test film"), answer)])) == {}


def test_the_training_text_may_stand_in_a_longer_test_text(tmp_path: Path) -> None:
    sentence = text(25, "sentence")
    found = search(tmp_path, [*NOISE, (sentence, "yes")], [(f"{text(200, 'x')} {sentence} {text(200, 'y')}", "no")])
    (removal,) = found.removals[0].values()
    assert removal.leak.inside
    assert "training text stands in the test text" in found.section().evidence[0].why


@pytest.mark.parametrize(
    ("test", "train"),
    [
        (
            "患者男，65岁，反复咳嗽咳痰十年，加重伴发热三天，最可能的诊断是什么？",
            "患者男 65岁 反复咳嗽 咳痰十年 加重伴发热3天 最可能的诊断是什么",
        ),
        (
            "七十歳の男性。三日前から続く発熱と咳を主訴に来院した。最も考えられる疾患はどれか。",
            "七十歳の女性。三日前から続く発熱と咳を主訴に来院した。最も考えられる疾患はどれか",
        ),
        (
            "Пациент жалуется на сильную головную боль и рвоту после падения с высоты.",
            "пациент ЖАЛУЕТСЯ на сильную боль и рвоту после падения с высоты",
        ),
        (
            "Quel est le traitement de première intention de l'hypertension artérielle chez l'adulte ?",
            "QUEL EST LE TRAITEMENT DE PREMIERE INTENTION DE L'HYPERTENSION ARTÉRIELLE CHEZ L’ADULTE",
        ),
        (
            "¿Cuál es el tratamiento inicial de la neumonía adquirida en la comunidad?",
            "¿cual es el tratamiento inicial de la neumonía adquirida en la comunidad del adulto?",
        ),
    ],
)
def test_languages(tmp_path: Path, test: str, train: str) -> None:
    found = search(tmp_path, [*NOISE, (train, "A")], [(test, "B"), *TEST])
    assert set(leaks(found)) == {len(NOISE)}
    assert leaks(found)[len(NOISE)][0] == 0


def test_copies_within_the_benchmark_are_all_touched(tmp_path: Path) -> None:
    found = search(tmp_path, [(TEST[0][0], "yes")], [TEST[0], (TEST[0][0].upper(), "no"), TEST[1]])
    (pair,) = found.pairs.values()
    assert pair.instances == {0: ("input", "exact"), 1: ("input", "normalised")}
    assert (pair.rows, pair.pairs) == (1, 2)


def test_several_references_are_one_output(tmp_path: Path) -> None:
    answers = (text(9, "first"), text(9, "second"))
    test = [Instance("q", "Which?", answers, listed=True)]
    train = [Instance("t", "Other?", answers[::1], listed=True), Instance("u", "Any?", (answers[1],))]
    found = find_leakage([task(tmp_path / "a.json", train)], [task(tmp_path / "b.json", test)])
    assert leaks(found)[0] == (0, "exact", "output")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=5))
def test_any_text_is_searched_and_found_in_itself(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [(f"{given} {text(9, place)}", answer) for place, (given, answer) in enumerate(rows)]
    found = search(folder, [*NOISE[:2], *rows], [*TEST, *rows])
    assert set(range(2, 2 + len(rows))) <= set(leaks(found))
    assert not {0, 1} & set(leaks(found))


def test_the_section_says_it_with_numbers_and_shows_it(tmp_path: Path) -> None:
    train = [*NOISE, TEST[0], (changed(TEST[1][0], 0.1), "yes")]
    section = search(tmp_path, train, [*TEST, *((text(30, n), "no") for n in range(98))]).section()
    assert section.summary.startswith("2 of 100 test instances (2.00 %, 95 % interval 0.55 to 7.00) stand in 2 of 52 ")
    assert not section.clean
    assert [finding.severity for finding in section.findings] == ["error"]
    by_test, by_pair, by_kind = section.tables
    assert by_test.rows[0][:4] == ("task2", 100, 100, 2)
    assert by_pair.rows[0][:4] == ("task1", "task2", 100, 2)
    assert by_kind.rows == (("task1", "task2", 1, 0, 1, 1, 1, 0, 2),)
    first, second = section.evidence
    assert (first.left_place, first.right_place) == ("task2 / task2-0 / input", "task1 / task1-50 / input")
    assert first.left == first.right == TEST[0][0]
    assert set(second.marked) == set(TEST[1][0].split()) & set(train[-1][0].split())
    assert second.score == pytest.approx(0.9, abs=0.05)
    document = audit_document([section])
    assert json.loads(json.dumps(document))["clean"] is False


def test_nothing_found_is_clean(tmp_path: Path) -> None:
    section = search(tmp_path, NOISE, TEST).section()
    assert section.clean
    assert section.findings == section.evidence == ()
    assert section.tables[0].rows[0][3] == 0


def test_texts_that_are_too_short_to_be_looked_for_are_told(tmp_path: Path) -> None:
    section = search(tmp_path, NOISE, [("aspirin", "yes"), ("fever", "no")]).section()
    assert section.clean
    assert "long enough" in section.findings[0].what
    assert section.tables[0].rows[0][:3] == ("task2", 2, 0)


def test_a_long_text_is_shown_where_it_is_shared(tmp_path: Path) -> None:
    row = (f"{text(600, 'before')} {TEST[0][0]} {text(600, 'after')}", "yes")
    evidence = search(tmp_path, [row], TEST).section().evidence[0]
    assert evidence.left == TEST[0][0]
    assert TEST[0][0] in evidence.right
    assert len(evidence.right) < 1300


def test_pairs_are_shown_of_other_instances_first(tmp_path: Path) -> None:
    """Ten copies of one instance are one example, the second example is another instance."""
    train = [(TEST[0][0], TEST[0][1])] * 10 + [(changed(TEST[1][0], 0.1), "yes")]
    evidence = search(tmp_path, train, TEST).section().evidence
    assert [(shown.left_place, shown.right_place) for shown in evidence] == [
        ("task2 / task2-0 / input", "task1 / task1-0 / input"),
        ("task2 / task2-1 / input", "task1 / task1-10 / input"),
    ]


def test_shared_stretches_are_marked_where_there_are_no_blanks(tmp_path: Path) -> None:
    question = "七十歳の男性が三日前から続く発熱と咳を主訴に来院した"
    found = search(tmp_path, [(question.replace("男性", "女性"), "A")], [(question, "B")])
    assert {"七十歳の", "性が三日前から続く発熱と咳を主訴に来院した"} <= set(found.section().evidence[0].marked)


def test_files_of_one_task_are_told_apart(tmp_path: Path) -> None:
    train = [task(tmp_path / f"task9.part{part}.jsonl", [TEST[part]]) for part in (0, 1)]
    found = find_leakage(train, [task(tmp_path / "task2.json", TEST)])
    assert [source.task for source in found.train] == ["task9.part0", "task9.part1"]
    assert [set(gone) for gone in found.removals] == [{0}, {0}]


def test_the_same_twice_is_the_same(tmp_path: Path) -> None:
    train = [*NOISE, *((changed(TEST[n % 2][0], 0.1, n), "yes") for n in range(20))]
    first, second = (canonical_json(asdict(search(tmp_path, train, TEST).section())) for _ in range(2))
    assert first == second


def test_a_file_on_both_sides_is_refused(tmp_path: Path) -> None:
    path = task(tmp_path / "task1.json", TEST)
    with pytest.raises(UsageError, match="both sides"):
        find_leakage([tmp_path], [path])


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"input": "x", "output": "y"}\n{"input": 1\n', encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        find_leakage([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], [task(tmp_path / "task2.json", TEST)])
    assert {problem.place.split(":")[0] for problem in caught.value.problems} == {
        str(tmp_path / "a.jsonl"),
        str(tmp_path / "b.jsonl"),
    }


def test_unknown_engine(tmp_path: Path) -> None:
    train, test = task(tmp_path / "task1.json", NOISE), task(tmp_path / "task2.json", TEST)
    with pytest.raises(UsageError, match="rya"):
        find_leakage([train], [test], engine="rya")


def test_progress_goes_through_both_passes(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    train, test = task(tmp_path / "task1.json", NOISE), task(tmp_path / "task2.json", TEST)
    find_leakage([train], [test], advance=lambda done, size: seen.append((done, size)))
    assert {size for _, size in seen} == {2 * train.stat().st_size}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
