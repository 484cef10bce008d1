"""The other end of the API: what ``medsins board submit`` and its kin say to a board."""

from __future__ import annotations

import secrets
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from medsins.core.errors import MedsinsError, Problem, UsageError

Listener = Callable[[str, float], None]
"""Told of what goes on, and how far it is (0 to 1)."""
_PREFIX = "/api/v1"
_TRIES, _PAUSE = 4, 1.0
_IN_RUN = ("predictions.csv", "manifest.json")


class BoardError(MedsinsError):
    """The board refused, or cannot be reached; carries all that it said."""


def _silent(what: str, share: float) -> None:
    """Tell nobody."""


class BoardClient:
    """A board somewhere, as seen with a token.

    Raises:
        UsageError: the address is none.
    """

    def __init__(self, url: str, token: str = "", timeout: float = 60.0) -> None:
        parts = httpx.URL(url) if url.startswith(("http://", "https://")) else None
        if parts is None or not parts.host:
            raise UsageError(Problem(f"'{url}' is no address of a board", mend="write it as https://board.example.org"))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        self._http = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str) -> Any:
        """What the board tells at a path of its API."""
        return self._asked("GET", path).json()

    def post(self, path: str, document: Mapping[str, Any]) -> Any:
        """Send a document."""
        return self._asked("POST", path, json=dict(document)).json()

    def active_version(self, wanted: str = "") -> str:
        """The version to submit for: the one wanted, else the only one that is active.

        Raises:
            UsageError: there is none, or one must be chosen.
        """
        active = [version["id"] for version in self.get("/versions") if version["active"]]
        if wanted and wanted not in active:
            raise UsageError(Problem(f"the board takes nothing for '{wanted}'", mend=f"active: {', '.join(active)}"))
        if not wanted and len(active) != 1:
            said = "several versions are active" if active else "no version is active"
            raise UsageError(Problem(said, mend=f"choose one with --version: {', '.join(active)}" if active else ""))
        return wanted or str(active[0])

    def submit(self, path: Path, fields: Mapping[str, str], listen: Listener = _silent) -> dict[str, Any]:
        """Send predictions (a file or a run directory) with a model's card; the submission as the board keeps it.

        When the reply is lost, the same is sent again under the same key, which the board takes once.
        """
        key = secrets.token_urlsafe(16)
        with _as_file(path) as (name, stream):
            size = stream.seek(0, 2)

            def send() -> httpx.Response:
                stream.seek(0)
                body = _Progress(stream, size, listen)
                files = {"file": (name, body, "application/octet-stream")}
                return self._http.post(
                    self._url + _PREFIX + "/submissions",
                    data=dict(fields),
                    files=files,  # type: ignore[arg-type]
                    headers={"idempotency-key": key},
                )

            found: dict[str, Any] = _checked(_patient(send, self._url), self._url).json()
            return found

    def attach(self, submission: str, path: Path) -> dict[str, Any]:
        """Send the answers of a model that a maintainer ran."""

        def send() -> httpx.Response:
            with path.open("rb") as stream:
                address = f"{self._url}{_PREFIX}/submissions/{submission}/answers"
                return self._http.post(address, content=stream, headers={"content-type": "text/csv"})

        found: dict[str, Any] = _checked(_patient(send, self._url), self._url).json()
        return found

    def lines(self, path: str) -> Iterator[str]:
        """A long reply, line by line."""
        try:
            with self._http.stream("GET", self._url + _PREFIX + path) as reply:
                if reply.is_error:
                    reply.read()
                _checked(reply, self._url)
                yield from reply.iter_lines()
        except httpx.TransportError as error:
            raise _unreachable(self._url, error) from error

    def wait(self, submission: str, listen: Listener = _silent, pause: float = 1.0) -> dict[str, Any]:
        """Ask until a submission is scored or has failed."""
        while True:
            found: dict[str, Any] = self.get(f"/submissions/{submission}")
            if found["state"] not in ("queued", "scoring"):
                return found
            listen("waiting for a worker" if found["state"] == "queued" else "scoring", found["progress"])
            time.sleep(pause)

    def _asked(self, method: str, path: str, **body: Any) -> httpx.Response:
        address = self._url + _PREFIX + path
        if method == "GET":
            return _checked(_patient(lambda: self._http.request(method, address, **body), self._url), self._url)
        try:
            return _checked(self._http.request(method, address, **body), self._url)
        except httpx.TransportError as error:
            raise _unreachable(self._url, error) from error


class _Progress:
    """A file that tells how much of it was read."""

    def __init__(self, stream: IO[bytes], size: int, listen: Listener) -> None:
        self._stream, self._size, self._listen = stream, size or 1, listen

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._listen("sending", min(1.0, self._stream.tell() / self._size))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


@contextmanager
def _as_file(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """A file as it is; of a run directory, a zip of what the board reads."""
    if not path.is_dir():
        with path.open("rb") as stream:
            yield path.name, stream
        return
    if not (path / _IN_RUN[0]).is_file():
        raise UsageError(
            Problem("this run has no predictions.csv", str(path), f"make it with: medsins bench export {path}")
        )
    with tempfile.TemporaryFile() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name in _IN_RUN:
                if (path / name).is_file():
                    bundle.write(path / name, name)
        yield f"{path.resolve().name}.zip", stream


def _patient(send: Callable[[], httpx.Response], url: str) -> httpx.Response:
    """Send, and again where the connection broke or the board is busy."""
    for attempt in range(_TRIES):
        last = attempt == _TRIES - 1
        try:
            reply = send()
        except httpx.TransportError as error:
            if last or isinstance(error, httpx.UnsupportedProtocol):
                raise _unreachable(url, error) from error
        else:
            if reply.status_code not in (502, 503, 504) or last:
                return reply
        time.sleep(_PAUSE * 2**attempt)
    raise AssertionError("the last try returns or raises")


def _unreachable(url: str, error: Exception) -> BoardError:
    return BoardError(Problem("the board cannot be reached", url, f"check the address ({type(error).__name__})"))


def _checked(reply: httpx.Response, url: str) -> httpx.Response:
    """A reply that went well.

    Raises:
        BoardError: with all that the board said.
    """
    if reply.is_success:
        return reply
    try:
        told = [Problem(one["what"], one["place"], one["mend"]) for one in reply.json()["problems"]]
    except (ValueError, KeyError, TypeError):
        told = [Problem(f"the board answered {reply.status_code}", url, "is this the address of a medsins board?")]
    if reply.status_code == 429 and (after := reply.headers.get("retry-after")):
        told.append(Problem(f"try again in {after} seconds"))
    raise BoardError(*told)
