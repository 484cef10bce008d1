"""A backup is whole or is not there; it can be restored into either database."""

from __future__ import annotations

import json
import stat
import threading
import zipfile
from pathlib import Path

import pytest

from medsins.core.errors import InvalidFile, MedsinsError, UsageError
from medsins.leaderboard.interface import Store
from medsins.leaderboard.store import open_store, restore_store

from ._postgres import Cluster
from .boards import fill, make_published, put, score


def busy(store: Store) -> Store:
    fill(store)
    store.add_token("red", "submit", None, "tester")
    first, second = put(store, key="k"), put(store, answers=["\0\ud800", None, "", "x"], claims={"\ud800": "\0"})
    score(store, first)
    store.publish([make_published(first, part="private")], "tester")
    store.add_flag(first.id, "copied", {"of": second.id})
    return store


def everything(store: Store) -> list[object]:
    submissions = store.submissions()
    return [
        store.versions(),
        [list(store.items(version.id)) for version in store.versions()],
        store.teams(),
        store.tokens(),
        store.models(),
        submissions,
        [store.answers(each.id) for each in submissions],
        [store.scores(each.id, "open") for each in submissions],
        store.published("small@1"),
        store.published("small@1", "private"),
        store.history("small@1"),
        store.flags(),
        store.entries(),
        store.data_version(),
        {name: count for name, count in store.waiting().items() if name != "oldest"},
    ]


def test_a_backup_can_be_restored_into_either_database(store: Store, postgres: Cluster, tmp_path: Path) -> None:
    archive = tmp_path / "backups" / "board.zip"
    busy(store).backup(archive)
    assert [path.name for path in archive.parent.iterdir()] == ["board.zip"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    server = postgres.fresh()
    for url in (f"sqlite:///{tmp_path}/restored.sqlite", server):
        restore_store(archive, url)
        restored = open_store(url)
        assert everything(restored) == everything(store)
        assert restored.verify() == []
        put(restored)
        score(restored, restored.submissions()[1])
        assert restored.verify() == []
        restored.close()
    postgres.give_back(server)


def test_a_secret_still_opens_after_a_restore(store: Store, tmp_path: Path) -> None:
    fill(store)
    token, secret = store.add_token("red", "submit", None, "tester")
    store.backup(tmp_path / "board.zip")
    restore_store(tmp_path / "board.zip", f"sqlite:///{tmp_path}/restored.sqlite")
    restored = open_store(f"sqlite:///{tmp_path}/restored.sqlite")
    assert restored.authenticate(secret) == token
    restored.close()


def test_a_backup_of_a_board_at_work_is_one_moment(store: Store, board_url: str, tmp_path: Path) -> None:
    fill(store)
    stop = threading.Event()

    def write() -> None:
        other = open_store(board_url)
        while not stop.is_set():
            score(other, put(other))
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            store.backup(tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        url = f"sqlite:///{tmp_path}/{number}.sqlite"
        restore_store(tmp_path / f"{number}.zip", url)
        restored = open_store(url)
        assert restored.verify() == []
        assert restored.entries() == store.entries(limit=len(restored.entries()))
        restored.close()


def test_a_board_that_does_not_verify_is_not_backed_up_as_if_it_did(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "board.sqlite"
    store = open_store(f"sqlite:///{path}", create=True)
    busy(store)
    with sqlite3.connect(path) as behind:
        behind.execute("UPDATE scores SET document = '[]'")
    behind.close()
    with pytest.raises(InvalidFile, match="scores is not what the log tells"):
        store.backup(tmp_path / "board.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["board.sqlite"]
    store.close()


def test_a_restore_needs_an_empty_database(store: Store, board_url: str, tmp_path: Path) -> None:
    fill(store)
    archive = tmp_path / "board.zip"
    store.backup(archive)
    with pytest.raises(UsageError, match="a board already"):
        restore_store(archive, board_url)
    with pytest.raises(UsageError, match="a folder"):
        store.backup(tmp_path)
    assert store.verify() == []


def rewrite(source: Path, target: Path, name: str, content: bytes | None) -> Path:
    """The archive with one member changed, or left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        if content is not None:
            new.writestr(name, content)
    return target


def test_damaged_archives_are_refused_whole(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    good = tmp_path / "board.zip"
    busy(store).backup(good)
    store.close()
    with zipfile.ZipFile(good) as archive:
        teams, manifest = archive.read("tables/teams.jsonl"), json.loads(archive.read("manifest.json"))
    size = good.stat().st_size
    cut, empty, text = tmp_path / "cut.zip", tmp_path / "empty.zip", tmp_path / "text.zip"
    cut.write_bytes(good.read_bytes()[: size // 2])
    empty.write_bytes(b"")
    text.write_text("no archive", encoding="utf-8")
    older = json.dumps(manifest | {"revision": "0000"}).encode()
    renamed = teams.replace(b"Red team", b"Mad team")
    wrong = [
        cut,
        empty,
        text,
        tmp_path / "absent.zip",
        rewrite(good, tmp_path / "1.zip", "tables/teams.jsonl", None),
        rewrite(good, tmp_path / "2.zip", "tables/teams.jsonl", renamed),
        rewrite(good, tmp_path / "3.zip", "tables/teams.jsonl", b"{}\n"),
        rewrite(good, tmp_path / "4.zip", "tables/teams.jsonl", b"\xff\n"),
        rewrite(good, tmp_path / "5.zip", "tables/audit.jsonl", b""),
        rewrite(good, tmp_path / "6.zip", "manifest.json", b"[]"),
        rewrite(good, tmp_path / "7.zip", "manifest.json", older),
        rewrite(good, tmp_path / "8.zip", "manifest.json", None),
    ]
    for number, path in enumerate(wrong):
        url = f"sqlite:///{tmp_path}/restored{number}.sqlite"
        with pytest.raises((MedsinsError, FileNotFoundError)):
            restore_store(path, url)
        with pytest.raises(UsageError, match="no board"):
            open_store(url)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    good = tmp_path / "board.zip"
    busy(store).backup(good)
    expected = everything(store)
    store.close()
    data = good.read_bytes()
    for number, place in enumerate(range(0, len(data), len(data) // 12)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x10
        path, url = tmp_path / f"{number}.zip", f"sqlite:///{tmp_path}/{number}.sqlite"
        path.write_bytes(bytes(spoilt))
        try:
            restore_store(path, url)
        except MedsinsError:
            continue
        restored = open_store(url)  # a byte that means nothing, of the ZIP's dates and the like
        assert everything(restored) == expected
        restored.close()
