"""The guard: which text may go to which endpoint, decided before any byte leaves, the look-up of a name included.

Text on this machine may go anywhere on it. Beyond it, a task must be free to leave (``open`` or ``registration``). One
that is ``credentialed``, ``private``, marked ``May_leave: false`` or says nothing of its terms (``unknown``: an
unlabelled file is most likely somebody's own) is refused, unless the allow-list of the configuration file names the
endpoint for it, or the user overrides the guard with a reason, which the manifest keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from medsins.core import Problem, RefusedByPolicy, Task, UsageError
from medsins.models import ModelInfo

from .allowlist import Approval, read_approvals, reason_problem
from .endpoint import read_address

FREE = ("open", "registration")
"""Access terms under which text may leave this machine."""

HERE = "this process"
"""The endpoint of a model that is asked without any connection."""

_ORDER = (*FREE, "unknown", "credentialed", "private")


@dataclass(frozen=True, slots=True)
class Decision:
    """One task and one endpoint. ``rule`` names what decided, ``by`` where that rule stands (``rule``, ``config`` or
    ``override``), ``reason`` says why in words.
    """

    task_id: str
    access: str
    endpoint: str
    allowed: bool
    rule: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """What would be sent for one task: its own text and that of the files its shots come from."""

    task: Task
    shots: tuple[Task, ...] = ()

    @property
    def access(self) -> str:
        """The strictest terms of all of it; ``private`` where a card says that the text may not leave."""
        found = [_access(task) for task in (self.task, *self.shots)]
        return max(found, key=_ORDER.index)


def decide(
    leaving: Sequence[Leaving], info: ModelInfo, approvals: Sequence[Approval] = (), override: str = ""
) -> list[Decision]:
    """The decision for every task and every endpoint of a model, in order.

    Args:
        leaving: the tasks with the sources of their shots.
        info: the model; ``endpoint`` decides, and ``remote`` can only make it stricter.
        approvals: the allow-list.
        override: the user's reason for sending restricted text anyway.
    """
    places = [(place, _is_here(place)) for place in _places(info)]
    if info.remote and all(local for _, local in places):  # the backend knows of a way out that no address shows
        places = [(place, False) for place, _ in places]
    return [_decide(item, place, local, approvals, override) for item in leaving for place, local in places]


def guard(leaving: Sequence[Leaving], info: ModelInfo, override: str = "") -> list[Decision]:
    """Decide with the user's allow-list, and refuse all if any is refused.

    Raises:
        RefusedByPolicy: names every task that may not go, where to, and what can be done.
        UsageError: the reason of the override is none.
        InvalidFile: the configuration cannot be read.
    """
    decisions = explain(leaving, info, override)
    refused = [decision for decision in decisions if not decision.allowed]
    if refused:
        raise RefusedByPolicy(*(_refusal(decision) for decision in refused))
    return decisions


def explain(leaving: Sequence[Leaving], info: ModelInfo, override: str = "") -> list[Decision]:
    """Decide with the user's allow-list; refuse nothing. Errors as in ``guard``, but for the refusal."""
    if override and (problem := reason_problem(override)):
        raise UsageError(
            Problem(f"--allow-restricted: {problem}", mend="say who allowed it, and under which agreement")
        )
    approvals = () if is_local(info) else read_approvals()
    return decide(leaving, info, approvals, override)


def is_local(info: ModelInfo) -> bool:
    """Whether nothing that is sent to this model leaves this machine."""
    return not info.remote and all(map(_is_here, _places(info)))


def restricted(access: str) -> bool:
    """Whether text of these terms stays on this machine, and out of every cache."""
    return access not in FREE


def record(decisions: Iterable[Decision]) -> dict[str, Any]:
    """The decisions of one session as the manifest keeps them: equal ones together, with their tasks."""
    together: dict[tuple[str, ...], list[str]] = {}
    for d in decisions:
        together.setdefault((d.access, d.endpoint, d.rule, d.by, d.reason), []).append(d.task_id)
    names = ("access", "endpoint", "rule", "by", "reason")
    entries = [{**dict(zip(names, key, strict=True)), "tasks": tasks} for key, tasks in together.items()]
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "decisions": entries}


def _access(task: Task) -> str:
    access = task.access if task.access in _ORDER else "unknown"
    said = task.card.extra.get("May_leave")
    may_leave = said is None or str(said).strip().lower() in ("true", "yes", "1")
    return "private" if access in (*FREE, "unknown") and not may_leave else access


def _places(info: ModelInfo) -> tuple[str, ...]:
    named = tuple(place for part in info.endpoint.split(",") if (place := part.strip()))
    return named or (("an endpoint without a name",) if info.remote else (HERE,))


def _is_here(place: str) -> bool:
    address = read_address(place)
    return place == HERE or (address is not None and address.is_local)


def _decide(item: Leaving, endpoint: str, local: bool, approvals: Sequence[Approval], override: str) -> Decision:
    access = item.access

    def because(allowed: bool, rule: str, by: str, reason: str) -> Decision:
        return Decision(item.task.id, access, endpoint, allowed, rule, by, reason)

    if endpoint == HERE:
        return because(True, "in-process", "rule", "the model runs in this process")
    if local:
        return because(True, "loopback", "rule", "the endpoint is this machine")
    if not restricted(access):
        return because(True, "free-to-leave", "rule", f"its terms are {access}")
    address = read_address(endpoint)
    for approval in approvals:
        if address is not None and access in approval.access and approval.address.covers(address):
            return because(True, "allow-list", "config", approval.reason)
    if override:
        return because(True, "allow-restricted", "override", " ".join(override.split()))
    return because(False, *_why(item, access))


def _why(item: Leaving, access: str) -> tuple[str, str, str]:
    held = next(task for task in (item.task, *item.shots) if _access(task) == access)
    whose = "it is" if held is item.task else f"its shots ({held.id}) are"
    if access == "unknown":
        return "unlabelled", "rule", f"{whose} unlabelled: the card has no Access, so nobody said that it may leave"
    if held.access != access:
        return "may-not-leave", "rule", f"{whose} marked May_leave: false"
    return access, "rule", f"{whose} {access}: the text may not leave this machine"


def _refusal(decision: Decision) -> Problem:
    mend = "use a model on this machine, or have the endpoint approved (docs/restricted-data.md)"
    if decision.rule == "unlabelled":
        mend = 'if everybody may read it, write "Access": "open" into its card; else use a model on this machine'
    return Problem(f"{decision.task_id} is {decision.access}: {decision.reason}", decision.endpoint, mend)
