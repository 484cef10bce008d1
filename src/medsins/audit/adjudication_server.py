"""The page on which a person judges answers: on this machine only, behind a random token, asking no other host.

Every request must name this host (so that no foreign name can be pointed here), carry the token in its path, and, where
it changes something, be JSON from this page's own origin.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from medsins.core import MedsinsError

from .adjudication import VERDICTS, Case, Decision, DecisionLog, feed_errata

PAGE = Path(__file__).parent / "page"
MOST_BYTES = 1_000_000

_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Refused(Exception):
    """A request that is not served: an HTTP status and what to say."""

    def __init__(self, status: HTTPStatus, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass
class Session:
    """What is judged, and where decisions go. ``expresses`` tells whether the scorer takes an answer for right once it
    is among the references of its question.
    """

    name: str
    cases: list[Case]
    log: DecisionLog
    errata: Path
    reviewer: str
    expresses: Callable[[Case], bool] = lambda case: True
    unreadable: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._known = {case.key: case for case in self.cases}
        accepted = [d.key for d in self.log.latest.values() if d.verdict == "accept"]
        self.unreadable |= {key for key in accepted if key in self._known and not self.expresses(self._known[key])}

    def document(self) -> dict[str, Any]:
        """All the page shows."""
        latest = self.log.latest
        cases = [{**asdict(case), "decision": asdict(latest[case.key]) if case.key in latest else None}
                 for case in self.cases]  # fmt: skip
        return {"run": self.name, "reviewer": self.reviewer, "errata": self.errata.name, "cases": cases}

    def decide(self, entry: Any) -> dict[str, Any]:
        """Take a decision from the page; it is durable, and in the errata, when this returns.

        Raises:
            Refused: it is none, or of no known case.
        """
        if not isinstance(entry, Mapping) or entry.get("verdict") not in VERDICTS:
            raise Refused(HTTPStatus.BAD_REQUEST, "no decision")
        key = (str(entry.get("task")), str(entry.get("instance")))
        if key not in self._known:
            raise Refused(HTTPStatus.NOT_FOUND, "no such case")
        outputs = entry.get("outputs", [])
        if not isinstance(outputs, list) or not all(isinstance(text, str) and text.strip() for text in outputs):
            raise Refused(HTTPStatus.BAD_REQUEST, "outputs must be texts")
        if (entry["verdict"] == "correct") != bool(outputs):
            raise Refused(HTTPStatus.BAD_REQUEST, "a corrected reference must be given, and only with that verdict")
        case = self._known[key]
        decision = Decision(
            row=case.row,
            task=case.task,
            instance=case.instance,
            verdict=entry["verdict"],
            reviewer=self.reviewer,
            date=datetime.now(UTC).date().isoformat(),
            outputs=tuple(text.strip() for text in outputs),
            reason=" ".join(str(entry.get("reason", "")).split()),
        )
        with self.lock:
            told = decision.verdict != "accept" or self.expresses(case)
            (self.unreadable.discard if told else self.unreadable.add)(key)
            self.log.add(decision)
            feed_errata(self.errata, self.log, self.cases, frozenset(self.unreadable))
        return {"decision": asdict(decision), "expressed": told}


class AdjudicationServer(ThreadingHTTPServer):
    """Serves one session on 127.0.0.1, at a port of the system's choice, until it is ``finished``."""

    daemon_threads = True
    finished = False

    def __init__(self, session: Session) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.session = session
        self.token = secrets.token_urlsafe(32)
        self.host = f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """The address to open; whoever has it may judge."""
        return f"http://{self.host}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AdjudicationServer
    server_version = "medsins"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._serve(self._get)

    def do_POST(self) -> None:
        self._serve(self._post)
        if self.server.finished:
            self.server.shutdown()

    def _serve(self, act: Callable[[str], tuple[bytes, str]]) -> None:
        try:
            body, kind = act(self._name())
            self._reply(HTTPStatus.OK, body, kind)
        except Refused as error:
            self._refuse(error.status, str(error))
        except (MedsinsError, OSError) as error:  # a full disk, an errata file that someone broke meanwhile
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"not saved: {error}")

    def _name(self) -> str:
        """The part of the path behind the token."""
        if self.headers.get("Host", "") != self.server.host:
            raise Refused(HTTPStatus.FORBIDDEN, "another host")
        parts = self.path.split("?")[0].split("/")
        token = parts[1] if len(parts) == 3 else ""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            raise Refused(HTTPStatus.NOT_FOUND, "not found")
        return parts[2]

    def _get(self, name: str) -> tuple[bytes, str]:
        if name == "cases.json":
            return _json(self.server.session.document())
        if name not in _FILES:
            raise Refused(HTTPStatus.NOT_FOUND, "not found")
        file, kind = _FILES[name]
        return (PAGE / file).read_bytes(), kind

    def _post(self, name: str) -> tuple[bytes, str]:
        body = self._body()
        if name == "finish":
            self.server.finished = True
            return _json({"finished": True})
        if name != "decide":
            raise Refused(HTTPStatus.NOT_FOUND, "not found")
        try:
            entry = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "no JSON") from None
        return _json(self.server.session.decide(entry))

    def _body(self) -> bytes:
        """The body of a request that this page itself has sent."""
        if self.headers.get("Origin") != f"http://{self.server.host}":
            raise Refused(HTTPStatus.FORBIDDEN, "another origin")
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no JSON")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes")
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus, what: str) -> None:
        self.close_connection = True  # its body may not have been read
        body, kind = _json({"error": what})
        self._reply(status, body, kind)

    def _reply(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: paths hold the token."""


def _json(value: Any) -> tuple[bytes, str]:
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace"), "application/json; charset=utf-8"
