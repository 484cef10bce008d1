"""OBO ontologies: the live terms with definition, synonyms and parents.

Source of the syntax: the OBO Flat File Format Guide, version 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from medsins.corpora._raw import RawFile

SCOPES = ("EXACT", "NARROW", "BROAD", "RELATED")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "W": " ", "t": "\t"}


@dataclass(slots=True)
class Term:
    """One term. ``synonyms`` are (text, scope) with scope EXACT, NARROW, BROAD or RELATED; ``parents`` are ids."""

    id: str = ""
    name: str = ""
    definition: str = ""
    synonyms: list[tuple[str, str]] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    obsolete: bool = False
    line: int = 0


def unescape(text: str) -> str:
    """Undo the escapes of an OBO string (``\\n``, ``\\:``, ``\\"`` …)."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def terms(file: RawFile) -> Iterator[Term]:
    """Every ``[Term]`` of a file in its order, obsolete ones too.

    Raises:
        InvalidFile: no OBO file, or a quoted text that does not end.
    """
    term: Term | None = None
    for number, line in file.lines():
        if number == 1 and not line.startswith("format-version:"):
            file.invalid("does not begin with format-version: it is no OBO file", "line 1")
        if line.startswith("["):
            if term:
                yield term
            term = Term(line=number) if line.strip() == "[Term]" else None
        elif term:
            _add(term, line, file, number)
    if term:
        yield term


def _add(term: Term, line: str, file: RawFile, number: int) -> None:
    tag, _, value = line.partition(": ")
    if tag == "id":
        term.id = value.strip()
    elif tag == "name":
        term.name = unescape(value).strip()
    elif tag == "def":
        term.definition = unescape(_quoted(value, file, number)[1])
    elif tag == "synonym":
        rest, text = _quoted(value, file, number)
        scope = next(iter(rest.split()), "")
        term.synonyms.append((unescape(text), scope if scope in SCOPES else "RELATED"))
    elif tag == "is_a":
        term.parents.append(value.split("!")[0].split("{")[0].strip())
    elif tag == "is_obsolete":
        term.obsolete = value.strip() == "true"


def _quoted(value: str, file: RawFile, number: int) -> tuple[str, str]:
    found = _QUOTED.match(value)
    if not found:
        file.invalid("has a quoted text that does not end", f"line {number}")
    return found[2], found[1]
