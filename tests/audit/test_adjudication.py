"""Judging answers: which are shown, that every decision is kept whatever happens, and that nobody else gets in."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.audit.adjudication import Case, Decision, DecisionLog, feed_errata, find_cases
from medsins.audit.adjudication_server import AdjudicationServer, Session
from medsins.core import InvalidFile
from medsins.tasks.errata import Correction, read_errata, references_digest, write_errata

from .fake_answers import answer, run_of

ANSWERS = (
    answer(0),
    answer(1, "It may well be so.", unscored="unparsed"),
    answer(2, "", unscored="empty"),
    answer(3, "No", official=1),
    answer(4, "the liver of a frog", "liver of a frog", value=0),
    answer(5, "I cannot say.", unscored="refused"),
    answer(6, "No"),
    answer(7, "<script>alert(1)</script>", "b & c", unscored="unparsed"),
)


def decision(row: int = 1, verdict: Any = "accept", **more: Any) -> Decision:
    return Decision(row, "closed", f"closed-{row}", verdict, "R. Viewer", "2026-02-14", **more)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session("tried", find_cases(run_of(*ANSWERS)), DecisionLog(tmp_path / "log.jsonl"), tmp_path / "e.jsonl",
                   "R. Viewer", lambda case: case.row != 7)  # fmt: skip


@pytest.fixture
def server(session: Session) -> Iterator[AdjudicationServer]:
    with AdjudicationServer(session) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    server: AdjudicationServer, name: str, body: Any = None, **headers: str | None
) -> tuple[int, dict[str, str], str]:
    """One request as the page would send it; ``headers`` replace its own (underscores for hyphens, None: left out)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    sent: dict[str, str | None] = {"Host": server.host}
    if data is not None:
        sent |= {
            "Origin": f"http://{server.host}",
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
        }
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    path = name if name.startswith("/") else f"/{server.token}/{name}"
    connection.putrequest("GET" if body is None else "POST", path, skip_host=True)
    for key, value in sent.items():
        if value is not None:
            connection.putheader(key, value)
    connection.endheaders(data)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, dict(reply.getheaders()), text


def test_cases_are_what_could_not_be_read_then_what_profiles_differ_on_then_near_misses() -> None:
    assert [case.row for case in find_cases(run_of(*ANSWERS))] == [1, 5, 7, 3, 4]


def test_entities_are_near_misses_from_half_on() -> None:
    found = find_cases(run_of(*(answer(i, "x", "y", value=i / 4) for i in range(5)), scorer="entities"))
    assert [case.row for case in found] == [2, 3]


def test_free_text_is_no_near_miss() -> None:
    assert find_cases(run_of(answer(0, "the liver of a frog", "liver of a frog", value=0.0), scorer="text")) == []


verdicts = st.sampled_from(["accept", "reject", "correct", "drop"])


@given(st.lists(st.tuples(st.sampled_from([1, 3, 4, 5, 7]), verdicts, st.text(max_size=8)), max_size=8), st.data())
def test_a_log_is_read_as_written_however_its_end_was_cut(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, Any, str]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    log = DecisionLog(path)
    decisions = [
        decision(row, verdict, reason=reason.encode("utf-8", "replace").decode(),
                 outputs=("x",) if verdict == "correct" else ())
        for row, verdict, reason in made
    ]  # fmt: skip
    for one in decisions:
        log.add(one)
    assert DecisionLog(path).all == decisions
    if decisions:  # a kill in the midst of the next line
        torn = json.dumps({"row": 1, "task": "closed", "reason": "é"}).encode()
        with path.open("ab") as stream:
            stream.write(torn[: data.draw(st.integers(1, len(torn) - 1))])
        again = DecisionLog(path)
        assert again.all == decisions
        again.add(decision(7, "reject"))
        assert DecisionLog(path).all == [*decisions, decision(7, "reject")]


@pytest.mark.parametrize(
    "line", ["{}", "[]", "null", "7", "nonsense", '{"row": 1, "verdict": "perhaps", "outputs": []}']
)
def test_lines_that_are_no_decisions_are_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "log.jsonl").write_text(f"{line}\n")
    with pytest.raises(InvalidFile, match="line 1"):
        DecisionLog(tmp_path / "log.jsonl")


def feed(session: Session) -> tuple[Correction, ...]:
    feed_errata(session.errata, session.log, session.cases, frozenset(session.unreadable))
    return read_errata(session.errata).corrections if session.errata.exists() else ()


def test_decisions_feed_the_errata_and_take_back_what_they_fed(session: Session) -> None:
    session.log.add(decision(1))
    session.log.add(decision(3, "correct", outputs=("No", "Never")))
    session.log.add(decision(5, "drop", reason="no statement is given"))
    accepted, corrected, dropped = feed(session)
    assert accepted.also_accept == ("It may well be so.",)
    assert corrected.outputs == ("No", "Never")
    assert (dropped.drop, dropped.reason) == (True, "no statement is given")
    assert {c.references for c in (accepted, corrected, dropped)} == {references_digest(("Yes",))}
    for row in (1, 3, 5):
        session.log.add(decision(row, "reject"))
    assert feed(session) == ()


def test_what_others_corrected_stays(session: Session) -> None:
    known = references_digest(("Yes",))
    theirs = [
        Correction("closed", f"closed-{row}", known, "why", "another", "2026-01-01", drop=True) for row in (0, 1, 4)
    ]
    write_errata(session.errata, theirs)
    session.log.add(decision(1))
    session.log.add(decision(4, "reject"))  # nothing of ours was there to be taken back
    assert {c.instance: c.reviewer for c in feed(session)} == {
        "closed-0": "another", "closed-1": "R. Viewer", "closed-4": "another",
    }  # fmt: skip


def test_an_answer_that_no_reference_expresses_is_kept_out_of_the_errata(session: Session) -> None:
    saved = session.decide({"task": "closed", "instance": "closed-7", "verdict": "accept"})
    assert saved["expressed"] is False
    assert not session.errata.exists()
    assert session.log.accepted_rows() == {7}
    again = Session("tried", session.cases, DecisionLog(session.log.path), session.errata, "x", session.expresses)
    assert again.unreadable == {("closed", "closed-7")}


def test_the_page_and_its_parts(server: AdjudicationServer) -> None:
    for name, kind in (("", "text/html"), ("page.css", "text/css"), ("page.js", "text/javascript")):
        status, headers, text = ask(server, name)
        assert (status, headers["Content-Type"].split(";")[0]) == (200, kind)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "http:" not in text
        assert "https:" not in text
    document = json.loads(ask(server, "cases.json")[2])
    assert [case["row"] for case in document["cases"]] == [1, 5, 7, 3, 4]


def test_a_decision_is_in_both_files_when_it_is_answered(server: AdjudicationServer, session: Session) -> None:
    status, _, text = ask(server, "decide", {"task": "closed", "instance": "closed-1", "verdict": "accept"})
    assert (status, json.loads(text)["expressed"]) == (200, True)
    assert [d.key for d in DecisionLog(session.log.path).all] == [("closed", "closed-1")]
    assert [c.key for c in read_errata(session.errata).corrections] == [("closed", "closed-1")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example:80"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": None}, 403),
        ({"Origin": "null"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Length": "99999999"}, 413),
        ({"Content_Length": "-1"}, 413),
        ({"Content_Length": "many"}, 413),
    ],
)
def test_foreign_requests_change_nothing(
    server: AdjudicationServer, session: Session, headers: dict[str, str | None], status: int
) -> None:
    entry = {"task": "closed", "instance": "closed-1", "verdict": "accept"}
    assert ask(server, "decide", entry, **headers)[0] == status
    assert session.log.all == []


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (b"{", 400),
        ([], 400),
        ({}, 400),
        ({"verdict": "perhaps", "task": "closed", "instance": "closed-1"}, 400),
        ({"verdict": "accept", "task": "closed", "instance": "closed-0"}, 404),
        ({"verdict": "correct", "task": "closed", "instance": "closed-1"}, 400),
        ({"verdict": "correct", "task": "closed", "instance": "closed-1", "outputs": [" "]}, 400),
        ({"verdict": "correct", "task": "closed", "instance": "closed-1", "outputs": [7]}, 400),
        ({"verdict": "accept", "task": "closed", "instance": "closed-1", "outputs": ["x"]}, 400),
    ],
)
def test_wrong_decisions_are_refused(server: AdjudicationServer, session: Session, entry: Any, status: int) -> None:
    assert ask(server, "decide", entry)[0] == status
    assert session.log.all == []


def test_nothing_is_found_without_the_token(server: AdjudicationServer) -> None:
    token = server.token
    for path in ("/", "/cases.json", f"/{token[:-1]}/", f"/{token}", f"/{token}x/cases.json", "//", f"/{token}//",
                 f"/{token}/../adjudication.py", f"/{token}/%2e%2e/adjudication.py", "/%C3%A9/"):  # fmt: skip
        assert ask(server, path)[0] == 404
    assert len(token) >= 43


def test_only_this_machine_is_listened_to(server: AdjudicationServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_disk_that_cannot_be_written_is_told(server: AdjudicationServer, session: Session) -> None:
    session.errata.mkdir()
    status, _, text = ask(server, "decide", {"task": "closed", "instance": "closed-1", "verdict": "accept"})
    assert status == 500
    assert "not saved" in text


def test_finish_ends_it(session: Session) -> None:
    with AdjudicationServer(session) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert ask(made, "finish", {})[0] == 200
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture
def page(browser: Any, server: AdjudicationServer) -> Iterator[Any]:
    """The page in a real browser; nothing may have complained or been asked for elsewhere."""
    complaints: list[str] = []
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: (complaints.append("dialog"), dialog.dismiss()))
    opened.on("request", lambda r: None if r.url.startswith((server.url, "data:")) else complaints.append(r.url))
    opened.goto(server.url)
    opened.wait_for_selector("#case:not([hidden])")
    yield opened
    opened.close()
    assert complaints == []


def judged(page: Any, number: int) -> None:
    from playwright.sync_api import expect

    expect(page.locator("#count")).to_have_text(f"{number} of 5 judged")


def test_judging_by_keyboard(page: Any, session: Session) -> None:
    assert page.inner_text("#answer") == "It may well be so."
    page.keyboard.press("a")
    judged(page, 1)
    assert page.inner_text("#answer") == "I cannot say."
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#answer") == "<script>alert(1)</script>"
    page.keyboard.press("w")
    page.fill("#outputs", "b and c\n---\nc and b")
    page.keyboard.press("Control+Enter")
    judged(page, 2)
    page.keyboard.press("r")
    judged(page, 3)
    page.keyboard.press("ArrowLeft")
    assert "answer is wrong" in page.inner_text("#decided")
    assert {d.row: (d.verdict, d.outputs) for d in session.log.latest.values()} == {
        1: ("accept", ()), 7: ("correct", ("b and c", "c and b")), 3: ("reject", ()),
    }  # fmt: skip
    page.reload()
    judged(page, 3)
    assert page.inner_text("#answer") == "I cannot say."


def test_keys_typed_into_a_field_are_text(page: Any, session: Session) -> None:
    page.fill("#reason", "")
    page.type("#reason", "a bad drawing")
    assert session.log.all == []
    page.click("[data-act=drop]")
    judged(page, 1)
    assert session.log.all[0].reason == "a bad drawing"
    page.keyboard.press("w")
    page.keyboard.press("Escape")
    assert page.locator("#correction").is_hidden()


@pytest.mark.parametrize("width", [375, 1440])
def test_the_page_fits(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_cases_are_whole(session: Session) -> None:
    case = next(case for case in session.cases if case.row == 1)
    assert case == Case(1, "closed", "closed-1", "Fact Verification", "no answer could be read: unparsed",
                        "Is statement number 1 of this list true?", ("Yes",), "It may well be so.", "")  # fmt: skip
