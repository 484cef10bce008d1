"""A mixture from task files to samples: what is in it, what never is, and that it is the same every time."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.instructions import wording_digest
from medsins.prompts._shots import text_key
from medsins.tasks import open_writer, read_task
from medsins.training.mixture import Mixture, mix, read_mixed, read_mixture
from medsins.training.records import Sample

from .mixture_tasks import ANSWERS, WORDINGS, Made, cases, make

SIZES = {"task9001": 60, "task9002": 25, "task9003": 4}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    make(folder, SIZES)
    return folder


def drawn(folder: Path) -> list[Sample]:
    return list(read_mixture(folder))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_by_default_every_instance_is_there_once(tasks: Path, tmp_path: Path) -> None:
    mixed = mix([tasks], Mixture(), tmp_path / "mixture")
    samples = drawn(tmp_path / "mixture")
    assert Counter(sample.task_id for sample in samples) == SIZES
    wanted = {instance[:3] for name, size in SIZES.items() for instance in cases(name, size)}
    assert {(sample.instance_id, sample.input, sample.output) for sample in samples} == wanted
    assert mixed.samples == len(samples) == 89
    assert [task["repeats"] for task in mixed.tasks] == [1, 1, 1]


def test_the_same_files_and_settings_give_the_same_bytes(tasks: Path, tmp_path: Path) -> None:
    mixture = Mixture(samples=120, temperature=3, seed=5)
    mix([tasks], mixture, tmp_path / "one")
    mix(sorted(tasks.iterdir(), reverse=True), mixture, tmp_path / "two")
    mix([tasks], mixture, tmp_path / "two")  # over what stands there
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    other = mix([tasks], Mixture(samples=120, temperature=3, seed=6), tmp_path / "three")
    assert other.digest != read_mixed(tmp_path / "one").digest
    assert drawn(tmp_path / "three") != drawn(tmp_path / "one")


def test_what_a_task_gives_does_not_depend_on_the_others_nor_on_the_order_of_instances(tmp_path: Path) -> None:
    instances = cases("task9001", 40)
    Made("task9001.jsonl", instances).write(tmp_path / "alone")
    Made("task9001.json", instances[::-1]).write(tmp_path / "among")
    make(tmp_path / "among", {"task9002": 40})
    mix([tmp_path / "alone"], Mixture(samples=15), tmp_path / "first")
    mix([tmp_path / "among"], Mixture(samples=30), tmp_path / "second")
    alone = drawn(tmp_path / "first")
    among = [sample for sample in drawn(tmp_path / "second") if sample.task_id == "task9001"]
    assert alone == among


def test_shots_are_other_instances_of_the_task_in_turns_that_differ(tasks: Path, tmp_path: Path) -> None:
    mix([tasks], Mixture(samples=300, few_shot=1, temperature=math.inf), tmp_path / "mixture")
    answers = {name: {given: answer for _, given, answer in cases(name, size)} for name, size in SIZES.items()}
    used = Counter()
    for sample in drawn(tmp_path / "mixture"):
        assert len(sample.shots) == 3
        assert len(dict(sample.shots)) == 3
        for asked, answer in sample.shots:
            assert answers[sample.task_id][asked] == answer
            assert asked != sample.input
        if sample.task_id == "task9001":
            assert len({answer for _, answer in sample.shots}) == 3  # four answers are there
            used.update(asked for asked, _ in sample.shots)
    assert len(used) > 40  # of 60


@given(few=st.floats(0, 1), shots=st.integers(0, 6))
@settings(max_examples=10)
def test_the_share_with_shots(tasks: Path, tmp_path_factory: pytest.TempPathFactory, few: float, shots: int) -> None:
    folder = tmp_path_factory.mktemp("mixture")
    mixed = mix([tasks / "task9001.jsonl"], Mixture(samples=400, few_shot=few, shots=shots), folder)
    samples = drawn(folder)
    with_shots = [sample for sample in samples if sample.shots]
    assert mixed.total("few_shot") == len(with_shots)
    assert all(len(sample.shots) == shots for sample in with_shots)
    expected = few if shots else 0
    assert abs(len(with_shots) / 400 - expected) <= 4.5 * math.sqrt(max(expected * (1 - expected), 1e-9) / 400)
    shutil.rmtree(folder)


def test_a_task_with_few_instances_has_fewer_shots_and_one_alone_none(tmp_path: Path) -> None:
    make(tmp_path / "tasks", {"task9001": 3, "task9002": 1})
    mixed = mix([tmp_path / "tasks"], Mixture(samples=40, few_shot=1, temperature=math.inf), tmp_path / "mixture")
    found = {name: {len(s.shots) for s in drawn(tmp_path / "mixture") if s.task_id == name} for name in SIZES}
    assert found["task9001"] == {2}
    assert found["task9002"] == {0}
    assert [task["few_shot"] for task in mixed.tasks] == [20, 0]


def test_repeats_are_even_and_bring_other_wordings_and_shots(tasks: Path, tmp_path: Path) -> None:
    mixed = mix([tasks], Mixture(samples=90, temperature=math.inf, few_shot=1), tmp_path / "mixture")
    last = mixed.tasks[-1]
    assert (last["samples"], last["usable"], last["distinct"], last["repeats"]) == (30, 4, 4, math.ceil(30 / 4))
    samples = [sample for sample in drawn(tmp_path / "mixture") if sample.task_id == "task9003"]
    times = Counter(sample.instance_id for sample in samples)
    assert set(times.values()) == {7, 8}
    for name in times:
        own = [sample for sample in samples if sample.instance_id == name]
        assert max(Counter(sample.instruction for sample in own).values()) == math.ceil(len(own) / len(WORDINGS))
        assert len({sample.shots for sample in own}) > 1


@pytest.mark.parametrize(("wordings", "found"), [(1, WORDINGS[:1]), (2, WORDINGS[:2]), (0, WORDINGS), (99, WORDINGS)])
def test_wordings(tasks: Path, tmp_path: Path, wordings: int, found: tuple[str, ...]) -> None:
    mixed = mix([tasks], Mixture(wordings=wordings), tmp_path / "mixture")
    counts = Counter(sample.instruction for sample in drawn(tmp_path / "mixture"))
    assert set(counts) == set(found)
    assert max(counts.values()) < 3 * min(counts.values())
    assert {task["wordings"] for task in mixed.tasks} == {len(found)}


def test_samples_are_shuffled(tasks: Path, tmp_path: Path) -> None:
    mix([tasks], Mixture(), tmp_path / "mixture")
    order = [sample.task_id == "task9001" for sample in drawn(tmp_path / "mixture")]
    changes = sum(a != b for a, b in pairwise(order))
    assert changes > 20  # of 40 that chance gives; in the order of files there is one


def test_quotas_and_caps_hold_for_what_is_written(tmp_path: Path) -> None:
    make(tmp_path / "tasks", {"task9001": 90})
    make(tmp_path / "tasks", {"task9002": 40}, language="Chinese", domains=("exams", "clinic"))
    make(tmp_path / "tasks", {"task9003": 40}, language="Chinese", domains=("clinic",))
    mixture = Mixture(samples=100, languages={"Chinese": 0.4}, domains={"clinic": 0.3})
    mixed = mix([tmp_path / "tasks"], mixture, tmp_path / "mixture")
    counts = Counter(sample.task_id for sample in drawn(tmp_path / "mixture"))
    assert counts == {"task9001": 70, "task9002": 15, "task9003": 15}
    assert [task["samples"] for task in mixed.tasks] == [70, 15, 15]
    capped = mix([tmp_path / "tasks"], Mixture(cap=10), tmp_path / "capped")
    assert [task["samples"] for task in capped.tasks] == [10, 10, 10]


def test_words_and_tokens_are_those_of_the_samples(tasks: Path, tmp_path: Path) -> None:
    mixed = mix([tasks], Mixture(samples=150, temperature=2), tmp_path / "mixture")
    words = Counter[str]()
    answers = Counter[str]()
    for sample in drawn(tmp_path / "mixture"):
        texts = [sample.instruction, sample.input, sample.output, *(text for shot in sample.shots for text in shot)]
        words[sample.task_id] += sum(len(text.split()) for text in texts)
        answers[sample.task_id] += (len(sample.output) + 3) // 4
    assert {task["id"]: task["words"] for task in mixed.tasks} == words
    assert {task["id"]: task["answer_tokens"] for task in mixed.tasks} == answers
    assert all(task["tokens"] > task["answer_tokens"] for task in mixed.tasks)


def test_columns_beside_the_samples_name_wordings_and_shots(tasks: Path, tmp_path: Path) -> None:
    mixed = mix([tasks], Mixture(few_shot=1), tmp_path / "mixture")
    table = pq.read_table(tmp_path / "mixture" / mixed.shards[0]["name"])
    rows = table.to_pylist()
    assert len(rows) == 89
    names: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        assert row["wording"] == wording_digest(row["instruction"])
        for shot in row["shots"]:
            names.setdefault(shot["id"], set()).add((shot["input"], shot["output"]))
    assert all(len(texts) == 1 for texts in names.values())
    assert len(names) == len(set.union(*names.values()))


def test_terms_travel_with_the_mixture(tmp_path: Path) -> None:
    make(tmp_path / "tasks", {"task9001": 5})
    make(tmp_path / "tasks", {"task9002": 5}, access="credentialed", extra={"Licence": "by agreement"})
    mixed = mix([tmp_path / "tasks"], Mixture(), tmp_path / "mixture")
    assert mixed.access == "credentialed"
    assert [(task["access"], task["licence"]) for task in mixed.tasks] == [
        ("open", ""),
        ("credentialed", "by agreement"),
    ]


def test_a_task_without_definition_gets_the_catalogues(tmp_path: Path) -> None:
    make(tmp_path / "tasks", {"task9001": 5}, definition=())
    mix([tmp_path / "tasks"], Mixture(), tmp_path / "mixture")
    texts = {sample.instruction for sample in drawn(tmp_path / "mixture")}
    assert texts == {read_task(tmp_path / "tasks" / "task9001.jsonl").card.definition[0]}


def test_the_first_reference_is_the_answer(tmp_path: Path) -> None:
    Made("task9001.json", [("a", "Which?", ["liver", "hepar"]), ("b", "What?", ["heart"])]).write(tmp_path)
    mix([tmp_path / "task9001.json"], Mixture(), tmp_path / "mixture")
    assert {sample.output for sample in drawn(tmp_path / "mixture")} == {"liver", "heart"}


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=25)
@given(
    instances=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=25),
    tested=st.lists(TEXTS, max_size=6),
    seed=st.integers(0, 10),
    form=st.sampled_from(["json", "jsonl.gz", "parquet"]),
)
def test_whatever_the_texts_only_usable_instances_are_drawn(
    tmp_path_factory: pytest.TempPathFactory, instances: list[tuple[str, str]], tested: list[str], seed: int, form: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    always = ("keep", "A question that is always there?", "yes")
    named = [always, *((f"i{row}", *texts) for row, texts in enumerate(instances))]
    path = Made(f"task9001.{form}", named).write(folder)
    test = Made("task9009.json", [(f"t{row}", text, "x") for row, text in enumerate([*tested, "q"])]).write(folder)
    mixed = mix([path], Mixture(samples=30, seed=seed), folder / "mixture", [test])
    barred = {text_key(text) for text in [*tested, "q"]}
    usable = {(a, b) for _, a, b in named if a.strip() and b.strip() and text_key(a) not in barred}
    samples = drawn(folder / "mixture")
    assert len(samples) == mixed.samples == 30
    assert {(sample.input, sample.output) for sample in samples} <= usable
    assert {shot for sample in samples for shot in sample.shots} <= usable
    assert all(text_key(asked) != text_key(s.input) for s in samples for asked, _ in s.shots)
    (task,) = mixed.tasks
    assert sum(task[name] for name in ("usable", "gated", "empty", "repeated", "held_out")) == len(named)
    shutil.rmtree(folder)


def test_progress_reaches_its_end(tasks: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    mix([tasks], Mixture(), tmp_path / "mixture", told=lambda done, size: told.append((done, size)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
    assert len({size for _, size in told}) == 1


def test_many_samples_go_through_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small buckets the same samples come in the same order."""
    with open_writer(tmp_path / "task9001.parquet", read_task(make(tmp_path / "x", {"task9001": 1})[0]).card) as writer:
        writer.write([Made._instance(f"{row}", f"Question {row}?", ANSWERS[row % 4]) for row in range(5000)])
    whole = mix([tmp_path / "task9001.parquet"], Mixture(), tmp_path / "whole")
    monkeypatch.setattr("medsins.training.mixture_shards._BUCKET_BYTES", 20_000)
    monkeypatch.setattr("medsins.training.mixture_shards._PENDING_BYTES", 50_000)
    parts = mix([tmp_path / "task9001.parquet"], Mixture(), tmp_path / "parts")
    assert len(whole.shards) == 1
    assert len(parts.shards) > 5
    assert drawn(tmp_path / "parts") == drawn(tmp_path / "whole")
