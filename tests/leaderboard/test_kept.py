"""What the board keeps beside its database: results in memory, instances for children, names of exported files."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from medsins.leaderboard._items import items_file, read_items
from medsins.leaderboard._kept import Kept
from medsins.leaderboard.pages import static_name
from medsins.leaderboard.store import open_store

from .boards import fill, make_version


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True), max_size=30), st.integers(1, 6))
def test_results_are_right_whatever_was_asked_before(wanted: list[list[int]], size: int) -> None:
    kept: Kept[int] = Kept(size)
    made: list[int] = []

    def make(missing: list[int]) -> Mapping[int, int]:
        made.extend(missing)
        return {key: key * key for key in missing}

    for keys in wanted:
        before = len(made)
        assert kept.get_all(keys, make) == {key: key * key for key in keys}
        assert kept.get_all(keys[-size:], make) == {key: key * key for key in keys[-size:]}
        assert len(made) - before <= len(keys), "the latest are still there"


def test_the_longest_unused_goes_first() -> None:
    kept: Kept[str] = Kept(2)
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    for key in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(key, lambda key=key: make(key)) == key.upper()  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]


def test_threads_may_share_what_is_kept() -> None:
    kept: Kept[int] = Kept(5)
    wrong: list[int] = []

    def ask(start: int) -> None:
        for number in range(start, start + 500):
            if kept.get(number % 11, lambda number=number: number % 11) != number % 11:  # type: ignore[misc]
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_instances_are_written_once_for_a_version_and_are_private(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    fill(store, 4)
    version, items = make_version(rows=4)
    path = items_file(store, version, tmp_path / "cache")
    assert read_items(path) == items
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    before = path.stat().st_mtime_ns
    assert items_file(store, version, tmp_path / "cache") == path
    assert path.stat().st_mtime_ns == before
    other, more = make_version("small@2", rows=6)
    store.add_version(other, more, "tester")
    second = items_file(store, other, tmp_path / "cache")
    assert second != path
    assert read_items(second) == more
    store.close()


PARTS = st.lists(st.text(min_size=1, max_size=20).filter(lambda text: "/" not in text), max_size=3)


@given(PARTS, st.dictionaries(st.sampled_from(["profile", "version", "m"]), st.text(max_size=20), max_size=3))
def test_an_exported_file_stays_in_its_folder(parts: list[str], query: dict[str, str]) -> None:
    name = static_name("/" + "/".join(parts), query)
    assert not name.startswith("/")
    assert name.endswith(".html")
    assert name.isascii()
    for part in name.split("/"):
        assert part
        assert not part.startswith(".")
        assert len(part) <= 120


@given(PARTS, PARTS)
def test_two_pages_never_share_a_file(first: list[str], second: list[str]) -> None:
    """Where names differ by more than a slash at the end."""
    if first != second and all(part.strip("/") for part in first + second) and first and second:
        same = static_name("/" + "/".join(first), {}) == static_name("/" + "/".join(second), {})
        assert not same
