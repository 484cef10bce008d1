"""HTTP as servers, gateways and proxies really speak it, over real sockets; and on arbitrary bytes."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import aside

from medsins.core import UsageError
from medsins.models._http_connection import Connection
from medsins.models._http_faults import Fault, Reply
from medsins.models._http_transport import Transport, environment_proxy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Raw:
    """A server that sends bytes as they are: for each request the next of ``replies``, the last one ever again.

    With ``ends`` the connection is closed after each reply. ``heads`` are the requests' heads.
    """

    def __init__(self, *replies: bytes, ends: bool = False, context: ssl.SSLContext | None = None) -> None:
        self.replies, self.ends, self.context = list(replies), ends, context
        self.heads: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            with self.context.wrap_socket(sock, server_side=True) if self.context else sock as stream:
                while head := read_head(stream):
                    self.heads.append(head)
                    stream.sendall(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])
                    if self.ends:
                        return
        except OSError:
            pass


def read_head(stream: socket.socket) -> bytes:
    """A request's head; its body of the told length is read and left."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = stream.recv(4096)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    while len(body) < length:
        body += stream.recv(4096)
    return head


@contextmanager
def raw(*replies: bytes, **how: Any) -> Iterator[Raw]:
    server = Raw(*replies, **how)
    try:
        yield server
    finally:
        server.listener.close()


def ask(url: str, times: int = 1, seconds: float = 10.0, headers: dict[str, str] | None = None) -> list[Reply | Fault]:
    async def go() -> list[Reply | Fault]:
        transport = Transport(url, "", headers or {}, (seconds, 0.0))
        try:
            return [await transport.ask("POST", "/chat", b"{}") for _ in range(times)]
        finally:
            await transport.close()

    return aside.run(go())


def told(server: Raw, times: int = 1, **how: Any) -> Any:
    found = ask(f"http://127.0.0.1:{server.port}/v1", times, **how)
    return found[0] if times == 1 else found


@pytest.mark.parametrize(
    "reply",
    [
        OK,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nTrailer: z\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(b"ok", mtime=0))
        + gzip.compress(b"ok", mtime=0),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(zlib.compress(b"ok"))
        + zlib.compress(b"ok"),
    ],
)
def test_forms_of_a_reply(reply: bytes) -> None:
    with raw(reply) as server:
        for found in told(server, times=3):
            assert (found.status, found.body) == (200, b"ok")
        assert server.connections == 1
        assert server.heads[0].startswith(b"POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port)


@pytest.mark.parametrize("reply", [b"HTTP/1.0 200 OK\r\n\r\nok", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"])
def test_a_reply_that_ends_with_its_connection(reply: bytes) -> None:
    with raw(reply, ends=True) as server:
        assert [found.body for found in told(server, times=2)] == [b"ok", b"ok"]
        assert server.connections == 2


def test_a_connection_that_was_closed_while_idle_is_not_used_again() -> None:
    with raw(OK, ends=True) as server:

        async def go() -> list[Any]:
            transport = Transport(f"http://127.0.0.1:{server.port}", "", {}, (10.0, 0.0))
            found = [await transport.ask("POST", "/", b"{}")]
            await asyncio.sleep(0.2)
            found.append(await transport.ask("GET", "/models"))
            await transport.close()
            return found

        assert [found.body for found in aside.run(go())] == [b"ok", b"ok"]


def test_a_connection_on_which_more_came_than_was_asked_for_is_not_used_again() -> None:
    with raw(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad") as server:
        assert [found.body for found in told(server, times=3)] == [b"ok"] * 3
        assert server.connections == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"", "connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "malformed reply"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "malformed reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "malformed reply"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed reply"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "malformed reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok", "malformed reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"ok", mtime=0)[:-3],
         "malformed reply"),
    ],
)  # fmt: skip
def test_what_is_no_reply(reply: bytes, kind: str) -> None:
    with raw(reply, ends=True) as server:
        found = told(server)
    assert isinstance(found, Fault)
    assert found.kind == kind


def test_replies_without_end_and_small_ones_that_unpack_to_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.models._http_connection.LARGEST_REPLY", 1 << 20)
    large, packed = bytes(2 << 20), gzip.compress(bytes(2 << 20))
    for body, coding in ((large, b"identity"), (packed, b"gzip")):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
        with raw(head + body) as server:
            assert told(server).kind == "malformed reply"


def test_silence_is_a_timeout() -> None:
    with raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok") as server:
        assert told(server, seconds=0.3).kind == "timeout"


def test_what_no_header_can_carry_is_told_without_it() -> None:
    for key in ("canary\r\nX: y", "canary\u2019s"):
        with pytest.raises(UsageError) as raised:
            ask("http://127.0.0.1:9", headers={"Authorization": f"Bearer {key}"})
        assert "Authorization" in str(raised.value)
        assert "canary" not in str(raised.value)


def test_paths_are_sent_as_urls_write_them() -> None:
    with raw(OK) as server:
        ask(f"http://127.0.0.1:{server.port}/my models/%41")
        assert server.heads[0].startswith(b"POST /my%20models/%41/chat HTTP/1.1")


def test_a_proxy_for_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(OK) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        (found,) = ask("http://models.example:8000/v1")
        assert isinstance(found, Reply)
        assert proxy.heads[0].startswith(
            b"POST http://models.example:8000/v1/chat HTTP/1.1\r\nHost: models.example:8000\r\n"
        )
        assert base64.b64encode(b"me:p@ss") in proxy.heads[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name models.example, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=models.example", "-days", "2",
             "-addext", "subjectAltName=DNS:models.example", "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
    try:
        subprocess.run(words, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl here")
    return certificate, key


class Tunnel(Raw):
    """A proxy that answers CONNECT with the first reply and then carries bytes to another port."""

    target = 0

    def _serve(self, sock: socket.socket) -> None:
        self.heads.append(read_head(sock))
        sock.sendall(self.replies[0])
        if not self.target:
            sock.close()
            return
        there = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=carry, args=(sock, there), daemon=True).start()
        carry(there, sock)


def carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(4096):
            target.sendall(part)
    except OSError:
        pass
    finally:
        source.close()
        target.close()


def test_a_proxy_for_https_sees_the_name_and_nothing_else(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    tunnel = Tunnel(b"HTTP/1.1 200 Connection established\r\n\r\n")
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{tunnel.port}")
    with raw(OK, context=context) as server:
        tunnel.target = server.port
        found = ask("https://models.example/v1", times=2, headers={"Authorization": "Bearer canary"})
        assert [reply.body for reply in found if isinstance(reply, Reply)] == [b"ok", b"ok"]
        assert b"Bearer canary" in server.heads[0]
        assert server.heads[0].startswith(b"POST /v1/chat HTTP/1.1\r\nHost: models.example\r\n")
    tunnel.listener.close()
    assert tunnel.heads == [b"CONNECT models.example:443 HTTP/1.1\r\nHost: models.example:443"]


def test_a_certificate_for_another_name(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with raw(OK, context=context) as server:
        (found,) = ask(f"https://127.0.0.1:{server.port}")
        assert isinstance(found, Fault)
        assert "certificate is not trusted" in found.message
        assert server.heads == []


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://127.0.0.1:{port}", "proxy refuses"),
        ("socks5://127.0.0.1:1", "socks5"),
        ("http://127.0.0.1:1", "refused"),
    ],
)
def test_a_proxy_that_does_not_let_through(proxy: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tunnel = Tunnel(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("https_proxy", proxy.format(port=tunnel.port))
    (found,) = ask("https://models.example/v1")
    tunnel.listener.close()
    assert isinstance(found, Fault)
    assert found.kind == "connection"
    assert words in found.message


def test_which_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert environment_proxy("https://models.example/v1") == "http://proxy:3128"
    assert environment_proxy("https://llm.inside.example/v1") == ""
    assert environment_proxy("http://models.example/v1") == ""
    assert environment_proxy("https://127.0.0.1:8000/v1") == ""


class Deaf(asyncio.Transport):
    """Takes what is written, and keeps nothing."""

    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        pass


def fed(*parts: bytes) -> Any:
    """What a connection makes of bytes: a reply, an exception, or None where it waits for more."""

    async def go() -> Any:
        connection = Connection()
        connection.connection_made(Deaf())
        reply = connection.ask(b"")
        for part in parts:
            connection.data_received(part)
        if not reply.done():
            return None
        return reply.exception() or reply.result()

    return aside.run(go())


WHOLE: list[Callable[[bytes], bytes]] = [
    lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body),
    lambda body: b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
]


@given(
    body=st.binary(min_size=1, max_size=60), form=st.sampled_from(WHOLE), cuts=st.lists(st.integers(0, 150), max_size=6)
)
def test_a_reply_may_come_in_any_pieces(body: bytes, form: Callable[[bytes], bytes], cuts: list[int]) -> None:
    whole = form(body)
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    found = fed(*(whole[a:b] for a, b in pairwise(places) if a < b))
    assert (found.status, found.body) == (200, body)
    assert fed(whole[:-1]) is None


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans())
def test_arbitrary_bytes_are_no_reply_and_no_accident(parts: list[bytes], begun: bool) -> None:
    found = fed(*([b"HTTP/1.1 200 OK\r\n"] if begun else []), *parts)
    assert found is None or isinstance(found, Exception | Reply)
