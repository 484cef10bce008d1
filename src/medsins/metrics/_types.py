"""What a scorer sees of a prediction and of a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One prediction to score.

    ``row`` is its 0-based place in the file or run; ``output`` the text as generated (empty stays empty, None is
    missing); ``references`` the accepted answers, the first being the one the published scorers use; ``status`` that
    of the completion (``ok``, ``truncated``, ``refused``, ``error``) or ``missing``. ``option_scores`` are possible
    answers with their natural log-probabilities, where the model was asked for them.
    """

    row: int
    task_id: str
    input: str
    output: str | None
    references: tuple[str, ...]
    status: str = "ok"
    option_scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What decides how the rows of a task are scored.

    ``scorer`` is ``mcqa``, ``labels``, ``multilabel``, ``entities``, ``fields`` or ``text``; ``language`` an ISO 639-1
    code (``en``, ``zh``, ``ja``, ``fr``, ``ru``, ``es`` or another); ``labels`` the closed set of answers, where there
    is one.
    """

    id: str
    category: str
    scorer: str
    language: str = "en"
    labels: tuple[str, ...] = ()
