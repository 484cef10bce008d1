"""Answers given before: ``replay:RUN`` takes them from a run directory, ``replay:FILE.csv`` from a predictions file.

Nothing is asked, so a run is scored under another version, suite or protocol setting only as far as its prompts are the
same: a sample whose prompt differs from the one that was answered ends as an error that says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from medsins.core import Completion, Problem, Prompt, Request, UsageError
from medsins.core.chat import turns

from ._base import Backend, BackendOptions, ModelInfo
from ._replay_csv import CsvAnswers
from ._replay_run import RunAnswers

GROUP = 512  # answers handed over together


class Answers(Protocol):
    """Where answers come from."""

    info: ModelInfo

    def find(self, requests: Sequence[Request]) -> Iterator[tuple[Completion, str]]:
        """The answer to each request, and the prompt that was sent then (empty: not known)."""


class ReplayBackend:
    """Gives the answers of an earlier run. Tokens are not counted: prompts are not shortened again."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.info = answers, answers.info
        self._sent: dict[Prompt, str] = {}

    def check(self) -> None:
        """The answers were found when it was opened."""

    def count_tokens(self, prompt: Prompt) -> int:
        """Words of the rendered prompt; only its own tokenizer could tell the tokens."""
        return len(self.render(prompt).split())

    def render(self, prompt: Prompt) -> str:
        """The text that was sent then where this prompt was just answered, else its turns."""
        return self._sent.get(prompt) or (prompt.text if prompt.text is not None else turns(prompt.messages))

    def generate(self, requests: Sequence[Request], done: Collection[int]) -> Iterator[list[tuple[int, Completion]]]:
        """Answer from what there is; a sample without a fitting answer is an ``error`` that says why."""
        places = [i for i in range(len(requests)) if i not in done]
        for start in range(0, len(places), GROUP):
            group = places[start : start + GROUP]
            asked = [requests[i] for i in group]
            found = list(self.answers.find(asked))
            self._sent = {r.prompt: sent for r, (_, sent) in zip(asked, found, strict=True) if sent}
            yield [(i, completion) for i, (completion, _) in zip(group, found, strict=True)]

    def close(self) -> None:
        """Nothing is held."""


def open_backend(model: str, options: BackendOptions) -> Backend:
    """Open a run directory or a predictions file.

    Raises:
        UsageError: neither of both.
        InvalidFile: a file without the columns it needs.
        RunError: a damaged run.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return ReplayBackend(RunAnswers(path))
    if path.is_file():
        return ReplayBackend(CsvAnswers(path))
    mend = "name a run directory or a CSV file with the columns task_id, input, output"
    raise UsageError(Problem("no such run or predictions file", place=model, mend=mend))
