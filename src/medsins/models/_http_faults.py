"""What can go wrong with a request to a server, and what to do about it."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

Kind = Literal[
    "rate limited", "overloaded", "connection", "timeout", "malformed reply", "refused key", "no such model",
    "bad request", "quota", "too long",
]  # fmt: skip

RETRIED: frozenset[str] = frozenset({"rate limited", "overloaded", "connection", "timeout", "malformed reply"})
"""Faults that may pass; asking again after any other would only repeat it."""

FATAL: frozenset[str] = frozenset({"refused key", "no such model", "quota"})
"""Faults of the endpoint, not of the sample: the run stops."""

SICK: frozenset[str] = frozenset({"overloaded", "connection", "timeout"})
"""Faults that say the endpoint is in trouble."""

_MESSAGE = 300  # characters of a server's own words that are kept


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed attempt. ``after`` is the wait in seconds the server asked for; ``status`` its HTTP status."""

    kind: Kind
    message: str
    status: int = 0
    after: float | None = None

    def without(self, secrets: Collection[str]) -> Fault:
        """The same without secrets, which a server may repeat in its complaint."""
        message = self.message
        for secret in secrets:
            message = message.replace(secret, "…")
        return replace(self, message=message)

    def __str__(self) -> str:
        return f"{self.brief}: {self.message}"

    @property
    def brief(self) -> str:
        """Kind and status alone, for what is printed during a run: a server's own words may repeat the prompt."""
        return f"{self.kind} (HTTP {self.status})" if self.status else self.kind


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent back: HTTP status, headers (names in lower case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fault_of(reply: Reply) -> Fault | None:
    """The fault that an HTTP status stands for, with the server's own words; None for a success."""
    status = reply.status
    if 200 <= status < 300:
        return None
    message, code = server_words(reply)
    after = retry_after(reply.headers)
    kind: Kind = "bad request"
    if status == 429:
        kind = "quota" if "insufficient_quota" in code or "billing" in message.lower() else "rate limited"
    elif status in (401, 403):
        kind = "refused key"
    elif status == 404 or "model_not_found" in code:
        kind = "no such model"
    elif status in (408, 409, 425) or status >= 500:
        kind = "overloaded"
    elif 300 <= status < 400:
        kind, message = "bad request", f"it answers with a redirect to {reply.headers.get('location', 'nowhere')[:120]}"
    elif is_too_long(message, code):
        kind = "too long"
    return Fault(kind, message, status, after)


def is_too_long(message: str, code: str) -> bool:
    """Whether a server's words say that the prompt does not fit the window."""
    lowered = message.lower()
    signs = ("context length", "context_length", "maximum context", "context window", "too many tokens", "too long")
    return "context_length" in code or any(sign in lowered for sign in signs)


def server_words(reply: Reply) -> tuple[str, str]:
    """The message and the code of an error reply: the forms of OpenAI, Anthropic, vLLM, TGI and llama.cpp."""
    try:
        document: Any = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = reply.body[:2000].decode("utf-8", "replace")
        kind = reply.headers.get("content-type", "no content type").split(";")[0]
        return _short(f"{kind}: {text}") if text.strip() else "nothing was said", ""
    error = document.get("error", document) if isinstance(document, dict) else document
    if not isinstance(error, dict):
        return _short(str(error)), ""
    message = error.get("message") or error.get("detail") or error.get("error") or error
    code = f"{error.get('code') or ''} {error.get('type') or document.get('error_type') or ''}"
    return _short(str(message)), code


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MESSAGE else flat[:_MESSAGE] + "…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from ``retry-after-ms`` or ``Retry-After`` (seconds or an HTTP date; RFC 9110, 10.2.3)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "").strip()
        if not value:
            return None
        if value.replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
