"""Assets asked for by several processes at once, looked for in every place, and taken out of unfriendly archives."""

from __future__ import annotations

import hashlib
import http.server
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import AssetUnavailable, assets
from medsins.core.assets import Asset

FILES = {"tables/words.txt": b"dr\nmr\n", "tables/more.txt": b"prof\n"}
FORK = multiprocessing.get_context("fork")


class CountingHandler(http.server.BaseHTTPRequestHandler):
    """Serves one zip slowly enough that processes overlap, and counts how often it was asked."""

    archive: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []
    status: ClassVar[int] = 200

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/words.zip")
            self.end_headers()
            return
        time.sleep(0.2)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.archive)))
        self.end_headers()
        self.wfile.write(self.archive)

    def log_message(self, *args: Any) -> None:
        """Nothing on stderr."""


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def sums(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    archive = make_zip(tmp_path / "served.zip", {f"data/{name}": content for name, content in FILES.items()})
    monkeypatch.setattr(CountingHandler, "archive", archive.read_bytes())
    monkeypatch.setattr(CountingHandler, "asked", [])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CountingHandler) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDSINS_CACHE", str(tmp_path / "cache"))
    for name in ("MEDSINS_ASSETS", "NLTK_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache"


def words(url: str) -> Asset:
    return Asset("words", 0.1, sums(FILES), url, "no_such_wheel==1")


def ask(url: str, results: Any) -> None:
    results.put(str(assets.resolve(words(url))))


def test_processes_that_ask_at_once_fetch_once(server: str, cache: Path) -> None:
    results = FORK.Queue()
    processes = [FORK.Process(target=ask, args=(f"{server}/words.zip", results), daemon=True) for _ in range(4)]
    for process in processes:
        process.start()
    folders = {results.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert folders == {str(cache / "words")}
    assert CountingHandler.asked == ["/words.zip"]
    assert {name: (cache / "words" / name).read_bytes() for name in FILES} == FILES
    assert sorted(path.name for path in cache.iterdir()) == [".words.lock", "words"]


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    target = tmp_path / "thing"
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom medsins.core.assets import _lock\n"
        "with _lock(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        entered = threading.Event()

        def enter() -> None:
            with assets._lock(target):
                entered.set()

        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.3)
        holder.kill()
        assert entered.wait(10)
        waiting.join(10)


def test_a_redirect_is_followed(server: str, cache: Path) -> None:
    assert assets.resolve(words(f"{server}/moved.zip")) == cache / "words"
    assert CountingHandler.asked == ["/moved.zip", "/words.zip"]


def test_a_refusing_server_is_named_with_its_status(server: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(CountingHandler, "status", 503)
    with pytest.raises(AssetUnavailable, match="503") as caught:
        assets.resolve(words(f"{server}/words.zip"))
    assert "no_such_wheel==1" in str(caught.value)
    assert not (cache / "words").exists()


def test_an_archive_that_is_none_is_no_traceback(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountingHandler, "archive", b"<html>please log in</html>")
    with pytest.raises(AssetUnavailable, match="not a zip file"):
        assets.resolve(words(f"{server}/words.zip"))


def test_a_damaged_cache_is_fetched_again(server: str, cache: Path) -> None:
    folder = assets.resolve(words(f"{server}/words.zip"))
    (folder / "tables/more.txt").write_bytes(b"pr\x00f\n")
    (folder / "stranger").write_text("")
    assert assets.resolve(words(f"{server}/words.zip")) == folder
    assert (folder / "tables/more.txt").read_bytes() == FILES["tables/more.txt"]
    assert not (folder / "stranger").exists()
    assert len(CountingHandler.asked) == 2


def test_what_is_fetched_is_said_on_stderr_only(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assets.resolve(words(f"{server}/words.zip"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"fetching words (0.1 MB) from {server}/words.zip\n"
    assets.resolve(words(f"{server}/words.zip"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("nested", [True, False])
def test_the_named_folder_may_hold_the_asset_or_be_it(
    tmp_path: Path, nested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "local" / "words" if nested else tmp_path / "local"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    monkeypatch.setenv("MEDSINS_ASSETS", str(tmp_path / "local"))
    assert assets.resolve(words("http://127.0.0.1:9/x.zip")) == folder


def test_nltk_data_is_searched_for_its_own_asset_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "PUNKT", Asset("punkt_tab", 0.1, sums(FILES), "http://127.0.0.1:9/x.zip", "none==1"))
    for name, content in FILES.items():
        (tmp_path / "nltk" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "nltk" / name).write_bytes(content)
    monkeypatch.setenv("NLTK_DATA", os.pathsep.join(["", str(tmp_path / "nowhere"), str(tmp_path / "nltk")]))
    assert assets.punkt() == tmp_path / "nltk"
    assert list(assets._local_folders("words")) == []


def test_the_cache_is_the_users_unless_named(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    assert assets.cache_folder() == cache
    monkeypatch.delenv("MEDSINS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert assets.cache_folder().name == "medsins"
    assert assets.cache_folder() != cache


def test_the_pinned_assets_are_pinned_whole() -> None:
    for name, asset in assets.ASSETS.items():
        assert name == asset.name
        assert "==" in asset.wheel
        assert asset.url.startswith("https://")
        assert all(len(bytes.fromhex(checksum)) == 32 for checksum in asset.files.values())


def test_a_fresh_folder_replaces_only_when_all_went_well(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    (target / "old").write_text("")

    def fail() -> None:
        with assets._fresh_folder(target) as fresh:
            (fresh / "half").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [path.name for path in target.iterdir()] == ["old"]
    with assets._fresh_folder(target) as fresh:
        (fresh / "new").write_text("")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert target.stat().st_mode & 0o777 == 0o755


names = st.text("abcxyz._-", min_size=1, max_size=6).filter(lambda name: name.strip("."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@settings(max_examples=40, deadline=None)
@given(prefix=paths, decoys=st.dictionaries(paths, st.binary(max_size=8), max_size=5))
def test_only_verified_members_leave_an_archive(
    tmp_path_factory: pytest.TempPathFactory, prefix: str, decoys: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("unpack")
    wrong = {f"{name}/tables/words.txt": content for name, content in decoys.items()}
    wrong["../../tables/words.txt"] = b"climbing out"
    right = {f"{prefix}/data/{name}": content for name, content in FILES.items()}
    assets._unpack(words("x"), make_zip(folder / "a.zip", {**wrong, **right}), folder / "out")
    found = {str(p.relative_to(folder / "out")): p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()}
    assert found == FILES
    with pytest.raises(ValueError, match=r"carries no tables/words\.txt"):
        assets._unpack(words("x"), make_zip(folder / "b.zip", wrong), folder / "none")


@pytest.mark.parametrize(
    ("error", "text"),
    [(ValueError(" one\ntwo"), "one"), (TimeoutError(), "TimeoutError"), (OSError("  \n"), "OSError")],
)
def test_a_reason_is_one_line_and_never_empty(error: Exception, text: str) -> None:
    assert assets._reason(error) == text
