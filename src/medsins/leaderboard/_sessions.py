"""Sessions of maintainers: a signed cookie that names a token, worth nothing once that token is revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from .interface import NotFound, Store
from .records import Token

LIFETIME = timedelta(hours=12)


def _now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """Makes and reads session cookies; ``key`` is the board's own (``Settings.key``)."""

    def __init__(self, store: Store, key: bytes, https: bool, clock: Callable[[], datetime] = _now) -> None:
        self._store, self._key, self._clock = store, key, clock
        self.https = https
        self.cookie = "__Host-board" if https else "board"

    def open(self, token: Token) -> str:
        """The cookie's value for a token that was just verified."""
        until = int((self._clock() + LIFETIME).timestamp())
        text = f"{token.id}.{until}.{secrets.token_urlsafe(12)}"
        return f"{text}.{self._sign('session', text)}"

    def token(self, value: str) -> Token | None:
        """The maintainer's token behind a cookie; None where it is forged, too old, revoked or of a banned team."""
        text, _, mark = value.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._sign("session", text).encode()):
            return None
        token_id, until, _ = text.rsplit(".", 2)
        if int(until) <= self._clock().timestamp():
            return None
        try:
            token = self._store.token(token_id)
            banned = self._store.team(token.team).banned
        except NotFound:
            return None
        ended = token.revoked or (token.expires is not None and token.expires <= self._clock())
        return None if ended or banned or token.scope != "maintain" else token

    def form_mark(self, value: str) -> str:
        """What a form of this session must carry; another site can neither read nor guess it."""
        return self._sign("form", value)

    def form_fits(self, value: str, mark: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.form_mark(value).encode(), mark.encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()
