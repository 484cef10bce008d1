"""Answers of a run directory, found by task and position, and held against the prompt they answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from medsins.core import Completion, Message, Problem, Prompt, Request, RunError, UsageError, open_readonly
from medsins.core.chat import FORMATS, render, turns

from ._base import ModelInfo

LONGEST_JOINT = 400  # characters a template may put between turns, a default system text included
_COLUMNS = (
    "prompt, output, status, error, prompt_tokens, completion_tokens, latency, thinking, thinking_tokens, "
    "option_scores, dropped_shots, cut_characters"
)
Joints = dict[tuple[str, str], str]
"""What a template writes between a turn of one role and the next."""


class RunAnswers:
    """The answers of one run."""

    def __init__(self, run_dir: Path) -> None:
        """Open a run directory.

        Raises:
            UsageError: it is none.
            RunError: it is damaged.
        """
        self.path, manifest = run_dir / "run.sqlite", _manifest(run_dir)
        model = manifest["model"]
        self.info = ModelInfo(
            name=str(model.get("name", "")),
            weights=str(model.get("weights", "")),
            precision=str(model.get("precision", "")),
            engine=f"replay of {model.get('engine', '')}",
            chat_format=str(model.get("chat_format", "")),
        )
        self.limits = {entry["id"]: int(entry.get("max_new_tokens", 0)) for entry in manifest["tasks"]}
        self.joints: Joints = {}

    def find(self, requests: Sequence[Request]) -> Iterator[tuple[Completion, str]]:
        """The answer to each request, and the prompt that was sent then."""
        statement = f"SELECT {_COLUMNS} FROM predictions WHERE task_id = ? AND idx = ?"
        try:
            db = open_readonly(self.path)
            try:
                rows = {request.key: db.execute(statement, request.key).fetchone() for request in requests}
            finally:
                db.close()
        except sqlite3.DatabaseError as error:
            raise RunError(Problem(f"cannot be read as a run store ({error})", str(self.path))) from error
        for request in requests:
            yield self._answer(request, rows[request.key])

    def _answer(self, request: Request, row: Sequence[Any] | None) -> tuple[Completion, str]:
        task, index = request.key
        if row is None:
            return _failed(f"the replayed run has no answer to sample {index} of {task}"), ""
        sent, text, status, error, read, written, latency, thinking, thought, scores, dropped, cut = row
        if status == "error":
            return _failed(f"the replayed run failed here: {error}"), sent
        limit = self.limits.get(task, 0)
        if limit and limit != request.sampling.max_new_tokens:
            return _failed(f"its answer could have {limit} tokens then, {request.sampling.max_new_tokens} now"), sent
        if problem := self._difference(request.prompt, sent, bool(dropped or cut)):
            return _failed(problem), sent
        scores = tuple(json.loads(scores))
        kept = scores if len(scores) == len(request.options) else ()
        return Completion(text, status, "", read, written, latency, thinking, thought, True, kept), sent

    def _difference(self, prompt: Prompt, sent: str, shortened: bool) -> str:
        """How a prompt differs from the one that was sent; empty where it does not."""
        if same_prompt(prompt, sent, self.joints):
            return ""
        if not shortened:
            return "its prompt is not the one that was answered then"
        query = (prompt.messages[-1].content if prompt.messages else prompt.text or "").strip()[-200:]
        return "" if query and query in sent else "its prompt was shortened then, and asks something else now"


def same_prompt(prompt: Prompt, sent: str, joints: Joints) -> bool:
    """Whether a text is this prompt, rendered by whatever template.

    Texts must be equal. Turns must all be there, in order, with nothing but a template's marks between them: the same
    between the same roles in all prompts of a run (``joints``, which this learns), short, and without the marks that
    open an answer where none is.
    """
    if prompt.text is not None:
        return prompt.text == sent
    if sent == turns(prompt.messages) or any(sent == render(prompt, name) for name in (*FORMATS, "plain")):
        return True
    found = _joints(prompt.messages, sent)
    if found is None:
        return False
    for step, joint in found:
        if len(joint) > LONGEST_JOINT or joints.setdefault(step, joint) != joint:
            return False
    opening = found[-1][1].strip()
    return bool(opening) and not any(opening in joint for (_, to), joint in found[:-1] if to != "assistant")


def _joints(messages: Sequence[Message], sent: str) -> list[tuple[tuple[str, str], str]] | None:
    """What stands between the turns in a text; None where a turn is missing. Templates may strip turns."""
    at, before, found = 0, "", []
    for message in messages:
        content = message.content.strip()
        start = sent.find(content, at)
        if start < 0:
            return None
        found.append(((before, message.role), sent[at:start].strip()))
        at, before = start + len(content), message.role
    return [*found, ((before, ""), sent[at:])]


def _failed(error: str) -> Completion:
    return Completion("", "error", error)


def _manifest(run_dir: Path) -> dict[str, Any]:
    path = run_dir / "manifest.json"
    if not path.is_file() or not (run_dir / "run.sqlite").is_file():
        mend = "name the folder of a run: it holds manifest.json and run.sqlite"
        raise UsageError(Problem("is no run directory", str(run_dir), mend))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["model"], dict) or not all("id" in entry for entry in manifest["tasks"]):
            raise ValueError("it is not the manifest of a run")
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(Problem(f"cannot be read: {error}", str(path), "choose another run directory")) from error
    found: dict[str, Any] = manifest
    return found
