"""The service as a whole: pages, their cache, headers, health, metrics."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from medsins.leaderboard import web
from medsins.leaderboard.interface import Store
from medsins.leaderboard.store import open_store

from .boards import put, score
from .service import VERSION, Running, running


@pytest.fixture
def board(store: Store, tmp_path: Path) -> Iterator[Running]:
    with running(store, tmp_path / "board") as started:
        yield started


def test_pages_have_their_headers_and_twins(board: Running) -> None:
    page = board.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in page.headers  # no https here
    assert "server" not in page.headers
    assert board.get("/index.json").headers["content-type"] == "application/json"
    missing = board.get("/no/such/page")
    assert missing.status_code == 404
    assert "content-security-policy" in missing.headers


def test_only_embeds_may_be_framed(board: Running) -> None:
    reply = board.get("/embed/overall")
    assert "frame-ancestors *" in reply.headers["content-security-policy"]
    assert "x-frame-options" not in reply.headers


def test_programs_see_a_change_at_the_next_look(board: Running) -> None:
    before = board.get("/index.json")
    assert board.get("/index.json").headers["etag"] == before.headers["etag"]
    submission = put(board.store)
    score(board.store, submission)
    time.sleep(0.1)  # looks at the state of the board may be 20 ms old
    after = board.get(f"/api/v1/versions/{VERSION}/published")
    assert [one["submission"] for one in after.json()] == [submission.id]


@pytest.mark.parametrize("takes", ["hide", "withdraw", "ban"])
def test_what_another_process_takes_away_is_gone_from_every_page_at_once(
    board: Running, board_url: str, takes: str
) -> None:
    submission = put(board.store)
    score(board.store, submission)
    pages = [f"/model/{submission.model}", "/index.json", "/api/v1/models"]
    until = time.monotonic() + 10
    while submission.model not in board.get("/index.json").text and time.monotonic() < until:
        time.sleep(0.1)
    assert all(submission.model in board.get(page).text for page in pages)
    other = open_store(board_url)
    if takes == "ban":
        other.ban_team(submission.team, "a look", "tester")
    else:
        getattr(other, takes)(submission.id, "a look", "tester")
    other.close()
    time.sleep(0.1)
    gone = [board.get(page) for page in pages]
    assert [reply.status_code for reply in gone] == [200 if takes == "withdraw" else 404, 200, 200]
    assert all(submission.model not in reply.text for reply in gone[1:])


def test_a_process_is_ready_when_its_first_page_is_made(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, go = [], threading.Event()

    def slowly(*args: object, **named: object) -> object:
        made.append(args[1])
        go.wait(20)
        return plain(*args, **named)  # type: ignore[arg-type]

    plain = web.answer
    monkeypatch.setattr(web, "answer", slowly)
    with running(store, tmp_path / "board", wait=False) as board:
        assert (board.get("/healthz").status_code, board.get("/readyz").json()) == (200, {"status": "starting"})
        go.set()
        until = time.monotonic() + 20
        while board.get("/readyz").status_code == 503 and time.monotonic() < until:
            time.sleep(0.01)
        assert board.get("/readyz").json() == {"status": "ok"}
        assert board.get("/").status_code == 200
    assert made == ["/"]


def test_equal_pages_are_not_sent_again(board: Running) -> None:
    first = board.get("/")
    again = board.http.get(board.url + "/", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_pages_are_packed_once_for_whoever_takes_it(board: Running) -> None:
    with httpx.Client() as client:
        with client.stream("GET", board.url + "/methods", headers={"accept-encoding": "gzip"}) as reply:
            packed = b"".join(reply.iter_raw())
            assert reply.headers["content-encoding"] == "gzip"
        plain = client.get(board.url + "/methods", headers={"accept-encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert len(packed) < len(plain.content) / 2


def test_head_is_get_without_a_body(board: Running) -> None:
    reply = board.http.head(board.url + "/")
    assert reply.status_code == 200
    assert reply.content == b""
    assert int(reply.headers["content-length"]) > 0


def test_what_is_private_is_neither_kept_nor_shared(board: Running) -> None:
    submission = put(board.store)
    board.store.hide(submission.id, "a look", "tester")
    path = f"/api/v1/submissions/{submission.id}"
    assert board.get(path, "red").status_code == 200
    assert board.get(path).status_code == 404
    assert board.get(path, "blue").status_code == 404
    assert board.get(path, "red").headers["cache-control"] == "no-store"


def test_one_page_is_made_once_for_all_that_wait(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, go = [], threading.Event()
    plain = web.answer

    def slowly(*args: object, **named: object) -> object:
        made.append(args[1])
        go.wait(5)
        return plain(*args, **named)  # type: ignore[arg-type]

    with running(store, tmp_path / "board") as board, ThreadPoolExecutor(20) as pool:
        monkeypatch.setattr(web, "answer", slowly)
        waiting = [pool.submit(httpx.get, board.url + "/methods") for _ in range(20)]
        threading.Timer(0.5, go.set).start()
        assert {one.result().status_code for one in waiting} == {200}
    assert made == ["/methods"]


def test_health_and_readiness(board: Running) -> None:
    assert board.get("/healthz").json() == {"status": "ok"}
    assert board.get("/readyz").status_code == 200
    board.store.close()
    assert board.get("/healthz").status_code == 200


def test_metrics_are_for_those_who_may(board: Running) -> None:
    assert board.get("/metrics").status_code == 404
    assert board.get("/metrics", "red").status_code == 404
    board.get("/")
    told = board.get("/metrics", "reader").text
    assert 'medsins_board_requests_total{method="GET",status="200"}' in told
    assert 'le="+Inf"' in told
    assert "medsins_board_jobs_waiting" in told


def test_failures_of_ours_tell_nothing(board: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("canary-in-an-error")

    monkeypatch.setattr(board.store, "models", broken)
    reply = board.get("/api/v1/models")
    assert reply.status_code == 500
    assert "canary" not in reply.text
    assert "Traceback" not in reply.text
    assert "content-security-policy" in reply.headers
