"""From an upload that arrived to a submission that is kept: read in a limited child, then one transaction."""

from __future__ import annotations

import hashlib
import re
import sys
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from medsins.core.errors import InvalidFile, Problem

from ._items import items_file
from ._limited import Bounds, run_limited
from ._schemas import LinkIn, SubmissionIn
from .board import Board
from .interface import NewSubmission, NotFound, Refused
from .records import Kind, ModelCard, Submission, Version
from .replies import Halt
from .settings import CACHE
from .uploads import Upload

BOUNDS = Bounds(memory_mb=4_000, output_mb=1_500, cpu_seconds=120, seconds=180)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the child read: see ``Intake``."""

    kind: Kind
    answers: list[str | None]
    report: dict[str, Any]
    claims: dict[str, Any]
    truncated: list[int]


def submit_file(board: Board, team: str, told: SubmissionIn, upload: Upload, key: str = "") -> Submission:
    """Keep an uploaded file as a submission with its scoring job.

    Raises:
        InvalidFile: the file is wrong; every problem with its row.
        Refused: the version is closed, or the quota is used up.
        Halt: no file, or an unknown version.
    """
    version = open_version(board, told.version)
    taken = read_file(board, version, upload)
    new = NewSubmission(
        version=version.id,
        model=card(told, team),
        team=team,
        kind=taken.kind,
        sha256=upload.sha256,
        intake=taken.report,
        claims={**taken.claims, **told.claims()},
        answers=taken.answers,
        truncated=taken.truncated,
        key=key,
    )
    return board.store.submit(new, board.settings.allowance)


def submit_link(board: Board, team: str, told: LinkIn, key: str = "") -> Submission:
    """Queue a model for the maintainers; what is at the link, they fetch. Errors as in ``submit_file``."""
    version = open_version(board, told.version)
    digest = hashlib.sha256(told.link.encode()).hexdigest()
    new = NewSubmission(version.id, card(told, team), team, "link", digest, {}, told.claims(), (), key)
    return board.store.submit(new, board.settings.allowance)


def open_version(board: Board, version_id: str) -> Version:
    """A version that takes submissions now."""
    try:
        version = board.store.version(version_id)
    except NotFound:
        known = ", ".join(one.id for one in board.store.versions() if one.active(datetime.now(UTC)))
        raise Halt(422, Problem("there is no such version", "version", f"known: {known}")) from None
    if not version.active(datetime.now(UTC)):
        raise Refused(Problem("this version takes no submissions now", version.id, "submit for an active version"))
    return version


def card(told: SubmissionIn, team: str) -> ModelCard:
    """The card of a model. Its id follows from team and name, so another attempt is one of the same model."""
    plain = unicodedata.normalize("NFKD", told.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "model"
    mark = hashlib.sha256(f"{team}\0{told.name}".encode()).hexdigest()[:8]
    return ModelCard(
        f"{slug}-{mark}",
        team,
        told.name,
        told.parameters,
        told.weights,
        told.licence,
        told.training_data,
        told.link,
        told.medical,
    )


def read_file(board: Board, version: Version, upload: Upload) -> Taken:
    """Read and match an upload in a child of bounded means.

    Raises:
        InvalidFile: the file is wrong.
        Halt: there is none, or it takes too much.
    """
    if upload.path is None or not upload.size:
        raise Halt(422, Problem("there is no file in it", "file", "send CSV, Parquet or a zip of a run directory"))
    folder = upload.path.parent
    result = folder / "result"
    items = items_file(board.store, version, board.settings.folder / CACHE)
    program = [sys.executable, "-m", "medsins.leaderboard._intake_child"]
    run_limited([*program, str(upload.path), str(items), str(result)], folder, BOUNDS)
    if not result.exists():
        raise Halt(413, Problem("this file takes more to read than the board gives", upload.name, "send plain CSV"))
    told = msgspec.msgpack.decode(result.read_bytes())
    if "problems" in told:
        raise InvalidFile(*(Problem(**problem) for problem in told["problems"]))
    return Taken(**told)
