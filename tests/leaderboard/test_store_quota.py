"""Quotas hold however many ask at once; teams and tokens open what they should and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from medsins.leaderboard.interface import Quota, Refused, Store
from medsins.leaderboard.records import Scope, Team
from medsins.leaderboard.store import open_store

from .boards import Clock, fill, new_submission, put, score

FIVE = Quota(limit=5, window=timedelta(days=7))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(board_url: str, clock: Clock) -> Iterator[Store]:
    opened = open_store(board_url, create=True, clock=clock)
    fill(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("shared_store", [True, False])
def test_of_fifty_at_once_exactly_five_are_taken(board_url: str, store: Store, shared_store: bool) -> None:
    fill(store)

    def attempt(number: int) -> str:
        mine = store if shared_store else open_store(board_url)
        try:
            mine.submit(new_submission(model=f"model {number}"), FIVE)
            return "taken"
        except Refused as error:
            return "quota" if "is used up" in str(error) else str(error)
        finally:
            if not shared_store:
                mine.close()

    with ThreadPoolExecutor(50 if shared_store else 12) as pool:
        outcome = Counter(pool.map(attempt, range(50)))
    assert outcome == {"taken": 5, "quota": 45}
    assert sorted(each.attempt for each in store.submissions()) == [1, 2, 3, 4, 5]
    assert store.waiting()["waiting"] == 5
    assert store.verify() == []


def test_the_quota_moves_with_time_and_counts_what_was_withdrawn(timed: Store, clock: Clock) -> None:
    two = Quota(limit=2, window=timedelta(days=1))
    first = timed.submit(new_submission(), two)
    clock.tick(hours=20)
    timed.submit(new_submission(), two)
    timed.withdraw(first.id, "", "team:red")
    with pytest.raises(Refused, match="2 submissions in 1 days is used up") as refused:
        timed.submit(new_submission(), two)
    assert "2026-11-02 12:00 UTC" in str(refused.value)
    clock.tick(hours=4)
    timed.submit(new_submission(), two)
    with pytest.raises(Refused, match="used up"):
        timed.submit(new_submission(), two)


def test_quotas_are_by_team_over_all_versions(timed: Store) -> None:
    timed.add_team(Team("blue", "Blue team"), "tester")
    one = Quota(limit=1)
    timed.submit(new_submission(), one)
    with pytest.raises(Refused, match="used up"):
        timed.submit(new_submission(model="other"), one)
    timed.submit(new_submission(team="blue", model="navy"), one)
    with pytest.raises(Refused, match="used up"):
        timed.submit(new_submission(team="blue", model="navy"), Quota(limit=0))


@pytest.mark.parametrize("scope", ["read", "submit", "maintain"])
def test_a_secret_opens_its_token(store: Store, scope: Scope) -> None:
    fill(store)
    token, secret = store.add_token("red", scope, None, "tester")
    assert store.authenticate(secret) == token == store.token(token.id)
    assert token.scope == scope
    assert token.id in secret


def test_other_secrets_open_nothing(store: Store) -> None:
    fill(store)
    token, secret = store.add_token("red", "submit", None, "tester")
    other, other_secret = store.add_token("red", "submit", None, "tester")
    swapped = other_secret.replace(other.id, token.id)
    wrong = [
        "",
        "_",
        "__",
        token.id,
        secret[:-1],
        secret + "x",
        secret.upper(),
        swapped,
        f"medsins_{token.id}_",
        "\0\ud800",
    ]
    assert [each for each in wrong if store.authenticate(each) is not None] == []
    assert [each.id for each in store.tokens("red")] != []
    assert secret not in repr(store.tokens())


def test_expired_and_revoked_tokens_and_banned_teams_open_nothing(timed: Store, clock: Clock) -> None:
    short, short_secret = timed.add_token("red", "submit", clock() + timedelta(hours=1), "tester")
    long, long_secret = timed.add_token("red", "submit", None, "tester")
    third, third_secret = timed.add_token("red", "read", None, "tester")
    assert timed.authenticate(short_secret) == short
    clock.tick(hours=1)
    assert timed.authenticate(short_secret) is None
    timed.revoke_token(long.id, "lost", "tester")
    assert timed.authenticate(long_secret) is None
    assert timed.token(long.id).revoked
    with pytest.raises(Refused, match="revoked already"):
        timed.revoke_token(long.id, "again", "tester")
    assert timed.authenticate(third_secret) == third
    timed.ban_team("red", "cheated", "tester")
    assert timed.authenticate(third_secret) is None
    assert timed.verify() == []


def test_a_banned_team_is_hidden_and_submits_no_more(store: Store) -> None:
    fill(store)
    scored, waiting, withdrawn = put(store), put(store), put(store)
    score(store, scored)
    store.withdraw(withdrawn.id, "mine", "team:red")
    store.ban_team("red", "cheated", "tester")
    assert store.team("red").banned
    assert [store.submission(each.id).state for each in (scored, waiting, withdrawn)] == [
        "hidden",
        "hidden",
        "withdrawn",
    ]
    assert store.submission(withdrawn.id).reason == "mine"
    assert store.published("small@1") == []
    with pytest.raises(Refused, match="nothing more is taken"):
        put(store)
    with pytest.raises(Refused, match="is banned"):
        store.add_token("red", "submit", None, "tester")
    with pytest.raises(Refused, match="banned already"):
        store.ban_team("red", "", "tester")
    assert store.restore(scored.id, "not this one", "tester").state == "scored"
    assert store.verify() == []
