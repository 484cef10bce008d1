"""PubTator files: abstracts with typed mentions by character offset, as BioCreative and the NLM publish them.

    123|t|Title
    123|a|Abstract
    123<TAB>0<TAB>5<TAB>Title<TAB>Kind<TAB>Identifier

A blank line ends a document. Offsets count characters of title, one blank, abstract. Relations are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from medsins.corpora._raw import RawFile

_PART = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.S)


@dataclass(frozen=True, slots=True)
class Abstract:
    """A document: its id, title and abstract with one blank between, (text, kind) of its mentions by place, and the
    line it begins in.
    """

    id: str
    text: str
    mentions: tuple[tuple[str, str], ...]
    line: int


def abstracts(file: RawFile) -> Iterator[Abstract]:
    """The documents of a file, streaming.

    Raises:
        InvalidFile: a line of no known form, or a mention that does not fit its text.
    """
    block: list[tuple[int, str]] = []
    for number, line in file.lines():
        if line.strip():
            block.append((number, line))
        elif block:
            yield _abstract(file, block)
            block = []
    if block:
        yield _abstract(file, block)


def _abstract(file: RawFile, block: list[tuple[int, str]]) -> Abstract:
    parts: dict[str, str] = {}
    name = ""
    found: list[tuple[int, int, str, str]] = []
    for number, line in block:
        match = _PART.fullmatch(line)
        if match and not found and match[2] not in parts:
            name, parts[match[2]] = match[1], match[3]
            continue
        cells = line.split("\t")
        if len(cells) < 4:
            file.invalid("is neither id|t|title, id|a|abstract nor a mention with tabs", f"line {number}")
        if not (cells[1].isdecimal() and cells[2].isdecimal()):
            continue  # a relation
        start, end, text = int(cells[1]), int(cells[2]), cells[3]
        whole = f"{parts.get('t', '')} {parts.get('a', '')}"
        if whole[start:end] != text:
            file.invalid(
                f"says '{text}' stands at {start} to {end}, where the text has '{whole[start:end]}'", f"line {number}"
            )
        found.append((start, end, text, cells[4] if len(cells) > 4 else ""))
    if not parts:
        file.invalid("has a block without title and abstract (id|t|… and id|a|…)", f"line {block[0][0]}")
    mentions = tuple((text, kind) for _, _, text, kind in sorted(found, key=lambda item: item[:2]))
    return Abstract(name, " ".join(filter(None, (parts.get("t"), parts.get("a")))), mentions, block[0][0])
