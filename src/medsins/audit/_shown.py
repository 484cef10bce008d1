"""How findings are written: shares, places, texts."""

from __future__ import annotations

from medsins.core import Instance

from ._files import TaskFile

_LONGEST = 900  # characters of an input in evidence


def percent(part: int, whole: int) -> str:
    """A share in percent, with as many digits as it is worth."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if share >= 1 or not part else f"{share:.2g} %"


def counted(n: int, name: str) -> str:
    """A number and what it counts: ``1 input``, ``2 inputs``."""
    return f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"


def place_of(file: TaskFile, instance: Instance, field: str) -> str:
    """``task / instance / input|output``."""
    return f"{file.name} / {instance.id} / {field}"


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The text, cut in the middle where it is long: beginnings and ends tell texts apart."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {text[-half:]}"


def excerpt(instance: Instance) -> str:
    """An instance to be read: its input and its accepted answers."""
    answers = " | ".join(shortened(output, 300) for output in instance.outputs)
    return f"{shortened(instance.input)}\n→ {answers}"
