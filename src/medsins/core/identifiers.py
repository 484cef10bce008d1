"""Rules that find what may name a patient: dates of birth and of visits, record numbers, identity numbers, phones,
e-mail addresses, names after a title.

A lint, not a de-identification: rules see the usual forms and miss the others. Placeholders of de-identified text
(``___``, ``[**2151-7-16**]``) are no hits, nor are numbers that are free to call and addresses such as info@. What the
rules see and miss is in docs/audit.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ._identifier_rules import RULES, Kind, Rule

__all__ = ["KINDS", "Hit", "Kind", "find_identifiers"]

KINDS: tuple[Kind, ...] = (
    "birth date", "visit date", "record number", "identity number", "phone", "e-mail", "name",
)  # fmt: skip


_DIGIT = re.compile(r"\d")
_WORDED = tuple(rule for rule in RULES if rule.kind in ("name", "e-mail"))  # the others need a digit


@dataclass(frozen=True, slots=True)
class Hit:
    """One find: characters ``start`` to ``end`` (exclusive) of the text."""

    kind: Kind
    start: int
    end: int


def find_identifiers(text: str) -> list[Hit]:
    """What may name a person in a text, in order and without overlaps: of two finds at one place the earlier rule's."""
    found: list[Hit] = []
    for hit in sorted(_hits(text), key=lambda hit: (hit.start, KINDS.index(hit.kind))):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def _hits(text: str) -> Iterator[Hit]:
    lowered = text.lower()
    for rule in RULES if _DIGIT.search(text) else _WORDED:
        if _may_hold(rule, text, lowered):
            for match in rule.pattern.finditer(text):
                if rule.accepts(match):
                    start, end = next(match.span(group) for group in _groups(rule.pattern) if match[group])
                    yield Hit(rule.kind, start, end)


def _may_hold(rule: Rule, text: str, lowered: str) -> bool:
    where = text if rule.exact else lowered
    for word in rule.needs:  # a loop, since most texts end here
        if word in where:
            break
    else:
        if rule.needs:
            return False
    return rule.gate is None or rule.gate.search(text) is not None


@cache
def _groups(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The groups of a pattern that are finds: ``hit``, ``hit2``, … of its alternatives."""
    return tuple(pattern.groupindex)
