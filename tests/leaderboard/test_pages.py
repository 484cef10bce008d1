"""Every page in every kind: what is there, what agrees, and what must never be there."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.leaderboard.interface import Store
from medsins.leaderboard.pages import (
    Answer,
    Form,
    Query,
    ServerLinks,
    answer,
    find_page,
    pages,
    render_error,
    static_files,
)
from medsins.leaderboard.store import open_store

from .conftest import Seeded
from .seeded import HOSTILE, PUPILS, mini, results

PATHS = (
    "/", "/category/mcqa", "/category/named-entity-recognition", "/task/mini_nli", "/task/mini_hallmarks",
    "/model/hygieia-8b", "/model/hostile", "/compare", "/languages", "/progress", "/published", "/versions", "/removed",
    "/methods", "/guide", "/submit", "/contribute", "/about", "/login", "/moderation", "/embed/overall",
    "/embed/diagnosis",
)  # fmt: skip


def ask(store: Store, address: str, form: Form | None = None) -> Answer:
    at = urlsplit(address)
    return answer(store, unquote(at.path), parse_qs(at.query), form=form)


def text(store: Store, address: str) -> str:
    return ask(store, address).body.decode()


def document(store: Store, address: str) -> Any:
    made = ask(store, address)
    assert (made.status, made.media_type) == (200, "application/json")
    return json.loads(made.body)


class Links(HTMLParser):
    """Addresses of a page, ids of its elements, and tags that are still open."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "wbr"})

    def __init__(self, content: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if name in ("href", "src", "action"):
                self.found.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_whole_in_html_and_json(seeded: Seeded, path: str) -> None:
    made = ask(seeded.store, path, Form(csrf="mark"))
    assert made.status == 200
    assert made.media_type.startswith("text/html")
    page = Links(made.body.decode())
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    if path != "/login":
        assert document(seeded.store, "/index.json" if path == "/" else f"{path}.json")


def test_the_folder_is_the_registry() -> None:
    assert {page.path for page in pages().values()} >= {"/", "/compare", "/category/{category}", "/badge/{model}"}
    assert all(page.name == name for name, page in pages().items())
    assert [name for name, page in pages().items() if page.frameable] == ["badge", "embed"]
    assert [name for name, page in pages().items() if page.access != "all"] == ["login", "moderation"]


def test_every_link_leads_somewhere(seeded: Seeded) -> None:
    waiting, seen = ["/"], {"/"}
    while waiting:
        address = waiting.pop()
        made = ask(seeded.store, address)
        assert made.status == 200, address
        if not made.media_type.startswith("text/html"):
            continue
        for link in Links(made.body.decode()).found:
            target = link.partition("#")[0]
            if target.startswith("/static/"):
                assert target.removeprefix("/static/") in static_files()
            elif target and target not in ("/withdraw",) and target not in seen:
                assert target.startswith("/"), "nothing leads elsewhere"
                seen.add(target)
                waiting.append(target)
            if len(seen) > 150:
                return
    raise AssertionError("too few pages are linked")


def test_the_figures_are_those_of_the_scores(seeded: Seeded) -> None:
    view = document(seeded.store, "/index.json")
    for line in view["lines"]:
        scored = results()[line["id"], 1][1].document["profiles"]["strict"]["categories"]
        for column, place in zip(view["columns"], line["places"], strict=True):
            entry = scored[column["name"]]
            assert place["figure"]["value"] == entry["metrics"][column["metric"]]
            assert [place["figure"]["low"], place["figure"]["high"]] == entry["ci95"][column["metric"]]
    assert view["lines"][0]["overall"]["rank"] == 1
    shown = [line["overall"]["figure"]["value"] for line in view["lines"]]
    assert shown == sorted(shown, reverse=True)


def test_html_json_csv_and_latex_say_the_same(seeded: Seeded) -> None:
    view, html = document(seeded.store, "/index.json"), text(seeded.store, "/")
    rows = list(csv.DictReader(io.StringIO(text(seeded.store, "/index.csv?table=board"))))
    latex = text(seeded.store, "/index.tex?table=board")
    assert [row["model"].removeprefix("'") for row in rows] == [line["name"] for line in view["lines"]]
    for line, row in zip(view["lines"], rows, strict=True):
        assert row["signature"] == line["signature"] != ""
        for column, place in zip(view["columns"], line["places"], strict=True):
            assert float(row[column["name"]]) == place["figure"]["value"]
            assert int(row[f"{column['name']} rank"]) == place["rank"]
            assert f"<b>{place['figure']['value']:.1f}</b>" in html
            assert f"{place['figure']['value']:.1f}" in latex


def test_official_and_strict_are_both_there(seeded: Seeded) -> None:
    strict, official = document(seeded.store, "/index.json"), document(seeded.store, "/index.json?profile=official")
    assert strict["frame"]["profile"] == "strict"
    assert official["frame"]["profile"] == "official"
    assert strict["lines"][0]["signature"].startswith("profile:strict")
    assert official["lines"][0]["signature"].startswith("profile:official")
    assert 'href="/?profile=official"' in text(seeded.store, "/")
    assert "/model/panacea?profile=official" in text(seeded.store, "/?profile=official")


SECRETS = ("example.org", "ward7@", "Model hidden", "model-hidden", "reason of hidden", "lab@")


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/moderation"])
def test_nothing_secret_is_on_a_page(seeded: Seeded, path: str) -> None:
    twin = "/index.json" if path == "/" else f"{path}.json"
    for address in (path, twin, f"{path}?profile=official"):
        content = text(seeded.store, address).replace("https://example.org/", "")
        for secret in (*SECRETS, seeded.ids["hidden"]):
            assert secret not in content
        for item in mini()[1][:40]:
            assert len(item.outputs[0]) < 25 or json.dumps(item.outputs[0])[1:-1] not in content


@pytest.mark.parametrize("address", [
    "/model/model-hidden", "/model/nobody", "/submission/nothing", "/category/none", "/task/none", "/none",
    "/embed/none", "/?version=none", "/?profile=none", "/model/", "/badge/model-hidden.svg", "/index.csv?table=none",
    "/methods.csv", "/badge/panacea", "/index.svg", "/../etc/passwd", "/model/a/b",
])  # fmt: skip
def test_what_is_not_there_is_not_there_in_the_same_words(seeded: Seeded, address: str) -> None:
    made = ask(seeded.store, address)
    assert made.status == 404
    assert "nobody" not in made.body.decode()


def test_hidden_and_unknown_submissions_look_the_same(seeded: Seeded) -> None:
    hidden = ask(seeded.store, f"/submission/{seeded.ids['hidden']}.json")
    unknown = ask(seeded.store, "/submission/0123456789abcdef.json")
    assert hidden.status == unknown.status == 404
    assert set(json.loads(hidden.body)) == set(json.loads(unknown.body))


def test_a_withdrawn_submission_is_a_tombstone(seeded: Seeded) -> None:
    (stone,) = document(seeded.store, "/removed.json")["tombstones"]
    assert stone["submission"] == seeded.ids["withdrawn"]
    assert stone["reason"].startswith("reason of withdrawn")
    assert "Model withdrawn" not in text(seeded.store, "/")
    page = document(seeded.store, f"/submission/{seeded.ids['withdrawn']}.json")
    assert page["state"] == "withdrawn"
    assert not page["shown"]


def test_every_attempt_is_listed_with_its_number(seeded: Seeded) -> None:
    view = document(seeded.store, "/model/hygieia-8b.json")
    assert [each["shown"] for each in view["attempts"]] == [True, False]
    assert view["line"]["attempts"] == 2
    assert set(view["signatures"]) == {"strict", "official"}
    assert sum(sum(line["unscored"].values()) for line in view["tasks"]) == view["line"]["unscored"]


def names(store: Store, query: str) -> list[str]:
    return [line["id"] for line in document(store, f"/index.json?{query}")["lines"]]


def test_filters_search_and_sort(seeded: Seeded) -> None:
    everyone = names(seeded.store, "")
    assert set(everyone) == {pupil.card.id for pupil in PUPILS}
    for query, keeps in {
        "weights=closed": lambda card: card.weights == "closed",
        "size=small": lambda card: card.parameters is not None and card.parameters <= 10,
        "size=unknown": lambda card: card.parameters is None,
        "medical=yes": lambda card: card.medical is True,
        "medical=no": lambda card: card.medical is False,
        "q=HYG": lambda card: "Hyg" in card.name,
        "q=ward+8b": lambda card: card.team == "ward" and "8B" in card.name,
        "weights=open&medical=no": lambda card: card.weights == "open" and card.medical is False,
        "q=nothing": lambda card: False,
        "weights=sometimes&size=huge": lambda card: True,
    }.items():
        assert names(seeded.store, query) == [
            m for m in everyone if keeps(next(p.card for p in PUPILS if p.card.id == m))
        ]
    assert names(seeded.store, "sort=name") == sorted(
        everyone, key=lambda m: next(p.card.name for p in PUPILS if p.card.id == m).lower()
    )
    view = document(seeded.store, "/index.json?sort=mcqa")
    place = [column["key"] for column in view["columns"]].index("mcqa")
    figures = [line["places"][place]["figure"]["value"] for line in view["lines"]]
    assert figures == sorted(figures, reverse=True)


def test_ranks_stay_when_lines_are_filtered(seeded: Seeded) -> None:
    full = {line["id"]: line["overall"]["rank"] for line in document(seeded.store, "/index.json")["lines"]}
    some = {line["id"]: line["overall"]["rank"] for line in document(seeded.store, "/index.json?weights=open")["lines"]}
    assert some
    assert all(full[model] == rank for model, rank in some.items())


def test_a_language_leaves_its_own_tasks(seeded: Seeded) -> None:
    view = document(seeded.store, "/index.json?language=Japanese")
    assert [column["tasks"] for column in view["columns"]] == [["mini_mcqa_ja"], ["mini_rationale_ja"]]
    tasks = results()["panacea", 1][1].document["profiles"]["strict"]["tasks"]
    line = next(line for line in view["lines"] if line["id"] == "panacea")
    assert line["places"][0]["figure"]["value"] == pytest.approx(tasks["mini_mcqa_ja"]["metrics"]["accuracy"])


def test_the_language_view_sets_languages_side_by_side(seeded: Seeded) -> None:
    view = document(seeded.store, "/languages.json")
    assert view["names"] == ["MCQA", "Rationale"]
    assert view["boards"][0]["columns"][0]["name"] == "English"
    assert len(view["boards"][0]["columns"]) == 6


def test_two_models_are_compared_on_the_same_questions(seeded: Seeded) -> None:
    view = document(seeded.store, "/compare.json?m=panacea&m=tiny-135m&m=nobody")
    assert [model["mark"] for model in view["picked"]] == ["A", "B"]
    assert view["unknown"] == 1
    mcqa = next(line for line in view["categories"] if line["key"] == "mcqa")
    (pair,) = mcqa["pairs"]
    figures = [figure["value"] for figure in mcqa["figures"]]
    assert pair["difference"] == pytest.approx(figures[0] - figures[1])
    assert pair["low"] < pair["difference"] < pair["high"]
    assert pair["p"] < 0.05
    assert mcqa["verdict"] == "A ahead of B"
    assert len(view["tasks"]) == 28
    back = document(seeded.store, "/compare.json?m=tiny-135m,panacea")
    assert next(x for x in back["categories"] if x["key"] == "mcqa")["pairs"][0]["difference"] == -pair["difference"]


def test_at_most_four_models_are_compared(seeded: Seeded) -> None:
    everyone = "&".join(f"m={pupil.card.id}" for pupil in PUPILS)
    view = document(seeded.store, f"/compare.json?{everyone}")
    assert len(view["picked"]) == 4
    assert len(view["categories"][0]["pairs"]) == 6
    assert document(seeded.store, "/compare.json?m=panacea")["categories"] == []


def test_progress_never_goes_back(seeded: Seeded) -> None:
    for course in document(seeded.store, "/progress.json")["courses"]:
        assert len(course["moments"]) == 7
        heights = [height for _, height in course["steps"]]
        assert heights == sorted(heights)
        places = [moment["x"] for moment in course["moments"]]
        assert places == sorted(places)
        assert (places[0], places[-1]) == (0, 100)


def test_the_changelog_tells_no_names_of_teams_or_tokens(seeded: Seeded) -> None:
    view = document(seeded.store, "/versions.json")
    told = {change["what"] for change in view["changes"]}
    assert told == {"Benchmark version added", "Submitted", "Scored", "Withdrawn"}
    assert view["head"] == seeded.store.entries()[-1].hash
    assert view["entries"] == len(seeded.store.entries())


def test_a_badge_says_figure_and_rank(seeded: Seeded) -> None:
    made = ask(seeded.store, "/badge/panacea.svg")
    assert made.media_type == "image/svg+xml"
    line = next(x for x in document(seeded.store, "/index.json")["lines"] if x["id"] == "panacea")
    assert f"{line['overall']['figure']['value']:.1f} · rank {line['overall']['rank']}" in made.body.decode()


def test_an_embedded_board_shows_one_column(seeded: Seeded) -> None:
    made = ask(seeded.store, "/embed/diagnosis")
    assert made.frameable
    assert "<script" not in made.body.decode()
    assert "Diagnosis" in made.body.decode()


def test_names_of_others_are_text(seeded: Seeded) -> None:
    for address in ("/", "/model/hostile", "/compare?m=hostile&m=panacea", "/removed", "/progress", "/moderation"):
        content = text(seeded.store, address)
        assert "<script>alert" not in content
        assert "javascript:" not in re.sub(r">[^<]*<", "><", content)
    assert HOSTILE in document(seeded.store, "/model/hostile.json")["card"]["licence"]
    cells = [row["model"] for row in csv.DictReader(io.StringIO(text(seeded.store, "/index.csv")))]
    assert HOSTILE in cells


def test_forms_carry_their_mark_and_what_was_wrong(seeded: Seeded) -> None:
    form = Form(csrf="m<ark", values={"name": 'A "model"'}, problems=("row 3 is <b>doubled</b>",))
    content = ask(seeded.store, "/submit", form).body.decode()
    assert 'name="csrf" value="m&lt;ark"' in content
    assert "A &#34;model&#34;" in content
    assert "row 3 is &lt;b&gt;doubled" in content
    assert 'type="password" name="token"' in content
    finding = {"severity": "error", "what": "a <i>date</i>", "place": "B8", "mend": "as text"}
    result = {"name": "mine.xlsx", "errors": 1, "warnings": 0, "findings": [finding]}
    content = ask(seeded.store, "/contribute", Form(result=result)).body.decode()
    assert "1 error" in content
    assert "a &lt;i&gt;date" in content


def test_maintainers_see_flags_and_decide(seeded: Seeded) -> None:
    content = ask(seeded.store, "/moderation", Form(csrf="mark", maintainer=True)).body.decode()
    assert "copied" in content
    for verb in ("hide", "restore", "ban", "settle"):
        assert f'action="/moderation/{verb}"' in content
    assert 'href="/moderation"' in content
    assert 'href="/moderation"' not in text(seeded.store, "/")


@pytest.mark.parametrize("status", [403, 404, 405, 413, 422, 429, 500, 503, 418])
def test_errors_have_pages(status: int) -> None:
    made = render_error(status, "something <b>bad</b>", ServerLinks("/board"))
    assert made.status == status
    assert b"<b>bad</b>" not in made.body
    assert b'href="/board/"' in made.body
    told = json.loads(render_error(status, "why", ServerLinks(), "json").body)
    assert told["message"] == "why"


@pytest.fixture
def empty(tmp_path: Any) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
    yield store
    store.close()


def test_an_empty_board_shows_the_published_layer(empty: Store) -> None:
    assert "MMedIns-Llama 3" in text(empty, "/")
    assert "no version of the benchmark yet" in text(empty, "/")
    assert ask(empty, "/category/mcqa").status == ask(empty, "/progress").status == 404
    empty.add_version(*mini(True), "test")
    assert "No model has been submitted yet" in text(empty, "/")
    view = document(empty, "/index.json")
    assert (view["tasks"], view["questions"] + view["kept_back"]) == (28, len(mini(True)[1]))
    for path in (
        "/category/mcqa",
        "/task/mini_nli",
        "/progress",
        "/languages",
        "/compare",
        "/embed/overall",
        "/versions",
    ):
        assert ask(empty, path).status == 200


def test_addresses_keep_a_base_and_a_choice(seeded: Seeded) -> None:
    made = answer(seeded.store, "/", {"profile": ["official"], "weights": ["open"]}, ServerLinks("/board"))
    links = Links(made.body.decode()).found
    assert all(link.startswith(("/board/", "#content")) for link in links)
    assert "/board/?profile=official&weights=open&sort=mcqa" in links
    assert "/board/index.csv?profile=official&weights=open&table=board" in links


NAMES = st.sampled_from(["version", "profile", "m", "q", "sort", "weights", "size", "language", "table", "csrf", ""])


@settings(max_examples=60)
@given(
    path=st.sampled_from([*PATHS, "/index.json", "/compare.csv"]),
    query=st.dictionaries(NAMES, st.lists(st.text(max_size=30), max_size=3)),
)
def test_no_query_breaks_a_page(seeded: Seeded, path: str, query: dict[str, Sequence[str]]) -> None:
    assert answer(seeded.store, path, query).status in (200, 404)


@given(st.text(max_size=60))
def test_no_path_breaks_the_board(seeded: Seeded, path: str) -> None:
    assert answer(seeded.store, f"/{path}", {}).status in (200, 404)


@given(st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=300), max_size=4), max_size=3))
def test_queries_are_bounded(values: dict[str, list[str]]) -> None:
    query = Query(values)
    for name in values:
        assert len(query.one(name)) <= 200
        assert all(part and len(part) <= 200 for part in query.many(name))
        assert len(set(query.many(name))) == len(query.many(name))


def test_pages_are_found_by_path_and_kind() -> None:
    assert find_page("/model/llama-3.1")[0::2] == (pages()["model"], {"model": "llama-3.1"})
    assert find_page("/model/llama-3.1.json")[1:] == ("json", {"model": "llama-3.1"})
    assert find_page("/index.tex")[:2] == (pages()["overview"], "tex")
