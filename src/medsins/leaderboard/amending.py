"""Corrected references of a published version: which instances, what the version is then, and what it made of scores.

An amendment changes references and nothing else: questions, parts and rows stay, so answers that were sent fit as they
did. It is told by task, never by part or instance: which instances are private must not show by what is corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from medsins.bench.errata import Errata, references_digest
from medsins.core import InvalidFile, Problem, UsageError, digest

from .interface import Amended, Store
from .publication import PROFILE, headline
from .records import Amendment, Item, Published, Version
from .versions import version_digest


def amend(version: Version, items: Sequence[Item], errata: Errata, reason: str) -> Amended:
    """A version with corrected references, for ``Store.amend_version``.

    Raises:
        InvalidFile: errata of other instances or other references, or that drop instances; everything at once.
        UsageError: they change nothing.
    """
    known = {(item.task_id, item.instance_id): item for item in items}
    if problems := list(_problems(errata, known, version.id)):
        raise InvalidFile(*problems)
    changed: dict[int, Item] = {}
    for correction in errata.corrections:
        item = known[correction.key]
        outputs = correction.apply(item.outputs)
        if outputs != item.outputs:
            changed[item.row] = replace(item, outputs=outputs)
    if not changed:
        raise UsageError(Problem("these errata change no reference", errata.path or "errata"))
    corrected = Counter(item.task_id for item in changed.values())
    tasks = tuple(
        replace(task, digest=digest([task.digest, [[row, list(item.outputs)] for row, item in sorted(changed.items())
                                                   if item.task_id == task.task_id]]))
        if task.task_id in corrected else task
        for task in version.tasks
    )  # fmt: skip
    new = tuple(changed.get(item.row, item) for item in items)
    amended = replace(version, tasks=tasks, digest=version_digest(tasks, new))
    return Amended(amended, new, version.digest, dict(sorted(corrected.items())), reason, errata.digest)


def _problems(errata: Errata, known: Mapping[tuple[str, str], Item], version: str) -> Iterator[Problem]:
    for correction in errata.corrections:
        named = f"instance {correction.instance} of {correction.task}"
        place = f"{errata.path}, line {correction.line}"
        item = known.get(correction.key)
        if item is None:
            yield Problem(f"{version} has no {named}", place, "name task and instance as the version has them")
        elif correction.drop:
            mend = "correct its references, or add a version without it"
            yield Problem(f"{named} cannot be dropped from a version that has submissions", place, mend)
        elif references_digest(item.outputs) != correction.references:
            mend = "review it against the references of this version"
            yield Problem(f"{named} has other references in {version} (or was amended already)", place, mend)


@dataclass(frozen=True, slots=True)
class Difference:
    """What an amendment made of a model's mean of categories on the open part, in percent, profile ``strict``;
    ``after`` is None until it was scored again.
    """

    model: str
    name: str
    before: float
    after: float | None


def differences(store: Store, amendment: Amendment, until: datetime | None = None) -> list[Difference]:
    """Of every model that was shown before an amendment. ``until``: the next amendment, which ends its effect."""
    history = store.history(amendment.version)
    before = {shown.model: shown for shown in history if shown.at < amendment.at}
    after = {
        shown.model: shown
        for shown in history
        if amendment.at <= shown.at and (until is None or shown.at < until) and _comparable(before, shown)
    }
    names = {card.id: card.name for card in store.models()}
    scored = {model: headline(shown.document) for model, shown in after.items()}
    return [
        Difference(model, names.get(model, model), headline(old.document), scored.get(model))
        for model, old in sorted(before.items())
    ]


def _comparable(before: Mapping[str, Published], shown: Published) -> bool:
    """The same answers by the same rules: a better attempt or a new metric is no effect of the amendment."""
    old = before.get(shown.model)
    return old is not None and old.submission == shown.submission and _rule(old) == _rule(shown)


def _rule(shown: Published) -> str:
    """The first field of the signature: profile and its version."""
    profile = shown.document.get("profiles", {}).get(PROFILE, {})
    return str(profile.get("signature", "")).split("|")[0]
