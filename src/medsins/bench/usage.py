"""What a run took: requests, tokens, dollars and seconds by task, from its store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .store import query

_PREDICTIONS = """
SELECT task_id, cached, latency, prompt_tokens, completion_tokens, thinking_tokens FROM predictions ORDER BY row
"""
_ATTEMPTS = "SELECT task_id, COUNT(*), SUM(cost), SUM(status = 'error') FROM attempts GROUP BY task_id"


@dataclass(frozen=True, slots=True)
class TaskUsage:
    """What one task took. ``requests`` count every ask, failed ones and those asked again too, but no answer from the
    cache. Tokens are those of the answers that stand, as the model counted them; ``thinking_tokens`` are part of the
    completion tokens. ``cost`` in US dollars is that of every ask. Latencies in seconds, cached answers left out.
    """

    requests: int = 0
    failed_requests: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    thinking_tokens: int = 0
    cost: float = 0.0
    latency_p50: float = 0.0
    latency_p95: float = 0.0


def run_usage(run_dir: Path) -> dict[str, TaskUsage]:
    """Usage by task id, in the order of the suite.

    Raises:
        UsageError, RunError: there is no store, or it is damaged.
    """
    rows: dict[str, list[Sequence[Any]]] = {}
    for task_id, *values in query(run_dir, _PREDICTIONS):
        rows.setdefault(task_id, []).append(values)
    attempts = {task_id: figures for task_id, *figures in query(run_dir, _ATTEMPTS)}
    return {task_id: _usage(values, attempts.get(task_id, (0, 0.0, 0))) for task_id, values in rows.items()}


def usage_document(usage: dict[str, TaskUsage]) -> dict[str, dict[str, Any]]:
    """The same as JSON values."""
    return {task_id: asdict(figures) for task_id, figures in usage.items()}


def percentile(values: Sequence[float], share: int) -> float:
    """The value within which ``share`` percent of the values lie (nearest rank); 0 without any."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else 0.0


def _usage(rows: Sequence[Sequence[Any]], attempts: Sequence[Any]) -> TaskUsage:
    asked, cost, failed = attempts
    cached = sum(row[0] for row in rows)
    seconds = [row[1] for row in rows if not row[0]]
    prompt, completion, thinking = (sum(row[place] for row in rows) for place in (2, 3, 4))
    return TaskUsage(
        requests=asked - cached,
        failed_requests=failed,
        cached=cached,
        prompt_tokens=prompt,
        completion_tokens=completion,
        thinking_tokens=thinking,
        cost=cost,
        latency_p50=percentile(seconds, 50),
        latency_p95=percentile(seconds, 95),
    )
