"""What ``medsins audit`` writes and how it ends, seen from outside: a browser, a signal, a reader that leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from medsins.cli._audit_paths import task_paths
from medsins.cli.main import main
from medsins.core import Card, Instance
from medsins.tasks import open_writer

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</dd></main><svg/onload=alert(3)>",
    "javascript:alert(4)//{{7*7}}",
]


def hostile(path: Path) -> Path:
    """Repeated, contradictory, with names: every text of it gets into the evidence of some check."""
    with open_writer(path, Card(categories=("Fact Verification",), definition=("Yes or no?",))) as writer:
        rows = []
        for n, payload in enumerate(PAYLOADS):
            text = f"Dr. Quirkmeyer wrote {payload} on the chart of bed number {n}, DOB: 03/14/1961"
            rows += [(text, f"{payload} yes"), (text, f"{payload} no")]
        writer.write([Instance(f"{n}{PAYLOADS[0]}", text, (label,)) for n, (text, label) in enumerate(rows)])
    return path


@pytest.mark.parametrize("verb", ["duplicates", "labels", "identifiers"])
def test_texts_are_shown_and_never_run(verb: str, tmp_path: Path, browser: Any) -> None:
    page = tmp_path / "page.html"
    show = ["--show-text"] if verb == "identifiers" else []
    assert main(["audit", verb, str(hostile(tmp_path / "t.json")), "-q", "--html", str(page), *show]) in (0, 1)
    for width in (375, 1440):
        tab = browser.new_page(viewport={"width": width, "height": 900})
        heard: list[str] = []
        tab.on("dialog", lambda dialog, heard=heard: (heard.append(dialog.message), dialog.dismiss()))
        tab.on("pageerror", lambda error, heard=heard: heard.append(str(error)))
        tab.on("request", lambda request, heard=heard: heard.append(request.url))
        tab.goto(page.as_uri())
        tab.wait_for_timeout(200)
        assert heard == [page.as_uri()]
        assert not tab.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert tab.locator("h1").count() == 1
        if verb != "labels":
            assert PAYLOADS[0] in tab.content().replace("&lt;", "<").replace("&gt;", ">")
        tab.close()


def big(path: Path) -> Path:
    with open_writer(path, Card(categories=("Fact Verification",), definition=("Yes or no?",))) as writer:
        for start in range(0, 400_000, 2_000):
            writer.write(
                [Instance(str(n), f"Patient: claim {n} of many. " * 6, ("yes",)) for n in range(start, start + 2_000)]
            )
    return path


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["duplicates", "labels", "identifiers"])
def test_an_interrupted_audit_ends_with_130(verb: str, tmp_path: Path) -> None:
    path = big(tmp_path / "t.jsonl")
    command = [sys.executable, "-m", "medsins", "audit", verb, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in out + err


def test_names_of_suites_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [path.name for path in task_paths(["mini"])] == ["test", "train"]
    assert [path.name for path in task_paths(["mini@1"])] == ["test", "train"]
    assert task_paths(["x.json", "minl"]) == [Path("x.json"), Path("minl")]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mini").mkdir()
    assert task_paths(["mini"]) == [Path("mini")]


def test_a_page_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hostile(tmp_path / "t.json")
    assert main(["audit", "duplicates", str(path), "--html", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_verbose_shows_every_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hostile(tmp_path / "t.json")
    main(["audit", "identifiers", str(path), "-q"])
    short = capsys.readouterr().out
    main(["audit", "identifiers", str(path), "-q", "-v"])
    long = capsys.readouterr().out
    assert "By task and kind" not in short
    assert "By task and kind" in long
