"""Pulling from a hub: a real server on this machine that speaks the hub's protocol, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.cli.main import main
from medsins.core import InvalidFile, MedsinsError, RefusedByPolicy, RunError, UsageError
from medsins.tasks import find_task_files
from medsins.tasks.pull import (
    RECORD,
    Choice,
    Published,
    published_files,
    pull,
    repository_name,
    select,
    terms,
    verify,
)
from medsins.tasks.pull_hub import ATTEMPTS, Hub, HubFile, Unreachable, check_file, find_token

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "someone/ward-notes"
LARGE = 1000  # bytes from which this hub keeps a file in large file storage


@dataclass
class Faults:
    """What the server does wrong. ``answers``: status codes given before the next good answers; ``cut``: bytes after
    which each transfer breaks off; ``deaf``: ignores ranges; ``wrong``: sends other bytes; ``gated``: asks for a token;
    ``slow``: sends in small pieces.
    """

    answers: list[int] = field(default_factory=list)
    cut: int = 0
    deaf: bool = False
    wrong: bool = False
    gated: bool = False
    slow: bool = False


class FakeHub(ThreadingHTTPServer):
    """Files of one data set, listed in pages of two; large files are redirected to another host name."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.faults = Faults()
        self.commit = COMMIT
        self.requests: list[tuple[str, str, str]] = []  # path, range, authorization

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def asked(self, part: str) -> list[tuple[str, str, str]]:
        return [request for request in self.requests if part in request[0]]


class Handler(BaseHTTPRequestHandler):
    server: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, url = self.server, urlsplit(self.path)
        path = unquote(url.path)
        hub.requests.append((self.path, self.headers.get("range", ""), self.headers.get("authorization", "")))
        if hub.faults.answers:
            code = hub.faults.answers.pop(0)
            self.reply(code, b"{}", {"retry-after": "7"} if code == 429 else {})
        elif hub.faults.gated and "authorization" not in self.headers and not path.startswith("/store"):
            self.reply(403, b"{}", {"x-error-code": "GatedRepo"})
        elif path.startswith(f"/api/datasets/{NAME}/revision/"):
            self.reply(200, json.dumps({"id": NAME, "sha": hub.commit}).encode())
        elif path in (f"/api/datasets/{NAME}/tree/{hub.commit}", f"/api/datasets/{NAME}/tree/main"):
            self.listing(int(parse_qs(url.query).get("cursor", ["0"])[0]))
        elif path.startswith((f"/datasets/{NAME}/resolve/{hub.commit}/", f"/datasets/{NAME}/resolve/main/")):
            name = path.split("/", 6)[6]
            content = hub.files.get(name)
            if content is None:
                self.reply(404, b"", {"x-error-code": "EntryNotFound"})
            elif len(content) >= LARGE:
                store = f"http://localhost:{hub.server_port}/store/{name}".replace(" ", "%20")
                linked = {
                    "x-linked-etag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "x-linked-size": str(len(content)),
                }
                self.reply(302, b"", {"location": store, "x-repo-commit": hub.commit, **linked})
            else:
                self.content(content, {"x-repo-commit": hub.commit, "etag": f'"{blob_of(content)}"'})
        elif path.startswith("/store/"):
            self.content(hub.files[path.removeprefix("/store/")])
        else:
            self.reply(404, b"{}", {"x-error-code": "RepoNotFound"})

    def listing(self, start: int) -> None:
        entries = [{"type": "directory", "path": "folder", "oid": "0" * 40, "size": 0}]
        entries += [self.entry(name, content) for name, content in self.server.files.items()]
        page = entries[start : start + 2]
        more = f'<{self.server.url}{urlsplit(self.path).path}?recursive=true&cursor={start + 2}>; rel="next"'
        self.reply(200, json.dumps(page).encode(), {"link": more} if start + 2 < len(entries) else {})

    def entry(self, name: str, content: bytes) -> dict[str, object]:
        entry: dict[str, object] = {"type": "file", "path": name, "oid": blob_of(content), "size": len(content)}
        if len(content) >= LARGE:
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        return entry

    def content(self, content: bytes, described: dict[str, str] | None = None) -> None:
        faults, asked = self.server.faults, self.headers.get("range", "")
        if faults.wrong:
            content = bytes(len(content))
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not faults.deaf else 0
        if start and start >= len(content):
            self.reply(416, b"")
            return
        headers = {**(described or {}), "accept-ranges": "bytes"}
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if faults.cut and len(body) > faults.cut:
            self.send_response(206 if start else 200)
            for key, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body[: faults.cut])
            self.wfile.flush()
            self.close_connection = True
            return
        self.reply(206 if start else 200, body, headers)

    def reply(self, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for key, value in {**(headers or {}), "content-length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        step = 10_000 if self.server.faults.slow else len(body) or 1
        for start in range(0, len(body) if self.command == "GET" else 0, step):
            self.wfile.write(body[start : start + step])
            time.sleep(0.02 if self.server.faults.slow else 0)


def blob_of(content: bytes) -> str:
    """What git calls a file of this content."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def task_file(size: int) -> bytes:
    card = {"Categories": ["Diagnosis"], "Definition": ["Name it."]}
    rows = [{"id": str(n), "input": f"cough {n}", "output": ["cold"]} for n in range(size)]
    return json.dumps({**card, "Instances": rows}).encode()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    files = {
        ".gitattributes": b"*.json filter=lfs",
        "README.md": b"# notes\n",
        "Diagnosis/task130_DDXPlus_text_classification_test.json": task_file(200),
        "NER/task127_test_bc5disease_named_enetity_recognition.json": task_file(3),
        "Natural_language_inference/task41 notes.json": task_file(100),
        "empty.json": b"",
    }
    server = FakeHub(files)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_TOKEN_PATH", "/nowhere/token")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def get(server: FakeHub, folder: Path, choice: Choice = Choice(), waits: list[float] | None = None) -> object:  # noqa: B008
    client = Hub(server.url, "", (waits if waits is not None else []).append)
    try:
        repository = client.repository(NAME)
        files = select(published_files(client.files(repository)), choice)
        return pull(client, repository, files, folder)
    finally:
        client.close()


def here(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != RECORD}


def wanted(server: FakeHub) -> dict[str, bytes]:
    return {name: content for name, content in server.files.items() if not name.startswith(".")}


# the whole way


def test_everything_is_fetched_checked_and_noted(hub: FakeHub, tmp_path: Path) -> None:
    get(hub, tmp_path)
    assert here(tmp_path) == wanted(hub)
    record = json.loads((tmp_path / RECORD).read_text())
    assert (record["repository"], record["commit"]) == (NAME, COMMIT)
    assert {row["path"]: row["sha256"] for row in record["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in wanted(hub).items()
    }
    assert {row["task_id"]: row["access"] for row in record["files"]}["task41"] == "credentialed"
    assert RECORD not in {path.name for path in find_task_files([tmp_path])}


def test_a_second_pull_fetches_nothing(hub: FakeHub, tmp_path: Path) -> None:
    get(hub, tmp_path)
    before = len(hub.asked("/resolve/"))
    assert get(hub, tmp_path).fetched == 0  # type: ignore[attr-defined]
    assert len(hub.asked("/resolve/")) == before


def test_a_damaged_file_is_fetched_again_and_the_others_are_not(hub: FakeHub, tmp_path: Path) -> None:
    get(hub, tmp_path)
    path = tmp_path / "README.md"
    path.write_bytes(b"# nodes\n")
    assert get(hub, tmp_path).fetched == 1  # type: ignore[attr-defined]
    assert path.read_bytes() == b"# notes\n"


def test_what_was_published_anew_is_fetched_and_said(hub: FakeHub, tmp_path: Path) -> None:
    get(hub, tmp_path)
    hub.commit, hub.files["README.md"] = "f" * 40, b"# new\n"
    pulled = get(hub, tmp_path)
    assert pulled.fetched == 1  # type: ignore[attr-defined]
    assert "changed" in pulled.notices[0]  # type: ignore[attr-defined]
    assert (tmp_path / "README.md").read_bytes() == b"# new\n"


def test_the_hubs_own_client_understands_this_server(hub: FakeHub, tmp_path: Path) -> None:
    """So the server of these tests speaks as the hub does, as far as its client can tell."""
    pytest.importorskip("huggingface_hub", reason="pip install huggingface_hub compares our server with its client")
    code = f"""
import json
from huggingface_hub import HfApi, hf_hub_download
listed = HfApi().list_repo_tree({NAME!r}, repo_type="dataset", recursive=True)
paths = [entry.path for entry in listed if hasattr(entry, "size")]
got = [hf_hub_download({NAME!r}, path, repo_type="dataset", local_dir={str(tmp_path / "theirs")!r}) for path in paths]
print(json.dumps(paths))
"""
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == list(hub.files)
    for name, content in hub.files.items():
        assert (tmp_path / "theirs" / name).read_bytes() == content


# interruptions


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(hub: FakeHub, tmp_path: Path) -> None:
    hub.faults.cut = 700
    get(hub, tmp_path)
    assert here(tmp_path) == wanted(hub)
    ranges = [asked for path, asked, _ in hub.asked("/store/Diagnosis")]
    assert ranges[:3] == ["", "bytes=700-", "bytes=1400-"]
    sent = sum(len(content) for content in wanted(hub).values())
    assert len(hub.asked("/store/Diagnosis")) < sent / 700 + 3


def test_a_part_file_of_an_earlier_run_is_used(hub: FakeHub, tmp_path: Path) -> None:
    name = "Diagnosis/task130_DDXPlus_text_classification_test.json"
    content = hub.files[name]
    part = tmp_path / "Diagnosis" / f".{Path(name).name}.{hashlib.sha256(content).hexdigest()[:12]}.part"
    part.parent.mkdir()
    part.write_bytes(content[:1234])
    get(hub, tmp_path)
    assert [asked for _, asked, _ in hub.asked("/store/Diagnosis")] == ["bytes=1234-"]
    assert here(tmp_path) == wanted(hub)


def test_a_killed_pull_goes_on_where_it_was_killed(hub: FakeHub, tmp_path: Path) -> None:
    hub.files = {"long.json": task_file(10_000)}
    hub.faults.slow = True
    code = "import sys; from medsins.cli.main import main; main(sys.argv[1:])"
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    process = subprocess.Popen([sys.executable, "-c", code, "pull", NAME, "-o", str(tmp_path)], env=environment)
    deadline = time.monotonic() + 60
    while sum(path.stat().st_size for path in tmp_path.glob(".long.json.*.part")) < 60_000:
        assert process.poll() is None, "ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "long.json").exists()
    hub.faults.slow = False
    get(hub, tmp_path)
    assert here(tmp_path) == hub.files
    resumed = hub.asked("/store/long")[-1][1]
    assert int(resumed.removeprefix("bytes=").removesuffix("-")) >= 60_000


@pytest.mark.parametrize("start", [b"garbage that is not the file", b"x" * 100_000])
def test_a_part_file_with_other_bytes_is_thrown_away(hub: FakeHub, tmp_path: Path, start: bytes) -> None:
    name = "Diagnosis/task130_DDXPlus_text_classification_test.json"
    digest = hashlib.sha256(hub.files[name]).hexdigest()
    part = tmp_path / "Diagnosis" / f".{Path(name).name}.{digest[:12]}.part"
    part.parent.mkdir()
    part.write_bytes(start)
    get(hub, tmp_path)
    assert here(tmp_path) == wanted(hub)


def test_a_server_without_ranges_is_read_from_the_start(hub: FakeHub, tmp_path: Path) -> None:
    hub.faults.deaf = True
    name = "Diagnosis/task130_DDXPlus_text_classification_test.json"
    digest = hashlib.sha256(hub.files[name]).hexdigest()
    part = tmp_path / "Diagnosis" / f".{Path(name).name}.{digest[:12]}.part"
    part.parent.mkdir()
    part.write_bytes(hub.files[name][:500])
    get(hub, tmp_path)
    assert here(tmp_path) == wanted(hub)


def test_busy_answers_are_waited_out_as_long_as_the_server_says(hub: FakeHub, tmp_path: Path) -> None:
    hub.faults.answers = [429, 503, 500]
    waits: list[float] = []
    get(hub, tmp_path, waits=waits)
    assert here(tmp_path) == wanted(hub)
    assert waits[0] == 7.0
    assert waits[1:3] == [2.0, 4.0]


def test_a_server_that_never_answers_well_is_given_up_with_what_came_kept(hub: FakeHub, tmp_path: Path) -> None:
    client = Hub(hub.url, "", lambda seconds: None)
    repository = client.repository(NAME)
    files = published_files(client.files(repository))
    hub.faults.cut = 300
    hub.faults.answers = []

    def stop(progress: object) -> None:
        if progress.done > 900:  # type: ignore[attr-defined]
            hub.faults.answers = [503] * (ATTEMPTS + 1)

    with pytest.raises(Unreachable, match="run the same command again"):
        pull(client, repository, files, tmp_path, stop)
    hub.faults.answers = []
    get(hub, tmp_path)
    assert here(tmp_path) == wanted(hub)
    client.close()


def test_other_bytes_than_listed_are_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.faults.wrong = True
    with pytest.raises(InvalidFile, match="checksums differ"):
        get(hub, tmp_path)
    assert "README.md" not in here(tmp_path)
    assert not list(tmp_path.rglob(".*.part"))


def test_two_processes_do_not_write_one_file(hub: FakeHub, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / f".README.md.{blob_of(hub.files['README.md'])[:12]}.part").open("a+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(MedsinsError, match="another process"):
            get(hub, tmp_path)


def test_no_room_is_said_before_anything_is_fetched(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("Usage", (), {"free": 100})
    monkeypatch.setattr("medsins.tasks.pull.shutil.disk_usage", lambda path: free)
    with pytest.raises(RunError, match="free"):
        get(hub, tmp_path)
    assert not hub.asked("/resolve/")


# who may read


def test_a_gated_data_set_is_refused_with_what_to_do(hub: FakeHub, tmp_path: Path) -> None:
    hub.faults.gated = True
    with pytest.raises(RefusedByPolicy, match="accept its terms"):
        get(hub, tmp_path)


def test_the_token_goes_to_the_hub_and_to_nobody_else(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.faults.gated = True
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    assert main(["pull", NAME, "-o", str(tmp_path), "-q"]) == 0
    assert {asked for path, _, asked in hub.requests if not path.startswith("/store")} == {"Bearer hf_canary"}
    assert {asked for _, _, asked in hub.asked("/store/")} == {""}
    assert "hf_canary" not in (tmp_path / RECORD).read_text()


def test_the_token_is_found_where_the_hubs_tools_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HF_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert find_token() == ""
    (tmp_path / "token").write_text("hf_file\n")
    assert find_token() == "hf_file"
    monkeypatch.setenv("HF_TOKEN", "hf_environment")
    assert find_token() == "hf_environment"


@pytest.mark.parametrize("path", ["../evil.json", "/etc/evil.json", "a/../../b.json", "a\\b.json", "a\nb.json"])
def test_a_listing_cannot_write_outside_the_folder(hub: FakeHub, tmp_path: Path, path: str) -> None:
    hub.files[path] = b"{}"
    with pytest.raises(InvalidFile, match="no path inside"):
        get(hub, tmp_path / "in")


def test_no_such_data_set_and_no_such_host(hub: FakeHub) -> None:
    client = Hub(hub.url, "", lambda seconds: None)
    with pytest.raises(UsageError, match="no data set"):
        client.repository("someone/else")
    client.close()
    away = Hub("http://127.0.0.1:9", "", lambda seconds: None)
    with pytest.raises(Unreachable, match="HF_ENDPOINT"):
        away.repository(NAME)
    away.close()


# what is chosen


def listed(*paths: str) -> list[Published]:
    return published_files(HubFile(path, 1, "", "") for path in paths)


def test_files_get_task_category_and_access_from_name_folder_and_catalogue() -> None:
    files = listed("NER/task127_x.json", "Named_entity_recognition/own_drugs.jsonl", "README.md", "x/task41.json", ".x")
    assert [(f.task_id, f.category, f.access) for f in files] == [
        ("task127", "Named Entity Recognition", "open"),
        ("own_drugs", "Named Entity Recognition", "unknown"),
        ("", "", ""),
        ("task41", "Natural Language Inference", "credentialed"),
    ]


def test_a_choice_keeps_what_says_how_the_data_may_be_used() -> None:
    files = listed("NER/task127_x.json", "task1_x.json", "README.md", "LICENSE", "notes.txt")
    chosen = select(files, Choice(("TASK1",), ("ner",)))
    assert [f.file.path for f in chosen] == ["NER/task127_x.json", "task1_x.json", "README.md", "LICENSE"]
    assert select(files, Choice()) == files


def test_unknown_tasks_and_categories_all_at_once_with_suggestions() -> None:
    with pytest.raises(UsageError) as caught:
        select(listed("NER/task127_x.json"), Choice(("task126",), ("Diagnosis",)))
    assert len(caught.value.problems) == 2
    assert "did you mean task127" in str(caught.value)


def test_terms_name_the_strictest_first_and_no_open_task() -> None:
    lines = terms(listed("a/own.json", "x/task41.json", "x/task42.json", "NER/task127.json"))
    assert [line.split(":")[0] for line in lines] == ["credentialed", "credentialed", "unknown"]
    assert "(task41, task42)" in lines[0]
    assert "MedNLI: PhysioNet" in lines[1]
    assert "https://physionet.org" in lines[1]
    assert "task127" not in "".join(lines)


def test_names_of_data_sets() -> None:
    assert repository_name("meds-bench") == "Henrychur/MedS-Bench"
    assert repository_name("someone/thing") == "someone/thing"
    for name in ("meds-bensh", "a/b/c", "/b"):
        with pytest.raises(UsageError, match="known"):
            repository_name(name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(content=st.binary(max_size=300), change=st.integers(0, 299), large=st.booleans())
def test_any_changed_byte_is_noticed(tmp_path: Path, content: bytes, change: int, large: bool) -> None:
    file = HubFile("x", len(content), hashlib.sha256(content).hexdigest() if large else "", blob_of(content))
    path = tmp_path / "x"
    path.write_bytes(content)
    assert check_file(path, file) == hashlib.sha256(content).hexdigest()
    if change < len(content):
        path.write_bytes(content[:change] + bytes([content[change] ^ 1]) + content[change + 1 :])
        assert check_file(path, file) == ""


# offline and on the command line


def test_offline_checks_what_is_here(hub: FakeHub, tmp_path: Path) -> None:
    get(hub, tmp_path)
    before = len(hub.requests)
    assert len(verify(tmp_path, NAME, Choice()).files) == 5
    assert len(verify(tmp_path, NAME, Choice(("task127",))).files) == 2
    (tmp_path / "empty.json").unlink()
    (tmp_path / "README.md").write_text("other")
    with pytest.raises(InvalidFile) as caught:
        verify(tmp_path, NAME, Choice())
    assert sorted(problem.what for problem in caught.value.problems) == ["has changed", "is missing"]
    with pytest.raises(InvalidFile, match="was not pulled here"):
        verify(tmp_path, "meds-bench", Choice())
    assert len(hub.requests) == before


def test_the_command_shows_terms_before_the_first_file(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files.pop("empty.json")
    assert main(["pull", NAME, "-o", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["fetched"] == 4
    assert "access terms – credentialed" in captured.err
    assert "task41" in captured.err
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["pull", NAME, "-o", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fetched"] == 0


def test_the_list_fetches_nothing(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", NAME, "--list", "--json", "--category", "Diagnosis"]) == 0
    rows = json.loads(capsys.readouterr().out)["files"]
    assert [(row["task"], row["category"]) for row in rows] == [("", ""), ("task130", "Diagnosis")]
    assert main(["pull", NAME, "--list"]) == 0
    assert "task41" in capsys.readouterr().out
    assert not hub.asked("/resolve/")


def test_wrong_usage(hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", NAME]) == 2
    assert "-o" in capsys.readouterr().err
    assert main(["pull", NAME, "--list", "--offline"]) == 2
    assert main(["pull", "meds-bemch", "-o", str(tmp_path)]) == 2
    assert "did you mean meds-bench" in capsys.readouterr().err
