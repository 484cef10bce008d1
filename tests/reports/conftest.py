"""A finished run to report on, and a real browser to read the report with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from medsins.reports import write_report

from .fake_run import make_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A small finished run of its own."""
    return make_run(tmp_path / "run", rows=6)


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a finished run, for tests that only look."""
    return write_report(make_run(tmp_path_factory.mktemp("reports") / "run", rows=30))


@dataclass
class Watched:
    """A page and everything it should not do."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def watched(browser: Any) -> Iterator[Any]:
    """Makes pages; afterwards none may have complained, asked for anything but its own file, or opened a dialog."""
    made: list[Watched] = []

    def make(**options: Any) -> Watched:
        watched = Watched(browser.new_page(**options))
        page = watched.page
        page.on("console", lambda m: watched.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (watched.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: watched.requests.append(request.url))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective))"
        )
        made.append(watched)
        return watched

    yield make
    for watched in made:
        watched.page.close()
        assert watched.complaints == []
        assert [url for url in watched.requests if not url.startswith(("file:", "data:", "blob:"))] == []
