"""Tokens: a public id and 256 random bits, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_PREFIX = "medsins"
_NOBODY = hashlib.sha256(b"").hexdigest()


def new_id() -> str:
    """64 random bits, hexadecimal: an id that cannot be guessed or counted."""
    return secrets.token_hex(8)


def new_secret(token_id: str) -> str:
    """The text a token's owner keeps: ``medsins_<id>_<256 random bits>``."""
    return f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(32)}"


def public_id(secret: str) -> str:
    """The id inside a secret; empty where the text is none."""
    parts = secret.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX else ""


def fingerprint(secret: str) -> str:
    """What is kept of a secret. One SHA-256 is enough, since 256 random bits cannot be tried out."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def matches(secret: str, kept: str | None) -> bool:
    """Whether a secret is the kept one, in the same time for right, wrong and unknown ones."""
    return hmac.compare_digest(fingerprint(secret), kept or _NOBODY) and kept is not None
