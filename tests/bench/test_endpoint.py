"""Addresses: what is this machine, what is not, and what an approval covers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench.endpoint import read_address

LOCAL = (
    "http://localhost:8000/v1", "http://LOCALHOST/v1", "HTTP://Localhost", "http://127.0.0.1", "https://127.255.3.9:1/x",
    "http://[::1]:8000/v1", "http://[0:0:0:0:0:0:0:1]/v1", "http://localhost/",
)  # fmt: skip

NOT_LOCAL = (
    "http://localhost.evil.example/v1", "http://localhost.:8000/v1", "http://evil-localhost/v1", "http://xlocalhost/",
    "http://localhost@evil.example/v1", "http://user:word@localhost/v1", "http://127.0.0.1@evil.example/",
    "http://[::ffff:127.0.0.1]/v1", "http://[::]/v1", "http://[::1%25eth0]/", "http://[fe80::1]/", "http://[::2]/v1",
    "http://127.1/v1", "http://2130706433/v1", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/v1",
    "http://127.0.0.01/", "http://127.0.0.1.nip.example/", "http://127.0.0.1./", "http://0.0.0.0:8000/v1", "http://0/",
    "http://128.0.0.1/v1", "http://126.255.255.255/", "http://10.0.0.1/v1", "http://169.254.169.254/", "ftp://localhost/",
    "http://127.0.0.1\\@evil.example/", "http://evil.example\\@127.0.0.1/", "http://evil.example#@localhost/",
    "http://evil.example?@localhost/", "http://localhost?x", "http://localhost#x", "http://localhost%2eevil.example/",
    "http://local\thost/", "http://localhost\n", " http://localhost", "http://localhost :80/", "http://localhost:0/",
    "http://localhost:65536/", "http://localhost:x/", "http://localhost:80:90/", "http:/localhost/", "http:localhost",
    "//localhost/v1", "localhost:8000", "127.0.0.1", "", "http://", "http:///v1", "http://[::1/", "http://::1/",
    "http://１２７.0.0.1/", "http://ⓛocalhost/", "http://localhost。evil.example/", "http://127。0。0。1/",
    "http://ip6-localhost/", "http://loopback/", "http://localhost.localdomain/", "http://localhost/a/../b",
    "http://localhost/%2e%2e/x", "http://localhost//x",
)  # fmt: skip


def is_local(url: str) -> bool:
    address = read_address(url)
    return address is not None and address.is_local


@pytest.mark.parametrize("url", LOCAL)
def test_this_machine(url: str) -> None:
    assert is_local(url)


@pytest.mark.parametrize("url", NOT_LOCAL)
def test_everything_else_is_not(url: str) -> None:
    assert not is_local(url)


@given(st.ip_addresses(v=4))
def test_of_ipv4_only_127_is_local(address: ipaddress.IPv4Address) -> None:
    assert is_local(f"http://{address}/v1") == (int(address) >> 24 == 127)


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_one_is_local(address: ipaddress.IPv6Address) -> None:
    assert is_local(f"http://[{address}]/v1") == (int(address) == 1)


@given(st.text(min_size=1, max_size=30))
def test_no_text_before_or_after_makes_a_name_local(text: str) -> None:
    if text.strip(".").lower() != "localhost" and not text.startswith((":", "/")):
        assert not is_local(f"http://localhost{text}")
    if not text.lower().endswith("//"):
        assert not is_local(f"{text}localhost/v1")


@given(st.text(max_size=60))
def test_what_is_read_is_read_by_every_parser_alike(text: str) -> None:
    """Whatever the guard takes for this machine has that very host for the standard library's parser too."""
    from urllib.parse import urlsplit

    address = read_address(f"http://{text}")
    if address is not None:
        parts = urlsplit(f"http://{text}")
        assert (parts.hostname or "").strip("[]") == address.host
        assert (parts.port or 80) == address.port
        assert not parts.username
        assert not parts.query


@pytest.mark.parametrize(
    ("approved", "asked", "covered"),
    [
        ("https://llm.example/v1", "https://llm.example/v1", True),
        ("https://llm.example/v1", "https://LLM.example:443/v1/", True),
        ("https://llm.example", "https://llm.example/v1", True),
        ("https://llm.example/v1", "https://llm.example/v1/eu", True),
        ("https://llm.example/v1", "https://llm.example/v1beta", False),
        ("https://llm.example/v1", "https://llm.example/v2", False),
        ("https://llm.example/v1", "https://llm.example", False),
        ("https://llm.example/v1", "http://llm.example/v1", False),
        ("https://llm.example/v1", "https://llm.example:8443/v1", False),
        ("https://llm.example/v1", "https://llm.example.evil.example/v1", False),
        ("https://llm.example/v1", "https://a.llm.example/v1", False),
        ("https://llm.example/v1", "https://llm.example./v1", False),
        ("https://llm.example/v1", "https://x@llm.example/v1", None),
        ("https://llm.example/v1", "https://llm.example/v1/../../other", None),
        ("https://llm.example/v1", "https://llm.example/v1/%2e%2e/other", None),
        ("https://llm.example/v1", "https://llm.example/V1", False),
    ],
)
def test_what_an_approval_covers(approved: str, asked: str, covered: bool | None) -> None:
    one, other = read_address(approved), read_address(asked)
    assert one is not None
    assert (one.covers(other) if other else None) == covered
