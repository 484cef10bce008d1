"""What of an instruction must survive rewording: quoted labels and lists of them, numbers, placeholders, names of
output formats, languages. Rules on characters and words; no model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

KINDS = ("label", "number", "placeholder", "format", "language")

_QUOTED = re.compile(
    r"\"([^\"\n]{1,80})\"|`([^`\n]{1,80})`|(?<![\w])'((?:[^'\n]|(?<=\w)'(?=\w)){1,80})'(?!\w)|「([^」]{1,80})」"
)
# "…labels Against, Favor, and Neutral", "one of the following: yes, no or maybe"
_LIST_HEAD = re.compile(
    r"\b(?:labels?|classes|categories|options|types|answers?|one of(?: the following)?|either|following list)"
    r"(?:\s+(?:are|is|with|as|of|only|namely))?\s*[:\-]?\s+",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"([^\s,.;:()]+(?: [^\s,.;:()]+)?(?:\s*,\s*[^\s,.;:()]+(?: [^\s,.;:()]+)?)+,?\s+(?:and|or)\s+[^\s,.;:()]+)"
)
_SHORT_ANSWERS = re.compile(
    r"\b(yes)\b[\s,/]+(?:and|or)?\s*\b(no)\b(?:[\s,/]+(?:and|or)?\s*\b(maybe)\b)?", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"\{\{?[\w .-]{1,40}\}?\}|<[A-Za-z_][\w -]{0,39}>|\[[A-Z][A-Z_ ]{1,39}\]|%[sd]\b|_{3,}")
# Neither part of a name (ICD-10) nor the number of a point in a list (1., 2)).
_NUMBER = re.compile(r"(?<![\w.])(?<![A-Za-z]-)\d+(?:[.,]\d+)*(?![\w)])(?!\.(?:\s|$))")
_FORMATS = (
    ("JSON", r"json"),
    ("XML", r"xml"),
    ("CSV", r"csv"),
    ("HTML", r"html"),
    ("Markdown", r"markdown"),
    ("YAML", r"yaml"),
    ("comma", r"commas?|comma-separated"),
    ("semicolon", r"semicolons?|semi-colons?|semicolon-separated"),
    ("tab", r"tabs?|tab-separated"),
    ("new line", r"new ?lines?|line breaks?|separate lines?"),
    ("bullet", r"bullets?|bulleted|bullet-point(?:s|ed)?"),
    ("upper case", r"upper-?\s?case|capital letters?|capitali[sz]ed"),
    ("lower case", r"lower-?\s?case"),
)
_FORMAT = tuple((name, re.compile(rf"\b(?:{form})\b", re.IGNORECASE)) for name, form in _FORMATS)
_LANGUAGES = (
    *("English", "Chinese", "Japanese", "French", "Spanish", "Russian", "German", "Catalan", "Italian", "Portuguese"),
    *("Arabic", "Hindi", "Korean", "Dutch", "Polish", "Turkish", "Vietnamese"),
)
_LANGUAGE = re.compile(rf"\b(?:{'|'.join(_LANGUAGES)})\b")
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_ONES)})\b", re.IGNORECASE)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text for comparing: NFKC, straight quotes, lower case, one blank where there are some."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold().split())


@lru_cache(maxsize=512)
def anchors(text: str) -> Mapping[str, tuple[str, ...]]:
    """What a wording must keep, by kind (``KINDS``), as written, each once."""
    straight = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    found = {
        "label": _labels(straight),
        "number": _numbers(straight),
        "placeholder": _PLACEHOLDER.findall(straight),
        "format": [name for name, form in _FORMAT if form.search(straight)],
        "language": _LANGUAGE.findall(straight),
    }
    return MappingProxyType({kind: tuple(dict.fromkeys(items)) for kind, items in found.items()})


def _labels(text: str) -> list[str]:
    labels = ["".join(groups).strip().rstrip(".,;:") for groups in _QUOTED.findall(text)]
    for head in _LIST_HEAD.finditer(text):
        listed = _LIST.match(text, head.end())
        if listed and (":" in head.group() or listed[1][:1].isupper()):
            labels += [item.strip() for item in re.split(r",\s*(?:and|or)\s+|,|\s+(?:and|or)\s+", listed[1])]
    for match in _SHORT_ANSWERS.finditer(text):
        labels += [answer.lower() for answer in match.groups() if answer]
    return [label for label in labels if label]


def _numbers(text: str) -> list[str]:
    return [number.rstrip(".,") for number in _NUMBER.findall(text)]


def missing(definition: str, wording: str) -> list[tuple[str, str]]:
    """What the wording lost of its definition, as (kind, item)."""
    wanted, folded = anchors(definition), plain(wording)
    lost = [("label", label) for label in wanted["label"] if not _holds(folded, plain(label))]
    there = {*_numbers(wording), *(str(_ONES.index(word.lower())) for word in _WORD_NUMBER.findall(wording))}
    lost += [("number", number) for number in wanted["number"] if number not in there]
    lost += [("placeholder", item) for item in wanted["placeholder"] if plain(item) not in folded]
    kept = {name for name, form in _FORMAT if form.search(wording)}
    lost += [("format", name) for name in wanted["format"] if name not in kept]
    lost += [("language", name) for name in wanted["language"] if name.casefold() not in folded]
    return lost


def added(definition: str, wording: str) -> list[tuple[str, str]]:
    """What the wording says that its definition does not, as (kind, item): numbers, placeholders, output formats,
    languages. They send a model after something nobody asked for.
    """
    had, has = anchors(definition), anchors(wording)
    words = {str(_ONES.index(word.lower())) for word in _WORD_NUMBER.findall(definition)}
    known = {"number": words, "language": {name for name in _LANGUAGES if name.casefold() in plain(definition)}}
    return [
        (kind, item)
        for kind in ("number", "placeholder", "format", "language")
        for item in has[kind]
        if item not in had[kind] and item not in known.get(kind, ())
    ]


def _holds(text: str, item: str) -> bool:
    """Whether an item stands in a text as words of its own, so that ``no`` is not found in ``not``."""
    if not item.isascii():
        return item in text
    left = r"(?<!\w)" if item[0].isalnum() else ""
    right = r"(?!\w)" if item[-1].isalnum() else ""
    return re.search(left + re.escape(item) + right, text) is not None
