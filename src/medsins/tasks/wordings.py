"""The wordings of a task's instruction: the entries of its ``Definition``, numbered from 1, or one drawn per instance.

Prompts count them by number (``strict:wording=2``); exports and training mixtures draw them. All read the same list, so
variants of an instruction go into ``Definition`` (``medsins instructions add``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from medsins.core import Card, derive_seed


def draw_wording(wordings: Sequence[str], seed: int, task_id: str, instance_id: str, repeat: int = 0) -> str:
    """The wording that an instance gets, from (seed, task id, instance id) alone.

    An instance that is used again (``repeat`` from 1 on) gets the next wordings, so all differ while there are enough.

    Raises:
        ValueError: there are no wordings.
    """
    if not wordings:
        raise ValueError(f"{task_id} has no wording of its definition")
    return wordings[(derive_seed(seed, task_id, instance_id, "wording") + repeat) % len(wordings)]


def with_wordings(card: Card, texts: Iterable[str]) -> Card:
    """The card with further wordings behind those it has, each once; the numbers of those it has stay as they are."""
    known = dict.fromkeys(card.definition)
    return replace(card, definition=tuple(dict.fromkeys([*known, *(text for text in texts if text.strip())])))
