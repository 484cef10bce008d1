"""Each way in, tried once: none opens."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from medsins.leaderboard._limits import MOST_ADDRESSES, Limiter, network
from medsins.leaderboard._sessions import LIFETIME, Sessions
from medsins.leaderboard.interface import Store
from medsins.leaderboard.security import client_address
from medsins.leaderboard.store import open_store

from .boards import put, score
from .service import VERSION, Running, bearer, predictions, running

INJECTIONS = (
    "' OR 1=1 --",
    "x'; DROP TABLE submissions; --",
    '" OR ""="',
    "1 UNION SELECT secret_sha256 FROM tokens",
    "%27",
)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Running]:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    with running(store, tmp_path / "board") as started:
        yield started
    store.close()


def test_sql_in_every_parameter(board: Running) -> None:
    put(board.store)
    for text in INJECTIONS:
        for path in (f"/api/v1/submissions/{text}", f"/api/v1/models/{text}", f"/model/{text}", f"/task/{text}"):
            assert board.get(path).status_code in (404, 422), path
        for name in ("version", "team", "model"):
            assert board.get("/api/v1/submissions", params={name: text}).status_code == 422
        page = board.get("/", params={"version": text, "sort": text, "profile": text, "search": text})
        assert page.status_code in (200, 404)
        assert board.get("/api/v1/me", text.strip() or "x").status_code == 401
        assert board.submit(name=text, remarks=text, version=VERSION).status_code == 201
    assert board.store.verify() == []
    assert len(board.store.submissions()) == 1 + len(INJECTIONS)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/%2e%2e/%2e%2e/board.toml",
        "/..%2f..%2fetc/passwd",
        "/static//etc/passwd",
        "/.git/config",
        "/board.toml",
        "/secret.key",
        "/incoming/",
        "/static/board.css%00.js",
    ],
)
def test_paths_lead_nowhere(board: Running, path: str) -> None:
    """Sent by hand, because clients tidy paths up."""
    host = board.url.removeprefix("http://")
    with socket.create_connection(tuple(host.split(":")), timeout=10) as line:  # type: ignore[arg-type]
        line.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        reply = b"".join(iter(lambda: line.recv(65_536), b""))
    assert reply.split(b" ", 2)[1] in (b"404", b"400")
    assert b"root:" not in reply
    assert board.settings.key().hex().encode() not in reply


def test_nothing_is_fetched(board: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to this very machine, and nobody comes to it."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        link = f"http://127.0.0.1:{trap.getsockname()[1]}/latest/meta-data"
        made = board.post("/api/v1/links", "red", json={"version": VERSION, "name": "SSRF", "link": link})
        assert made.status_code == 201
        assert board.get(f"/submission/{made.json()['id']}").status_code == 200
        with pytest.raises(TimeoutError):
            trap.accept()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.org"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(board: Running, headers: dict[str, str]) -> None:
    for path in ("/submit", "/withdraw", "/contribute", "/login", "/logout", "/moderation/ban"):
        assert board.post(path, headers=headers, data={"token": board.secrets["red"]}).status_code == 403


def login(board: Running) -> httpx.Client:
    client = httpx.Client(base_url=board.url, headers={"origin": board.url})
    reply = client.post("/login", data={"token": board.secrets["maintainer"]})
    assert reply.status_code == 303
    assert "samesite=strict" in reply.headers["set-cookie"].lower()
    assert "httponly" in reply.headers["set-cookie"].lower()
    return client


def test_moderation_needs_a_session_and_its_own_form(board: Running) -> None:
    submission = put(board.store)
    told = {"submission": submission.id, "reason": "a look"}
    assert board.get("/moderation").status_code == 303
    assert board.get("/moderation.json").status_code == 404
    assert board.post("/moderation/hide", data=told).status_code == 404
    with closing(login(board)) as client:
        page = client.get("/moderation")
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        mark = page.text.split('name="csrf" value="')[1].split('"')[0]
        assert client.post("/moderation/hide", data=told).status_code == 403  # without the page's mark
        assert client.post("/moderation/hide", data={**told, "csrf": "0" * 64}).status_code == 403
        assert board.store.submission(submission.id).state == "queued"
        done = client.post("/moderation/hide", data={**told, "csrf": mark})
        assert f"{submission.id} is hidden" in done.text
        assert board.store.submission(submission.id).state == "hidden"
        assert client.post("/moderation/restore", data={**told, "csrf": mark}).status_code == 200
        assert client.post("/moderation/restore", data={**told, "csrf": mark}).status_code == 409
        assert client.post("/moderation/nothing", data={**told, "csrf": mark}).status_code == 404
        banned = client.post("/moderation/ban", data={"team": "red", "reason": "cheating", "csrf": mark})
        assert banned.status_code == 200
        assert board.get("/api/v1/me", "red").status_code == 401
        client.post("/logout", data={"csrf": mark})
        assert client.get("/moderation").status_code == 303


def test_a_session_ends_with_its_token(board: Running) -> None:
    with closing(login(board)) as client:
        assert client.get("/moderation").status_code == 200
        (token,) = board.store.tokens("maintainers")
        board.store.revoke_token(token.id, "lost", "tester")
        assert client.get("/moderation").status_code == 303


def test_sessions_cannot_be_forged_or_kept_for_ever(board: Running) -> None:
    at = datetime.now(UTC)
    (token,) = board.store.tokens("maintainers")
    sessions = Sessions(board.store, board.settings.key(), False, lambda: at)
    value = sessions.open(token)
    assert sessions.token(value) == token
    for forged in (
        "",
        "x",
        value[:-1],
        value.replace(token.id, "0" * 16),
        Sessions(board.store, b"other", False).open(token),
    ):
        assert sessions.token(forged) is None
    at += LIFETIME + timedelta(seconds=1)
    assert sessions.token(value) is None


def test_what_the_database_keeps_opens_nothing(board: Running, tmp_path: Path) -> None:
    """Whoever reads the database finds hashes, and a hash is no token."""
    kept = (tmp_path / "board.sqlite").read_bytes()
    from medsins.leaderboard._secrets import fingerprint

    for secret in board.secrets.values():
        assert secret.encode() not in kept
        assert fingerprint(secret).encode() in kept
        assert board.get("/api/v1/me", fingerprint(secret)).status_code == 401
        public = secret.rsplit("_", 1)[0]
        assert board.get("/api/v1/me", f"{public}_{fingerprint(secret)}").status_code == 401


def test_after_ten_failures_an_address_waits(board: Running) -> None:
    for _ in range(10):
        assert board.get("/api/v1/me", "wrong").status_code == 401
    locked = board.get("/api/v1/me", "wrong")
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    assert board.get("/api/v1/me", "red").status_code == 429  # a right one tells nothing either
    assert board.get("/").status_code == 200
    assert board.post("/login", data={"token": board.secrets["maintainer"]}).status_code == 429


def test_unknown_forbidden_and_wrong_look_the_same(board: Running) -> None:
    hidden = put(board.store)
    board.store.hide(hidden.id, "a look", "tester")
    paths = (f"/api/v1/submissions/{hidden.id}", "/api/v1/submissions/0123456789abcdef", "/api/v1/nothing")
    replies = [board.get(path, who).text for path in paths for who in ("", "blue")]
    replies += [board.get("/api/v1/flags", "red").text, board.get("/api/v1/nothing", "red").text]
    assert len(set(replies)) == 1
    pages = [board.get(path).text for path in (f"/submission/{hidden.id}", "/submission/0123456789abcdef")]
    assert pages[0].replace(hidden.id, "") == pages[1].replace("0123456789abcdef", "")
    revoked = board.store.add_token("red", "submit", None, "tester")
    board.store.revoke_token(revoked[0].id, "test", "tester")
    expired = board.store.add_token("red", "submit", datetime.now(UTC) - timedelta(days=1), "tester")[1]
    answers = [board.get("/api/v1/me", secret) for secret in (revoked[1], expired, "medsins_x_y", "x" * 5_000)]
    assert {(reply.status_code, reply.text) for reply in answers} == {(401, answers[0].text)}


def test_ids_tell_nothing(board: Running) -> None:
    made = [board.submit(name=f"m{n}").json()["id"] for n in range(3)]
    assert all(len(one) == 16 for one in made)
    assert len({one[:4] for one in made}) == 3


def test_foreign_hosts_are_refused(board: Running) -> None:
    for host in ("evil.example.org", "127.0.0.1.evil.example.org", "", "localhost@evil"):
        assert board.http.get(board.url + "/healthz", headers={"host": host}).status_code == 400, host
    assert board.http.get(board.url + "/healthz", headers={"host": "LOCALHOST:1"}).status_code == 200
    assert board.get("/" + "x" * 5_000).status_code == 414


def test_too_many_posts_of_an_address(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    with running(store, tmp_path / "board", posts_per_hour=3) as board:
        codes = [board.post("/api/v1/check").status_code for _ in range(4)]
        assert codes == [422, 422, 422, 429]
        assert board.get("/").status_code == 200
    store.close()


def test_limits_are_of_bounded_memory() -> None:
    now = 0.0
    limiter = Limiter(2, 10, lambda: now)
    for number in range(2 * MOST_ADDRESSES):
        limiter.count(str(number))
    assert len(limiter._events) == MOST_ADDRESSES
    limiter.count("a")
    assert limiter.wait("a") == 0
    limiter.count("a")
    assert limiter.wait("a") == 10
    now = 9.0
    assert limiter.wait("a") == 1
    now = 10.0
    assert limiter.wait("a") == 0


def test_addresses_count_by_network_and_proxies_are_believed_only_when_trusted() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff") != network("2001:db8:1::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"
    scope: dict[str, Any] = {
        "client": ("10.0.0.1", 1),
        "headers": [(b"x-forwarded-for", b"6.6.6.6, 192.0.2.7, 10.0.0.2")],
    }
    assert client_address(scope, ()) == "10.0.0.1"
    assert client_address(scope, ("10.0.0.1", "10.0.0.2")) == "192.0.2.7"
    assert client_address({**scope, "client": ("192.0.2.9", 1)}, ("10.0.0.1",)) == "192.0.2.9"


def test_the_log_holds_no_content_and_takes_no_forged_lines(board: Running, caplog: pytest.LogCaptureFixture) -> None:
    canary = "canary-9f2c"
    with caplog.at_level(logging.INFO, "medsins.board"):
        board.submit(name=canary, remarks=canary, content=predictions(answer=canary))
        board.submit(content=f"task_id,input,GT,output\ntask1,{canary},,x".encode())
        board.get(f"/nothing?secret={canary}")
        board.get("/nothing%0d%0a%7b%22event%22:%22forged%22%7d")
        board.get("/api/v1/me", canary)
        board.post("/login", data={"token": canary})
    lines = [record.getMessage() for record in caplog.records if record.name == "medsins.board"]
    assert len(lines) >= 5  # the last may still be on its way
    assert canary not in "".join(lines)
    for line in lines:
        assert "\n" not in line
        assert json.loads(line)["event"] == "request"


def test_contacts_references_and_unpublished_scores_are_nowhere(board: Running) -> None:
    made = board.submit(name="Quiet").json()
    while (job := board.store.lease("tester", 60)) is not None:
        submission = board.store.submission(job.submission)
        from .boards import make_scores

        board.store.finish(job, [make_scores(submission.id, "private", 12.345)], [], [])
    document = board.get("/api/v1/openapi.json").json()
    paths = [path for path, verbs in document["paths"].items() if "get" in verbs]
    filled = [path.format(version=VERSION, model=made["model"], submission=made["id"]) for path in paths]
    pages = ["/", "/index.json", f"/model/{made['model']}", f"/model/{made['model']}.json", "/task/task1.json"]
    for path in [*filled, *pages]:
        for who in ("", "red", "blue"):
            text = board.get(path, who).text
            for canary in ("red@example.org", "blue-contact", "12.345", '"answer 0"', *board.secrets.values()):
                assert canary not in text, f"{path} as {who}"


def at_once(board: Running, count: int, path: str, **sent: Any) -> list[int]:
    """Statuses of so many equal posts, each on a connection of its own."""

    def post(_: int) -> int:
        with httpx.Client(timeout=300) as client:
            return client.post(board.url + path, headers=bearer(board.secrets["red"]), **sent).status_code

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(post, range(count)))


def test_five_of_fifty_posts_at_once(store: Store, tmp_path: Path) -> None:
    with running(store, tmp_path / "board", quota=5) as board:
        link = {"version": VERSION, "name": "One of many", "link": "https://models.example.org/m"}
        assert at_once(board, 50, "/api/v1/links", json=link) == [201] * 5 + [409] * 45
        assert len(store.submissions(team="red")) == 5
        assert store.verify() == []


@pytest.mark.slow
def test_five_of_fifty_files_at_once(store: Store, tmp_path: Path) -> None:
    with running(store, tmp_path / "board", quota=5) as board:
        file = {"file": ("p.csv", predictions(), "text/csv")}
        sent = {"data": {"version": VERSION, "name": "One of many"}, "files": file}
        assert at_once(board, 50, "/api/v1/submissions", **sent) == [201] * 5 + [409] * 45
        assert len(store.submissions(team="red")) == 5


def test_scores_survive_what_a_submitter_may_try(board: Running) -> None:
    """The score of a submission depends on its answers alone."""
    first = board.submit(name="A").json()
    again = board.submit(name="A", content=predictions(gt="swapped")).json()
    assert board.store.answers(first["id"]) == board.store.answers(again["id"])
    assert again["attempt"] == 2
    job = board.store.lease("tester", 60)
    assert job is not None
    score(board.store, board.store.submission(job.submission), 50.0, job)
