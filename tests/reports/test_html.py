"""What can be said of the page without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from medsins.core import InvalidFile, UsageError
from medsins.reports import write_html, write_report

from .fake_run import edit_json, make_run

VOID = {"meta", "link", "input", "br", "wbr"}


class Page(HTMLParser):
    """Checks that tags nest, and collects attributes, ids and inline texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self.policy = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        if tag not in VOID:
            self.open.append(tag)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(named["content"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inline and self.tags[-1][1].get("type") is None:
            self.inline[self.open[-1]].append(data)


def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_the_policy_allows_exactly_the_inline_style_and_scripts(report: Path) -> None:
    parsed = page(report)
    assert parsed.policy.startswith("default-src 'none';")
    assert "unsafe" not in parsed.policy
    texts = parsed.inline["style"] + parsed.inline["script"]
    hashes = {f"sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}" for t in texts}
    assert hashes == set(re.findall(r"sha256-[^']+", parsed.policy))
    assert len(texts) == 3


def test_nothing_is_fetched_and_no_attribute_is_code(report: Path) -> None:
    for tag, attributes in page(report).tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "src", "srcset", "action"), (tag, name)
            assert name != "href" or str(value).startswith(("#", "data:")), (tag, value)
            assert "url(http" not in str(value)
    assert not re.search(r"@import|url\((?!#)", page(report).inline["style"][0])


def test_ids_are_unique_and_every_reference_leads_somewhere(report: Path) -> None:
    tags = page(report).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for name in ("aria-labelledby", "data-copy", "for"):
            assert name not in attributes or attributes[name] in ids
        if str(attributes.get("href", "")).startswith("#"):
            assert str(attributes["href"])[1:] in ids


def test_every_table_has_scoped_heads(report: Path) -> None:
    heads = [attributes for tag, attributes in page(report).tags if tag == "th"]
    assert heads
    assert all(attributes.get("scope") in ("row", "col") for attributes in heads)


def test_equal_runs_give_equal_pages(tmp_path: Path) -> None:
    texts = {write_html(make_run(tmp_path / name, rows=3)).read_bytes() for name in ("one", "two")}
    assert len(texts) == 1


def test_an_unfinished_run_says_what_is_missing(run_dir: Path) -> None:
    edit_json(run_dir / "manifest.json", lambda m: m["tasks"][0].update(instances=1006))
    (run_dir / "scores.json").unlink()
    (run_dir / "samples.jsonl").unlink()
    text = write_report(run_dir).read_text(encoding="utf-8")
    assert "Unfinished run." in text
    assert "96 of 1,096 answers are here" in text
    assert "1,000 are missing" in text
    assert "Nothing is scored yet" in text


def test_a_finished_run_without_scores_says_how_to_score(run_dir: Path) -> None:
    (run_dir / "scores.json").unlink()
    text = write_html(run_dir).read_text(encoding="utf-8")
    assert "medsins bench score" in text
    assert "Unfinished" not in text


@pytest.mark.parametrize("name", ["run.sqlite", "samples.jsonl", "manifest.json"])
def test_any_one_file_may_be_missing(run_dir: Path, name: str) -> None:
    (run_dir / name).unlink()
    parsed = page(write_html(run_dir))
    assert any(attributes.get("id") == "categories" for _, attributes in parsed.tags)


def test_what_the_scorer_notes_is_shown(run_dir: Path) -> None:
    edit_json(run_dir / "scores.json", lambda s: s.update(notes=["3 of 96 samples have no answer yet"]))
    assert "3 of 96 samples have no answer yet." in write_html(run_dir).read_text(encoding="utf-8")


def test_restricted_text_is_announced(run_dir: Path) -> None:
    edit_json(run_dir / "manifest.json", lambda m: m["tasks"][2].update(access="credentialed"))
    text = write_html(run_dir).read_text(encoding="utf-8")
    assert "Restricted text inside" in text
    assert "credentialed" in text


def test_paths_of_this_machine_are_not_passed_on(run_dir: Path) -> None:
    edit_json(run_dir / "manifest.json", lambda m: m.update(spec={"tasks": ["/somewhere/secret/task901.json"]}))
    assert "/somewhere/secret" not in write_html(run_dir).read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [None, [], "text", 7, {"strict": None}, {"strict": {"categories": {"A": None}}}])
def test_bent_scores_still_make_a_page(run_dir: Path, value: Any) -> None:
    (run_dir / "scores.json").write_text(json.dumps({"profiles": value}))
    page(write_html(run_dir))


@pytest.mark.parametrize("value", [None, [], "text", 7, {"name": None}])
def test_a_bent_manifest_still_makes_a_page(run_dir: Path, value: Any) -> None:
    parts = ("model", "suite", "tasks", "protocol", "sampling", "created", "limit", "digest")
    (run_dir / "manifest.json").write_text(json.dumps(dict.fromkeys(parts, value)))
    page(write_html(run_dir))


def test_a_damaged_manifest_is_the_users_error(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "manifest.json").write_text('{"model": ')
    with pytest.raises(InvalidFile, match=r"manifest\.json"):
        write_html(run_dir)
    with pytest.raises(UsageError):
        write_html(tmp_path / "absent")
    assert not (run_dir / "report.html").exists()
