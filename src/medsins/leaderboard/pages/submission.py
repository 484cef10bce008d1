"""One attempt: where it stands, what was noticed while its file was matched, why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.noticed import noticed
from medsins.leaderboard.views import slug

from ._page import Page, Query


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """An attempt. ``progress``: 0 to 1 while it is scored; ``shown``: the board shows this one of the model's;
    ``noticed``: ``intake`` in words.
    """

    id: str
    model: str
    name: str
    version: str
    attempt: int
    kind: str
    state: str
    received: datetime
    ended: datetime | None
    reason: str
    progress: float
    shown: bool
    note: str
    sha256: str
    intake: Mapping[str, Any]
    noticed: tuple[str, ...]

    @property
    def waiting(self) -> bool:
        """Whether a look a little later may show more."""
        return self.state in ("queued", "scoring")


def view(store: Store, query: Query) -> SubmissionView:
    """An attempt.

    Raises:
        NotFound: there is none, or it is hidden.
    """
    found = store.submission(query.one("submission"))
    if found.state == "hidden" or store.team(found.team).banned:
        raise NotFound("there is no such submission")
    card = store.model(found.model)
    shown = next((each for each in store.published(found.version) if each.model == card.id), None)
    own = shown is not None and shown.submission == found.id
    return SubmissionView(
        id=found.id,
        model=card.id if shown is not None else "",
        name=card.name,
        version=found.version,
        attempt=found.attempt,
        kind=found.kind,
        state=found.state,
        received=found.received,
        ended=found.ended,
        reason=found.reason,
        progress=store.progress(found.id) if found.state in ("queued", "scoring") else 1.0,
        shown=own,
        note=shown.note if shown is not None else "",
        sha256=found.sha256,
        noticed=tuple(noticed(found.intake)),
        intake={slug(str(name)).replace("-", "_"): value for name, value in found.intake.items()},
    )


PAGE = Page("submission", "/submission/{submission}", "submission.html", view)
