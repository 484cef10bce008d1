"""The private part on a model's page: whole percents, and tiers in place of ranks, with the same in its JSON twin."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from medsins.leaderboard.export import export_board
from medsins.leaderboard.interface import Store
from medsins.leaderboard.pages._page import Query
from medsins.leaderboard.pages.model import PrivatePart, view
from medsins.leaderboard.publication import coarse
from medsins.leaderboard.records import Published, Scores
from medsins.leaderboard.store import open_store

from .boards import fill, put

LATER = datetime(2026, 12, 2, tzinfo=UTC)


def document(value: float) -> dict[str, object]:
    figures = {"primary": "f1", "metrics": {"f1": value}, "rows": 400, "tasks": ["task1"]}
    profile = {"signature": "s", "tasks": {"task1": figures}, "categories": {"Named Entity Recognition": figures}}
    return {"format": 1, "rows": 400, "profiles": {"strict": profile, "official": profile}}


@pytest.fixture
def board(tmp_path: Path) -> Store:
    """Three models, of which two are a percent apart on the private part, and one whose time has not come."""
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    fill(store)
    for model, value in (("crimson", 81.4), ("ruby", 80.2), ("rust", 61.6), ("late", None)):
        submission = put(store, model=model)
        job = store.lease("worker", 60)
        assert job is not None
        shown = Published("small@1", model, submission.id, "open", document(50.0), LATER, 1)
        store.finish(job, [Scores(submission.id, "open", "v", "m", document(50.0))], [shown], [])
        if value is not None:
            private = coarse(Scores(submission.id, "private", "v", "m", document(value)))
            store.publish([Published("small@1", model, submission.id, "private", private, LATER, 1)], "tester")
    return store


def private(store: Store, model: str) -> PrivatePart | None:
    return view(store, Query({"model": [model]})).private


def test_models_that_chance_could_turn_round_share_a_tier(board: Store) -> None:
    found = {model: private(board, model) for model in ("crimson", "ruby", "rust")}
    told = {model: (p.overall, p.tier, p.tiers, p.shared) for model, p in found.items() if p}
    assert told == {"crimson": (81, 1, 2, 2), "ruby": (80, 1, 2, 2), "rust": (62, 2, 2, 1)}
    assert private(board, "late") is None


def test_a_hidden_model_shares_no_tier(board: Store) -> None:
    ruby = next(each for each in board.submissions(model="ruby"))
    board.hide(ruby.id, "doubtful", "tester")
    found = private(board, "crimson")
    assert found is not None
    assert (found.tier, found.tiers, found.shared) == (1, 2, 1)


def test_the_page_and_its_twin_tell_the_tier(board: Store, tmp_path: Path) -> None:
    export_board(board, tmp_path / "site")
    page = (tmp_path / "site/model/crimson.html").read_text(encoding="utf-8")
    assert "1 of 2 (shared by 2 models)" in page
    assert "<dt>Mean of categories</dt><dd>81</dd>" in page
    twin = json.loads((tmp_path / "site/model/crimson.json").read_text(encoding="utf-8"))["private"]
    assert {name: twin[name] for name in ("overall", "tier", "tiers", "shared")} == {
        "overall": 81,
        "tier": 1,
        "tiers": 2,
        "shared": 2,
    }
    for path in (tmp_path / "site").rglob("*.json"):
        assert "81.4" not in path.read_text(encoding="utf-8"), path
    assert "Questions kept back" not in (tmp_path / "site/model/late.html").read_text(encoding="utf-8")


def test_documents_of_another_shape_are_left_out(board: Store) -> None:
    late = next(each for each in board.submissions(model="late"))
    board.publish([Published("small@1", "late", late.id, "private", {"format": 1}, LATER, 1)], "tester")
    assert private(board, "late") is None
