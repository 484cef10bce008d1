"""What is known of models by their names: chat format, window, stop strings, thinking, prices (``presets.toml``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Preset:
    """Defaults for one model or family; an empty one for names that no preset knows.

    ``match`` are patterns of names. ``chat_format`` is for models that bring no template of their own: a name of
    ``core.chat.FORMATS``, or ``plain``. ``window`` in tokens (0: unknown). ``stop`` ends an answer beside the model's
    own end tokens. ``precision`` of the published weights. ``thinks``: thoughts come before the answer; ``tags`` mark
    them where they stand in the text. ``prices`` are US dollars for a million prompt and completion tokens at the
    vendor's own endpoint on the day ``as_of`` (zeros: unknown). ``paper``: a model of the MedS-Bench article.
    """

    name: str = ""
    match: tuple[str, ...] = ()
    chat_format: str = ""
    window: int = 0
    stop: tuple[str, ...] = ()
    precision: str = ""
    thinks: bool = False
    tags: tuple[str, str] | tuple[()] = ()
    prices: tuple[float, float] = (0.0, 0.0)
    as_of: str = ""
    paper: bool = False


def find_preset(name: str) -> Preset:
    """The first preset that fits a model's name: a hub id, a folder, a server's name for it, or a vendor's."""
    short = re.split(r"[/\\]", name.rstrip("/\\").lower())[-1].replace("_", "-").replace(" ", "-")
    fitting = (preset for preset in presets() if any(fnmatchcase(short, pattern) for pattern in preset.match))
    return next(fitting, Preset())


@cache
def presets() -> tuple[Preset, ...]:
    """All presets, those that are tried first in front."""
    text = files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return tuple(
        Preset(
            name=entry["name"],
            match=tuple(entry["match"]),
            chat_format=entry.get("format", ""),
            window=entry.get("window", 0),
            stop=tuple(entry.get("stop", ())),
            precision=entry.get("precision", ""),
            thinks=entry.get("thinks", False),
            tags=tuple(entry.get("tags", ())),
            prices=(float(entry.get("input", 0)), float(entry.get("output", 0))),
            as_of=str(entry.get("as_of", "")),
            paper=entry.get("paper", False),
        )
        for entry in tomllib.loads(text)["preset"]
    )
