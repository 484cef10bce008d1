"""What a training mixture is made of, before anything is spent on it: in the terminal and as one offline HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .figures import mapping, number, percent, sequence
from .html import render

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FOLDED = 20
"""Tasks that a page shows before it is asked for all."""

KEPT_OUT = {
    "gated": "inputs of test instances",
    "left_out": "found by an audit",
    "held_out": "of a test or validation split",
    "repeated": "equal to one before them",
    "empty": "without input or answer",
}
"""Why instances are not used, as the manifest calls it and in words."""

_RESTRICTED = ("credentialed", "private")


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of a task, or of tasks that have something in common. ``share`` and ``quota`` (the most that was allowed,
    where there is a limit) are percentages of all samples.
    """

    name: str
    samples: int
    share: float
    few_shot: int
    words: int
    tokens: int
    tasks: int
    quota: float | None = None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task of the mixture: what its file holds, and what of it is in the mixture."""

    group: Group
    category: str
    language: str
    access: str
    licence: str
    instances: int
    usable: int
    distinct: int
    repeats: int
    wordings: int


@dataclass(frozen=True, slots=True)
class MixtureView:
    """A mixture as its reports show it; groups with most samples first."""

    total: Group
    answer_tokens: int
    distinct: int
    tasks: tuple[TaskLine, ...]
    groups: Mapping[str, tuple[Group, ...]]
    kept_out: Mapping[str, int]
    gate: Mapping[str, Any]
    access: str
    settings: Mapping[str, str]
    digest: str

    @property
    def repeated(self) -> tuple[TaskLine, ...]:
        """The tasks with instances that are used more than once, most often first."""
        return tuple(sorted((t for t in self.tasks if t.repeats > 1), key=lambda t: -t.repeats))

    @property
    def terms(self) -> dict[str, list[str]]:
        """The tasks by their access terms."""
        found: dict[str, list[str]] = {}
        for task in self.tasks:
            found.setdefault(task.access, []).append(task.group.name)
        return found


def write_mixture(document: Mapping[str, Any], path: Path) -> Path:
    """Write a mixture's manifest (``Mixed.document()``) as one HTML page that opens offline; returns its path.

    It has no texts but examples of what was kept out, of openly accessible tasks.
    """
    view = read_mixture_view(document)
    scales = {name: _scale(group.share for group in groups) for name, groups in view.groups.items()}
    context = {
        "view": view,
        "scales": scales,
        "task_scale": _scale(task.group.share for task in view.tasks),
        "kept_out_words": KEPT_OUT,
        "restricted": view.access in _RESTRICTED,
        "folded": FOLDED,
    }
    return render("mixture.html", path, context, "audit.js")


def print_mixture(document: Mapping[str, Any], console: Console, verbose: bool = False) -> None:
    """Print a mixture's manifest: shares by category, language and domain; with ``verbose`` every task too."""
    view = read_mixture_view(document)
    total = view.total
    few = percent(_share(total.few_shot, total.samples))
    console.print(
        f"{total.samples:,} samples of {total.tasks:,} tasks ({view.distinct:,} instances), {few} % few-shot, "
        f"{total.words:,} words, about {total.tokens:,} tokens ({view.answer_tokens:,} of answers)",
        markup=False,
    )
    for name, groups in view.groups.items():
        if name == "category" or len(groups) > 1 or any(group.quota is not None for group in groups):
            console.print(_table(name.capitalize(), groups, console.width))
    if verbose:
        console.print(_table("Task", [task.group for task in view.tasks], console.width))
    for text in _notes(view):
        console.print(text, markup=False)


def _notes(view: MixtureView) -> list[str]:
    told = [f"{count:,} {KEPT_OUT[name]}" for name, count in view.kept_out.items() if count]
    notes = [f"not used: {', '.join(told)}"] if told else []
    if view.repeated:
        most = ", ".join(f"{task.group.name} ({task.repeats} times)" for task in view.repeated[:5])
        more = f" and {len(view.repeated) - 5:,} more" if len(view.repeated) > 5 else ""
        notes.append(f"instances used again: {most}{more}")
    return [*notes, f"access: {view.access}" + (" (so is a model tuned on it)" if view.access in _RESTRICTED else "")]


def _table(scope: str, groups: Sequence[Group], width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns: dict[str, Callable[[Group], str]] = {
        "samples": lambda g: f"{g.samples:,}",
        "share, %": lambda g: percent(g.share),
    }
    if any(group.quota is not None for group in groups):
        columns["most, %"] = lambda g: percent(g.quota)
    if width >= 72:
        columns["few-shot, %"] = lambda g: percent(_share(g.few_shot, g.samples))
    if width >= 90:
        columns["words"] = lambda g: f"{g.words:,}"
        columns["tokens, about"] = lambda g: f"{g.tokens:,}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(scope, min_width=12, overflow="fold")
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for group in groups:
        table.add_row(Text(group.name), *(Text(cell(group)) for cell in columns.values()))
    return table


def read_mixture_view(document: Mapping[str, Any]) -> MixtureView:
    """Read a manifest, tolerant of missing parts."""
    settings = mapping(document.get("mixture"))
    entries = [mapping(entry) for entry in sequence(document.get("tasks"))]
    total = sum(_count(entry, "samples") for entry in entries)
    kinds: dict[str, tuple[Callable[[Mapping[str, Any]], Iterable[str]], str]] = {
        "category": (lambda entry: [str(entry.get("category") or "not known")], ""),
        "language": (lambda entry: [str(entry.get("language") or "not known")], "languages"),
        "domain": (lambda entry: map(str, sequence(entry.get("domains")) or ["not stated"]), "domains"),
    }
    groups = {kind: _groups(entries, names, mapping(settings.get(quotas)), total)
              for kind, (names, quotas) in kinds.items()}  # fmt: skip
    lines = [_task(entry, total) for entry in entries]
    return MixtureView(
        total=_group("all", entries, total),
        answer_tokens=sum(_count(entry, "answer_tokens") for entry in entries),
        distinct=sum(_count(entry, "distinct") for entry in entries),
        tasks=tuple(sorted(lines, key=lambda line: (-line.group.samples, line.group.name))),
        groups=groups,
        kept_out={name: sum(_count(entry, name) for entry in entries) for name in KEPT_OUT},
        gate=_gate(mapping(document.get("gate"))),
        access=str(document.get("access") or "unknown"),
        settings={str(k): _setting(v) for k, v in settings.items()},
        digest=str(document.get("digest") or ""),
    )


def _groups(
    entries: Sequence[Mapping[str, Any]],
    names: Callable[[Mapping[str, Any]], Iterable[str]],
    quotas: Mapping[str, Any],
    total: int,
) -> tuple[Group, ...]:
    members: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        for name in dict.fromkeys(names(entry)):
            members.setdefault(name, []).append(entry)
    limits = {str(name).casefold(): number(most) for name, most in quotas.items()}
    found = [_group(name, own, total, limits.get(name.casefold())) for name, own in members.items()]
    return tuple(sorted(found, key=lambda group: (-group.samples, group.name)))


def _group(name: str, entries: Sequence[Mapping[str, Any]], total: int, most: float | None = None) -> Group:
    samples, few, words, tokens = (
        sum(_count(entry, key) for entry in entries) for key in ("samples", "few_shot", "words", "tokens")
    )
    quota = None if most is None else 100 * most
    return Group(name, samples, _share(samples, total), few, words, tokens, len(entries), quota)


def _task(entry: Mapping[str, Any], total: int) -> TaskLine:
    category, language, access, licence = (
        str(entry.get(name) or "") for name in ("category", "language", "access", "licence")
    )
    return TaskLine(
        group=_group(str(entry.get("id") or ""), [entry], total),
        category=category,
        language=language,
        access=access or "unknown",
        licence=licence,
        instances=_count(entry, "instances"),
        usable=_count(entry, "usable"),
        distinct=_count(entry, "distinct"),
        repeats=_count(entry, "repeats"),
        wordings=_count(entry, "wordings"),
    )


def _gate(gate: Mapping[str, Any]) -> dict[str, Any]:
    """The gate with all its parts there, whatever the manifest has of them."""
    sides = [f"{side}{name}" for side in ("", "test_") for name in ("task", "instance", "input", "output")]
    findings = [mapping(entry) for entry in sequence(gate.get("findings"))]
    examples = [mapping(entry) for entry in sequence(gate.get("examples"))]
    return {
        "files": [str(name) for name in sequence(gate.get("files"))],
        "inputs": _count(gate, "inputs"),
        "findings": [
            {name: str(entry.get(name) or "") for name in ("task", "test_task")}
            | {name: _count(entry, name) for name in ("instances", "inputs")}
            for entry in findings
        ],
        "examples": [{name: str(entry.get(name) or "") for name in sides} for entry in examples],
    }


def _count(entry: Mapping[str, Any], name: str) -> int:
    return int(number(entry.get(name)) or 0)


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {most}" for name, most in value.items()) or "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scale(shares: Iterable[float]) -> int:
    """The percentage at the end of bars: the first round one that none exceeds."""
    most = max(shares, default=0.0)
    return next((end for end in (5, 10, 25, 50) if most <= end), 100)
