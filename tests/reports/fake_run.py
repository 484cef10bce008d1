"""A run directory as the runner and the scorers leave it, with invented texts: eleven categories, several languages,
every kind of unscored answer, dropped shots and cut inputs. Scores are computed from the samples it makes.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medsins.bench.store import RunStore
from medsins.core import Completion, Prediction, canonical_json, write_json

TASKS: tuple[tuple[str, str, str, str, float, float, float], ...] = (
    # id, category, language, metric, the model's skill, commonest answer and random answer in percent
    ("task901", "MCQA", "English", "accuracy", 0.61, 27.0, 24.8),
    ("task902", "MCQA", "Chinese", "accuracy", 0.34, 28.5, 25.2),
    ("task903", "MCQA", "Japanese", "accuracy", 0.22, 24.0, 20.1),
    ("task910", "Text Summarization", "English", "rouge_l_f", 0.37, 16.2, 14.9),
    ("task911", "Text Summarization", "French", "rouge_l_f", 0.31, 15.5, 14.0),
    ("task920", "Information Extraction", "English", "accuracy", 0.55, 12.0, 8.4),
    ("task930", "Explanation", "English", "bleu1", 0.29, 22.1, 17.3),
    ("task940", "Rationale", "Spanish", "bleu1", 0.42, 26.0, 23.7),
    ("task950", "Named Entity Recognition", "English", "f1", 0.68, 4.1, 1.2),
    ("task951", "Named Entity Recognition", "English", "f1", 0.51, 3.3, 0.9),
    ("task960", "Diagnosis", "English", "accuracy", 0.12, 8.5, 2.0),
    ("task970", "Treatment Planning", "English", "accuracy", 0.83, 22.0, 14.3),
    ("task980", "Clinical Outcome Prediction", "English", "accuracy", 0.58, 71.0, 50.2),
    ("task985", "Text Classification", "English", "macro_f1", 0.44, 6.8, 18.0),
    ("task990", "Fact Verification", "English", "accuracy", 0.66, 61.5, 33.3),
    ("task995", "Natural Language Inference", "English", "accuracy", 0.74, 33.9, 33.1),
)

TEXTS = {
    "English": (
        "A 58-year-old woman has had a dull ache below the ribs for three weeks and now notices dark urine.",
        "A toddler woke with a barking cough; the air of the bathroom helped a little.",
        "After the new tablet the ankles swelled, and the swelling went when it was stopped.",
        "He climbs two floors without stopping, which he could not do before the valve was replaced.",
    ),
    "Chinese": ("患者三天前开始发热，伴有干咳和乏力，无胸痛。", "术后第二天伤口干燥，体温正常。"),
    "Japanese": ("階段を上ると息切れがするようになった。足のむくみもある。", "昨夜から右下腹部が痛み、食欲がない。"),
    "French": ("La patiente se plaint de vertiges au lever depuis le changement de traitement.",),
    "Spanish": ("El niño tiene fiebre desde ayer y rechaza los alimentos sólidos.",),
}

ANSWERS = {
    "accuracy": ("A", "B", "C", "D"),
    "f1": ("paracetamol, ibuprofen", "amlodipine", "There is no related entity."),
    "macro_f1": ("resisting cell death", "sustained growth", "invasion, metastasis"),
    "bleu1": ("The pressure falls because the vessels widen.", "The gland makes less of the hormone, so weight rises."),
    "rouge_l_f": ("No change since the last film. Heart size normal.", "New shadow at the left base, probably fluid."),
}

KINDS = ("empty", "truncated", "refused", "unparsed", "error")


def make_run(folder: Path, rows: int = 40, seed: int = 7, model: str = "Tiny-Instruct 135M") -> Path:
    """Write a finished, scored run of ``rows`` answers a task."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    samples: list[dict[str, Any]] = []
    predictions: list[tuple[int, Prediction]] = []
    for task in TASKS:
        for index in range(rows):
            row = len(predictions)
            prediction, judged = _answer(rng, task, row, index)
            predictions.append((row, prediction))
            samples += judged
    put(folder, predictions)
    (folder / "samples.jsonl").write_text("".join(canonical_json(s) + "\n" for s in samples), encoding="utf-8")
    write_json(folder / "manifest.json", _manifest(model, rows))
    write_json(folder / "scores.json", _scores(samples, rows, model))
    return folder


def put(folder: Path, predictions: list[tuple[int, Prediction]]) -> None:
    store = RunStore(folder)
    for start in range(0, len(predictions), 500):
        store.put(predictions[start : start + 500])
    store.close()


def _answer(rng: random.Random, task: tuple[Any, ...], row: int, index: int) -> tuple[Prediction, list[dict[str, Any]]]:
    task_id, _, language, metric, skill, _, _ = task
    asked = random.Random(f"{task_id} {index}")  # the questions are the same in every run
    text, reference = asked.choice(TEXTS[language]), asked.choice(ANSWERS[metric])
    unscored = rng.choice(KINDS) if rng.random() < 0.06 else ""
    value = float(rng.random() < skill) if metric == "accuracy" else min(1.0, max(0.0, rng.gauss(skill, 0.2)))
    guess = f"{rng.choice(ANSWERS[metric])} I think, given the {rng.randint(2, 9)} findings."
    answer = reference if value == 1 else guess
    shots = "".join(f"Case{k}: Input: {rng.choice(TEXTS[language])}, Output: {reference}\n" for k in (1, 2, 3))
    status: Any = {"truncated": "truncated", "refused": "refused", "error": "error"}.get(unscored, "ok")
    body = {"empty": "", "error": "", "refused": "I cannot help with this."}.get(unscored, answer)
    completion = Completion(
        text=body,
        status=status,
        error="the server closed the connection" if status == "error" else "",
        prompt_tokens=rng.randint(180, 900),
        completion_tokens=0 if not body else rng.randint(2, 120),
        latency=round(rng.lognormvariate(-0.4, 0.5), 3),
    )
    prediction = Prediction(
        task_id, index, f"{task_id}-{index}", text, f"{shots}Answer the question.\nInput: {text}\nOutput:",
        (reference,), completion, dropped_shots=int(rng.random() < 0.04), cut_characters=rng.choice([0] * 30 + [412]),
    )  # fmt: skip
    base = {"row": row, "task_id": task_id}
    strict = {**base, "profile": "strict", "metrics": {} if unscored else {metric: value}, "unscored": unscored}
    official = {**base, "profile": "official", "metrics": {metric: value * (rng.random() > 0.1)}, "unscored": ""}
    return prediction, [{**strict, "extracted": answer[:24]}, {**official, "extracted": ""}]


def _manifest(model: str, rows: int) -> dict[str, Any]:
    tasks = [
        {"id": t[0], "digest": f"{i:064x}", "category": t[1], "language": t[2], "access": "open", "instances": rows,
         "shots": {"source": "train split", "digest": f"{i + 99:064x}", "count": 3, "dropped": 0}}
        for i, t in enumerate(TASKS)
    ]  # fmt: skip
    return {
        "format": 1,
        "medsins": "0.1.0",
        "created": "2025-05-14T09:30:00+00:00",
        "digest": "5b1d" * 16,
        "signature": "suite:small@1#aa00|protocol:strict#bb11|model:tiny#cc22|medsins:0.1.0",
        "model": {"spec": "transformers:tiny", "name": model, "weights": "c0ffee", "precision": "float32",
                  "engine": "transformers 5", "window": 2048, "chat_format": "chatml", "remote": False, "endpoint": ""},
        "suite": {"name": "small", "version": "1", "digest": "d" * 64},
        "tasks": tasks,
        "protocol": {"name": "strict", "shots": 3, "seed": 0},
        "sampling": {"max_new_tokens": 256, "temperature": 0.0, "top_p": 1.0, "seed": 0},
        "seed": 0,
        "limit": 0,
        "spec": {"model": "transformers:tiny", "suite": "small"},
    }  # fmt: skip


def _scores(samples: list[dict[str, Any]], rows: int, model: str) -> dict[str, Any]:
    profiles: dict[str, Any] = {}
    for profile in ("official", "strict"):
        chosen = [s for s in samples if s["profile"] == profile]
        tasks = {t[0]: _task_entry(t, [s for s in chosen if s["task_id"] == t[0]], rows) for t in TASKS}
        profiles[profile] = {
            "signature": f"suite:small@1#aa00|protocol:strict#bb11|profile:{profile}|model:tiny#cc22|medsins:0.1.0",
            "tasks": tasks,
            "categories": {c: _category_entry(c, tasks) for c in dict.fromkeys(t[1] for t in TASKS)},
        }
    profiles["official"]["would_crash"] = [{"row": 3, "task_id": "task901", "reason": "empty output"}]
    return {"format": 1, "source": model, "rows": len(TASKS) * rows, "profiles": profiles}


def _task_entry(task: tuple[Any, ...], samples: list[dict[str, Any]], rows: int) -> dict[str, Any]:
    _, category, language, metric, _, majority, guess = task
    values = [s["metrics"].get(metric, 0.0) for s in samples]
    mean = sum(values) / len(values)
    half = 1.96 * math.sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1) / len(values))
    unscored: dict[str, int] = {}
    for sample in samples:
        if sample["unscored"]:
            unscored[sample["unscored"]] = unscored.get(sample["unscored"], 0) + 1
    return {
        "category": category, "language": language, "scorer": "labels", "primary": metric, "rows": rows,
        "counted": rows - sum(unscored.values()),
        "metrics": {metric: 100 * mean, **({"precision": 100 * mean * 0.97} if metric == "f1" else {})},
        "ci95": {metric: [max(0.0, 100 * (mean - half)), min(100.0, 100 * (mean + half))]},
        "baselines": {"majority": {metric: majority}, "random": {metric: guess}},
        "unscored": unscored,
    }  # fmt: skip


def _category_entry(category: str, tasks: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    members = {name: entry for name, entry in tasks.items() if entry["category"] == category}
    entries = list(members.values())
    metric = entries[0]["primary"]

    def mean(pick: Any) -> float:
        return float(sum(pick(entry) for entry in entries) / len(entries))

    unscored: dict[str, int] = {}
    for entry in entries:
        for kind, n in entry["unscored"].items():
            unscored[kind] = unscored.get(kind, 0) + n
    low, high = (mean(lambda e, k=k: e["ci95"][metric][k]) for k in (0, 1))
    baselines = {n: {metric: mean(lambda e, n=n: e["baselines"][n][metric])} for n in ("majority", "random")}
    return {
        "primary": metric, "metrics": {metric: mean(lambda e: e["metrics"][metric])}, "ci95": {metric: [low, high]},
        "baselines": baselines, "tasks": list(members), "rows": sum(e["rows"] for e in entries), "unscored": unscored,
    }  # fmt: skip


def edit_json(path: Path, change: Any) -> None:
    """Apply ``change`` to the object in a JSON file."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    write_json(path, value)
