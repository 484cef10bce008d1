"""A packed training row as one offline HTML page: its samples, what bears loss, and a picture of who sees whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .figures import mapping, sequence
from .html import render

KINDS: Mapping[str, str] = {
    "instruction": "instruction",
    "shot": "worked example",
    "shot answer": "its answer",
    "question": "question",
    "prompt": "prompt",
    "frame": "chat template",
    "answer": "answer, bears loss",
}
"""Kinds of pieces, in the words of the page."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A region of the mask as an SVG path, in tokens: ``shared`` where a sample looks at what is computed once."""

    path: str
    shared: bool
    title: str


def write_row(document: Mapping[str, Any], path: Path) -> Path:
    """Write the page of what ``medsins train inspect --json`` prints. The texts of the row are inside: the page belongs
    where the data may be.
    """
    names = ("recipe", "row", "rows", "shard", "tokens", "capacity", "answer_tokens", "samples")
    used = {piece["kind"] for part in _parts(document) for piece in part["pieces"]}
    context = {
        **{name: document.get(name) for name in names},
        "groups": list(_numbered(document)),
        "shapes": list(shapes(document)),
        "kinds": {kind: text for kind, text in KINDS.items() if kind in used},
    }
    return render("row.html", path, context)


def shapes(document: Mapping[str, Any]) -> Iterator[Shape]:
    """The regions of the mask that are open: a token looks (down) at tokens (across) up to itself."""
    for group in map(mapping, sequence(document.get("groups"))):
        prefix = mapping(group.get("prefix"))
        if prefix:
            yield _triangle(prefix, "computed once")
        for part in map(mapping, sequence(group.get("samples"))):
            if prefix:
                (left, wide), (top, high) = ((int(p["start"]), int(p["tokens"])) for p in (prefix, part))
                yield Shape(f"M{left} {top}h{wide}v{high}h-{wide}z", True, "looks at what is computed once")
            yield _triangle(part, "sample")


def _triangle(part: Mapping[str, Any], title: str) -> Shape:
    start, size = int(part["start"]), int(part["tokens"])
    return Shape(f"M{start} {start}v{size}h{size}z", False, f"{title}: {size} tokens from {start}")


def _parts(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in map(mapping, sequence(document.get("groups"))):
        yield from (mapping(part) for part in (group.get("prefix"), *sequence(group.get("samples"))) if part)


def _numbered(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    number = 1
    for group in map(mapping, sequence(document.get("groups"))):
        samples = [mapping(part) for part in sequence(group.get("samples"))]
        yield {"prefix": group.get("prefix"), "samples": list(enumerate(samples, start=number))}
        number += len(samples)
