"""The adjudication page in a real browser: what is shown, kept and changed, and what is said when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.audit.adjudication import DecisionLog, find_cases
from medsins.audit.adjudication_server import AdjudicationServer, Session
from medsins.audit.run_answers import Answer
from medsins.tasks.errata import read_errata

from .fake_answers import answer, run_of

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>",
    "javascript:alert(4)",
    "{{ 7*7 }}${alert(5)}`",
    "\u202e\u2028<b>x</b>",
)

CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return parse(getComputedStyle(document.documentElement).backgroundColor);
  };
  return [...document.querySelectorAll('p, h1, h2, h3, label, small, button, .text')]
    .filter((node) => node.checkVisibility() && node.textContent.trim())
    .map((node) => {
      const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
      return [(pair[0] + .05) / (pair[1] + .05), node.textContent.trim().slice(0, 40)];
    })
    .filter(([ratio]) => ratio < 4.5);
}"""


def unread(row: int, text: str = "Perhaps so.", **more: Any) -> Answer:
    return answer(row, text, unscored="unparsed", **more)


class Opened:
    """A page, the session behind it, and what the browser complained of."""

    def __init__(self, page: Any, session: Session, server: AdjudicationServer) -> None:
        self.page, self.session, self.server = page, session, server
        self.complaints: list[str] = []

    def says(self, selector: str, text: str) -> None:
        """Wait until an element holds a text."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_contain_text(text)


Open = Callable[..., Any]


@pytest.fixture
def judging(browser: Any, tmp_path: Path) -> Open:
    """Opens the page on some answers; afterwards nothing may have complained, asked elsewhere or opened a dialog."""

    @contextmanager
    def opened(*answers: Answer, **options: Any) -> Iterator[Opened]:
        session = Session("tried", find_cases(run_of(*answers)), DecisionLog(tmp_path / "log.jsonl"),
                          tmp_path / "errata.jsonl", "R. Viewer")  # fmt: skip
        with AdjudicationServer(session) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            made = Opened(browser.new_page(**options), session, server)
            complain = made.complaints.append
            made.page.on("console", lambda m: complain(m.text) if m.type in ("error", "warning") else None)
            made.page.on("pageerror", lambda error: complain(str(error)))
            made.page.on("dialog", lambda dialog: (complain("dialog"), dialog.dismiss()))
            made.page.on("request", lambda r: None if r.url.startswith((server.url, "data:")) else complain(r.url))
            made.page.goto(server.url)
            made.says("#count", "judged")
            yield made
            made.page.close()
            server.shutdown()
            thread.join()
        assert made.complaints == []

    return opened


def test_hostile_texts_are_shown_as_they_are(judging: Open) -> None:
    answers = [unread(i, text, reference=text, given=text, read=text) for i, text in enumerate(HOSTILE)]
    with judging(*answers) as opened:
        for text in HOSTILE:
            for place in ("#question", "#answer", "#references .text"):
                assert opened.page.locator(place).first.text_content() == text
            opened.page.keyboard.press("ArrowRight")


def test_without_anything_to_judge_it_says_so(judging: Open) -> None:
    with judging(answer(0)) as opened:
        opened.says("#status", "No answer of this run needs a reader")
        assert opened.page.locator("#case").is_hidden()
        opened.page.keyboard.press("a")
    assert opened.session.log.all == []


def test_the_last_decision_says_that_all_are_judged(judging: Open) -> None:
    with judging(unread(0), unread(1)) as opened:
        opened.page.keyboard.press("r")
        opened.says("#count", "1 of 2 judged")
        opened.page.click("[data-act=accept]")
        opened.says("#status", "All are judged")
        assert opened.page.locator("#progress").get_attribute("value") == "2"


def test_judging_again_changes_the_errata(judging: Open) -> None:
    with judging(unread(0)) as opened:
        opened.page.keyboard.press("a")
        opened.says("#decided", "answer is correct")
        assert [c.also_accept for c in read_errata(opened.session.errata).corrections] == [("Perhaps so.",)]
        opened.page.keyboard.press("r")
        opened.says("#decided", "answer is wrong")
        assert read_errata(opened.session.errata).corrections == ()
        assert opened.page.get_attribute("[data-act=reject]", "aria-pressed") == "true"
        assert opened.page.get_attribute("[data-act=accept]", "aria-pressed") == "false"


def test_a_corrected_reference_of_several_lines_stays_one(judging: Open) -> None:
    with judging(unread(0, reference="First line.\nSecond line.")) as opened:
        opened.page.keyboard.press("w")
        assert opened.page.input_value("#outputs") == "First line.\nSecond line."
        opened.page.fill("#outputs", "First line.\nThird line.")
        opened.page.click("#correction [type=submit]")
        opened.says("#decided", "reference is wrong")
    assert opened.session.log.all[0].outputs == ("First line.\nThird line.",)


def test_an_empty_correction_is_not_saved(judging: Open) -> None:
    with judging(unread(0)) as opened:
        opened.page.keyboard.press("w")
        opened.page.fill("#outputs", "  \n---\n ")
        opened.page.keyboard.press("Control+Enter")
        opened.says("#status", "Give the correct reference")
        assert opened.page.get_attribute("#status", "class") == "error"
    assert opened.session.log.all == []


def test_an_answer_that_no_reference_expresses_is_said(judging: Open) -> None:
    with judging(unread(0)) as opened:
        opened.session.expresses = lambda case: False
        opened.page.keyboard.press("a")
        opened.says("#status", "No reference can say so")
    assert opened.session.log.accepted_rows() == {0}


def test_what_was_not_saved_is_said(judging: Open) -> None:
    with judging(unread(0)) as opened:
        opened.session.log.path.mkdir()  # nothing can be appended any more
        opened.page.keyboard.press("a")
        opened.says("#status", "not saved")
        assert opened.page.get_attribute("#status", "class") == "error"
        assert opened.page.locator("#decided").is_hidden()
        opened.complaints[:] = [text for text in opened.complaints if "500" not in text]


def test_a_program_that_has_ended_is_said(judging: Open) -> None:
    with judging(unread(0), unread(1)) as opened:
        opened.page.route("**/decide", lambda route: route.abort())
        opened.page.keyboard.press("a")
        opened.says("#status", "the program has ended")
        opened.complaints[:] = [text for text in opened.complaints if "ERR_FAILED" not in text]


@pytest.mark.parametrize("chord", ["Control+a", "Alt+r", "Meta+d"])
def test_shortcuts_of_the_browser_decide_nothing(judging: Open, chord: str) -> None:
    with judging(unread(0)) as opened:
        opened.page.keyboard.press(chord)
        opened.page.keyboard.press("x")
        opened.says("#count", "0 of 1 judged")
    assert opened.session.log.all == []


def test_everything_is_reached_by_tab(judging: Open) -> None:
    with judging(unread(0), unread(1)) as opened:
        reached = set()
        for _ in range(14):
            opened.page.keyboard.press("Tab")
            reached.add(opened.page.evaluate("document.activeElement.dataset.act || document.activeElement.id"))
        assert {"accept", "reject", "correct", "drop", "skip", "back", "finish", "reason", "question"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_legible_in_both_schemes(judging: Open, scheme: str) -> None:
    with judging(unread(0, "x" * 900), color_scheme=scheme, viewport={"width": 375, "height": 800}) as opened:
        opened.page.keyboard.press("w")
        assert opened.page.evaluate(CONTRAST) == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375


def test_finish_ends_the_page_too(judging: Open) -> None:
    with judging(unread(0)) as opened:
        opened.page.click("#finish")
        opened.says("#status", "Finished")
        assert opened.page.locator("#case").is_hidden()


def test_decisions_of_an_earlier_session_are_there(judging: Open) -> None:
    with judging(unread(0), unread(1)) as opened:
        opened.page.keyboard.press("d")
        opened.says("#count", "1 of 2 judged")
    with judging(unread(0), replace(unread(1))) as opened:
        opened.says("#count", "1 of 2 judged")
        opened.says("#where", "2 of 2")
