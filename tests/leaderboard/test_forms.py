"""The forms of the pages, as a browser without scripts sends them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from medsins.leaderboard.store import open_store

from .service import VERSION, Running, predictions, running


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests here: each uses models of its own."""
    folder = tmp_path_factory.mktemp("forms")
    store = open_store(f"sqlite:///{folder}/board.sqlite", create=True)
    with running(store, folder / "board") as started:
        yield started
    store.close()


def form(board: Running, team: str = "red", content: bytes | None = None, **fields: str) -> httpx.Response:
    file = {} if content == b"" else {"file": ("p.csv", predictions() if content is None else content, "text/csv")}
    data = {"token": board.secrets.get(team, team), "version": VERSION, "name": "Formed"} | fields
    if not file:
        file = {"file": ("", b"", "application/octet-stream")}  # what browsers send for a field left alone
    return board.post("/submit", data=data, files=file)


def test_a_file_is_handed_in(board: Running) -> None:
    reply = form(board, name="By form", parameters="3", medical="yes", weights="open", remarks="two\nlines")
    assert reply.status_code == 303
    address = reply.headers["location"]
    page = board.get(address)
    assert page.status_code == 200
    assert "By form" in page.text
    kept = board.store.submission(address.rsplit("/", 1)[1])
    card = board.store.model(kept.model)
    assert (kept.team, card.medical, card.parameters, card.weights) == ("red", True, 3.0, "open")
    assert kept.claims["remarks"].split() == ["two", "lines"]


def test_what_was_typed_stays_but_the_token(board: Running) -> None:
    reply = form(board, name="Typed in vain", parameters="-2", content=predictions([0, 0]))
    assert reply.status_code == 422
    assert "Typed in vain" in reply.text
    assert "parameters" in reply.text
    assert board.secrets["red"] not in reply.text
    assert not [model for model in board.store.models() if model.name == "Typed in vain"]


def test_rows_in_the_way_are_on_the_page(board: Running) -> None:
    reply = form(board, name="Doubled", content=predictions([0, 1, 1, 99]))
    assert reply.status_code == 422
    assert "row 2" in reply.text
    assert "row 3" in reply.text


def test_a_link_takes_the_place_of_a_file(board: Running) -> None:
    neither = form(board, content=b"", name="Nothing")
    assert neither.status_code == 422
    assert "neither a file nor a link" in neither.text
    reply = form(board, content=b"", name="Linked by form", link="https://models.example.org/m")
    assert reply.status_code == 303
    kept = board.store.submission(reply.headers["location"].rsplit("/", 1)[1])
    assert kept.kind == "link"
    assert form(board, content=b"", name="Odd", link="javascript:alert(1)").status_code == 422


@pytest.mark.parametrize(("token", "status"), [("", 401), ("nonsense", 401), ("reader", 403)])
def test_who_may_not_submit(board: Running, token: str, status: int) -> None:
    before = len(board.store.submissions())
    reply = form(board, team=token, name="Stranger")
    assert reply.status_code == status
    assert len(board.store.submissions()) == before


def test_a_team_takes_its_own_back(board: Running) -> None:
    address = form(board, name="Taken back").headers["location"]
    submission = address.rsplit("/", 1)[1]
    sent = {"submission": submission, "reason": "wrong weights"}
    other = board.post("/withdraw", data=sent | {"withdraw_token": board.secrets["blue"]})
    assert other.status_code == 404
    assert board.store.submission(submission).state == "queued"
    reply = board.post("/withdraw", data=sent | {"withdraw_token": board.secrets["red"]})
    assert (reply.status_code, urlsplit(reply.headers["location"]).path) == (303, "/removed")
    assert "wrong weights" in board.get("/removed").text
    again = board.post("/withdraw", data=sent | {"withdraw_token": board.secrets["red"]})
    assert again.status_code == 409
    assert submission in again.text, "the id typed stays"


def test_a_task_file_is_checked_on_the_page(board: Running) -> None:
    task = {"Definition": ["Name it."], "Instances": [{"id": "1", "input": "a", "output": ["b"]}, {"input": "c"}]}
    name = "<b>task</b>.json"
    reply = board.post("/contribute", files={"file": (name, json.dumps(task).encode(), "application/json")})
    assert reply.status_code == 200
    assert "$.Instances[1]" in reply.text
    assert "<b>task</b>" not in reply.text
    assert str(board.settings.folder) not in reply.text
    assert board.post("/contribute", files={"file": ("x.exe", b"MZ", "x/y")}).status_code == 422
    assert list(Path(board.settings.incoming).iterdir()) == []


def maintainer(board: Running) -> httpx.Client:
    """A browser with a maintainer's session."""
    client = httpx.Client(base_url=board.url)
    reply = client.post("/login", data={"token": board.secrets["maintainer"]})
    assert (reply.status_code, reply.headers["location"]) == (303, "/moderation")
    return client


def mark(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/moderation").text)
    assert found
    return found[1]


def test_maintainers_decide_in_a_browser(board: Running) -> None:
    submission = form(board, name="Under review").headers["location"].rsplit("/", 1)[1]
    board.store.add_flag(submission, "copied", {"agreement": 0.99})
    with closing(maintainer(board)) as client:
        page = client.get("/moderation").text
        assert "copied" in page
        assert submission in page
        hidden = client.post(
            "/moderation/hide", data={"csrf": mark(client), "submission": submission, "reason": "a copy"}
        )
        assert f"{submission} is hidden." in hidden.text
        assert board.store.submission(submission).state == "hidden"
        assert board.get(f"/submission/{submission}").status_code == 404
        empty = client.post("/moderation/hide", data={"csrf": mark(client), "submission": submission, "reason": ""})
        assert empty.status_code in (409, 422)
        shown = client.post(
            "/moderation/restore", data={"csrf": mark(client), "submission": submission, "reason": "no copy"}
        )
        assert shown.status_code == 200
        assert board.get(f"/submission/{submission}").status_code == 200
        assert client.post("/moderation/hide", data={"submission": submission, "reason": "x"}).status_code == 403
        out = client.post("/logout", data={"csrf": mark(client)})
        assert out.status_code == 303
        assert client.get("/moderation").status_code in (303, 404)


def test_what_opens_less_logs_nobody_in(board: Running) -> None:
    with httpx.Client(base_url=board.url) as client:
        replies = [client.post("/login", data={"token": token}) for token in (board.secrets["red"], "nonsense")]
        assert {reply.status_code for reply in replies} == {401}
        assert not client.cookies
        assert replies[0].text == replies[1].text
