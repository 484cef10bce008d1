"""A run's answers as its audit sees them, made by hand: every number of a finding can be counted."""

from __future__ import annotations

from typing import Any

from medsins.audit.run_answers import Answer, RunFacts, TaskFacts
from medsins.core import Completion, Prediction, Score


def answer(
    row: int,
    text: str = "Yes",
    reference: str = "Yes",
    *,
    task: str = "closed",
    value: float | None = None,
    unscored: str = "",
    **more: Any,
) -> Answer:
    """One answer. ``more``: ``given`` (the input), ``prompt``, ``status``, ``cut``, ``dropped``, ``thinking``,
    ``keys``, ``likely``, ``official`` (value), ``read`` (what the scorer read).
    """
    given = more.get("given", f"Is statement number {row} of this list true?")
    right = (text == reference) if value is None else value
    completion = Completion(text, more.get("status", "ok"), thinking=more.get("thinking", ""))
    prompt = more.get("prompt", f"Answer.\n{given}")
    return Answer(
        row=row,
        prediction=Prediction(
            task, row, f"{task}-{row}", given, prompt, (reference,), completion,
            dropped_shots=more.get("dropped", 0), cut_characters=more.get("cut", 0),
        ),
        strict=Score(row, task, {"accuracy": float(right)}, unscored, "" if unscored else more.get("read", text)),
        official=Score(row, task, {"accuracy": float(more.get("official", right))}),
        value=0.0 if unscored else float(right),
        keys=more.get("keys", ()),
        likely=more.get("likely"),
    )  # fmt: skip


def run_of(*answers: Answer, expected: int | None = None, **facts: Any) -> RunFacts:
    """A run of these answers; every task is a closed one unless ``facts`` of ``TaskFacts`` say otherwise."""
    tasks = {}
    for task_id in dict.fromkeys(a.prediction.task_id for a in answers):
        own = [a for a in answers if a.prediction.task_id == task_id]
        judged = [a for a in own if not a.strict.unscored]
        score = 100 * sum(a.value for a in own) / len(own)
        described: dict[str, Any] = {
            "category": "Fact Verification",
            "language": "English",
            "scorer": "labels",
            "metric": "accuracy",
            "score": score,
            "dropped": 100 * sum(a.value for a in judged) / len(judged) if judged else None,
            "all_right": score + 100 * (len(own) - len(judged)) / len(own),
            "expected": len(own) if expected is None else expected,
        }
        tasks[task_id] = TaskFacts(id=task_id, **{**described, **facts})
    return RunFacts("tried", "model:tried", tasks, answers, "medsins bench run --model tried --suite mini")
