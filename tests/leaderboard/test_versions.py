"""Versions: the same spec gives the same version everywhere, and nothing that a score depends on goes unnoticed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Card, Instance, InvalidFile, Task, UsageError
from medsins.leaderboard.records import Scores, Version
from medsins.leaderboard.versions import VersionSpec, compare_versions, make_version, shared_tasks, version_digest
from medsins.tasks import write_task

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def spec_of(folder: Path, **changes: object) -> VersionSpec:
    return replace(VersionSpec("ward@1", str(folder), NOW), **changes)  # type: ignore[arg-type]


def write(folder: Path, task_id: str, instances: list[Instance]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    card = Card(definition=("Is it so?",), categories=("Fact Verification",), output_language=("English",))
    write_task(Task(task_id, card, tuple(instances), "Fact Verification"), folder / f"{task_id}.json")


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    for task_id in ("ward_a", "ward_b"):
        write(
            tmp_path / "ward", task_id, [Instance(f"n{i}", f"{task_id}: is {i} odd?", (str(i % 2),)) for i in range(20)]
        )
    return tmp_path / "ward"


def test_a_bundled_suite_becomes_a_version() -> None:
    version, items = make_version(VersionSpec("mini@2026.11", "mini", NOW))
    assert [item.row for item in items] == list(range(sum(task.rows for task in version.tasks)))
    assert Counter(item.task_id for item in items) == {task.task_id: task.rows for task in version.tasks}
    assert len({task.category for task in version.tasks}) >= 11
    assert all(item.part == "open" for item in items)
    assert version.active(NOW)
    assert not version.active(NOW - timedelta(seconds=1))


def test_a_suite_file_is_read_like_the_bundled_one(tmp_path: Path) -> None:
    from medsins.bench.suites._release import release

    write(tmp_path / "own" / "test", "own_a", [Instance("1", "Is it?", ("yes",))])
    release(tmp_path / "own", "3")
    by_folder = make_version(VersionSpec("own@3", str(tmp_path / "own"), NOW))
    assert by_folder == make_version(VersionSpec("own@3", str(tmp_path / "own" / "suite.json"), NOW))
    write(tmp_path / "own" / "test", "own_a", [Instance("1", "Is it?", ("no",))])
    with pytest.raises(InvalidFile, match="differs from the released suite"):
        make_version(VersionSpec("own@3", str(tmp_path / "own"), NOW))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": "1"}', '{"version": "1", "tasks": 3}', '{"tasks": {"gone": "x"}, "version": "1"}']
)
def test_a_damaged_suite_file_is_no_traceback(tmp_path: Path, text: str) -> None:
    (tmp_path / "suite.json").write_text(text)
    with pytest.raises((InvalidFile, UsageError)):
        make_version(VersionSpec("own@3", str(tmp_path / "suite.json"), NOW))


def test_the_split_is_the_same_everywhere_and_different_for_another_seed(ward: Path) -> None:
    spec = spec_of(ward, private_share=0.25, seed=7)
    version, items = make_version(spec)
    assert (version, items) == make_version(spec)
    assert [(task.rows, task.private_rows) for task in version.tasks] == [(20, 5), (20, 5)]
    assert make_version(replace(spec, seed=8))[0].digest != version.digest


def test_the_split_does_not_depend_on_the_order_of_the_file(ward: Path, tmp_path: Path) -> None:
    spec = spec_of(ward, private_share=0.3, seed=1)
    instances = [Instance(f"n{i}", f"ward_a: is {i} odd?", (str(i % 2),)) for i in range(20)]
    write(tmp_path / "turned", "ward_a", instances[::-1])
    private = {item.input for item in make_version(spec)[1] if item.part == "private" and item.task_id == "ward_a"}
    turned = make_version(replace(spec, source=str(tmp_path / "turned")))[1]
    assert private == {item.input for item in turned if item.part == "private"}


@given(
    st.lists(st.sampled_from(["one?", "two?", "three?", "two? "]), min_size=1, max_size=20),
    st.floats(0, 0.99),
    st.integers(0, 99),
)
def test_equal_questions_are_on_one_side(
    tmp_path_factory: pytest.TempPathFactory, asked: list[str], share: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("equal")
    write(folder, "equal", [Instance(f"i{i}", text, ("yes",)) for i, text in enumerate(asked)])
    _, items = make_version(spec_of(folder, private_share=share, seed=seed))
    sides = defaultdict(set)
    for item in items:
        sides[item.input.strip()].add(item.part)
    assert all(len(parts) == 1 for parts in sides.values())
    assert sum(item.part == "private" for item in items) <= share * len(items) + 0.5


def test_instances_can_be_named_as_private(ward: Path) -> None:
    version, items = make_version(spec_of(ward, private=("ward_b", "ward_a/n3")))
    private = [f"{item.task_id}/{item.instance_id}" for item in items if item.part == "private"]
    assert private == ["ward_a/n3", *(f"ward_b/n{i}" for i in range(20))]
    assert [task.private_rows for task in version.tasks] == [1, 20]


def test_ids_that_stand_twice_are_told_apart(tmp_path: Path) -> None:
    write(
        tmp_path / "twice",
        "twice",
        [Instance("a", "One?", ("yes",)), Instance("a", "Two?", ("no",)), Instance("b", "Three?", ("no",))],
    )
    _, items = make_version(spec_of(tmp_path / "twice"))
    assert [item.instance_id for item in items] == ["a#0", "a#1", "b"]


def test_everything_wrong_is_told_at_once(ward: Path) -> None:
    wrong = spec_of(
        ward, id="No Label", private_share=1.5, private=("ward_a/n99", "ward_c"), active_until=NOW - timedelta(days=1)
    )
    with pytest.raises(UsageError) as raised:
        make_version(wrong)
    said = str(raised.value)
    assert len(raised.value.problems) == 5
    assert all(word in said for word in ("No Label", "1.5", "ward_a/n99", "ward_c", "before it begins"))
    with pytest.raises(UsageError, match="time zone"):
        make_version(spec_of(ward, active_from=datetime(2026, 1, 1)))


@pytest.mark.parametrize("source", ["no-such-suite", "/no/such/folder", "gone.json"])
def test_a_source_that_is_not_there(source: str) -> None:
    with pytest.raises(UsageError):
        make_version(VersionSpec("a@1", source, NOW))


def test_the_digest_changes_when_and_only_when_a_score_could(ward: Path) -> None:
    version, items = make_version(spec_of(ward))
    same = make_version(spec_of(ward, id="other@9", title="Other", notes="new", active_until=NOW + timedelta(days=9)))
    assert same[0].digest == version.digest
    changed = [
        replace(items[0], outputs=("maybe",)),
        replace(items[0], part="private"),
        replace(items[0], input="Is it even?"),
        replace(items[0], task_id="ward_b"),
    ]
    digests = {version_digest(version.tasks, [item, *items[1:]]) for item in changed}
    assert len(digests | {version.digest}) == 5
    assert version_digest(version.tasks, [*items[1:], items[0]]) != version.digest
    assert version_digest([replace(version.tasks[0], category="Diagnosis"), version.tasks[1]], items) != version.digest


def scores_of(version: Version, values: dict[str, float]) -> Scores:
    tasks = {name: {"primary": "accuracy", "metrics": {"accuracy": value}} for name, value in values.items()}
    return Scores("s", "open", version.digest, "m", {"profiles": {"strict": {"tasks": tasks}}})


def test_versions_are_compared_on_what_they_share(ward: Path) -> None:
    one, _ = make_version(spec_of(ward))
    write(ward, "ward_b", [Instance("n0", "Is 0 odd, after all?", ("no",))])
    write(ward, "ward_c", [Instance("n0", "Is 0 even?", ("yes",))])
    two, _ = make_version(spec_of(ward, id="ward@2"))
    assert shared_tasks(one, two) == ["ward_a"]
    found = compare_versions(
        one,
        scores_of(one, {"ward_a": 60, "ward_b": 10}),
        two,
        scores_of(two, {"ward_a": 70, "ward_b": 99, "ward_c": 1}),
    )
    assert found.tasks == {"ward_a": ("accuracy", 60, 70)}
    assert found.means == (60, 70)


def test_another_split_is_another_task(ward: Path) -> None:
    one, _ = make_version(spec_of(ward, private=("ward_a/n3",)))
    two, _ = make_version(spec_of(ward, private=("ward_a/n4",)))
    assert shared_tasks(one, two) == ["ward_b"]
    nothing = compare_versions(one, scores_of(one, {}), two, scores_of(two, {}))
    assert nothing.means is None
