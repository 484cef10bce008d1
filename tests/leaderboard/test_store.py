"""The store does what its interface says, on both databases."""

from __future__ import annotations

from medsins.leaderboard.interface import Store

from .boards import fill, put, score


def test_from_upload_to_board(store: Store) -> None:
    fill(store)
    submission = put(store)
    assert submission.state == "queued"
    assert store.answers(submission.id) == [f"answer {row}" for row in range(4)]
    score(store, submission, 61.5)
    assert store.submission(submission.id).state == "scored"
    assert [shown.document for shown in store.published("small@1")] == [{"f1": 61.5}]
