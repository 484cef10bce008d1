"""What ``medsins board submit`` says to a board, to one that is slow, broken, or none at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from medsins.core.errors import UsageError
from medsins.leaderboard import client as module
from medsins.leaderboard.client import BoardClient, BoardError

Answer = Callable[[httpx.Request], httpx.Response]
URL = "https://board.example.org"
FIELDS = {"version": "small@1", "name": "Crimson"}


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], tuple[BoardClient, list[httpx.Request]]]]:
    """Makes a client whose board is a function, and the list of what it was asked."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    made: list[BoardClient] = []

    def make(answer: Answer) -> tuple[BoardClient, list[httpx.Request]]:
        asked: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            request.read()
            asked.append(request)
            return answer(request)

        board = BoardClient(URL + "/", "medsins_1_secret")
        headers = board._http.headers
        board._http = httpx.Client(transport=httpx.MockTransport(handle), headers=headers)
        made.append(board)
        return board, asked

    yield make
    for board in made:
        board.close()


def reply(value: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=value, headers=headers)


def bad(*problems: tuple[str, str, str]) -> dict[str, Any]:
    return {"problems": [{"what": what, "place": place, "mend": mend} for what, place, mend in problems]}


@pytest.mark.parametrize("address", ["", "board.example.org", "ftp://board.example.org", "http://", "//x", "file:///x"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a board"):
        BoardClient(address)


def test_the_token_goes_along_and_addresses_are_of_the_api(talk: Any) -> None:
    board, asked = talk(lambda request: reply({"id": "1"}))
    assert board.get("/submissions/1") == {"id": "1"}
    assert board.post("/submissions/1/withdraw", {"reason": "x"}) == {"id": "1"}
    assert [str(request.url) for request in asked] == [
        f"{URL}/api/v1/submissions/1",
        f"{URL}/api/v1/submissions/1/withdraw",
    ]
    assert {request.headers["authorization"] for request in asked} == {"Bearer medsins_1_secret"}
    assert json.loads(asked[1].content) == {"reason": "x"}


def test_all_that_a_board_says_is_told(talk: Any) -> None:
    board, _ = talk(
        lambda _: reply(bad(("is twice", "row 3", "keep one"), ("is unknown", "row 9", "take it out")), 422)
    )
    with pytest.raises(BoardError) as caught:
        board.get("/x")
    assert [(problem.what, problem.place) for problem in caught.value.problems] == [
        ("is twice", "row 3"),
        ("is unknown", "row 9"),
    ]
    assert "keep one" in str(caught.value)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"problems": 3}', b'{"problems": [{}]}', b""])
def test_what_is_no_board_is_told_so(talk: Any, content: bytes) -> None:
    board, _ = talk(lambda _: httpx.Response(404, content=content))
    with pytest.raises(BoardError, match="is this the address of a medsins board"):
        board.get("/x")


def test_who_asks_too_often_is_told_when_to_come_back(talk: Any) -> None:
    board, asked = talk(lambda _: reply(bad(("too many", "", "wait")), 429, **{"retry-after": "17"}))
    with pytest.raises(BoardError, match="try again in 17 seconds"):
        board.get("/x")
    assert len(asked) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_busy_board_is_asked_again(talk: Any, status: int) -> None:
    answers = iter([reply(bad(), status), reply(bad(), status), reply({"fine": 1})])
    board, asked = talk(lambda _: next(answers))
    assert board.get("/x") == {"fine": 1}
    assert len(asked) == 3
    board, asked = talk(lambda _: reply(bad(("busy", "", "")), status))
    with pytest.raises(BoardError):
        board.get("/x")
    assert len(asked) == module._TRIES


def test_a_change_is_not_repeated_without_a_key(talk: Any) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("lost", request=request)

    board, asked = talk(lost)
    with pytest.raises(BoardError, match="cannot be reached"):
        board.post("/submissions/1/withdraw", {"reason": "x"})
    assert len(asked) == 1
    with pytest.raises(BoardError, match="cannot be reached"):
        board.get("/x")
    assert len(asked) == 1 + module._TRIES


def test_an_upload_whose_reply_was_lost_is_sent_again_whole_under_one_key(talk: Any, tmp_path: Path) -> None:
    def flaky(request: httpx.Request) -> httpx.Response:
        if len(asked) < 3:
            raise httpx.ReadError("lost", request=request)
        return reply({"id": "7"}, 201)

    board, asked = talk(flaky)
    path = tmp_path / "p.csv"
    path.write_bytes(b"task_id,input,GT,output\n" + b"t,q,g,a\n" * 1_000)
    heard: list[tuple[str, float]] = []
    assert board.submit(path, FIELDS, lambda what, share: heard.append((what, share))) == {"id": "7"}
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert all(path.read_bytes() in request.content for request in asked)
    assert all(b'name="name"\r\n\r\nCrimson' in request.content for request in asked)
    assert heard[-1] == ("sending", 1.0)
    assert all(0 <= share <= 1 for _, share in heard)


def test_two_submissions_have_two_keys(talk: Any, tmp_path: Path) -> None:
    board, asked = talk(lambda _: reply({"id": "7"}, 201))
    (tmp_path / "p.csv").write_bytes(b"x")
    for _ in range(2):
        board.submit(tmp_path / "p.csv", FIELDS)
    assert len({request.headers["idempotency-key"] for request in asked}) == 2


def test_of_a_run_only_what_the_board_reads_leaves_the_machine(talk: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "predictions.csv").write_text("task_id,input,GT,output\n")
    (run / "manifest.json").write_text("{}")
    (run / "store.bin").write_text("private notes")
    board, asked = talk(lambda _: reply({"id": "7"}, 201))
    board.submit(run, FIELDS)
    content = asked[0].content
    assert b'filename="run.zip"' in content
    with zipfile.ZipFile(io.BytesIO(content[content.index(b"PK\x03\x04") :])) as bundle:
        assert set(bundle.namelist()) == {"predictions.csv", "manifest.json"}


@pytest.mark.parametrize(
    ("versions", "wanted", "found"),
    [
        ([("a@1", True)], "", "a@1"),
        ([("a@1", False), ("a@2", True)], "", "a@2"),
        ([("a@1", True), ("a@2", True)], "a@1", "a@1"),
        ([("a@1", True), ("a@2", True)], "", "choose one with --version: a@1, a@2"),
        ([("a@1", False)], "", "no version is active"),
        ([("a@1", False), ("a@2", True)], "a@1", "active: a@2"),
        ([], "", "no version is active"),
    ],
)
def test_the_version_is_chosen(talk: Any, versions: list[tuple[str, bool]], wanted: str, found: str) -> None:
    board, _ = talk(lambda _: reply([{"id": name, "active": active} for name, active in versions]))
    if "@" in found and " " not in found:
        assert board.active_version(wanted) == found
    else:
        with pytest.raises(UsageError, match=found):
            board.active_version(wanted)


def test_waiting_ends_with_scores_or_failure(talk: Any) -> None:
    states = iter([("queued", 0.0), ("scoring", 0.5), ("failed", 1.0)])

    def step(_: httpx.Request) -> httpx.Response:
        state, progress = next(states)
        return reply({"state": state, "progress": progress})

    board, asked = talk(step)
    heard: list[tuple[str, float]] = []
    assert board.wait("7", lambda what, share: heard.append((what, share)), pause=0.0)["state"] == "failed"
    assert heard == [("waiting for a worker", 0.0), ("scoring", 0.5)]
    assert len(asked) == 3


def test_long_replies_come_line_by_line(talk: Any) -> None:
    board, _ = talk(lambda _: httpx.Response(200, content=b'{"a": 1}\n{"a": 2}\n'))
    assert [json.loads(line)["a"] for line in board.lines("/versions/a@1/instances")] == [1, 2]
    board, _ = talk(lambda _: reply(bad(("there is nothing here", "", "")), 404))
    with pytest.raises(BoardError, match="there is nothing here"):
        list(board.lines("/versions/a@1/instances"))


def test_a_redirect_is_not_followed_with_the_token(talk: Any) -> None:
    board, asked = talk(lambda _: httpx.Response(302, headers={"location": "https://elsewhere.example.org/"}))
    with pytest.raises(BoardError):
        board.get("/x")
    assert [request.url.host for request in asked] == ["board.example.org"]
