"""The description of a corpus of a known shape: a short TOML file, read and checked whole.

Every problem is reported at once: unknown and missing keys, wrong types, names that do not exist.
"""

from __future__ import annotations

import codecs
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.catalog import ACCESS, categories, find_category
from medsins.core import InvalidFile, Problem, UsageError

from ._base import SPLITS, canonical_split
from ._formats.tagged import SCHEMES

ANSWERS = ("letter", "text", "index0", "index1")
UNITS = ("document", "line")
CHOICES = {"answer_is": ANSWERS, "unit": UNITS, "scheme": SCHEMES, "access": tuple(a for a in ACCESS if a != "unknown")}

# Types of values, as they are called in messages.
TEXT, TEXTS, NUMBER, FLAG, TABLE = "text", "text or a list of texts", "a whole number", "true or false", "a table"

COMMON = {
    "name": TEXT,
    "shape": TEXT,
    "access": TEXT,
    "files": f"{TEXTS} or {TABLE}",
    "licence": TEXT,
    "agreement": TEXT,
    "title": TEXT,
    "url": TEXT,
    "language": TEXT,
    "output_language": TEXT,
    "category": TEXT,
    "definition": TEXT,
    "domain": TEXT,
    "encoding": TEXT,
}
RECORDS = {"records": TEXT, "delimiter": TEXT, "columns": TEXTS, "quotes": FLAG, "split": TEXT}
NEEDED = ("name", "shape", "access", "files")


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of corpus: its own keys, those that must be there, the category of its task, what it gives."""

    category: str
    keys: Mapping[str, str]
    needed: tuple[str, ...]
    gives: str


SHAPES: Mapping[str, Shape] = {
    "iob": Shape(
        "Named Entity Recognition",
        {"token": NUMBER, "tag": NUMBER, "delimiter": TEXT, "skip": TEXTS, "scheme": TEXT, "entities": TEXTS},
        (),
        "a sentence and its entities",
    ),
    "brat": Shape(
        "Named Entity Recognition",
        {"entities": TEXTS, "unit": TEXT},
        (),
        "a text and its entities",
    ),
    "pubtator": Shape(
        "Named Entity Recognition",
        {"entities": TEXTS},
        (),
        "an abstract and its entities",
    ),
    "mcqa": Shape(
        "MCQA",
        {**RECORDS, "question": TEXT, "options": TEXTS, "answer": TEXT, "answer_is": TEXT, "context": TEXT},
        ("question", "options", "answer"),
        "a question with options and the right ones",
    ),
    "qa": Shape(
        "Question Answering",
        {**RECORDS, "question": TEXT, "answer": TEXT, "context": TEXT},
        ("question", "answer"),
        "a question and its answers",
    ),
    "pairs": Shape(
        "Natural Language Inference",
        {**RECORDS, "first": TEXT, "second": TEXT, "label": TEXT, "labels": TABLE},
        ("first", "second", "label"),
        "two sentences and their label",
    ),
    "labels": Shape(
        "Text Classification",
        {**RECORDS, "text": TEXT, "label": TEXTS, "labels": TABLE, "separator": TEXT},
        ("text", "label"),
        "a text and its labels",
    ),
    "summary": Shape(
        "Text Summarization",
        {**RECORDS, "document": TEXTS, "summary": TEXT},
        ("document", "summary"),
        "a document and its summary",
    ),
}


@dataclass(frozen=True, slots=True)
class Spec:
    """A checked description. ``files`` are the patterns of each split, under "" where there is none; ``keys`` the
    values of all other keys.
    """

    path: Path
    name: str
    shape: str
    files: Mapping[str, tuple[str, ...]]
    category: str
    keys: Mapping[str, Any] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """The text of a key, else the default."""
        return str(self.keys.get(key, default))

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a key that takes one or several; empty where it is not there."""
        value = self.keys.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)


def read_spec(path: Path) -> Spec:
    """Read and check a description.

    Raises:
        UsageError: no such file.
        InvalidFile: not TOML, or with every key that is wrong, missing or unknown.
    """
    if not path.is_file():
        raise UsageError(Problem("no such file", str(path), "name the TOML file that describes the corpus"))
    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(Problem(f"is not TOML: {error}", str(path))) from None
    problems = [Problem(what, str(path), mend) for what, mend in _problems(keys)]
    if problems:
        raise InvalidFile(*problems)
    shape = SHAPES[keys["shape"]]
    category = find_category(keys.get("category", shape.category))
    assert category is not None
    return Spec(path, keys["name"], keys["shape"], _patterns(keys["files"]), category, keys)


def _problems(keys: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what is wrong, what to do) of everything that is."""
    shape = SHAPES.get(str(keys.get("shape")))
    if shape is None:
        known = ", ".join(f"{name} ({about.gives})" for name, about in SHAPES.items())
        what = f"unknown shape '{keys['shape']}'" if "shape" in keys else "the key 'shape' is missing"
        return [(what, f"{_close(str(keys.get('shape')), SHAPES)}known: {known}")]
    known_keys = {**COMMON, **shape.keys}
    found = [_missing(key, known_keys[key]) for key in (*NEEDED, *shape.needed) if key not in keys]
    for key, value in keys.items():
        if key not in known_keys:
            mend = f"{_close(key, known_keys)}{keys['shape']} takes: {', '.join(known_keys)}"
            found.append((f"unknown key '{key}'", mend))
        elif not _fits(value, known_keys[key]):
            found.append((f"'{key}' is {value!r}", f"it takes {known_keys[key]}"))
        else:
            found += _wrong_value(key, value)
    if keys.get("access") == "credentialed" and not str(keys.get("agreement", "")).startswith("https://"):
        found.append(("'agreement' is missing", "for credentialed data, give the https address of what is signed"))
    return found


def _missing(key: str, kind: str) -> tuple[str, str]:
    if key == "access":
        return "the key 'access' is missing", f"say who may have the text: {', '.join(CHOICES['access'])}"
    return f"the key '{key}' is missing", f"it takes {kind}"


def _fits(value: Any, kind: str) -> bool:
    tests = {
        TEXT: isinstance(value, str) and bool(value),
        TEXTS: (isinstance(value, str) and bool(value)) or _are_texts(value),
        NUMBER: isinstance(value, int) and not isinstance(value, bool),
        FLAG: isinstance(value, bool),
        TABLE: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
        f"{TEXTS} or {TABLE}": bool(value) and _are_files(value),
    }
    return tests[kind]


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) and item for item in value)


def _are_files(value: Any) -> bool:
    groups = list(value.values()) if isinstance(value, dict) else [value]
    return all((isinstance(group, str) and bool(group)) or _are_texts(group) for group in groups)


def _wrong_value(key: str, value: Any) -> list[tuple[str, str]]:
    """What is wrong with a value of the right type."""
    if key in CHOICES and value not in CHOICES[key]:
        return [(f"'{key}' is '{value}'", f"{_close(value, CHOICES[key])}it takes {', '.join(CHOICES[key])}")]
    if key == "name" and not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        return [(f"'name' is '{value}'", "it takes small letters, digits and _, a letter first")]
    if key == "category" and find_category(value) is None:
        return [(f"unknown category '{value}'", f"{_close(value, categories())}known: {', '.join(categories())}")]
    if key == "delimiter" and len(value) != 1:
        return [(f"'delimiter' is '{value}'", 'it takes one character; a tab is written "\\t"')]
    if key == "encoding":
        try:
            codecs.lookup(value)
        except LookupError:
            return [(f"unknown encoding '{value}'", "for example utf-8, latin-1, cp1252, gb18030")]
    if key == "files" and isinstance(value, dict):
        wrong = [name for name in value if canonical_split(name) not in SPLITS]
        return [(f"'files' names the split '{name}'", f"splits are {', '.join(SPLITS)}") for name in wrong]
    return []


def _close(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(close)}? " if close else ""


def _patterns(value: Any) -> dict[str, tuple[str, ...]]:
    groups = value if isinstance(value, dict) else {"": value}
    return {
        canonical_split(split) if split else "": (group,) if isinstance(group, str) else tuple(group)
        for split, group in groups.items()
    }
