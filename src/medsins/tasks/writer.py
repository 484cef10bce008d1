"""Write task files, always in the documented shape; unknown keys are kept."""

from __future__ import annotations

import gzip
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance, Task

from ._bytes import Unclosed
from ._columns import Columns
from ._shape import EXAMPLE_KEYS, LIST_KEYS
from ._stream import Batch

# What the reader notes for its own use and no file should hold.
_NOTES = ("definition_was_string", "default_definition")
_AT_ONCE = 1024  # instances


def card_document(card: Card) -> dict[str, Any]:
    """The card as the documented JSON object, without ``Instances``."""
    document: dict[str, Any] = {key: list(getattr(card, field)) for key, field in LIST_KEYS.items()}
    for key, field in EXAMPLE_KEYS.items():
        document[key] = [asdict(example) for example in getattr(card, field)]
    if card.split_type:
        document["Split Type"] = card.split_type
    document.update({key: value for key, value in card.extra.items() if key not in _NOTES})
    return document


def instance_document(instance: Instance) -> dict[str, Any]:
    """One instance as the documented JSON object; ``output`` is a list of accepted references."""
    return {"id": instance.id, "input": instance.input, "output": list(instance.outputs), **instance.extra}


def task_document(task: Task) -> dict[str, Any]:
    """A whole task as the documented JSON object."""
    return {**card_document(task.card), "Instances": [instance_document(i) for i in task.instances]}


class CardChanged(Exception):
    """The card turned out different from the one already written ahead of the instances."""


class InstanceWriter(ABC):
    """Writes instances to one file; ``finish`` completes it, ``checkpoint`` makes it durable so far."""

    def write(self, instances: Sequence[Instance]) -> None:
        """Add instances."""
        for start in range(0, len(instances), _AT_ONCE):
            self.write_columns(Columns.of(instances[start : start + _AT_ONCE]))

    @abstractmethod
    def write_columns(self, columns: Columns) -> None:
        """Add instances as columns, some thousand at once."""

    def write_batch(self, batch: Batch) -> None:
        """Add what a reader gave."""
        self.write_columns(batch.columns)

    @abstractmethod
    def checkpoint(self) -> dict[str, Any]:
        """Make all instances so far durable; the keyword arguments with which a later writer goes on."""

    @abstractmethod
    def finish(self, card: Card) -> None:
        """Complete the file."""

    @abstractmethod
    def abandon(self) -> None:
        """Close what is open, whatever state it is in."""


class ByteTarget:
    """Bytes into a file, packed on the fly. A checkpoint ends a gzip member or zstd frame; both formats allow many."""

    def __init__(self, path: Path, packing: str, resumed: int = 0) -> None:
        self.file = path.open("ab")
        self.file.truncate(resumed)
        self.file.seek(resumed)
        self.packing = packing
        self._packer: Any = None

    def write(self, data: bytes) -> None:
        """Add bytes."""
        if not self.packing:
            self.file.write(data)
            return
        if self._packer is None:
            self._packer = self._new_packer()
        self._packer.write(data)

    def _new_packer(self) -> Any:
        if self.packing == ".gz":
            return gzip.GzipFile(fileobj=self.file, mode="wb", compresslevel=6, mtime=0, filename="")
        import pyarrow as pa

        return pa.CompressedOutputStream(pa.PythonFile(Unclosed(self.file), mode="w"), "zstd")

    def checkpoint(self) -> int:
        """Make all so far durable; the length of the file."""
        if self._packer is not None:
            self._packer.close()
            self._packer = None
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def close(self) -> None:
        """Close the file."""
        if self._packer is not None:
            self._packer.close()
            self._packer = None
        self.file.close()


class JsonWriter(InstanceWriter):
    """Writes ``.json`` (one object, an instance a line) or ``.jsonl`` (the card on the first line)."""

    def __init__(self, target: ByteTarget, card: Card, lines: bool, started: bool = False, rows: int = 0) -> None:
        import msgspec

        self._target, self._lines, self._rows = target, lines, rows
        self._card = card_document(card)
        self._encode = msgspec.json.Encoder().encode
        if not started:
            target.write(self._head())

    def _head(self) -> bytes:
        if self._lines:
            return json.dumps(self._card, ensure_ascii=False).encode() + b"\n"
        text = json.dumps(self._card, ensure_ascii=False, indent=2).removesuffix("\n}")
        return f'{text},\n  "Instances": ['.encode()

    def write_columns(self, columns: Columns) -> None:
        """Add instances."""
        extras = repeat({}, len(columns)) if columns.extras is None else columns.extras
        rows = zip(columns.ids, columns.inputs, columns.outputs, extras, strict=True)
        texts = [
            json.dumps({"id": name, "input": given, "output": list(accepted), **extra}, ensure_ascii=False).encode()
            if extra
            else self._encode({"id": name, "input": given, "output": accepted})
            for name, given, accepted, extra in rows
        ]
        if self._lines:
            self._target.write(b"\n".join([*texts, b""]))
        elif texts:
            self._target.write((b",\n    " if self._rows else b"\n    ") + b",\n    ".join(texts))
        self._rows += len(texts)

    def checkpoint(self) -> dict[str, Any]:
        """Make all instances so far durable."""
        return {"length": self._target.checkpoint(), "rows": self._rows}

    def finish(self, card: Card) -> None:
        """Write what closes the file.

        Raises:
            CardChanged: the card stands ahead of the instances, and it was another one.
        """
        if card_document(card) != self._card:
            raise CardChanged
        if not self._lines:
            self._target.write(b"\n  ]\n}\n")
        self._target.checkpoint()
        self._target.close()

    def abandon(self) -> None:
        """Close the file."""
        self._target.close()
