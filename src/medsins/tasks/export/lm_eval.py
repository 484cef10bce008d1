"""lm-evaluation-harness (0.4.13): a YAML task for every task file, with its data beside it.

The prompts are those of a protocol: the system text is the description, the frozen shots are the rows of the few-shot
split, in their order, and the query is the document. With ``--apply_chat_template --fewshot_as_multiturn true`` a chat
model reads what ``medsins bench run`` would send. ``fewshot_split`` is always set: without it the harness draws shots
from the test split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from medsins.core import Message, Task, write_text

from ..card_terms import RESTRICTED
from ..card_yaml import to_yaml
from ._base import Asked, Exported, JsonLines, Options, Source, is_closed, turns
from ._letters import ANSWER_LETTER, letters_of

PREFIX = "medsins_"
PLACEHOLDER = "(this task has no examples)"


def export(sources: Iterable[Source], folder: Path, options: Options) -> Exported:
    """Write ``<task>.yaml``, ``data/<task>.test.jsonl`` and ``.train.jsonl`` for every task, and ``_group.yaml``."""
    groups: dict[str, list[str]] = {"closed": [], "open": []}
    notices: list[str] = []
    shotless, held = [], []
    for source in sources:
        task = source.task()
        name = PREFIX + re.sub(r"[^A-Za-z0-9_.-]+", "_", task.id)
        while name in groups["closed"] or name in groups["open"]:
            name += "_"
        asked = options.ask(task)
        shots = _shared_shots(asked)
        closed = is_closed(task)
        letters = letters_of(task) if closed else None
        _write_data(folder, name, task, asked, shots, letters)
        write_text(folder / f"{name}.yaml", to_yaml(_config(name, task, asked, len(shots) // 2, closed, bool(letters))))
        groups["closed" if closed else "open"].append(name)
        if not shots:
            shotless.append(task.id)
        if task.access in RESTRICTED:
            held.append(task.id)
    write_text(folder / "_group.yaml", to_yaml(_group("medsins", groups)))
    for kind, members in groups.items():
        if members:
            write_text(folder / f"_{kind}.yaml", to_yaml(_subgroup(kind, members)))
    notices.append("run inside the folder: lm-eval run --include_path . --tasks medsins --model hf …")
    if shotless:
        notices.append(f"asked without shots (their few-shot split is a placeholder): {', '.join(shotless)}")
    if held:
        notices.append(f"restricted access, only for models on this machine: {', '.join(held)}")
    return Exported((), tuple(notices))


def _shared_shots(asked: Asked) -> tuple[Message, ...]:
    """The turns of the shots that every prompt has; empty where prompts differ in them."""
    found: set[tuple[Message, ...]] = set()
    for prompt in asked.prompts():
        found.add(turns(prompt)[1])
        if len(found) > 1:
            return ()
    return next(iter(found), ())


def _write_data(
    folder: Path, name: str, task: Task, asked: Asked, shots: Sequence[Message], letters: Sequence[str] | None
) -> None:
    lines = JsonLines(folder)
    test, train = f"data/{name}.test.jsonl", f"data/{name}.train.jsonl"
    closed = is_closed(task)
    for index, (instance, prompt) in enumerate(zip(task.instances, asked.prompts(), strict=True)):
        system, own, query = turns(prompt)
        if own and not shots:  # shots of this prompt alone: they become part of what is asked
            query = "\n\n".join(message.content for message in (*own, Message("user", query)))
        gold = [letters[index]] if letters else list(instance.outputs or ("",))
        row = {"id": instance.id, "task_id": task.id, "index": index, "instruction": system, "prompt": query}
        lines.put(test, {**row, "gold": gold if closed else gold[0], "answer": instance.reference})
    pairs = list(zip(shots[::2], shots[1::2], strict=True)) or [
        (Message("user", PLACEHOLDER), Message("assistant", ""))
    ]
    for index, (question, answer) in enumerate(pairs):
        row = {"id": f"shot-{index}", "task_id": task.id, "index": index, "instruction": "", "prompt": question.content}
        lines.put(train, {**row, "gold": [answer.content] if closed else answer.content, "answer": answer.content})
    lines.close()


def _config(name: str, task: Task, asked: Asked, shots: int, closed: bool, letters: bool) -> dict[str, Any]:
    take = {"function": "take_first"}
    pick = {"function": "regex", "regex_pattern": ANSWER_LETTER, "group_select": 0}
    return {
        "task": name,
        "tag": ["medsins_tasks", PREFIX + re.sub(r"\W+", "_", task.category.lower())],
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"data/{name}.test.jsonl", "train": f"data/{name}.train.jsonl"}},
        "test_split": "test",
        "fewshot_split": "train",
        "fewshot_config": {"sampler": "first_n", "doc_to_target": "answer"},
        "num_fewshot": shots,
        "output_type": "generate_until",
        "description": "instruction",
        "doc_to_text": "prompt",
        "doc_to_target": "gold",
        "target_delimiter": " ",
        "fewshot_delimiter": "\n\n",
        # No stop text: a blank line inside a rationale is no end.
        "generation_kwargs": {
            "until": [],
            "do_sample": False,
            "temperature": 0.0,
            "max_gen_toks": asked.max_new_tokens,
        },
        "filter_list": [{"name": "answer", "filter": [pick, take] if letters else [take]}],
        "metric_list": _metrics(closed),
        "metadata": {
            "version": 1.0,
            "medsins_task": task.id,
            "medsins_digest": task.digest,
            "protocol": asked.protocol,
            "access": task.access,
        },
    }


def _metrics(closed: bool) -> list[dict[str, Any]]:
    if closed:
        same = {"aggregation": "mean", "higher_is_better": True, "ignore_case": True, "ignore_punctuation": True}
        return [{"metric": "exact_match", **same}]
    return [{"metric": name, "aggregation": name, "higher_is_better": True} for name in ("bleu", "chrf")]


def _group(name: str, groups: dict[str, list[str]]) -> dict[str, Any]:
    members = [f"medsins-{kind}" for kind, found in groups.items() if found]
    return {"group": name, "task": members, "metadata": {"version": 1.0}}


def _subgroup(kind: str, members: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"group": f"medsins-{kind}", "task": members}
    if kind == "closed":
        document["aggregate_metric_list"] = [{"metric": "exact_match", "aggregation": "mean", "weight_by_size": False}]
    return {**document, "metadata": {"version": 1.0}}
