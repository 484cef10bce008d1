"""A look at what would leave this machine: how many inputs seem to name somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medsins.core.identifiers import KINDS, find_identifiers

from .plans import TaskPlan

SHOWN = 3
"""Inputs that a warning names."""

LOOKED_AT = 2000
"""Inputs of a task that are looked at: enough to tell what kind of text it is, and soon done."""


def screen(plans: Sequence[TaskPlan]) -> str:
    """A warning that counts the inputs in which rules find identifiers, by kind; empty where there are none. Of every
    task the first ``LOOKED_AT`` inputs are looked at.

    The finds themselves are not in it, since warnings end up in logs.
    """
    kinds: Counter[str] = Counter()
    places: list[str] = []
    hit = total = 0
    for plan in plans:
        for index, instance in enumerate(plan.task.instances[: min(plan.count, LOOKED_AT)]):
            total += 1
            found = {find.kind for find in find_identifiers(instance.input)}
            kinds.update(found)
            hit += bool(found)
            if found and len(places) < SHOWN:
                places.append(f"{plan.task.id} --index {index}")
    if not hit:
        return ""
    counts = ", ".join(f"{kind} {kinds[kind]}" for kind in KINDS if kinds[kind])
    verb = "input looks" if total == 1 else "inputs look"
    return (
        f"{hit} of {total} {verb} as if they hold identifiers ({counts}): look at them (medsins prompt {places[0]}"
        f"{', ' + ', '.join(places[1:]) if places[1:] else ''}), or stop"
    )
