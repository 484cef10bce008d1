"""What a report says of money, of the cache, and of where restricted text went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsins.bench.store import Bill, RunStore
from medsins.core import Completion, Prediction
from medsins.reports import write_html

from .fake_run import edit_json
from .test_terminal import printed


def put(run_dir: Path, *completions: Completion) -> None:
    store = RunStore(run_dir)
    for row, completion in enumerate(completions):
        prediction = Prediction("task901", row, f"n{row}", "in", "prompt", ("A",), completion)
        store.put([(row, prediction)], {row: Bill(0, 0.0 if completion.cached else 1.25)})
    store.close()


def guard(*decisions: dict[str, Any]) -> Any:
    def change(manifest: dict[str, Any]) -> None:
        manifest["guard"] = [{"at": "2026-03-02T00:00:00+00:00", "decisions": list(decisions)}]

    return change


DECISION = {"access": "private", "endpoint": "https://a.example/v1", "rule": "r", "by": "override", "tasks": ["t", "u"]}


def test_columns_of_money_thinking_and_cache_only_where_there_is_any(run_dir: Path) -> None:
    page = write_html(run_dir).read_text(encoding="utf-8")
    for title in ("US dollars", "of them thinking", "From the cache", "What left the machine"):
        assert title not in page
    put(run_dir, Completion("A", thinking="hm", thinking_tokens=3), Completion("A", cached=True), Completion("A"))
    page = write_html(run_dir).read_text(encoding="utf-8")
    for title in ("US dollars", "of them thinking", "From the cache"):
        assert title in page
    assert '<td class="num">2.50</td>' in page


def test_an_override_is_told_at_the_top_with_its_reason(run_dir: Path) -> None:
    reason = "allowed by <b>the board</b> & the officer"
    edit_json(run_dir / "manifest.json", guard({**DECISION, "reason": reason}))
    page = write_html(run_dir).read_text(encoding="utf-8")
    assert "Sent by override." in page
    assert "2 tasks with" in page
    assert "allowed by &lt;b&gt;the board&lt;/b&gt; &amp; the officer" in page
    assert "<b>the board" not in page


def test_text_that_stayed_here_needs_no_table(run_dir: Path) -> None:
    for rule in ("in-process", "loopback"):
        edit_json(run_dir / "manifest.json", guard({**DECISION, "rule": rule, "by": "rule", "reason": "here"}))
        assert "What left the machine" not in write_html(run_dir).read_text(encoding="utf-8")
    edit_json(run_dir / "manifest.json", guard({**DECISION, "rule": "free-to-leave", "by": "rule", "reason": "open"}))
    page = write_html(run_dir).read_text(encoding="utf-8")
    assert "What left the machine" in page
    assert "Sent by override." not in page


def test_one_category_is_one_category() -> None:
    figures = {"metrics": {"f1": 9.0}, "ci95": {"f1": [8.0, 10.0]}, "baselines": {"majority": {"f1": 1.0}}, "rows": 9}
    entry = {**figures, "primary": "f1", "tasks": ["t"], "unscored": {}}
    scores = {
        "profiles": {"strict": {"signature": "s", "tasks": {}, "categories": {"Named Entity Recognition": entry}}}
    }
    assert "1 of 1 category;" in " ".join(printed(scores).split())
