"""The child that reads an upload: ``python -m medsins.leaderboard._intake_child UPLOAD ITEMS RESULT``.

It has no database, no secrets and little memory (``_limited.py``); what it found it writes to a file.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from medsins.core.errors import InvalidFile

from ._items import read_items
from .intake import read_upload


def main(upload: str, items: str, result: str) -> None:
    """Read, match, tell."""
    told: dict[str, Any]
    try:
        taken = read_upload(Path(upload), read_items(Path(items)))
    except InvalidFile as error:
        told = {"problems": [asdict(problem) for problem in error.problems]}
    else:
        told = {name: getattr(taken, name) for name in ("kind", "answers", "report", "claims", "truncated")}
    data = msgspec.msgpack.encode(told, enc_hook=str)
    Path(result).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
