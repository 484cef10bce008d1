"""Quality of a whole variants file: what is wrong with each wording, what is left, how diverse that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .diversity import Diversity, diversity
from .near import Kept
from .rules import RULES, Fault, judge
from .variants import Variant, by_task

ALL_RULES = (*RULES, "repeat", "near-duplicate")


@dataclass(frozen=True, slots=True)
class Judged:
    """One wording and what is wrong with it; good where ``faults`` is empty."""

    variant: Variant
    faults: tuple[Fault, ...]

    def document(self) -> dict[str, Any]:
        """The variant's line with the reasons why it is dropped."""
        return {**self.variant.document(), "dropped": {fault.rule: fault.what for fault in self.faults}}


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """One task: its definition, its wordings in their order, judged."""

    task_id: str
    definition: str
    judged: tuple[Judged, ...]

    @property
    def kept(self) -> list[Variant]:
        """The good ones."""
        return [item.variant for item in self.judged if not item.faults]

    @property
    def diversity(self) -> Diversity:
        """Of the good ones."""
        return diversity([variant.text for variant in self.kept])

    @property
    def rules(self) -> Counter[str]:
        """How many wordings each rule drops; one may break several."""
        return Counter(fault.rule for item in self.judged for fault in item.faults)


def check_task(task_id: str, definition: str, variants: Sequence[Variant]) -> TaskCheck:
    """Judge the wordings of a task, in order: each against the definition, and against those kept before it."""
    kept = Kept.empty()
    judged = []
    for variant in variants:
        faults = judge(definition, variant.text)
        again = kept.fault(variant.text)
        faults += [again] if again else []
        if not faults:
            kept.add(variant.text)
        judged.append(Judged(variant, tuple(faults)))
    return TaskCheck(task_id, definition, tuple(judged))


def check_variants(variants: Iterable[Variant], definitions: Mapping[str, str] | None = None) -> Iterator[TaskCheck]:
    """Judge the wordings of every task.

    Args:
        variants: of any tasks, in any order.
        definitions: task id to what its wordings are held against; else the first wording of the task.
    """
    for task_id, found in by_task(variants).items():
        definition = (definitions or {}).get(task_id) or found[0].text
        yield check_task(task_id, definition, found)


def cleaned(checks: Iterable[TaskCheck]) -> Iterator[Variant]:
    """The good wordings, blanks at their ends taken off."""
    for check in checks:
        yield from (replace(variant, text=variant.text.strip()) for variant in check.kept)
