"""The audit log cannot be changed by the board, and a change made behind its back is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from medsins.leaderboard import _secrets
from medsins.leaderboard._chain import GENESIS, broken_links, entry_hash
from medsins.leaderboard._database import Database
from medsins.leaderboard._replay import Replay
from medsins.leaderboard._verify import problems_of
from medsins.leaderboard.interface import Store
from medsins.leaderboard.records import Entry

from .boards import Clock, fill, make_published, put, score


@pytest.fixture
def busy(store: Store) -> Store:
    """A board on which something has happened."""
    fill(store)
    store.add_token("red", "submit", None, "tester")
    first, second = put(store), put(store)
    score(store, first)
    store.publish([make_published(first, part="private")], "tester")
    store.add_flag(first.id, "copied", {})
    store.withdraw(second.id, "", "team:red")
    store.hide(put(store).id, "doubtful", "tester")
    assert store.verify() == []
    return store


@pytest.fixture
def behind(board_url: str) -> Iterator[Connection]:
    """A connection that knows nothing of the board's rules."""
    database = Database(board_url, Clock())
    with database.engine.execution_options(board_begin="BEGIN").connect() as connection:
        yield connection
    database.close()


def test_the_database_refuses_to_change_the_log(busy: Store, behind: Connection) -> None:
    sqlite = behind.dialect.name == "sqlite"
    again = "SELECT seq, at, 'nobody', action, subject, detail, previous, hash FROM audit WHERE seq = 1"
    for change in (
        "UPDATE audit SET actor = 'nobody' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)",
        "DELETE FROM audit",
        f"INSERT OR REPLACE INTO audit {again}" if sqlite else "TRUNCATE audit",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            behind.execute(text(change))
        behind.rollback()
    assert busy.verify() == []


def found_after(connection: Connection, *statements: str) -> list[str]:
    """What verifying says after changes, which are rolled back."""
    for statement in statements:
        connection.execute(text(statement))
    found = list(problems_of(connection))
    connection.rollback()
    return found


def guards_off(connection: Connection) -> list[str]:
    """What someone does who owns the database."""
    if connection.dialect.name == "sqlite":
        return [f"DROP TRIGGER audit_{event}" for event in ("update", "delete", "insert")]
    return ["ALTER TABLE audit DISABLE TRIGGER ALL"]


LOG_CHANGES = {
    "UPDATE audit SET actor = 'nobody' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET detail = '{}' WHERE seq = 4": "entry 4 was changed",
    "DELETE FROM audit WHERE seq = 5": "entry 5 is followed by 6",
    "DELETE FROM audit WHERE seq = 1": "begins at 2",
    "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)": "should end at",
    "DELETE FROM audit": "ends at entry 0",
    "UPDATE board SET hash = 'x'": "should end at",
    "UPDATE audit SET subject = 'nothing' WHERE action = 'job.lease'": "tells of something that is not there",
}


def test_a_changed_log_is_noticed(busy: Store, behind: Connection) -> None:
    off = guards_off(behind)
    behind.rollback()
    for statement, notice in LOG_CHANGES.items():
        found = found_after(behind, *off, statement)
        assert any(notice in line for line in found), (statement, found)
    assert busy.verify() == []


TABLE_CHANGES = {
    "UPDATE scores SET document = '[99]'": "scores is not what the log tells",
    "UPDATE scores SET metric_digest = 'x'": "scores is not what the log tells",
    "DELETE FROM scores": "scores is not what the log tells",
    "DELETE FROM answers": "answers is not what the log tells",
    "UPDATE published SET document = '[99]'": "digest is not what the log tells",
    "DELETE FROM published": "the table does not have it",
    "UPDATE submissions SET state = 'scored' WHERE state = 'withdrawn'": "state is not what the log tells",
    "UPDATE submissions SET hidden = (1 = 2)": "hidden is not what the log tells",
    "UPDATE submissions SET attempt = 77 WHERE attempt = 1": "attempt is not what the log tells",
    "UPDATE tokens SET scope = 'maintain'": "scope is not what the log tells",
    "UPDATE teams SET banned = (1 = 1)": "banned is not what the log tells",
    "UPDATE models SET card = '{}'": "card is not what the log tells",
    "UPDATE versions SET tasks = '[]'": "tasks is not what the log tells",
    "DELETE FROM items": "items is not what the log tells",
    "UPDATE jobs SET state = 'done' WHERE state = 'waiting'": "no job will score it",
    "DELETE FROM flags": "the table does not have it",
    "INSERT INTO teams VALUES ('blue', 'Blue', '', (1 = 2))": "the log does not tell of it",
}


def test_tables_changed_behind_the_log_are_noticed(busy: Store, behind: Connection) -> None:
    for statement, notice in TABLE_CHANGES.items():
        found = found_after(behind, statement)
        assert any(notice in line for line in found), (statement, found)
    assert busy.verify() == []


texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=8)
entries = st.builds(
    Entry,
    seq=st.integers(1, 99),
    at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)),
    actor=texts,
    action=texts,
    subject=texts,
    detail=st.dictionaries(texts, st.none() | texts | st.integers() | st.lists(texts), max_size=3),
    previous=st.just(GENESIS),
    hash=st.just(""),
)


@given(entry=entries, other=entries)
def test_the_hash_tells_any_two_entries_apart(entry: Entry, other: Entry) -> None:
    assert (entry_hash(entry) == entry_hash(other)) == (entry == other)


@given(chain=st.lists(entries, max_size=6), spoilt=st.integers(0, 5), word=texts)
def test_a_change_anywhere_breaks_the_chain(chain: list[Entry], spoilt: int, word: str) -> None:
    linked: list[Entry] = []
    for number, entry in enumerate(chain, start=1):
        numbered = replace(entry, seq=number, previous=linked[-1].hash if linked else GENESIS)
        linked.append(replace(numbered, hash=entry_hash(numbered)))
    head = (len(linked), linked[-1].hash if linked else GENESIS)
    assert list(broken_links(linked, head)) == []
    if spoilt < len(linked) and linked[spoilt].actor != word:
        changed = [*linked[:spoilt], replace(linked[spoilt], actor=word), *linked[spoilt + 1 :]]
        assert list(broken_links(changed, head)) == [f"audit log: entry {spoilt + 1} was changed"]
        assert list(broken_links(linked[:spoilt] + linked[spoilt + 1 :], head)) != []


def test_the_replay_knows_its_actions_only() -> None:
    with pytest.raises(ValueError, match="no such action"):
        Replay().apply(Entry(1, datetime.now(UTC), "a", "version.burn", "x", {}, GENESIS, ""))


@given(token_id=st.text("0123456789abcdef", min_size=1, max_size=16))
def test_secrets_are_long_and_carry_their_id(token_id: str) -> None:
    secret = _secrets.new_secret(token_id)
    assert _secrets.public_id(secret) == token_id
    assert len(secret.split("_", 2)[2]) == 43  # 256 bits in Base64
    assert _secrets.matches(secret, _secrets.fingerprint(secret))
    assert not _secrets.matches(_secrets.new_secret(token_id), _secrets.fingerprint(secret))
    assert not _secrets.matches("", None)


@given(word=texts)
def test_no_text_is_taken_for_a_secret_of_nobody(word: str) -> None:
    assert not _secrets.matches(word, None)
    assert _secrets.public_id(word) == "" or word.startswith("medsins_")
