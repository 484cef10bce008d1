"""Identifiers: text that looks as if it names a person, counted by task and kind.

    section = audit_identifiers([Path("tasks/")])

The rules are those of ``core.identifiers``; how often they are right, and what they miss, is in docs/audit.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medsins.core import Instance
from medsins.core.identifiers import KINDS, Hit, Kind, find_identifiers
from medsins.core.proportions import wilson

from ._files import Advance, TaskFile, digests, find_files, read_files
from ._shown import percent
from .document import Evidence, Finding, Section, Table, Value

DIRECT: tuple[Kind, ...] = ("birth date", "visit date", "record number", "identity number", "phone", "e-mail")
"""Kinds that a text about nobody in particular hardly has; a name may be a doctor's or an author's."""

_EACH, _MOST = 5, 200  # places shown of a task and kind, and of all
_PER = ("",) * 3  # in 10,000 instances: a percentage of something this rare has no digits to read
_AROUND = 60  # characters shown on either side of a hit


@dataclass(frozen=True, slots=True)
class Place:
    """One hit: the file, the instance, ``input`` or ``output``, and the text around it (empty unless asked for)."""

    file: int
    instance: str
    part: str
    kind: Kind
    around: str = ""


@dataclass(slots=True)
class _Count:
    """One file: its instances, those with a hit, hits by kind, instances with a hit by kind."""

    instances: int = 0
    touched: int = 0
    hits: Counter[Kind] = field(default_factory=Counter)
    touched_by: Counter[Kind] = field(default_factory=Counter)


def audit_identifiers(
    paths: Iterable[Path], show_text: bool = False, advance: Advance = lambda done, size: None
) -> Section:
    """Look through all inputs and outputs of task files of any size.

    Args:
        paths: task files and folders of them.
        show_text: put the hits, with what stands around them, into the evidence; else nothing of any text leaves here.
        advance: called with the bytes read so far, and all of them.

    Raises:
        UsageError: a path that is not there or is no task file.
        InvalidFile: every problem of every file.
    """
    files = find_files(paths)
    counts = [_Count() for _ in files]
    kept: dict[tuple[int, Kind], list[Place]] = {}
    for number, _, batch in read_files(files, advance):
        for instance in batch.instances:
            for place in _look(number, instance, counts[number], show_text):
                places = kept.setdefault((number, place.kind), [])
                if len(places) < _EACH:
                    places.append(place)
    places = [place for key in sorted(kept, key=lambda key: (key[0], KINDS.index(key[1]))) for place in kept[key]]
    return Section(
        check="identifiers",
        title="Identifiers",
        summary=_summary(counts),
        findings=tuple(_findings(files, counts)),
        tables=tuple(table for table in (_kinds_table(counts), _tasks_table(files, counts)) if table.rows),
        evidence=tuple(_evidence(files, places[:_MOST])),
        settings={"kinds": list(KINDS), "files": digests(files)},
        extra={"tasks": {file.name: _as_dict(count) for file, count in zip(files, counts, strict=True)}},
    )


def _look(number: int, instance: Instance, count: _Count, show_text: bool) -> Iterable[Place]:
    kinds: set[Kind] = set()
    for part, text in (("input", instance.input), *(("output", output) for output in instance.outputs)):
        for hit in find_identifiers(text):
            kinds.add(hit.kind)
            count.hits[hit.kind] += 1
            yield Place(number, instance.id, part, hit.kind, _around(text, hit) if show_text else "")
    count.instances += 1
    count.touched += bool(kinds)
    count.touched_by.update(kinds)


def _around(text: str, hit: Hit) -> str:
    before, after = text[max(0, hit.start - _AROUND) : hit.start], text[hit.end : hit.end + _AROUND]
    return f"{before}【{text[hit.start : hit.end]}】{after}"


def _summary(counts: Sequence[_Count]) -> str:
    instances, touched = sum(c.instances for c in counts), sum(c.touched for c in counts)
    low, high = wilson(touched / max(1, instances), instances)
    share = f"{percent(touched, instances)}; {100 * low:.2g} to {100 * high:.2g}"
    return (
        f"{touched:,} of {instances:,} instances ({share}) hold text that looks as if it names a person. Rules see the "
        "usual forms and miss others: this is no de-identification."
    )


def _findings(files: Sequence[TaskFile], counts: Sequence[_Count]) -> Iterable[Finding]:
    for file, count in zip(files, counts, strict=True):
        if not count.touched:
            continue
        told = ", ".join(f"{kind} {count.hits[kind]:,}" for kind in KINDS if count.hits[kind])
        what = f"{count.touched:,} of {count.instances:,} instances ({percent(count.touched, count.instances)}): {told}"
        direct = any(count.hits[kind] for kind in DIRECT)
        mend = "read them (--show-text); a patient's must go, an institution's address or an author's name may stay"
        yield Finding("warning" if direct else "note", file.name, what, mend)


def _kinds_table(counts: Sequence[_Count]) -> Table:
    instances = sum(count.instances for count in counts)
    rows: list[tuple[Value, ...]] = []
    for kind in KINDS:
        hits, touched = sum(c.hits[kind] for c in counts), sum(c.touched_by[kind] for c in counts)
        rows.append((kind, hits, touched, *_rate(touched, instances)))
    columns, units = ("kind", "hits", "instances", "rate in 10,000", "from", "to"), ("", "", "instances", *_PER)
    return Table("By kind", columns, tuple(rows), units, value="rate in 10,000", low="from", high="to")


def _tasks_table(files: Sequence[TaskFile], counts: Sequence[_Count]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for file, count in zip(files, counts, strict=True):
        for kind in KINDS:
            if touched := count.touched_by[kind]:
                rows.append((file.name, kind, count.hits[kind], touched, *_rate(touched, count.instances)))
    columns = ("task", "kind", "hits", "instances", "rate in 10,000", "from", "to")
    units = ("", "", "", "instances", *_PER)
    return Table("By task and kind", columns, tuple(rows), units, value="rate in 10,000", low="from", high="to")


def _rate(touched: int, instances: int) -> tuple[float, float, float]:
    share = touched / max(1, instances)
    low, high = wilson(share, instances)
    return 10_000 * share, 10_000 * low, 10_000 * high


def _evidence(files: Sequence[TaskFile], places: Sequence[Place]) -> Iterable[Evidence]:
    for place in places:
        where = f"{files[place.file].name} / {place.instance} / {place.part}"
        yield Evidence(where, place.around, why=place.kind)


def _as_dict(count: _Count) -> dict[str, object]:
    return {"instances": count.instances, "touched": count.touched, "hits": dict(count.hits)}
