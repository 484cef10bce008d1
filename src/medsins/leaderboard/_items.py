"""A version's instances as a file for child processes, made once; an amendment gives a new digest, so a new file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from medsins.core.errors import Problem
from medsins.core.files import atomic_open

from ._scratch import scratch
from .interface import Refused, Store
from .records import Item, Version


def items_file(store: Store, version: Version, folder: Path) -> Path:
    """The file of a version in a cache folder.

    Raises:
        Refused: the version was amended while its instances were read.
    """
    name = hashlib.sha256(f"{version.id}\0{version.digest}".encode()).hexdigest()[:32]
    path = folder / f"{name}.items"
    if not path.exists():
        items = list(store.items(version.id))
        if store.version(version.id).digest != version.digest:  # amended while they were read
            raise Refused(Problem("references were corrected just now", version.id, "do it again"))
        with scratch(folder) as made:
            with atomic_open(made / name, "wb") as stream:
                stream.write(msgspec.msgpack.encode(items))
            (made / name).chmod(0o600)  # it holds the references
            (made / name).replace(path)
    return path


def read_items(path: Path) -> list[Item]:
    """The instances of such a file, by row."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Item])
