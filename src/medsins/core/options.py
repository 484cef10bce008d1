"""The options of a multiple-choice question, read from its text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_HEAD = re.compile(
    r"(?:\b(?:answer )?(?:options?|choices?|choix|opciones|alternativas|варианты(?: ответ(?:а|ов))?)"
    r"|オプション|選択肢|选项|選項)\s*[:：]",
    re.IGNORECASE,
)
_END = re.compile(
    r"<\||\[/INST\]|\n\s*(?:output|answer|assistant|réponse|respuesta|ответ|答え|回答|答案)\s*[:：]", re.IGNORECASE
)
_MARK = r"\(?([A-Z])\s?[):.．、：]\s?"
_LINE_MARK = re.compile(rf"(?:^|[\t\n;])[ ]*{_MARK}")
_INLINE_MARK = re.compile(rf"(?:^|\s){_MARK}")


@lru_cache(maxsize=8_192)
def parse_options(text: str) -> Mapping[str, str]:
    """Letter to option text, in order; empty where the text shows no options.

    Reads the last question of the text, so a whole few-shot prompt may be given. Options are separated by tabs (the
    released format), by line breaks, or else by blanks; their letters run on from A.
    """
    text = unicodedata.normalize("NFKC", text[-20_000:])
    heads = list(_HEAD.finditer(text))
    for start in [heads[-1].end()] if heads else _first_marks(text):
        block = text[start:]
        end = _END.search(block)
        block = block[: end.start()] if end else block
        for mark in (_LINE_MARK, _INLINE_MARK):
            found = _run(block, mark)
            if len(found) >= 2:
                return MappingProxyType(found)
    return MappingProxyType({})


def _first_marks(text: str) -> list[int]:
    """Where the last list that begins with A begins, in a text that does not announce its options."""
    return [mark.start() for mark in _LINE_MARK.finditer(text) if mark[1] == "A"][-1:]


def _run(block: str, mark: re.Pattern[str]) -> dict[str, str]:
    """The options whose letters follow each other: A, B, C, …"""
    places: list[tuple[str, int, int]] = []
    for match in mark.finditer(block):
        if match[1] == chr(ord("A") + len(places)):
            places.append((match[1], match.start(), match.end()))
    found = {}
    for i, (letter, _, begin) in enumerate(places):
        last = i + 1 == len(places)
        option = block[begin:] if last else block[begin : places[i + 1][1]]
        found[letter] = " ".join((option.strip().split("\n")[0] if last else option).split())
    return found
