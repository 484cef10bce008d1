"""The report as a person meets it: in a real browser, on a desk and on a phone, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from medsins.core import Completion, Prediction
from medsins.reports import write_html

from .fake_run import edit_json, make_run, put

ROWS = "#sample-list > li > button"

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
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  let seen = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const said = walker.currentNode.data.trim();
    if (!said || !node.checkVisibility() || node.closest('script, :disabled, option')) continue;
    const paint = node.namespaceURI.endsWith('svg') ? getComputedStyle(node).fill : getComputedStyle(node).color;
    const pair = [light(parse(paint)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    seen += 1;
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${node.tagName}.${node.className} ${said}`);
  }
  return [seen, poor];
}"""


def opened(watched: Any, path: Path, **options: Any) -> Any:
    page = watched(**options).open(path)
    page.wait_for_selector(ROWS)
    return page


def says(page: Any, selector: str, pattern: str) -> None:
    """Wait until the first such element's text matches; Playwright's own polling would need ``eval``, which the page's
    policy forbids.
    """
    from playwright.sync_api import expect

    expect(page.locator(selector).first).to_have_text(re.compile(pattern))


def count(page: Any) -> int:
    """Samples found, from the status line, once the search has ended."""
    page.wait_for_selector("#sample-list[aria-busy=false]")
    return int(page.inner_text("#sample-status").split()[0].replace(",", ""))


def samples(run: Path, profile: str) -> list[dict[str, Any]]:
    lines = (run / "samples.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["profile"] == profile]


def test_sections_stand_under_landmarks(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    assert page.locator("main").count() == page.locator("nav").count() == page.locator("h1").count() == 1
    for region in page.locator("main > section").all():
        assert page.locator(f"#{region.get_attribute('aria-labelledby')}").inner_text()
    for track in page.locator(".plot:not([hidden]) svg.track").all():
        assert "percent" in track.get_attribute("aria-label")


def test_the_plot_shows_the_numbers_of_the_scores(watched: Any, report: Path) -> None:
    page = opened(watched, report, viewport={"width": 1280, "height": 900})
    strict = json.loads((report.parent / "scores.json").read_text())["profiles"]["strict"]["categories"]
    assert page.locator(".plot:not([hidden]) li").count() == len(strict)
    box = "svg => { const r = svg.getBoundingClientRect(), c = svg.querySelector('circle').getBoundingClientRect();"
    for item in page.locator(".plot:not([hidden]) li").all():
        name = item.locator(".label").evaluate("node => node.firstChild.data.trim()")
        value = strict[name]["metrics"][strict[name]["primary"]]
        assert item.locator(".value").inner_text() == f"{value:.1f}"
        drawn = item.locator("svg.track").evaluate(box + " return 100 * (c.x + c.width / 2 - r.x) / r.width; }")
        assert drawn == pytest.approx(value, abs=0.3)


def test_profiles_switch(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    shown = page.locator(".plot:visible")
    assert shown.get_attribute("data-profile") == "strict"
    page.get_by_text("official", exact=True).first.click()
    assert shown.get_attribute("data-profile") == "official"
    page.keyboard.press("ArrowLeft")
    assert shown.get_attribute("data-profile") == "strict"


@pytest.mark.parametrize("profile", ["strict", "official"])
def test_filters_find_what_the_scores_say(watched: Any, report: Path, profile: str) -> None:
    page = opened(watched, report)
    page.select_option("#filter-profile", profile)
    chosen = samples(report.parent, profile)
    assert count(page) == len(chosen)
    for outcome, test in {
        "unscored": lambda s: s["unscored"] or not s["metrics"],
        "right": lambda s: not s["unscored"] and s["metrics"] and next(iter(s["metrics"].values())) >= 1,
        "wrong": lambda s: not s["unscored"] and s["metrics"] and next(iter(s["metrics"].values())) <= 0,
    }.items():
        wanted = sum(bool(test(sample)) for sample in chosen)
        if wanted:
            page.select_option("#filter-outcome", label=outcome)
            assert count(page) == wanted
    page.select_option("#filter-outcome", "")
    page.select_option("#filter-task", label="task950")
    assert count(page) == sum(sample["task_id"] == "task950" for sample in chosen)


def test_unscored_answers_say_why_in_the_list(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    page.select_option("#filter-outcome", label="unscored")
    reasons = [sample["unscored"] for sample in samples(report.parent, "strict") if sample["unscored"]]
    count(page)
    shown = [text.removeprefix("– ") for text in page.locator(".samples .outcome").all_inner_texts()]
    assert shown == reasons[: len(shown)]
    assert shown


def test_text_search_narrows_and_marks(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    page.fill("#filter-text", "BARKING cough")
    found = count(page)
    assert 0 < found < 480
    page.locator(ROWS).first.click()
    page.wait_for_selector(".sample mark")
    assert page.locator(".sample mark").first.inner_text().lower() == "barking cough"
    page.fill("#filter-text", "no such words in it")
    assert count(page) == 0
    assert page.locator(ROWS).count() == 0


def test_samples_by_keyboard(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    page.locator(ROWS).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sample .text")
    second = page.locator("#sample-list > li").nth(1)
    assert second.locator("button").get_attribute("aria-expanded") == "true"
    for title in ("Prompt, as sent", "Reference", "Answer", "Profile"):
        assert title in second.inner_text()
    page.keyboard.press("Enter")
    assert page.locator(".sample").count() == 0


def test_paging_reaches_the_last_sample(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    total, per_page = count(page), page.locator(ROWS).count()
    for turned in range(1, -(-total // per_page)):
        page.click("#page-on")
        says(page, "#page-text", f"^{turned + 1} of")
    assert page.locator(ROWS).last.inner_text().startswith(f"{total - 1} ")
    assert page.locator("#page-on").is_disabled()


@pytest.mark.parametrize("width", [320, 375, 768, 1440])
def test_the_page_never_scrolls_sideways(watched: Any, report: Path, width: int) -> None:
    page = opened(watched, report, viewport={"width": width, "height": 800})
    page.locator(ROWS).first.click()
    page.wait_for_selector(".sample .text")
    page.locator("details").last.evaluate("node => { node.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast_in_both_themes(watched: Any, report: Path, scheme: str) -> None:
    page = opened(watched, report, color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page.locator(ROWS).first.click()
    page.wait_for_selector(".sample .text")
    seen, poor = page.evaluate(CONTRAST)
    assert seen > 300
    assert poor == []


def test_the_theme_button_turns_the_page_and_is_remembered(watched: Any, report: Path) -> None:
    page = opened(watched, report, color_scheme="light")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(paper)
    page.click("#theme")
    after = page.evaluate(paper)
    assert after != before
    page.wait_for_timeout(500)  # the browser writes its storage when it has time
    page.reload()
    assert page.evaluate(paper) == after


def test_copy_buttons_copy_or_select(watched: Any, report: Path) -> None:
    page = opened(watched, report)
    page.locator("[data-copy]").first.click()
    says(page, "[data-copy]", "Copied|Selected")


def test_without_unpacking_the_page_says_where_the_samples_are(watched: Any, report: Path) -> None:
    made = watched()
    made.page.add_init_script("delete window.DecompressionStream")
    page = made.open(report)
    says(page, "#sample-status", r"predictions\.csv")
    assert page.locator("#filters").is_hidden()


def test_without_scripts_scores_are_all_there(watched: Any, report: Path) -> None:
    page = watched(java_script_enabled=False).open(report)
    assert page.locator(".plot:visible").count() == 2
    assert page.locator(".needs-script").is_visible()
    assert page.locator("#filters").is_hidden()


def test_print_leaves_out_what_paper_cannot_do(watched: Any, report: Path) -> None:
    page = opened(watched, report, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#samples").is_hidden()
    assert page.locator("#theme").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 35, 41)"


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "</script><script>alert(4)</script>",
    "</textarea></title></style><script>alert(5)</script>",
    "<!--<script>alert(6)//-->",
    "javascript:alert(7)",
    "<iframe srcdoc='<script>parent.alert(8)</script>'>",
    "{{ 7*7 }}{% raw %}${alert(9)}`",
    "' autofocus onfocus=alert(10) x='",
    "<a href=javascript:alert(11)>x</a><base href=https://x.invalid/>",
    "<meta http-equiv=refresh content='0;url=https://x.invalid/'>",
    "]]><style>*{display:none}</style>",
    "\u2028\u2029\u202e<b>x</b>\0",
    "<link rel=stylesheet href=https://x.invalid/x.css>",
    "<object data=https://x.invalid/></object><form action=https://x.invalid/><input name=x>",
)


def poison(value: Any, payload: str) -> Any:
    """Every text of a JSON value with the payload after it; keys too, except those a reader looks up."""
    if isinstance(value, str):
        return f"{value}{payload}"
    if isinstance(value, list):
        return [poison(entry, payload) for entry in value]
    return {key: poison(entry, payload) for key, entry in value.items()} if isinstance(value, dict) else value


def test_untrusted_text_stays_text(watched: Any, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", rows=2)
    everything = "".join(PAYLOADS)
    evil = [
        Prediction(
            f"task901{p}", k, p, p, p, (p, everything), Completion(p, "error" if k % 2 else "ok", p), 1, 1
        )
        for k, p in enumerate(PAYLOADS)
    ]  # fmt: skip
    put(run, list(enumerate(evil)))
    lines = [
        {
            "row": k,
            "task_id": p,
            "profile": "strict",
            "metrics": {p: 0.5},
            "unscored": p if k % 3 else "",
            "extracted": p,
        }
        for k, p in enumerate(PAYLOADS)
    ]
    (run / "samples.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    def spoil(scores: dict[str, Any]) -> None:
        for profile in scores["profiles"].values():
            profile["signature"] += everything
            entry = profile["tasks"].pop("task901")
            for k, p in enumerate(PAYLOADS):
                named = {
                    "category": p,
                    "language": p,
                    "primary": p,
                    "metrics": {p: 3.0, f"{p}2": 4.0},
                    "unscored": {p: 1},
                }
                profile["tasks"][f"task901{p}"] = {**entry, **named}
                profile["categories"][f"{k}{p}"] = {**entry, **named}
        crash = {"row": everything, "task_id": everything, "reason": everything}
        scores["profiles"]["official"]["would_crash"] = [crash]
        scores["profiles"][everything] = scores["profiles"]["official"]

    edit_json(run / "scores.json", spoil)
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(poison(manifest, everything) | {everything: everything}))

    page = opened(watched, write_html(run))
    # A NUL is dropped by the HTML parser; data blocks keep it.
    assert everything.replace("\0", "") in page.locator("h1").evaluate("node => node.textContent")
    for k, payload in enumerate(PAYLOADS):
        page.locator(ROWS).nth(k).click()
        sample = page.locator("#sample-list > li").nth(k).locator(".sample")
        sample.locator("table").wait_for()
        answer = sample.locator(".text[aria-label=Answer]").evaluate("node => node.textContent")
        assert answer == payload
    page.fill("#filter-text", "<script>")
    assert count(page) > 0
    assert page.locator("main script:not([type='text/plain']), iframe, object, img, main style, base").count() == 0
    assert page.evaluate("location.protocol") == "file:"
