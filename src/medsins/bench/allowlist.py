"""The allow-list of endpoints that an institution has approved for restricted text, from the user's configuration file.

[[guard.allow]]
endpoint = "https://llm.hospital.example/v1"
access = ["credentialed"]
reason = "inside the hospital's network, zero retention, approved by the data officer on 2026-03-02"
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Problem, UsageError

from .endpoint import Address, read_address

RESTRICTED = ("credentialed", "private", "unknown")
"""Access terms that an approval can name."""

SHORTEST_REASON = 20
"""Characters; a reason is for whoever reads the manifest later."""

_FIELDS = ("endpoint", "access", "reason")
_HEADER = re.compile(r"^\s*\[\[\s*guard\s*\.\s*allow\s*\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Approval:
    """One approved endpoint: scheme, host and port exactly, this path and what is below it."""

    address: Address
    access: tuple[str, ...]
    reason: str


def config_path() -> Path:
    """The configuration file: ``MEDSINS_CONFIG``, else ``config.toml`` in the user's configuration folder."""
    if chosen := os.environ.get("MEDSINS_CONFIG"):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("medsins") / "config.toml"


def read_approvals(path: Path | None = None) -> tuple[Approval, ...]:
    """The allow-list; empty where there is no configuration file.

    Raises:
        UsageError: ``MEDSINS_CONFIG`` names a file that is not there.
        InvalidFile: everything that is wrong with the file, with line and field.
    """
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text)
    except FileNotFoundError as error:
        if os.environ.get("MEDSINS_CONFIG"):
            raise UsageError(Problem("no such configuration file", str(path), "check MEDSINS_CONFIG")) from error
        return ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFile(Problem(f"is no TOML: {error}", str(path), "mend the file")) from error
    found, problems = _read(document, text, str(path))
    if problems:
        raise InvalidFile(*problems)
    return tuple(found)


def reason_problem(text: str) -> str:
    """Why a text is no reason; empty where it is one: 20 characters and four different words, or as much in a script
    that does not part words.
    """
    plain = " ".join(text.split())
    words = {word.lower() for word in re.findall(r"[^\W\d_]{2,}", plain)}
    signs = {sign for sign in plain if sign.isalpha() and not sign.isascii()}
    if len(plain) < SHORTEST_REASON and len(signs) < SHORTEST_REASON // 2:
        return f"a reason takes {SHORTEST_REASON} characters, this has {len(plain)}"
    return "" if len(words) >= 4 or len(signs) >= 8 else "a reason is made of words"


def _read(document: Mapping[str, Any], text: str, path: str) -> tuple[list[Approval], list[Problem]]:
    guard = document.get("guard", {})
    entries = guard.get("allow", []) if isinstance(guard, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [], [Problem("guard.allow is no list of tables", path, "write [[guard.allow]] above each entry")]
    strangers = [key for key in guard if key != "allow"]
    problems = [Problem(f"unknown field guard.{key}", path, "known: guard.allow") for key in strangers]
    places = list(_places(text, path, len(entries)))
    found = []
    for entry, place in zip(entries, places, strict=True):
        wrong = list(_entry_problems(entry, place))
        problems += wrong
        if not wrong:
            address = read_address(entry["endpoint"].rstrip("/"))
            assert address is not None
            found.append(Approval(address, tuple(entry["access"]), " ".join(entry["reason"].split())))
    return found, problems


def _places(text: str, path: str, count: int) -> Iterator[str]:
    """Where each entry begins; entries written inline have no line of their own."""
    lines = [text.count("\n", 0, match.end()) + 1 for match in _HEADER.finditer(text)]
    for number in range(count):
        yield f"{path}, line {lines[number]}" if len(lines) == count else f"{path}, guard.allow[{number}]"


def _entry_problems(entry: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for key in entry:
        if key not in _FIELDS:
            close = difflib.get_close_matches(key, _FIELDS, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            yield Problem(f"unknown field {key}", place, f"{hint}known: {', '.join(_FIELDS)}")
    yield from _endpoint_problems(entry.get("endpoint"), place)
    access = entry.get("access")
    if not isinstance(access, list) or not access or not all(isinstance(item, str) for item in access):
        yield Problem("access is no list of terms", place, f'write access = ["credentialed"]; known: {_known()}')
    else:
        for item in access:
            if item not in RESTRICTED:
                yield Problem(f"access '{item[:40]}' needs or has no approval", place, f"known: {_known()}")
    reason = entry.get("reason")
    what = reason_problem(reason) if isinstance(reason, str) else "is missing"
    if what:
        yield Problem(f"reason: {what}", place, "say who approved the endpoint, when, and on what ground")


def _endpoint_problems(endpoint: Any, place: str) -> Iterator[Problem]:
    if not isinstance(endpoint, str):
        yield Problem("endpoint is missing", place, 'write endpoint = "https://HOST/v1"')
        return
    address = read_address(endpoint.rstrip("/"))
    if address is None:
        mend = "write scheme, host, port and path in plain ASCII: https://HOST:PORT/v1"
        yield Problem("endpoint is no plain URL", place, mend)
    elif address.scheme == "http" and not address.is_local:
        yield Problem("endpoint is not https: others on the way could read the text", place, "write https://…")


def _known() -> str:
    return ", ".join(RESTRICTED)
