"""The look before a run: each way a server can be wrong is found in seconds, with what to do, and no key is shown."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from medsins.core import UsageError
from medsins.models import BackendOptions, open_backend
from medsins.models._http_backend import api_key

from .served import Server

KEY = "sk-canary-1234567890"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI", "ANTHROPIC", "MEDSINS", "AZURE_OPENAI"):
        for end in ("_API_KEY", "_BASE_URL"):
            monkeypatch.delenv(name + end, raising=False)


def refusal(model: str, within: float = 10.0) -> str:
    started = time.monotonic()
    with pytest.raises(UsageError) as raised:
        open_backend(model).check()
    assert time.monotonic() - started < within
    text = str(raised.value)
    assert KEY not in text
    assert raised.value.problems[0].mend
    return text


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_server_that_is_not_there(kind: str) -> None:
    text = refusal(f"{kind}:m@http://127.0.0.1:{closed_port()}/v1")
    assert "connection refused" in text
    assert "is up" in text
    text = refusal(f"{kind}:m@http://nosuchhost.invalid/v1", within=30)
    assert "nosuchhost.invalid" in text
    assert "name is not known" in text


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_server_that_never_answers(kind: str) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(5)
        assert "timeout" in refusal(f"{kind}:m@http://127.0.0.1:{sock.getsockname()[1]}/v1")


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_wrong_key(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSINS_API_KEY", KEY)
    with Server(key="another") as server:
        text = refusal(f"{kind}:served@{server.url}")
    assert "MEDSINS_API_KEY" in text
    with Server(key=KEY) as server:
        open_backend(f"{kind}:served@{server.url}").check()


def test_an_unknown_model_suggests_those_there_are() -> None:
    with Server() as server:
        assert "served" in refusal(f"openai:servd@{server.url}")
        assert "does not exist" in refusal(f"anthropic:servd@{server.url}")


def test_a_server_of_another_kind() -> None:
    with Server(faults={"wrong type": 1.0}) as server:
        assert "API's base URL" in refusal(f"openai:served@{server.url}")
    with Server() as server:
        assert "base URL" in refusal(f"anthropic:served@{server.url.removesuffix('/v1')}/other")


def test_a_model_that_says_nothing() -> None:
    def nothing(document: Any) -> Any:
        return {"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}

    with Server(reply=nothing) as server:
        assert "returned nothing" in refusal(f"openai:served@{server.url}")


def test_one_of_two_servers_is_wrong() -> None:
    with Server() as server:
        bad = f"http://127.0.0.1:{closed_port()}/v1"
        assert bad in refusal(f"openai:served@{server.url},{bad}")


def test_a_server_tells_its_window_and_the_user_may_know_better() -> None:
    with Server(window=4096) as server:
        backend = open_backend(f"openai:served@{server.url}")
        backend.check()
        assert backend.info.window == 4096
        backend = open_backend(f"openai:served@{server.url}", BackendOptions(window=1000))
        backend.check()
        assert backend.info.window == 1000


def test_parameters_that_are_refused_are_found_out() -> None:
    def picky(document: dict[str, Any]) -> Any:
        for name in ("max_tokens", "temperature", "seed"):
            if name in document:
                return 400, {"error": {"message": f"Unsupported parameter: '{name}' is not supported with this model."}}
        return {"choices": [{"message": {"content": "OK"}, "finish_reason": "stop"}]}

    with Server(reply=picky) as server:
        backend: Any = open_backend(f"openai:served@{server.url}")
        backend.check()
        assert backend.wire.without == {"max_tokens", "temperature", "seed"}
        assert backend.info.engine == "openai protocol, without max_tokens seed temperature"


def test_a_certificate_nobody_knows(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
         "-keyout", str(key), "-out", str(certificate)], capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def serve() -> None:
            while True:
                try:
                    connection, _ = sock.accept()
                    context.wrap_socket(connection, server_side=True)
                except (OSError, ssl.SSLError):
                    if sock.fileno() < 0:
                        return

        threading.Thread(target=serve, daemon=True).start()
        text = refusal(f"openai:m@https://127.0.0.1:{sock.getsockname()[1]}/v1")
    assert "certificate" in text


def test_keys_go_to_their_owners_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for url in ("http://127.0.0.1:8000/v1", "https://evil.example/v1", "https://api.openai.com.evil.example/v1"):
        assert api_key(url, "OPENAI_API_KEY", "api.openai.com") == ""
    assert api_key("https://api.openai.com/v1", "OPENAI_API_KEY", "api.openai.com") == KEY
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    assert api_key("https://gateway.example/v1", "OPENAI_API_KEY", "api.openai.com") == KEY
    with Server() as server:
        open_backend(f"openai:served@{server.url}").check()
        assert not any(KEY in value for headers in server.headers for value in headers.values())


def test_names_that_name_nothing() -> None:
    for model in ("openai:", "anthropic:", "openai:m@ftp://h/v1", "openai:m@http://u:p@h/v1"):
        with pytest.raises(UsageError):
            open_backend(model)
    with pytest.raises(UsageError):
        open_backend("anthropic:m", BackendOptions(reasoning="much"))


def test_what_is_remote() -> None:
    for url in ("http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:8/v1"):
        assert not open_backend(f"openai:m@{url}").info.remote
    for url in ("http://localhost.evil.example/v1", "http://10.0.0.1/v1", "http://127.0.0.1/v1,https://h/v1"):
        assert open_backend(f"openai:m@{url}").info.remote
    assert open_backend("anthropic:claude").info.remote


def test_azures_address_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    backend: Any = open_backend("openai:gpt@https://me.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21")
    assert backend.settings.urls == ["https://me.openai.azure.com/openai/deployments/gpt"]
    assert backend.settings.query == "?api-version=2024-10-21"
    assert backend.settings.headers["api-key"] == KEY
    assert KEY not in repr(backend.info)
