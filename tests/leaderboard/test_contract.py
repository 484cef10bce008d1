"""Whatever its own document allows, and what it does not: the API answers in its own words and never breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.leaderboard.store import open_store

from .service import Running, bearer, running

schemathesis: Any = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

PATHS = (
    "/me", "/versions", "/versions/{version}", "/models", "/models/{model}", "/submissions",
    "/submissions/{submission}", "/submissions/{submission}/withdraw", "/flags", "/log",
)  # fmt: skip


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("contract")
    store = open_store(f"sqlite:///{folder}/board.sqlite", create=True)
    with running(store, folder / "board", posts_per_hour=1_000_000) as started:
        yield started
    store.close()


@cache
def operations(url: str) -> tuple[Any, ...]:
    """All operations of the board's own document."""
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    return tuple(found.ok() for found in schema.get_all_operations())


def test_the_document_has_all_addresses(board: Running) -> None:
    found = {operation.path for operation in operations(board.url)}
    assert {f"/api/v1{path}" for path in PATHS} <= found


@pytest.mark.parametrize("token", ["", "red", "maintainer"])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_breaks_the_board(board: Running, token: str, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(operations(board.url)), label="operation")
    case = data.draw(operation.as_strategy(), label="case")
    reply = case.call(base_url=board.url, headers=bearer(board.secrets.get(token, "")))
    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400 and reply.headers.get("content-type", [""])[0].startswith("application/json"):
        told = json.loads(reply.content)
        assert told["status"] == reply.status_code
        assert told["problems"]
        assert all(set(problem) == {"what", "place", "mend"} for problem in told["problems"])
    assert b"Traceback" not in reply.content
    assert board.store.verify() == []
