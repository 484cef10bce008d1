"""inspect_ai: one JSON Lines file a task and ``medsins_tasks.py``, which makes an inspect task of each.

inspect_ai has no few-shot prompting, so every sample's input is the whole prompt of a protocol, as messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medsins.core import Prompt, write_text

from ..card_terms import RESTRICTED
from ._base import Exported, JsonLines, Options, Source, is_closed, unique
from ._letters import ANSWER_LETTER, letters_of

_HEAD = '''"""MedS-Ins tasks for inspect_ai; run them with ``inspect eval medsins_tasks.py@NAME --model MODEL``.

The scorers here are inspect_ai's own. For MedS-Bench's metrics write the log with ``--log-format json`` and read it
with ``medsins bench import``.
"""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import {scorers}
from inspect_ai.solver import generate

DATA = Path(__file__).parent / "data"


def _build(name, scorer, max_tokens, version):
    return Task(
        dataset=json_dataset(str(DATA / f"{{name}}.jsonl"), name=name),
        solver=generate(),
        scorer=scorer,
        config=GenerateConfig(temperature=0.0, max_tokens=max_tokens),
        version=version,
    )
'''


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``data/<task>.jsonl`` for every task, and ``medsins_tasks.py``."""
    functions, scorers, held = [], set(), []
    names: dict[str, str] = {}
    for source in sources:
        task = source.task()
        name = _identifier(task.id)
        while name in names:
            name += "_"
        names[name] = task.id
        asked = options.ask(task)
        letters = letters_of(task)
        lines = JsonLines(folder)
        plain = unique(instance.id for instance in task.instances)
        for index, (instance, prompt) in enumerate(zip(task.instances, asked.prompts(), strict=True)):
            outputs = list(instance.outputs) or [""]
            target: str | list[str] = letters[index] if letters else outputs
            metadata = {"task_id": task.id, "instance_id": instance.id, "index": index, "references": outputs}
            row = {"id": instance.id if plain else f"{instance.id}#{index}", "input": _input(prompt), "target": target}
            lines.put(f"data/{name}.jsonl", {**row, "metadata": metadata})
        lines.close()
        scorer = "pattern" if letters else "exact" if is_closed(task) else "f1"
        scorers.add(scorer)
        call = f"pattern({ANSWER_LETTER!r}, ignore_case=False)" if letters else f"{scorer}()"
        arguments = f"{name!r}, {call}, {asked.max_new_tokens}, {task.digest[:12]!r}"
        functions.append(f"@task\ndef {name}():\n    return _build({arguments})\n")
        if task.access in RESTRICTED:
            held.append(task.id)
    code = "\n\n".join([_HEAD.format(scorers=", ".join(sorted(scorers))), *functions])
    write_text(folder / "medsins_tasks.py", code)
    notices = [f"restricted access, only for models on this machine: {', '.join(held)}"] if held else []
    return Exported((), tuple(notices))


def _identifier(task_id: str) -> str:
    """A Python name for a task; a leading digit or underscore gets a word before it."""
    name = re.sub(r"\W+", "_", task_id, flags=re.ASCII)
    return name if re.match("[A-Za-z]", name) else f"task_{name.strip('_')}"


def _input(prompt: Prompt) -> str | list[dict[str, Any]]:
    if prompt.text is not None:
        return prompt.text
    messages: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in prompt.messages]
    return messages
