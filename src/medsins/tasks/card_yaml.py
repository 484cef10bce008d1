"""The little YAML that cards and exports need: every text is written as a quoted scalar, so none is misread."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# Allowed in JSON strings, but not printable in YAML or a line break to it.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # YAML 1.1 reads these as values


def to_yaml(value: Mapping[str, Any]) -> str:
    """A mapping of texts, numbers, booleans, None, lists and mappings as YAML 1.1 (1.2 reads it alike)."""
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        name = key if _PLAIN_KEY.match(key) and key.lower() not in _YAML_WORDS else _scalar(key)
        lines += _entry(f"{name}:", item)
    return lines


def _entry(head: str, item: Any) -> list[str]:
    if isinstance(item, Mapping) and item:
        return [head, *(f"  {line}" for line in _mapping(item))]
    if isinstance(item, Sequence) and not isinstance(item, str) and item:
        return [head, *(line for element in item for line in _element(element))]
    return [f"{head} {_scalar(item)}"]


def _element(item: Any) -> list[str]:
    if isinstance(item, Mapping) and item:
        first, *rest = _mapping(item)
        return [f"- {first}", *(f"  {line}" for line in rest)]
    return [f"- {_scalar(item)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        if value:
            raise TypeError("a list directly inside a list has no place in these documents")
        return "{}" if isinstance(value, Mapping) else "[]"
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, float) and "." not in text:
        text = text.replace("e", ".0e")  # YAML 1.1 knows no 1e-05
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
