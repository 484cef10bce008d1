"""The store does what its interface says, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from medsins.leaderboard._database import LATE_ACTIONS
from medsins.leaderboard._replay import Replay
from medsins.leaderboard.interface import NotFound, Refused, Store
from medsins.leaderboard.records import ModelCard, Team
from medsins.leaderboard.store import open_store

from .boards import MANY, Clock, fill, make_item, make_published, make_scores, make_version, new_submission, put, score


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(board_url: str, clock: Clock) -> Iterator[Store]:
    """A store whose time the test moves on."""
    opened = open_store(board_url, create=True, clock=clock)
    yield opened
    opened.close()


def test_from_upload_to_board(store: Store) -> None:
    fill(store)
    submission = put(store)
    assert submission.state == "queued"
    assert store.answers(submission.id) == [f"answer {row}" for row in range(4)]
    score(store, submission, 61.5)
    assert store.submission(submission.id).state == "scored"
    assert [shown.document for shown in store.published("small@1")] == [{"f1": 61.5}]
    assert store.scores(submission.id, "private") is None
    kept = store.scores(submission.id, "open")
    assert kept is not None
    assert kept.samples == make_scores(submission.id, "open", 61.5).samples
    assert store.verify() == []


def test_versions_come_back_as_they_were(store: Store) -> None:
    version, items = make_version(rows=5)
    later, _ = make_version("small@2", start=version.active_from + timedelta(days=1))
    store.add_version(version, items, "tester")
    store.add_version(later, [], "tester")
    assert store.versions() == [later, version]
    assert store.version("small@1") == version
    assert list(store.items("small@1")) == items
    assert list(store.items("small@2")) == []


def test_versions_of_many_rows_are_kept_in_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.leaderboard._sql_admin.BLOCK", 3)
    version, items = make_version(rows=10)
    store.add_version(version, iter(items), "tester")
    assert list(store.items("small@1")) == items


def test_rows_out_of_order_are_refused(store: Store) -> None:
    with pytest.raises(Refused, match="row 2 where row 1"):
        store.add_version(make_version()[0], [make_item(0), make_item(2)], "tester")
    assert store.versions() == []


def test_any_text_is_kept(store: Store) -> None:
    text = "NUL \0, half a pair \ud800, مرحبا 你好 \U0001f9ec <script>"
    fill(store, rows=2)
    submission = put(store, rows=2, answers=[text, None], claims={text: [text, {"a": None}]}, intake={"text": text})
    assert store.answers(submission.id) == [text, None]
    kept = store.submission(submission.id)
    assert kept.claims == {text: [text, {"a": None}]}
    assert kept.intake == {"text": text}
    store.withdraw(submission.id, text, text)
    assert store.submission(submission.id).reason == text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert store.verify() == []


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_names_have_a_length(store: Store, name: str) -> None:
    fill(store)
    with pytest.raises(Refused, match="characters"):
        store.add_team(Team(name, "name"), "tester")
    with pytest.raises(Refused, match="characters"):
        store.add_team(Team("id", name), "tester")
    with pytest.raises(Refused, match="characters"):
        store.add_version(make_version(name)[0], [], "tester")
    with pytest.raises(Refused, match="characters"):
        put(store, model=name)


def test_what_is_not_there_is_not_found(store: Store) -> None:
    fill(store)
    for ask in (store.version, store.items, store.published, store.history):
        with pytest.raises(NotFound, match="no such version"):
            ask("nothing")
    for ask in (store.submission, store.answers, store.progress, store.model, store.team, store.token):
        with pytest.raises(NotFound, match="no such"):
            ask("' OR 1=1 --")
    with pytest.raises(NotFound, match="no such submission"):
        store.scores("nothing", "open")
    for number in (0, 7, -1, 2**70):
        with pytest.raises(NotFound, match="no such flag"):
            store.settle_flag(number, "", "tester")
    with pytest.raises(NotFound, match="no such version"):
        put(store, version="nothing")
    with pytest.raises(NotFound, match="no such team"):
        put(store, team="nobody")
    assert store.submissions() == []


def test_ids_are_taken_once(store: Store) -> None:
    fill(store)
    with pytest.raises(Refused, match="such a version"):
        store.add_version(*make_version(), "tester")
    for team in (Team("red", "Other"), Team("other", "Red team")):
        with pytest.raises(Refused, match="taken"):
            store.add_team(team, "tester")


def test_attempts_count_by_team_and_version(store: Store) -> None:
    fill(store)
    store.add_team(Team("blue", "Blue team"), "tester")
    store.add_version(*make_version("small@2"), "tester")
    numbers = [
        put(store).attempt,
        put(store, model="scarlet").attempt,
        put(store, team="blue", model="navy").attempt,
        put(store, version="small@2").attempt,
        put(store).attempt,
    ]
    assert numbers == [1, 2, 1, 1, 3]
    assert [each.attempt for each in store.submissions("small@1", "red")] == [3, 2, 1]
    assert [each.model for each in store.submissions(model="navy")] == ["navy"]


def test_a_model_belongs_to_one_team_and_its_card_can_be_renewed(store: Store) -> None:
    fill(store)
    store.add_team(Team("blue", "Blue team"), "tester")
    put(store)
    with pytest.raises(Refused, match="another team"):
        put(store, team="blue")
    renewed = ModelCard("crimson", "red", "Crimson 2", None, "closed", medical=True)
    store.submit(replace(new_submission(), model=renewed), MANY)
    assert store.model("crimson") == renewed
    assert store.verify() == []


def test_a_version_takes_submissions_while_it_is_active(timed: Store, clock: Clock) -> None:
    version, items = make_version(start=clock() + timedelta(days=1))
    timed.add_version(version, items, "tester")
    timed.add_team(Team("red", "Red team"), "tester")
    with pytest.raises(Refused, match="takes no submissions now"):
        put(timed)
    clock.tick(days=1)
    put(timed)
    timed.close_version("small@1", clock() + timedelta(hours=1), "tester")
    put(timed)
    clock.tick(hours=1)
    with pytest.raises(Refused, match="takes no submissions now"):
        put(timed)
    with pytest.raises(Refused, match="closed already"):
        timed.close_version("small@1", clock(), "tester")
    assert timed.version("small@1").active_until == clock()
    assert timed.verify() == []


def test_answers_are_as_many_as_the_version_has_rows(store: Store) -> None:
    fill(store, rows=4)
    for answers in ([], ["a"], ["a"] * 5):
        with pytest.raises(Refused, match=r"answers where 4 belong"):
            put(store, answers=answers)
    with pytest.raises(Refused, match="4 answers where 0 belong"):
        put(store, kind="link")


def test_a_key_gives_the_submission_that_was_kept(store: Store) -> None:
    fill(store)
    first = put(store, key="k1")
    before = store.data_version()
    assert put(store, key="k1") == first
    assert store.data_version() == before
    assert put(store, key="k2").id != first.id
    assert len(store.submissions()) == 2
    assert store.waiting()["waiting"] == 2


def test_withdrawal_leaves_a_tombstone_only(store: Store) -> None:
    fill(store)
    submission = put(store, claims={"note": "mine"})
    score(store, submission)
    store.publish([make_published(submission, part="private")], "tester")
    store.add_flag(submission.id, "copied", {"of": "other"})
    gone = store.withdraw(submission.id, "wrong file", "team:red")
    assert (gone.state, gone.reason, gone.claims, gone.intake) == ("withdrawn", "wrong file", {}, {})
    assert gone.ended is not None
    assert store.submissions() == [gone]
    assert store.answers(submission.id) == []
    assert store.scores(submission.id, "open") is None
    assert store.published("small@1") == store.published("small@1", "private") == store.history("small@1") == []
    assert store.models() == []
    for change in (store.withdraw, store.hide, store.restore):
        with pytest.raises(Refused, match="was withdrawn"):
            change(submission.id, "again", "tester")
    assert store.queue([submission.id], "rescore", "tester") == 0
    assert store.publish([make_published(submission)], "tester") == 0
    assert store.verify() == []


def test_what_is_withdrawn_uncovers_what_was_shown_before(store: Store) -> None:
    fill(store)
    first, second = put(store), put(store)
    score(store, first, 40.0)
    score(store, second, 50.0)
    assert [shown.submission for shown in store.published("small@1")] == [second.id]
    assert [shown.submission for shown in store.history("small@1")] == [first.id, second.id]
    store.withdraw(second.id, "", "team:red")
    assert [shown.submission for shown in store.published("small@1")] == [first.id]


def test_hidden_is_shown_nowhere_and_comes_back(store: Store) -> None:
    fill(store)
    submission = put(store)
    score(store, submission)
    assert store.hide(submission.id, "doubtful", "tester").state == "hidden"
    assert store.submission(submission.id).reason == "doubtful"
    assert store.published("small@1") == store.history("small@1") == []
    assert store.models() == []
    assert store.scores(submission.id, "open") is not None
    with pytest.raises(Refused, match="hidden already"):
        store.hide(submission.id, "", "tester")
    back = store.restore(submission.id, "clarified", "tester")
    assert (back.state, back.reason) == ("scored", "")
    assert len(store.published("small@1")) == 1
    with pytest.raises(Refused, match="not hidden"):
        store.restore(submission.id, "", "tester")
    assert store.verify() == []


def test_links_wait_for_answers(store: Store) -> None:
    fill(store)
    link = put(store, kind="link", answers=())
    assert (link.state, store.answers(link.id), store.lease("worker", 9)) == ("queued", [], None)
    answered = store.attach_answers(link.id, ["x"] * 4, {"rows": 4}, "b" * 64, "maintainer")
    assert (answered.intake, answered.sha256) == ({"rows": 4}, "b" * 64)
    with pytest.raises(Refused, match="has its answers"):
        store.attach_answers(link.id, ["x"] * 4, {}, "b" * 64, "maintainer")
    score(store, link)
    with pytest.raises(Refused, match="has its answers"):
        store.attach_answers(put(store).id, ["x"] * 4, {}, "b" * 64, "maintainer")
    assert store.verify() == []


def test_flags_are_settled(store: Store) -> None:
    fill(store)
    submission = put(store)
    store.add_flag(submission.id, "constant", {"tasks": ["task1"]})
    store.add_flag(submission.id, "copied", {})
    store.settle_flag(1, "checked by hand", "maintainer")
    assert [(flag.id, flag.kind, flag.settled) for flag in store.flags()] == [
        (1, "constant", "checked by hand"),
        (2, "copied", ""),
    ]
    assert store.flags("another") == []
    assert store.verify() == []


def test_every_change_is_logged_and_raises_the_data_version(store: Store) -> None:
    assert (store.data_version(), store.entries()) == (0, [])
    fill(store)
    submission = put(store)
    assert store.data_version() == 3
    job = store.lease("worker", 60)
    assert job is not None
    store.extend(job, 60, 0.5)
    score(store, submission, job=job)
    store.hide(submission.id, "r", "m")
    actions = [entry.action for entry in store.entries()]
    assert actions == ["version.add", "team.add", "submission.add", "job.lease", "job.finish", "submission.hide"]
    assert store.data_version() == len(actions)
    assert [entry.seq for entry in store.entries(after=2, limit=2)] == [3, 4]
    assert store.entries(after=2**80) == []
    assert store.entries(limit=-1) == []


def test_the_log_tells_no_contact_answer_or_score(store: Store) -> None:
    fill(store)
    _, secret = store.add_token("red", "submit", None, "tester")
    submission = put(store, answers=["canary-answer"] * 4, claims={"note": "canary-claim"})
    score(store, submission, 12.34567)
    store.add_flag(submission.id, "copied", {"text": "canary-flag"})
    told = repr(store.entries())
    assert not [word for word in ("canary", "12.345", "red@example.org", secret) if word in told]


def test_two_stores_see_each_other(board_url: str, store: Store) -> None:
    other = open_store(board_url)
    before = other.data_version()
    fill(store)
    submission = put(store)
    assert other.submission(submission.id) == submission
    time.sleep(0.03)  # the time a data version may be late
    assert other.data_version() == store.data_version() > before
    other.close()


def test_what_takes_away_must_be_seen_at_once_and_what_arrives_may_be_late(board_url: str, store: Store) -> None:
    """In the store that changes it, and in one of another process."""
    fill(store)
    other = open_store(board_url)

    def numbers() -> tuple[int, int]:
        time.sleep(0.03)
        return other.data_version(), other.prompt_version()

    first = numbers()
    submission = put(store)
    score(store, submission)
    store.add_flag(submission.id, "copied", {})
    store.queue([submission.id], "rescore", "tester")
    later = numbers()
    assert later[0] > first[0]
    assert later[1] == first[1]
    for change in (store.hide, store.restore, store.withdraw):
        before = numbers()
        change(submission.id, "a reason", "tester")
        assert numbers()[1] > before[1]
        after = numbers()
        put(store, model="another")
        assert numbers()[1] == after[1]
    store.ban_team("red", "a reason", "tester")
    assert numbers()[1] == store.entries(limit=1_000)[-1].seq
    other.close()


def test_the_actions_that_may_be_seen_late_are_actions() -> None:
    for action in LATE_ACTIONS:
        assert hasattr(Replay, "_" + action.replace(".", "_")), action
