"""From parsed JSON to records: the documented keys, and what published files have in their place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from medsins.core import Card, Example, Instance, Problem

LIST_KEYS = {
    "Contributors": "contributors",
    "Source": "source",
    "URL": "url",
    "Categories": "categories",
    "Reasoning": "reasoning",
    "Definition": "definition",
    "Input_language": "input_language",
    "Output_language": "output_language",
    "Instruction_language": "instruction_language",
    "Domains": "domains",
}
EXAMPLE_KEYS = {"Positive Examples": "positive_examples", "Negative Examples": "negative_examples"}
CARD_KEYS = (*LIST_KEYS, *EXAMPLE_KEYS, "Split Type")
INSTANCE_KEYS = ("id", "input", "output")
_SURROGATE = ("holds half of a surrogate pair, which is not Unicode text", "repair the \\u escapes")


def _fold(key: str) -> str:
    return key.strip().lower().replace("_", " ")


_CARD_BY_FOLD = {_fold(key): key for key in (*CARD_KEYS, "Instances")}
_CARD_BY_FOLD["text domains"] = "Domains"


def documented(key: str) -> str:
    """The documented spelling of a card key, whatever its case and underscores; other keys stay as they are."""
    return _CARD_BY_FOLD.get(_fold(key), key)


def text_of(value: Any) -> str | None:
    """The text of a JSON scalar (numbers as written in JSON, booleans as True/False); None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    return None


def _texts_in(extra: Mapping[str, Any]) -> tuple[str, ...]:
    return (json.dumps(extra, ensure_ascii=False),) if extra else ()


def _other_spelling(key: str, raw: Mapping[str, Any]) -> str:
    """What to do where the key stands in another case: the commonest slip of hand-written files."""
    found = next((other for other in raw if other.strip().lower() == key), "")
    return f"the key '{found}' is written in lower case: '{key}'" if found else ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Shape:
    """Collects every problem of one file while turning its parts into records. ``place`` names the file."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.problems: list[Problem] = []

    def problem(self, where: str, what: str, mend: str = "") -> None:
        """Note one problem at a JSON path or line of the file."""
        self.problems.append(Problem(what, f"{self.place}: {where}" if where else self.place, mend))

    def card(self, raw: Mapping[str, Any]) -> Card:
        """The card of a task file: strings for lists and lists for strings are taken for what they mean."""
        known = {documented(key): value for key, value in raw.items()}
        for key, value in list(known.items()):
            if key != "Instances" and not _is_unicode(json.dumps([key, value], ensure_ascii=False)):
                self.problem(f"$.{ascii(key)[1:-1]}", *_SURROGATE)
                del known[key]
        fields: dict[str, Any] = {field: self._texts(key, known.get(key)) for key, field in LIST_KEYS.items()}
        for key, field in EXAMPLE_KEYS.items():
            fields[field] = self._examples(key, known.get(key))
        fields["split_type"] = "/".join(self._texts("Split Type", known.get("Split Type")))
        extra = {key: value for key, value in known.items() if key not in CARD_KEYS and key != "Instances"}
        if isinstance(known.get("Definition"), str):
            extra["definition_was_string"] = True
        return Card(extra=extra, **fields)

    def _texts(self, key: str, value: Any) -> tuple[str, ...]:
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        texts = [text_of(item) for item in items]
        if None in texts:
            self.problem(f"$.{key}", f"must be a list of strings, found {type(value).__name__} with other values")
        return tuple(text for text in texts if text is not None and text.strip())

    def _examples(self, key: str, value: Any) -> tuple[Example, ...]:
        if not value:
            return ()
        examples = []
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, Mapping):
                output = item.get("output", "")
                first = output[0] if isinstance(output, list) and output else output
                explanation = text_of(item.get("explanation")) or ""
                examples.append(Example(text_of(item.get("input")) or "", text_of(first) or "", explanation))
            elif item != "":
                mend = 'write {"input": "…", "output": "…", "explanation": "…"}'
                self.problem(f"$.{key}[{number}]", "must be an object with input and output", mend)
        return tuple(examples)

    def instance(self, raw: Any, where: str, fallback_id: str) -> Instance | None:
        """One instance, or None with a problem noted. A missing id becomes ``fallback_id``."""
        if not isinstance(raw, Mapping):
            mend = 'write {"id": "…", "input": "…", "output": ["…"]}'
            self.problem(where, f"must be an object, found {type(raw).__name__}", mend)
            return None
        given = text_of(raw.get("input"))
        if given is None:
            found = "is missing" if "input" not in raw else f"must be a string, found {type(raw['input']).__name__}"
            self.problem(f"{where}.input", found, _other_spelling("input", raw))
        if "output" not in raw:
            mend = _other_spelling("output", raw) or "a test instance needs at least one accepted reference"
            self.problem(f"{where}.output", "is missing", mend)
        outputs = self._outputs(raw.get("output"), f"{where}.output")
        if given is None or outputs is None:
            return None
        name = text_of(raw.get("id")) or fallback_id
        extra = {key: value for key, value in raw.items() if key not in INSTANCE_KEYS}
        if not all(map(_is_unicode, (name, given, *outputs, *_texts_in(extra)))):
            self.problem(where, *_SURROGATE)
            return None
        listed = isinstance(raw.get("output"), list)
        return Instance(id=name, input=given, outputs=outputs, listed=listed, extra=extra)

    def _outputs(self, value: Any, where: str) -> tuple[str, ...] | None:
        if value is None:
            return ()
        outputs = []
        for item in value if isinstance(value, list) else [value]:
            text = json.dumps(item, ensure_ascii=False) if isinstance(item, Mapping) else text_of(item)
            if text is None:
                self.problem(where, f"must be a string, a number or a list of them, found {type(item).__name__} inside")
                return None
            outputs.append(text)
        return tuple(outputs)
