"""The guard, with watched sockets: where it refuses, no name is looked up and no connection opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.allowlist import Approval
from medsins.bench.endpoint import read_address
from medsins.bench.guard import HERE, Leaving, decide, is_local
from medsins.bench.plans import IN_PROCESS
from medsins.bench.runner import run
from medsins.bench.spec import RunSpec, read_manifest
from medsins.bench.store import read_sent
from medsins.cli.main import main
from medsins.core import Card, RefusedByPolicy, Task, UsageError
from medsins.models import BACKENDS, ModelInfo, open_backend

TaskFile = Callable[..., Path]
REMOTE = [name for name in ("openai", "anthropic") if name in BACKENDS.names()]
RESTRICTED: tuple[dict[str, Any], ...] = (
    {"Access": "credentialed"}, {"Access": "private"}, {"Access": "unknown"}, {}, {"Access": "opne"},
    {"Access": "open", "May_leave": False}, {"Access": "open", "May_leave": "no"}, {"May_leave": True},
)  # fmt: skip
REASON = "approved by the data officer on 2 March, zero retention"
NO_REASONS = ("yes", "because I say so", "x" * 40, "ok ok ok ok ok ok ok ok ok ok", "12345678901234567890123", "   ")


def remote(server: Any, host: str = "llm.test") -> str:
    return f"http://{host}:{server.port}/v1"


def test_every_remote_backend_is_in_the_matrix() -> None:
    assert set(BACKENDS.names()) - IN_PROCESS - {"ray"} == set(REMOTE)
    assert REMOTE


@pytest.mark.parametrize("terms", RESTRICTED, ids=str)
@pytest.mark.parametrize("backend", REMOTE)
def test_restricted_text_opens_no_socket(
    backend: str, terms: dict[str, Any], server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    spec = RunSpec(f"{backend}:served@{remote(server)}", tasks=(str(task_file(**terms)),))
    with pytest.raises(RefusedByPolicy, match="ward1") as caught:
        run(spec, tmp_path / "run")
    assert caught.value.exit_code == 3
    assert (sockets, server.connections) == ([], 0)
    assert not (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.parametrize("backend", REMOTE)
@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]", "localhost.", "localhost.test"]
)
def test_no_spelling_of_an_address_gets_around(
    backend: str, host: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    """Each of these would reach the server here; none is this machine by its usual name."""
    spec = RunSpec(f"{backend}:served@{remote(server, host)}", tasks=(str(task_file(Access="credentialed")),))
    with pytest.raises(RefusedByPolicy):
        run(spec, tmp_path / "run")
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("backend", REMOTE)
def test_one_remote_url_among_local_ones_is_refused(
    backend: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    spec = RunSpec(f"{backend}:served@{server.url},{remote(server)}", tasks=(str(task_file(Access="private")),))
    with pytest.raises(RefusedByPolicy, match=r"llm\.test"):
        run(spec, tmp_path / "run")
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("backend", REMOTE)
def test_one_restricted_task_holds_all_back(
    backend: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    free, held = task_file("free", Access="open"), task_file("held", Access="credentialed")
    with pytest.raises(RefusedByPolicy, match="held is credentialed") as caught:
        run(RunSpec(f"{backend}:served@{remote(server)}", tasks=(str(free), str(held))), tmp_path / "run")
    assert len(caught.value.problems) == 1
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("backend", REMOTE)
def test_shots_are_text_too(
    backend: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    shots = task_file("ward1", rows=9, folder="shots", text="Other", Access="credentialed")
    spec = RunSpec(f"{backend}:served@{remote(server)}", tasks=(str(task_file(Access="open")),), shots_from=str(shots))
    with pytest.raises(RefusedByPolicy, match=r"its shots \(ward1\) are credentialed"):
        run(spec, tmp_path / "run")
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("reason", NO_REASONS)
@pytest.mark.parametrize("backend", REMOTE)
def test_an_override_without_a_reason_is_none(
    backend: str, reason: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    spec = RunSpec(f"{backend}:served@{remote(server)}", tasks=(str(task_file(Access="private")),))
    with pytest.raises(UsageError, match="--allow-restricted: a reason"):
        run(spec, tmp_path / "run", override=reason)
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("terms", RESTRICTED[:4], ids=str)
@pytest.mark.parametrize("backend", REMOTE)
def test_an_override_with_a_reason_is_kept(
    backend: str, terms: dict[str, Any], server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    spec = RunSpec(f"{backend}:served@{remote(server)}", tasks=(str(task_file(**terms)),))
    assert run(spec, tmp_path / "run", override=REASON).asked == 4
    assert ("name", "llm.test") in sockets
    assert server.connections > 0
    ((decision,),) = (entry["decisions"] for entry in read_manifest(tmp_path / "run")["guard"])
    assert (decision["by"], decision["reason"], decision["tasks"]) == ("override", REASON, ["ward1"])
    assert decision["endpoint"] == remote(server)


def test_an_override_is_for_one_session(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    spec = RunSpec(f"openai:served@{remote(server)}", tasks=(str(task_file(Access="private")),))
    server.fails = lambda text: 400
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.getaddrinfo", lambda host, port, *a, **k: [(2, 1, 6, "", ("127.0.0.1", server.port))])
        server.fails = lambda text: 400 if "Case 2" in text else 0
        assert run(spec, tmp_path / "run", override=REASON).failed == 1
        before = server.connections
        with pytest.raises(RefusedByPolicy):
            run(spec, tmp_path / "run", retry_failed=True)
        assert server.connections == before


@pytest.mark.parametrize("backend", REMOTE)
def test_the_allow_list_lets_through_what_it_names(
    backend: str, server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path, monkeypatch: Any
) -> None:
    """Only the decision: an approved endpoint is https, which the server here is not."""
    config = tmp_path / "config.toml"
    entry = f'[[guard.allow]]\nendpoint = "https://llm.test:{server.port}/v1"\naccess = ["credentialed"]\n'
    config.write_text(f'{entry}reason = "{REASON}"\n')
    monkeypatch.setenv("MEDSINS_CONFIG", str(config))
    words = ["bench", "run", "--model", f"{backend}:served@https://llm.test:{server.port}/v1", "--explain-guard"]
    held, other = task_file("held", Access="credentialed"), task_file("other", Access="private")
    assert main([*words, "--tasks", str(held), "--json"]) == 0
    assert main([*words, "--tasks", str(held), str(other)]) == 3
    words[3] = f"{backend}:served@{remote(server)}"
    assert main([*words, "--tasks", str(held)]) == 3
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("backend", REMOTE)
def test_explaining_opens_no_socket_and_says_all(
    backend: str, server: Any, sockets: list[object], task_file: TaskFile, capsys: pytest.CaptureFixture[str]
) -> None:
    free, held = task_file("free", Access="open"), task_file("held", Access="credentialed")
    words = ["bench", "run", "--model", f"{backend}:served@{remote(server)}", "--tasks", str(free), str(held)]
    assert main([*words, "--explain-guard", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert not document["allowed"]
    found = [(entry["task_id"], entry["decision"], entry["rule"]) for entry in document["tasks"]]
    assert found == [("free", "allowed", "free-to-leave"), ("held", "refused", "credentialed")]
    assert main([*words, "--explain-guard", "--allow-restricted", REASON]) == 0
    assert REASON in capsys.readouterr().out
    assert (sockets, server.connections) == ([], 0)


@pytest.mark.parametrize("terms", RESTRICTED, ids=str)
def test_on_this_machine_everything_may_be_asked(
    terms: dict[str, Any], server: Any, task_file: TaskFile, tmp_path: Path
) -> None:
    spec = RunSpec(f"openai:served@{server.url}", tasks=(str(task_file(**terms)),))
    assert run(spec, tmp_path / "run").asked == 4
    ((decision,),) = (entry["decisions"] for entry in read_manifest(tmp_path / "run")["guard"])
    assert (decision["rule"], decision["by"]) == ("loopback", "rule")


def test_a_model_in_this_process_is_no_endpoint(task_file: TaskFile, tmp_path: Path) -> None:
    run(RunSpec("mock:echo", tasks=(str(task_file(Access="private")),)), tmp_path / "run")
    ((decision,),) = (entry["decisions"] for entry in read_manifest(tmp_path / "run")["guard"])
    assert (decision["rule"], decision["endpoint"]) == ("in-process", HERE)
    assert list(read_sent(tmp_path / "run")) == []


def test_a_backend_can_make_it_stricter_but_not_laxer() -> None:
    leaving = [Leaving(Task("t", Card(), (), "NER", access="private"))]
    local, elsewhere = "http://localhost:1/v1", "http://elsewhere.example/v1"
    for info, allowed in (
        (ModelInfo("m"), True),
        (ModelInfo("m", endpoint=local), True),
        (ModelInfo("m", endpoint=local, remote=True), False),
        (ModelInfo("m", endpoint=elsewhere, remote=False), False),
        (ModelInfo("m", endpoint=f"{local},{elsewhere}", remote=False), False),
        (ModelInfo("m", remote=True), False),
        (ModelInfo("m", endpoint="a cluster"), False),
    ):
        assert all(decision.allowed for decision in decide(leaving, info)) == allowed == is_local(info), info


def test_an_approval_is_for_its_terms_and_its_endpoint_only() -> None:
    address = read_address("https://llm.example/v1")
    assert address is not None
    approvals = [Approval(address, ("credentialed",), REASON)]
    info = ModelInfo("m", endpoint="https://llm.example/v1,https://other.example/v1", remote=True)
    for access, expected in (("credentialed", [True, False]), ("private", [False, False]), ("open", [True, True])):
        found = decide([Leaving(Task("t", Card(), (), "NER", access=access))], info, approvals)
        assert [decision.allowed for decision in found] == expected
    override = decide([Leaving(Task("t", Card(), (), "NER", access="credentialed"))], info, approvals, REASON + " too")
    assert [decision.by for decision in override] == ["config", "override"]


@pytest.mark.parametrize("backend", REMOTE)
def test_a_redirect_leads_nowhere(
    backend: str, server: Any, elsewhere: Any, task_file: TaskFile, tmp_path: Path
) -> None:
    server.fails = lambda text: 307 if "Case" in text else 0
    server.moved_to = f"{elsewhere.url}/chat/completions"
    spec = RunSpec(f"{backend}:served@{server.url}", tasks=(str(task_file(Access="private")),))
    assert run(spec, tmp_path / "run").failed == 4
    assert elsewhere.connections == 0


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"])
@pytest.mark.parametrize("backend", REMOTE)
def test_a_proxy_of_the_environment_sees_nothing_of_this_machine(
    backend: str, name: str, server: Any, elsewhere: Any, task_file: TaskFile, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    spec = RunSpec(f"{backend}:served@{server.url}", tasks=(str(task_file(Access="private")),))
    assert run(spec, tmp_path / "run").failed == 0
    assert elsewhere.connections == 0


@pytest.mark.parametrize("backend", REMOTE)
def test_the_endpoint_that_is_decided_on_is_the_one_that_is_asked(backend: str, monkeypatch: Any) -> None:
    urls = "https://a.example/v1,http://127.0.0.1:9/v1"
    opened: Any = open_backend(f"{backend}:served@{urls}")
    assert opened.info.endpoint == ",".join(opened.settings.urls) == urls
    monkeypatch.setenv(f"{backend.upper()}_BASE_URL", "https://b.example/v1")
    opened = open_backend(f"{backend}:served")
    assert opened.info.endpoint == ",".join(opened.settings.urls) == "https://b.example/v1"
