"""What scoring needs from outside lies with the board, checked, and is fetched once."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsins.core.assets import PUNKT, resolve
from medsins.core.errors import AssetUnavailable
from medsins.leaderboard import _assets
from medsins.leaderboard._assets import keep_assets
from medsins.leaderboard.settings import create_folder


def test_assets_are_kept_with_the_board_and_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = create_folder(tmp_path / "board")
    keep_assets(settings)
    folder = settings.folder / "assets" / "punkt_tab"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == sorted(PUNKT.files)
    monkeypatch.setattr(_assets, "punkt", lambda: pytest.fail("they are there"))
    keep_assets(settings)
    monkeypatch.setenv("MEDSINS_ASSETS", str(settings.folder / "assets"))
    monkeypatch.setenv("MEDSINS_CACHE", str(tmp_path / "empty"))
    assert resolve(PUNKT) == folder


def test_what_cannot_be_had_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Path:
        raise AssetUnavailable("no network")

    monkeypatch.setattr(_assets, "punkt", away)
    settings = create_folder(tmp_path / "board")
    with pytest.raises(AssetUnavailable):
        keep_assets(settings)
    assert not (settings.folder / "assets").exists()
