"""A store on SQLite and one on PostgreSQL, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the extra board is not installed")

from medsins.leaderboard.interface import Store
from medsins.leaderboard.store import open_store

from ._postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def board_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/board.sqlite"
        return
    started: Cluster = request.getfixturevalue("postgres")
    url = started.fresh()
    yield url
    started.give_back(url)


@pytest.fixture
def store(board_url: str) -> Iterator[Store]:
    """An empty board on each kind of database."""
    opened = open_store(board_url, create=True)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Seeded:
    """The demonstration board of ``seeded.py``; tests only look at it."""

    store: Store
    ids: dict[str, str]


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    from .seeded import seed

    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('seeded')}/board.sqlite", create=True)
    yield Seeded(store, seed(store))
    store.close()
