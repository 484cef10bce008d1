"""What is counted and what is logged of each request: never its content, its tokens or its query."""

from __future__ import annotations

import json
import logging
import time
import traceback
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any

from medsins.core.errors import Problem

from .replies import error_reply
from .security import SAFE, App, Message, Receive, Scope, Send

LOGGER = logging.getLogger("medsins.board")
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the latency histogram, in seconds."""


class Metrics:
    """Counters of one server process."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.in_flight = 0

    def record(self, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests[method, status] += 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """All of it in Prometheus' text format, with further gauges."""
        lines = ["# TYPE medsins_board_requests_total counter"]
        for (method, status), count in sorted(self.requests.items()):
            lines.append(f'medsins_board_requests_total{{method="{method}",status="{status}"}} {count}')
        lines.append("# TYPE medsins_board_request_seconds histogram")
        total = 0
        for bound, count in zip((*BUCKETS, "+Inf"), self.buckets, strict=True):
            total += count
            lines.append(f'medsins_board_request_seconds_bucket{{le="{bound}"}} {total}')
        lines += [
            f"medsins_board_request_seconds_sum {self.seconds:.6f}",
            f"medsins_board_request_seconds_count {total}",
        ]
        for name, value in {"requests_in_flight": self.in_flight, **gauges}.items():
            lines += [f"# TYPE medsins_board_{name} gauge", f"medsins_board_{name} {value}"]
        return "\n".join(lines) + "\n"


class Observer:
    """The outermost middleware: counts, logs, and turns a failure of ours into a plain reply."""

    def __init__(self, app: App, metrics: Metrics, log_reads: bool) -> None:
        self._app, self._metrics, self._log_reads = app, metrics, log_reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_flight += 1
        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log("failure", method=_method(scope), path=scope["path"], error=where(error))
            if not status:
                reply = error_reply(scope, 500, Problem("something failed here; it is noted", mend="try again later"))
                await reply(scope, receive, watched)
        finally:
            self._metrics.in_flight -= 1
            seconds = time.perf_counter() - began
            self._metrics.record(_method(scope), status, seconds)
            if self._log_reads or status >= 400 or scope["method"] not in SAFE:
                told = {"method": _method(scope), "path": scope["path"], "status": status}
                log("request", **told, ms=round(1000 * seconds, 1))


def _method(scope: Scope) -> str:
    known = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
    return scope["method"] if scope["method"] in known else "other"


def where(error: BaseException) -> str:
    """The kind of an error and the lines it came through; its message may hold somebody's text, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def log(event: str, **facts: Any) -> None:
    """Write one line of JSON; what came from outside cannot begin a new one."""
    told = {key: value[:200] if isinstance(value, str) else value for key, value in facts.items()}
    LOGGER.info(json.dumps({"at": round(time.time(), 3), "event": event, **told}))


def log_to_stderr() -> None:
    """Send the log of this process to stderr, one JSON object a line; uvicorn's own words too."""
    handler = logging.StreamHandler()
    handler.setFormatter(_AsJson())
    for name, level in (("medsins.board", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


class _AsJson(logging.Formatter):
    """What ``log`` wrote as it is; the words of others, and where an error came from, as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        if said.startswith("{"):
            return said
        if record.exc_info and record.exc_info[1]:
            said = where(record.exc_info[1])
        return json.dumps({"at": round(record.created, 3), "event": record.levelname.lower(), "said": said})
