"""Structured values in answers: records ("Gender: M, Age: …"), ages, quantities with a unit."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._items import item_key

_FIELD = re.compile(r"(?:^|[\n,;{])[\s\"'*-]*([A-Za-z][A-Za-z _-]{0,30}?)[\"'*]*\s*[:=]\s*", re.MULTILINE)
_UNITS = {
    "y": "year", "yr": "year", "yrs": "year", "yo": "year", "year": "year", "years": "year", "month": "month",
    "months": "month", "mo": "month", "week": "week", "weeks": "week", "wk": "week", "day": "day", "days": "day",
    "hour": "hour", "hours": "hour", "h": "hour",
}  # fmt: skip
_AGE = re.compile(
    r"(\d+(?:\.\d+)?)[\s,\"'-]*(years?|yrs?|y(?:o)?|months?|mo|weeks?|wk|days?|hours?|h)?\b", re.IGNORECASE
)
_SEXES = {
    "m": "m", "male": "m", "man": "m", "boy": "m", "masculine": "m",
    "f": "f", "female": "f", "woman": "f", "girl": "f", "feminine": "f",
}  # fmt: skip
_NAMES = {"sex": "gender"}
_UNIT = (
    r"(?:mg|mcg|µg|μg|ug|g|kg|ml|l|iu|units?|u|mmol|mol|meq|tablets?|pills?|capsules?|drops?|puffs?|ampoules?|grams?"
    r"|milligrams?|micrograms?|millilit(?:er|re)s?|%|mg/kg|mg/m2|mg/day|mg/dl)"
)
_QUANTITY = re.compile(
    rf"(?<![\w.,])(\d+(?:[,.]\d+)*)\s*(?:(?:-|to)\s*(\d+(?:[,.]\d+)*)\s*)?({_UNIT}(?:/\w+)*)(?![\w/])", re.IGNORECASE
)
_LONG_UNITS = {
    "gram": "g", "grams": "g", "milligram": "mg", "milligrams": "mg", "microgram": "µg", "micrograms": "µg",
    "mcg": "µg", "ug": "µg", "μg": "µg", "milliliter": "ml", "milliliters": "ml", "millilitre": "ml",
    "millilitres": "ml", "tablet": "tablets", "pill": "pills", "capsule": "capsules", "unit": "units", "u": "units",
}  # fmt: skip


_SCALES = {"g": (1000.0, "mg"), "kg": (1e6, "mg"), "µg": (0.001, "mg"), "l": (1000.0, "ml")}


def record(text: str) -> Mapping[str, str]:
    """The named fields of a text, values in comparable form; empty where it is no record.

    ``age`` becomes sorted number-unit pairs ("62" and "62.0 years" are equal), ``gender`` or ``sex`` becomes m or f.
    """
    marks = list(_FIELD.finditer(text[:20_000]))
    found: dict[str, str] = {}
    for i, mark in enumerate(marks):
        end = marks[i + 1].start() if i + 1 < len(marks) else len(text)
        name = _NAMES.get(mark[1].strip().lower(), mark[1].strip().lower())
        value = text[mark.end() : end].strip(" \n\t,;{}")
        if i + 1 == len(marks):
            value = value.split("\n\n")[0]
        found.setdefault(name, _value(name, value))
    return found


def _value(name: str, value: str) -> str:
    if name == "age":
        return age(value)
    if name == "gender":
        words = re.findall(r"[a-z]+", value.lower())
        return next((_SEXES[word] for word in words if word in _SEXES), item_key(value))
    return quantity(value) or item_key(value)


def age(text: str) -> str:
    """An age as sorted "number unit" pairs; years where no unit is given; empty where there is no number."""
    pairs = {(float(number), _UNITS.get(unit.lower(), "year")) for number, unit in _AGE.findall(text)}
    return ", ".join(f"{number:g} {unit}" for number, unit in sorted(pairs))


def quantities(text: str) -> list[str]:
    """All amounts with a unit in a text, in comparable form: "5mg", "5.0 mg" and "0.005 g" are equal."""
    found = []
    for low, high, unit in _QUANTITY.findall(text):
        name = _LONG_UNITS.get(unit.lower(), unit.lower())
        scale, base = _SCALES.get(name, (1.0, name))
        numbers = [_number(number, scale) for number in (low, high) if number]
        found.append(f"{'-'.join(numbers)} {base}")
    return found


def quantity(text: str) -> str:
    """The amount, where the text is nothing but one amount; else empty."""
    text = text.strip(" .\"'")
    match = _QUANTITY.fullmatch(text)
    return quantities(text)[0] if match else ""


def _number(text: str, scale: float) -> str:
    text = re.sub(r",(?=\d{3}(?!\d))", "", text).replace(",", ".")
    try:
        return f"{float(text) * scale:g}"
    except ValueError:
        return text
