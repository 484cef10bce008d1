"""Fixtures every room uses."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A slow example on a busy machine is no failure; tests of speed measure processor time themselves.
settings.register_profile("busy machines", deadline=None)
settings.load_profile("busy machines")

ROOT = Path(__file__).resolve().parents[1]

# A shell ignores Ctrl-C in what it runs in the background, and so would everything that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def shared_folder() -> Path | None:
    """The folder of reference data: ``MEDSINS_SHARED``, else ``../shared`` beside the checkout; None where absent."""
    for candidate in (os.environ.get("MEDSINS_SHARED"), str(ROOT.parent / "shared")):
        if candidate and Path(candidate, "golden").is_dir():
            return Path(candidate)
    return None


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = shared_folder()
    if folder is None:
        pytest.skip("the reference data are not here (set MEDSINS_SHARED to their folder)")
    return folder


@pytest.fixture(scope="session")
def smollm2_folder() -> Path:
    """The folder of SmolLM2-135M-Instruct."""
    pytest.importorskip("torch")
    from medsins.core import AssetUnavailable
    from medsins.models._local_load import find_folder

    try:
        return find_folder("smollm2")
    except AssetUnavailable as error:
        pytest.skip(f"no SmolLM2 here: {error}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real browser. One for all tests of a process: the library behind it allows no second one at a time."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()


@pytest.fixture(autouse=True)
def _no_network_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
