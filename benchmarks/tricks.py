"""What tricks and honest rewordings are worth in the two profiles, on the mini suite.

    python benchmarks/tricks.py

Every line answers all rows of a category by one rule that needs no model, and prints the category's main figure in
both profiles; "chance" is the better of the strict baselines (commonest answer, random answer).
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from medsins.bench.scoring import score_csv
from medsins.bench.suites import load_suite
from medsins.core import Instance
from medsins.core.options import parse_options
from medsins.metrics.strict._label_sets import HALLMARKS

Answer = Callable[[Instance, int], str]


def letter(instance: Instance) -> str:
    keys = re.findall(r"(?:^|[\s,:])([A-H]): ", instance.reference)
    return ", ".join(keys) or instance.reference


def reversed_list(instance: Instance) -> str:
    return ", ".join(reversed(re.split(r"(?<! ), ", instance.reference.rstrip("."))))


LINES: tuple[tuple[str, str, Answer], ...] = (
    ("MCQA", "honest: The answer is <key>", lambda i, n: f"The answer is {letter(i)}"),
    ("MCQA", "honest: the reference", lambda i, n: i.reference),
    ("MCQA", "trick: As an AI language model I cannot answer", lambda i, n: "As an AI language model I cannot answer"),
    ("MCQA", "trick: all letters", lambda i, n: ", ".join(parse_options(i.input))),
    ("Diagnosis", "trick: every diagnosis of the task", lambda i, n: "; ".join(ALL["Diagnosis"])),
    ("Diagnosis", "trick: This is not <diagnosis>", lambda i, n: "This is not " + i.reference.split(" is ")[-1]),
    ("Treatment Planning", "trick: every treatment of the task", lambda i, n: "; ".join(ALL["Treatment Planning"])),
    ("Natural Language Inference", "trick: not <label>", lambda i, n: f"not {i.reference}"),
    ("Clinical Outcome Prediction", "honest: <label>, not <the other>",
     lambda i, n: f"{i.reference}. It is not {'False' if i.reference == 'True' else 'True'}."),
    ("Text Classification", "trick: all ten hallmarks", lambda i, n: ", ".join(HALLMARKS)),
    ("Named Entity Recognition", "honest: the entities in another order", lambda i, n: reversed_list(i)),
    ("Named Entity Recognition", "trick: last letter of every list wrong", lambda i, n: i.reference[:-2] + "~."),
    ("Named Entity Recognition", "trick: every second answer blank", lambda i, n: i.reference if n % 2 else ""),
    ("Named Entity Recognition", "trick: always the empty answer", lambda i, n: "There is no related entity."),
    ("Information Extraction", "trick: copy the input", lambda i, n: i.input),
    ("Rationale", "trick: the reference 20 times", lambda i, n: " ".join([i.reference] * 20)),
    ("Rationale", "honest: the reference", lambda i, n: i.reference),
)  # fmt: skip

ALL = {
    category: sorted({re.split(r" is:? ", i.reference)[-1].strip(".") for t in load_suite("mini").tasks
                      if t.category == category for i in t.instances})
    for category in ("Diagnosis", "Treatment Planning")
}  # fmt: skip


def main() -> None:
    print(f"{'category':<28} {'rule':<50} {'official':>8} {'strict':>7} {'chance':>7}")
    tasks = load_suite("mini").tasks
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        for category, rule, answer in LINES:
            with path.open("w", encoding="utf-8", newline="") as stream:
                rows = csv.writer(stream)
                rows.writerow(["task_id", "input", "GT", "output"])
                for task in tasks:
                    for n, i in enumerate(task.instances if task.category == category else ()):
                        rows.writerow([task.id, i.input, i.reference, answer(i, n)])
            profiles = score_csv([path], resamples=10).document["profiles"]
            strict = profiles["strict"]["categories"][category]
            metric = strict["primary"]
            official = profiles["official"]["categories"][category]["metrics"][metric]
            chance = max(figures[metric] for figures in strict["baselines"].values())
            print(f"{category:<28} {rule:<50} {official:8.1f} {strict['metrics'][metric]:7.1f} {chance:7.1f}")


if __name__ == "__main__":
    main()
