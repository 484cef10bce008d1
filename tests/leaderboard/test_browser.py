"""The board's pages in a real browser, wide and narrow, light and dark; and with hostile texts in every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from medsins.leaderboard.interface import Store
from medsins.leaderboard.pages import Form, pages
from medsins.leaderboard.store import open_store

from .conftest import Seeded
from .hostile import PAYLOADS, hostile
from .page_server import serve

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 375, "height": 800}
LOOKS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]

PATHS = {
    "overview": ("/", "/?profile=official&weights=open&sort=-name", "/?q=nothing-is-called-so"),
    "category": ("/category/mcqa",),
    "task": ("/task/mini_mcqa_en",),
    "languages": ("/languages",),
    "model": ("/model/asclepius-70b", "/model/hostile"),
    "submission": ("/submission/{hygieia-8b}", "/submission/{withdrawn}", "/submission/{waiting}"),
    "compare": ("/compare", "/compare?m=asclepius-70b&m=panacea"),
    "progress": ("/progress",),
    "versions": ("/versions",),
    "published": ("/published",),
    "removed": ("/removed",),
    "moderation": ("/moderation",),
    "login": ("/login",),
    "submit": ("/submit",),
    "contribute": ("/contribute",),
    "guide": ("/guide",),
    "methods": ("/methods",),
    "about": ("/about",),
    "api": ("/api",),
    "embed": ("/embed/mcqa",),
}
ADDRESSES = [address for found in PATHS.values() for address in found]

WATCH = """
document.addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective, e.blockedURI));
"""
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 3).map((node) => node.outerHTML.slice(0, 120))"""


class Reader:
    """A page of the browser, all it complained of, and every address it asked for."""

    def __init__(self, browser: Any, base: str) -> None:
        self.base = base
        self.page = browser.new_page(viewport=WIDE)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.add_init_script(WATCH)
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda d: (self.complaints.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, address: str) -> Any:
        self.complaints.clear()
        self.requests.clear()
        reply = self.page.goto(self.base + address)
        assert reply.status == 200, address
        return self.page

    def is_well(self) -> None:
        assert self.complaints == []
        assert not [url for url in self.requests if not url.startswith((self.base, "data:"))]


@pytest.fixture(scope="module")
def board(seeded: Seeded) -> Iterator[str]:
    with serve(seeded.store, Form(csrf="mark")) as base:
        yield base


@pytest.fixture(scope="module")
def reader(browser: Any, board: str) -> Iterator[Reader]:
    found = Reader(browser, board)
    yield found
    found.page.close()


@pytest.fixture(scope="module")
def axe() -> Any:
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()


def test_every_page_is_looked_at() -> None:
    assert set(PATHS) == set(pages()) - {"badge"}  # a badge is a picture


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_well_wide_and_narrow_light_and_dark(reader: Reader, seeded: Seeded, address: str) -> None:
    page = reader.open(address.format(**seeded.ids))
    for size, scheme in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (size["width"], page.evaluate(TOO_WIDE))
    reader.is_well()


@pytest.mark.parametrize(
    "look", [LOOKS[3], *(pytest.param(look, marks=pytest.mark.slow) for look in LOOKS[:3])], ids=lambda look: look[1]
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_grave_stands_in_the_way(
    reader: Reader, seeded: Seeded, axe: Any, address: str, look: tuple[dict[str, int], str]
) -> None:
    """Of what axe finds: narrow and dark here, the other looks in the soak."""
    reader.page.set_viewport_size(look[0])
    reader.page.emulate_media(color_scheme=look[1])
    page = reader.open(address.format(**seeded.ids))
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        (one["id"], node["html"][:160])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert grave == []


def test_dark_is_dark_and_stays_chosen(browser: Any, board: str) -> None:
    """The button goes before what the system prefers, also on the next page."""
    page = browser.new_page(viewport=WIDE, color_scheme="dark")
    shade = (
        "getComputedStyle(document.documentElement).backgroundColor"
        ".match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    page.goto(board + "/")
    dark = page.evaluate(shade)
    page.click("#theme")
    light = page.evaluate(shade)
    assert dark < 200 < 500 < light
    page.goto(board + "/methods")
    assert page.evaluate(shade) == light
    page.close()


def test_lines_are_sorted_by_a_click_and_without_scripts(browser: Any, board: str) -> None:
    """The same order, made here or by the server."""
    orders = []
    for scripts in (True, False):
        context = browser.new_context(viewport=WIDE, java_script_enabled=scripts)
        page = context.new_page()
        page.goto(board + "/")
        before = page.locator("#board tbody .name").all_inner_texts()
        page.locator("#board [data-sort]").first.click()
        page.wait_for_load_state()
        after = page.locator("#board tbody .name").all_inner_texts()
        assert sorted(after) == sorted(before)
        assert len(after) >= 5
        orders.append(after)
        context.close()
    assert orders[0] == orders[1]


def test_all_is_reached_by_keyboard(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content", "first a way past the menu"
    seen = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
        outline = page.evaluate(
            "(s => s.outlineStyle !== 'none' || s.boxShadow !== 'none')(getComputedStyle(document.activeElement))"
        )
        assert outline, page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
    assert {"A", "SELECT"} & seen
    reader.is_well()


def test_a_page_is_found_from_the_first_by_clicks(reader: Reader) -> None:
    page = reader.open("/")
    page.locator("#board tbody a", has_text="Asclepius 70B").first.click()
    page.wait_for_load_state()
    assert "/model/asclepius-70b" in page.url
    assert "Asclepius 70B" in page.locator("h1").inner_text()
    page.locator("a[href*='/submission/']").first.click()
    page.wait_for_load_state()
    assert "/submission/" in page.url
    reader.is_well()


def test_a_waiting_submission_looks_again_by_itself(browser: Any, board: str, seeded: Seeded) -> None:
    found = Reader(browser, board)
    found.page.clock.install()
    page = found.open(f"/submission/{seeded.ids['waiting']}")
    assert page.locator("[data-again] a").get_attribute("href") == f"/submission/{seeded.ids['waiting']}"
    page.clock.run_for(3_000)
    before = len(found.requests)
    with page.expect_navigation():
        page.clock.run_for(3_000)
    assert len(found.requests) > before
    found.is_well()
    assert found.open(f"/submission/{seeded.ids['withdrawn']}").locator("[data-again]").count() == 0
    page.close()


# texts of others


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('evil')}/board.sqlite", create=True)
    hostile(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def victim(browser: Any, evil: Store) -> Iterator[Reader]:
    with serve(evil, Form(csrf="mark")) as base:
        found = Reader(browser, base)
        yield found
        found.page.close()


def is_text(reader: Reader, address: str) -> str:
    """Opens a page, waits for what events a payload could wait for, and gives the text."""
    page = reader.open(address)
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")
    strange = page.evaluate(
        "document.querySelectorAll('iframe, object, embed, base, marquee, math, video, template,"
        ' [onload], [onerror], [onfocus], [ontoggle], [onstart], [autofocus], a[href^="javascript:" i]\').length'
    )
    assert strange == 0, address
    assert page.evaluate("window.alert.toString().includes('native code')")
    reader.is_well()
    return str(page.inner_text("body"))


def test_two_hundred_hostile_names_are_names(victim: Reader) -> None:
    """Each is on the first page, letter by letter (but marks that turn or break lines)."""
    text = "".join(is_text(victim, "/").split())
    shown = [payload for number, payload in enumerate(PAYLOADS) if number % 50 != 49]
    missing = [
        one
        for one in shown
        if "".join(one.replace("\u2028", "").replace("\u202e", "").split()) not in text.replace("\u202e", "")
    ]
    assert missing == []


@pytest.mark.parametrize("number", range(20))
def test_hostile_cards_claims_and_notes_are_texts(victim: Reader, evil: Store, number: int) -> None:
    """Twenty models have all two hundred payloads in their other fields."""
    assert "alert(1)" in is_text(victim, f"/model/m{number}")
    (submission,) = evil.submissions(model=f"m{number}")
    assert "alert(1)" in is_text(victim, f"/submission/{submission.id}")


@pytest.mark.parametrize(
    "address",
    [
        "/category/mcqa",
        "/category/img-src-x-onerror-alert-1",
        "/task/t2",
        "/languages",
        "/compare?m=m0&m=m1&m=m2",
        "/progress",
        "/versions",
        "/removed",
        "/moderation",
        "/embed/mcqa",
    ],
)
def test_hostile_texts_on_other_pages(victim: Reader, address: str) -> None:
    assert is_text(victim, address)


@pytest.mark.parametrize("name", ["q", "version", "profile", "language", "sort", "weights", "m"])
def test_hostile_queries_are_texts(victim: Reader, name: str) -> None:
    for payload in PAYLOADS[::23]:
        page = "/compare" if name == "m" else "/"
        reply = victim.page.goto(f"{victim.base}{page}?{name}={quote(payload, safe='')}")
        assert reply.status in (200, 400, 404)
        assert victim.page.evaluate("document.querySelectorAll('[onerror], [onload], iframe, base').length") == 0
    assert not [said for said in victim.complaints if "dialog" in said or "policy" in said]
    victim.complaints.clear()


def test_an_exported_board_opens_from_a_disk(seeded: Seeded, browser: Any, tmp_path: Path) -> None:
    from medsins.leaderboard.export import export_board

    export_board(seeded.store, tmp_path / "site")
    found = Reader(browser, "")
    found.page.goto((tmp_path / "site" / "index.html").as_uri())
    found.page.locator("#board tbody a", has_text="Asclepius 70B").first.click()
    found.page.wait_for_load_state()
    assert "Asclepius 70B" in found.page.locator("h1").inner_text()
    assert found.page.evaluate("getComputedStyle(document.body).fontFamily") != "", "its style sheet is there"
    assert found.complaints == []
    assert all(url.startswith("file://") for url in found.requests)
    found.page.close()
