"""What a report reads of a run directory: manifest, scores, judgements by row, usage; an unfinished run is no error."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Prediction, Problem, UsageError

from .figures import Sheet, mapping, number, read_sheet, sequence


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row in one profile. ``metrics`` are fractions 0-1; ``unscored`` says why there are none."""

    metrics: Mapping[str, float]
    unscored: str = ""
    extracted: str = ""


@dataclass(frozen=True, slots=True)
class RunData:
    """The small parts of a run directory. ``expected``: instances the manifest promises."""

    path: Path
    manifest: Mapping[str, Any]
    sheet: Sheet
    expected: int


@dataclass(slots=True)
class Usage:
    """What one task cost: tokens by the model's tokenizer, seconds per answer, what did not fit. ``cached`` answers
    took no request and no seconds; ``requests`` and ``cost`` (US dollars) count every ask, failed ones too.
    """

    task_id: str
    prompt_tokens: list[int] = field(default_factory=list)
    completion_tokens: list[int] = field(default_factory=list)
    thinking_tokens: int = 0
    cached: int = 0
    requests: int = 0
    cost: float = 0.0
    latency: list[float] = field(default_factory=list)
    answers: int = 0
    shots_dropped: int = 0
    prompts_short_of_shots: int = 0
    prompts_cut: int = 0
    answers_cut: int = 0
    characters_cut: int = 0

    def add(self, prediction: Prediction) -> None:
        """Count one row."""
        done = prediction.completion
        self.prompt_tokens.append(done.prompt_tokens)
        self.completion_tokens.append(done.completion_tokens)
        self.thinking_tokens += done.thinking_tokens
        self.cached += done.cached
        self.answers += 1
        if not done.cached:
            self.latency.append(done.latency)
        self.shots_dropped += prediction.dropped_shots
        self.prompts_short_of_shots += prediction.dropped_shots > 0
        self.prompts_cut += prediction.cut_characters > 0
        self.answers_cut += done.status == "truncated"
        self.characters_cut += prediction.cut_characters

    def merge(self, other: Usage) -> None:
        """Add another task's rows."""
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.latency += other.latency
        self.thinking_tokens += other.thinking_tokens
        self.cached += other.cached
        self.answers += other.answers
        self.requests += other.requests
        self.cost += other.cost
        self.shots_dropped += other.shots_dropped
        self.prompts_short_of_shots += other.prompts_short_of_shots
        self.prompts_cut += other.prompts_cut
        self.answers_cut += other.answers_cut
        self.characters_cut += other.characters_cut

    @property
    def rows(self) -> int:
        """Answers counted."""
        return self.answers

    @property
    def median_latency(self) -> float:
        """Median seconds per answer; 0 without any."""
        return statistics.median(self.latency) if self.latency else 0.0

    @property
    def p95_latency(self) -> float:
        """Seconds within which 95 % of the answers came (nearest rank); 0 without any."""
        return sorted(self.latency)[max(0, -(-len(self.latency) * 95 // 100) - 1)] if self.latency else 0.0

    @property
    def longest_prompt(self) -> int:
        """Tokens of the longest prompt."""
        return max(self.prompt_tokens, default=0)


def load_run(run_dir: Path) -> RunData:
    """Read manifest and scores of a run directory.

    Raises:
        UsageError: the directory is not there or holds nothing of a run.
        InvalidFile: a file that is there is not the JSON object it should be.
    """
    if not run_dir.is_dir():
        raise UsageError(Problem("no such run directory", str(run_dir), "give the folder that 'bench run -o' wrote"))
    manifest, scores = read_object(run_dir / "manifest.json"), read_object(run_dir / "scores.json")
    if not manifest and not scores:
        mend = "give the folder that 'bench run -o' wrote; it has a manifest.json"
        raise UsageError(Problem("this folder holds no run", str(run_dir), mend))
    tasks = [mapping(task) for task in sequence(manifest.get("tasks"))]
    expected = sum(int(number(task.get("instances")) or 0) for task in tasks)
    return RunData(run_dir, manifest, read_sheet(scores), expected)


def read_object(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file; empty where the file is not there.

    Raises:
        InvalidFile: not JSON, or not an object.
    """
    if not path.exists():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidFile(Problem(f"not readable as JSON: {error}", str(path), "score the run again")) from error
    if not isinstance(value, dict):
        raise InvalidFile(Problem("holds no JSON object", str(path), "score the run again"))
    return value


def read_judgements(run_dir: Path) -> dict[int, dict[str, Judgement]]:
    """Judgements by row and profile from ``samples.jsonl``; lines that are not objects are left out."""
    found: dict[int, dict[str, Judgement]] = {}
    path = run_dir / "samples.jsonl"
    if not path.exists():
        return found
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            entry = _object(line)
            row, profile = number(entry.get("row")), entry.get("profile")
            if row is None or not isinstance(profile, str):
                continue
            metrics = {str(k): v for k, raw in mapping(entry.get("metrics")).items() if (v := number(raw)) is not None}
            judgement = Judgement(metrics, _text(entry.get("unscored")), _text(entry.get("extracted")))
            found.setdefault(int(row), {})[profile] = judgement
    return found


def predictions(run_dir: Path) -> Iterator[tuple[int, Prediction]]:
    """The run's predictions with their row numbers, in order; none where the store is not there."""
    if not (run_dir / "run.sqlite").exists():
        return
    from medsins.bench.store import read_rows

    yield from read_rows(run_dir)


def add_bills(run_dir: Path, usage: Iterable[Usage]) -> None:
    """Fill in requests and dollars from the run's store."""
    if not (run_dir / "run.sqlite").exists():
        return
    from medsins.bench.usage import run_usage

    bills = run_usage(run_dir)
    for task in usage:
        if bill := bills.get(task.task_id):
            task.requests, task.cost = bill.requests, bill.cost


def _object(line: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(line))
    except (ValueError, RecursionError):
        return {}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
