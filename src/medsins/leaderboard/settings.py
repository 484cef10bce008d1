"""A board's folder and its settings: ``board.toml``, checked all at once, and the key that signs sessions."""

from __future__ import annotations

import difflib
import os
import secrets
import tomllib
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from medsins.core.errors import InvalidFile, Problem, UsageError
from medsins.core.files import atomic_open, write_text

from .interface import Quota

SETTINGS, KEY, INCOMING, CACHE, ASSETS = "board.toml", "secret.key", "incoming", "cache", "assets"
ENVIRONMENT = "MEDSINS_BOARD_"


def _setting(default: Any, help: str, least: int | None = None, most: int | None = None) -> Any:
    return field(default=default, metadata={"help": help, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """How a board is run; every field but ``folder`` may stand in ``board.toml``."""

    folder: Path
    database: str = _setting("sqlite:///board.sqlite", "sqlite:///FILE (beside this file) or postgresql://…")
    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for all")
    port: int = _setting(8000, "port to listen on", 0, 65_535)
    public_url: str = _setting("", "https://… as readers see it, behind a reverse proxy")
    hosts: tuple[str, ...] = _setting((), "further host names that requests may come for")
    trusted_proxies: tuple[str, ...] = _setting((), "addresses whose X-Forwarded-For tells the reader's address")
    upload_mb: int = _setting(256, "largest upload in megabytes", 1, 4_096)
    upload_seconds: int = _setting(600, "longest time an upload may take, in seconds", 1, 86_400)
    quota: int = _setting(5, "submissions of a team in quota_days", 1, 10_000)
    quota_days: int = _setting(7, "days that the quota counts over", 1, 3_650)
    private_delay_days: int = _setting(30, "days before scores of private instances are shown, rounded", 0, 3_650)
    posts_per_hour: int = _setting(120, "uploads, forms and other changes from one address in an hour", 1, 1_000_000)
    log_reads: bool = _setting(False, "log reads that went well too; changes and failures always are")

    @property
    def database_url(self) -> str:
        """The URL for ``open_store``; a relative SQLite file lies in the board's folder."""
        prefix = "sqlite:///"
        if self.database.startswith(prefix):
            return prefix + str((self.folder / self.database.removeprefix(prefix)).resolve())
        return self.database

    @property
    def url(self) -> str:
        """Where readers find the board, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def https(self) -> bool:
        """Whether readers reach the board by https."""
        return self.url.startswith("https://")

    @property
    def known_hosts(self) -> frozenset[str]:
        """Host names that a request may name, lower case, without port; empty where any may."""
        own = {(urlsplit(self.url).hostname or "").lower(), self.host.lower()}
        if self.host in ("127.0.0.1", "::1", "localhost"):
            own |= {"localhost", "127.0.0.1", "::1"}
        if self.host in ("0.0.0.0", "::") and not self.public_url and not self.hosts:
            return frozenset()
        return frozenset(own | {name.lower() for name in self.hosts})

    @property
    def allowance(self) -> Quota:
        """The quota of a team."""
        return Quota(self.quota, timedelta(days=self.quota_days))

    @property
    def incoming(self) -> Path:
        """Where uploads lie while they are read; what killed servers left there goes at the next start."""
        return self.folder / INCOMING

    def key(self) -> bytes:
        """The key that signs sessions, shared by all server processes of the board.

        Raises:
            UsageError: the folder has none.
        """
        try:
            return bytes.fromhex((self.folder / KEY).read_text(encoding="ascii").strip())
        except (FileNotFoundError, ValueError):
            raise UsageError(
                Problem("the board has no key for sessions", str(self.folder / KEY), "medsins board init makes one")
            ) from None


def create_folder(folder: Path, **given: Any) -> Settings:
    """Make a board's folder with its settings and its key; what is there already stays.

    Raises:
        InvalidFile: a setting given, or one in the file that is there, is wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INCOMING).mkdir(exist_ok=True)
    if not (folder / SETTINGS).exists():
        settings = _checked(folder, given)
        with atomic_open(folder / SETTINGS) as stream:
            stream.write(_text(settings))
        (folder / SETTINGS).chmod(0o600)  # a database URL may carry a password
    if not (folder / KEY).exists():
        write_text(folder / KEY, secrets.token_hex(32) + "\n")
        (folder / KEY).chmod(0o600)
    return read_settings(folder)


def read_settings(folder: Path) -> Settings:
    """The settings of a board's folder; a variable ``MEDSINS_BOARD_<SETTING>`` goes before what the file says.

    Raises:
        UsageError: no board there.
        InvalidFile: every problem of the file at once.
    """
    path = folder / SETTINGS
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(Problem("no board there", str(path), f"medsins board init --dir {folder}")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(Problem(f"no TOML: {error}", str(path), "mend the line that is named")) from None
    return _checked(folder, {**document, **_from_environment()})


def _from_environment() -> dict[str, Any]:
    types, found = get_type_hints(Settings), {}
    for one in fields(Settings):
        text = os.environ.get(ENVIRONMENT + one.name.upper())
        if text is not None and one.default is not MISSING:
            found[one.name] = _parsed(types[one.name], text)
    return found


def _parsed(kind: Any, text: str) -> Any:
    """A text of the environment as its setting's type; the text itself where it is none, for the check to refuse."""
    if get_args(kind):
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    return int(text) if kind is int and text.isascii() and text.isdigit() else text


def _checked(folder: Path, document: dict[str, Any]) -> Settings:
    known = {f.name: f for f in fields(Settings) if f.name != "folder"}
    types = get_type_hints(Settings)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            mend = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            problems.append(Problem(f"unknown setting '{name}'", str(folder / SETTINGS), mend))
        elif wrong := _wrong(known[name], types[name], value):
            problems.append(Problem(f"{name}: {wrong}", str(folder / SETTINGS), known[name].metadata["help"]))
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    if problems:
        raise InvalidFile(*problems)
    return Settings(folder.resolve(), **values)


def _wrong(setting: Field[Any], kind: Any, value: Any) -> str:
    """What is wrong with a value; empty when nothing is."""
    if get_args(kind):
        fine = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return "" if fine else "must be a list of texts"
    if type(value) is not kind:
        return f"must be {'a whole number' if kind is int else 'true or false' if kind is bool else 'a text'}"
    least, most = setting.metadata["least"], setting.metadata["most"]
    if least is not None and not least <= value <= most:
        return f"must be from {least:,} to {most:,}"
    if setting.name == "public_url" and value and not _is_url(value):
        return "must begin with http:// or https:// and have no query"
    if setting.name == "database" and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        return "must begin with sqlite:/// or postgresql://"
    return ""


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment


def _text(settings: Settings) -> str:
    lines = ["# The board's settings. Lines that begin with # show the defaults.", ""]
    for one in fields(Settings):
        if one.default is MISSING:
            continue
        value = getattr(settings, one.name)
        mark = "# " if value == one.default else ""
        lines += [f"# {one.metadata['help']}", f"{mark}{one.name} = {_toml(value)}", ""]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, int):
        return str(value)
    escaped = "".join(
        {'"': '\\"', "\\": "\\\\"}.get(c, c) if ord(c) >= 32 and ord(c) != 127 else f"\\u{ord(c):04x}" for c in value
    )
    return f'"{escaped}"'
