"""The hub's HTTP protocol, as much as fetching a data set needs: revisions, listings in pages, files by byte range.

Every file is checked against what the listing promises: SHA-256 for large files (git-lfs), git's blob SHA-1 for small
ones. A file is fetched into a hidden part file beside its place, which a later run continues.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from medsins.core import InvalidFile, MedsinsError, Problem, RefusedByPolicy, UsageError

if TYPE_CHECKING:
    import httpx

ENDPOINT = "https://huggingface.co"
ATTEMPTS = 6  # in a row without a new byte
LONGEST_WAIT = 60.0  # seconds between attempts, whatever the server asks
CHUNK = 1 << 18  # bytes
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as listed: path in the repository, size in bytes, and one of the two checksums."""

    path: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A data set of the hub at one commit."""

    name: str
    commit: str


class Unreachable(MedsinsError):
    """The hub could not be reached, or kept failing; everything fetched so far is kept."""


class Hub:
    """A hub and the right to read it. ``wait`` sleeps between attempts."""

    def __init__(
        self, endpoint: str = "", token: str | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        import httpx

        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        token = find_token() if token is None else token
        headers = {"user-agent": "medsins"} | ({"authorization": f"Bearer {token}"} if token else {})
        timeout = httpx.Timeout(30.0, connect=10.0)
        # On a redirect to another host, such as the store of large files, httpx leaves the authorization out.
        self._client = httpx.Client(headers=headers, timeout=timeout, follow_redirects=True)
        self._wait = wait

    def repository(self, name: str, revision: str = "main") -> Repository:
        """Pin a revision to its commit, so that listing and files belong together.

        Raises:
            UsageError: no such data set or revision. RefusedByPolicy: its terms were not accepted.
            Unreachable: no answer.
        """
        found = self._get(f"{self.endpoint}/api/datasets/{name}/revision/{revision}", name).json()
        return Repository(name, str(found["sha"]))

    def files(self, repository: Repository) -> list[HubFile]:
        """Every file of the repository, all pages.

        Raises:
            InvalidFile: a path that would leave the folder it is written to.
        """
        url = f"{self.endpoint}/api/datasets/{repository.name}/tree/{repository.commit}?recursive=true&limit=1000"
        found: list[HubFile] = []
        while url:
            page = self._get(url, repository.name)
            found += [_file(entry) for entry in page.json() if entry.get("type") == "file"]
            url = str(page.links.get("next", {}).get("url", ""))
        return found

    def fetch(
        self, repository: Repository, file: HubFile, target: Path, advance: Callable[[int], None] = lambda count: None
    ) -> str:
        """Bring one file to ``target``, continuing an earlier attempt; returns its SHA-256.

        Args:
            advance: told of bytes as they come; of those already here, too. A negative number takes bytes back.

        Raises:
            InvalidFile: what came is not what was listed, twice. Unreachable: no answer. UsageError: it is gone.
        """
        from urllib.parse import quote

        url = f"{self.endpoint}/datasets/{repository.name}/resolve/{repository.commit}/{quote(file.path)}"
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{(file.sha256 or file.blob)[:12]}.part")
        for attempt in (1, 2):
            with part.open("a+b") as stream:
                _hold(stream, target)
                digest = self._complete(url, repository.name, file, stream, advance)
                if digest:
                    os.fsync(stream.fileno())
                    os.replace(part, target)
                    return digest
            part.unlink()
            if attempt == 2:
                mend = "fetch it again later; if it stays so, the hub or a proxy between changes the file"
                raise InvalidFile(Problem("is not the file that was listed (checksums differ)", file.path, mend))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _complete(self, url: str, name: str, file: HubFile, stream: IO[bytes], advance: Callable[[int], None]) -> str:
        """Fill the part file; its SHA-256, or nothing if it is not the file that was listed."""
        checks = Checksums(file.size)
        stream.seek(0)
        while chunk := stream.read(CHUNK):
            checks.update(chunk)
        advance(checks.count)
        failures = 0
        while checks.count < file.size:
            before = checks.count
            problem, response = self._append(url, name, stream, checks, advance)
            failures = 0 if checks.count > before else failures + 1
            if failures >= ATTEMPTS:
                raise Unreachable(Problem(problem, url, "run the same command again: what came so far is kept"))
            if checks.count < file.size:
                self._pause(response, failures)
        if checks.match(file):
            return checks.sha256
        advance(-checks.count)
        return ""

    def _append(
        self, url: str, name: str, stream: IO[bytes], checks: Checksums, advance: Callable[[int], None]
    ) -> tuple[str, httpx.Response | None]:
        """One attempt to get the rest: why it ended, and the answer if there was one."""
        import httpx

        headers = {"range": f"bytes={checks.count}-"} if checks.count else {}
        try:
            # The bytes as they are: a compressed transfer would break ranges.
            with self._client.stream("GET", url, headers={**headers, "accept-encoding": "identity"}) as response:
                if response.status_code in _AGAIN:
                    return f"answered {response.status_code}", response
                if response.status_code == 416 or (checks.count and not _continues(response, checks.count)):
                    advance(-checks.count)
                    stream.truncate(0)
                    checks.reset()
                if response.status_code == 416:
                    return "has fewer bytes than listed", response
                _check(response, name)
                # As they come, not in chunks of a size: what fills none would be lost when a transfer breaks off.
                for chunk in response.iter_raw():
                    stream.write(chunk)
                    checks.update(chunk)
                    advance(len(chunk))
                    if checks.count > checks.size:
                        break
                return "ended early", response
        except httpx.TransportError as error:
            return _reason(error), None
        finally:
            stream.flush()

    def _get(self, url: str, name: str) -> httpx.Response:
        import httpx

        problem = ""
        for failures in range(1, ATTEMPTS + 1):
            response = None
            try:
                response = self._client.get(url)
                if response.status_code not in _AGAIN:
                    _check(response, name)
                    return response
                problem = f"answered {response.status_code}"
            except httpx.TransportError as error:
                problem = _reason(error)
                if isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol):
                    break
            self._pause(response, failures)
        mend = "check the network and HTTPS_PROXY; a mirror is named by HF_ENDPOINT; --offline uses what is here"
        raise Unreachable(Problem(f"cannot be reached: {problem}", self.endpoint, mend))

    def _pause(self, response: httpx.Response | None, failures: int) -> None:
        """Wait as long as the server asks, else longer after each failure."""
        asked = response.headers.get("retry-after", "") if response is not None else ""
        self._wait(min(float(asked) if asked.isdecimal() else 2.0**failures / 2, LONGEST_WAIT))


class Checksums:
    """Both checksums of a file, kept up as its bytes come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self.count = 0
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Take in more bytes."""
        self.count += len(chunk)
        self._sha256.update(chunk)
        self._blob.update(chunk)

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes so far."""
        return self._sha256.hexdigest()

    def match(self, file: HubFile) -> bool:
        """Whether these are the bytes that were listed."""
        same = self.sha256 == file.sha256 if file.sha256 else self._blob.hexdigest() == file.blob
        return self.count == file.size and same


def check_file(path: Path, file: HubFile) -> str:
    """The SHA-256 of a local file if it is the listed one; empty otherwise."""
    if not path.is_file() or path.stat().st_size != file.size:
        return ""
    checks = Checksums(file.size)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            checks.update(chunk)
    return checks.sha256 if checks.match(file) else ""


def find_token() -> str:
    """The user's token where the hub's own tools keep it: ``HF_TOKEN``, else a file; empty if there is none."""
    if token := os.environ.get("HF_TOKEN", "").strip():
        return token
    home = os.environ.get("HF_HOME") or str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface"))
    path = Path(os.environ.get("HF_TOKEN_PATH") or Path(home, "token")).expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _file(entry: dict[str, Any]) -> HubFile:
    path = str(entry["path"])
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or not path.isprintable():
        raise InvalidFile(Problem("is no path inside a data set", repr(path), "do not fetch from this repository"))
    large = entry.get("lfs") or {}
    size = int(large.get("size", entry.get("size", 0)))
    return HubFile(path, size, str(large.get("oid", "")).removeprefix("sha256:"), str(entry.get("oid", "")))


def _continues(response: httpx.Response, start: int) -> bool:
    """Whether the answer goes on where we stopped; a server may ignore the range and begin again."""
    return response.status_code == 206 and response.headers.get("content-range", "").startswith(f"bytes {start}-")


def _check(response: httpx.Response, name: str) -> None:
    """Turn a refusal into an error that says what to do."""
    status, code = response.status_code, response.headers.get("x-error-code", "")
    if status < 400:
        return
    page = f"{response.request.url.scheme}://{response.request.url.netloc.decode()}/datasets/{name}"
    if code == "GatedRepo" or status == 403:
        mend = f"accept its terms at {page}, then set HF_TOKEN to a token of that account"
        raise RefusedByPolicy(Problem(f"{name} is only for people who accepted its terms", mend=mend))
    if status in (401, 404):
        mend = "check the name; a private data set needs HF_TOKEN"
        raise UsageError(Problem(f"the hub has no data set {name}, or not this part of it", str(response.url), mend))
    raise Unreachable(Problem(f"answered {status}", str(response.url), "try again later"))


def _hold(stream: IO[bytes], target: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise MedsinsError(Problem("another process is fetching this file", str(target), "wait for it")) from error


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
