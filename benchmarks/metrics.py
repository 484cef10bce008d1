"""Throughput of the official profile against the published call pattern, on the same rows in the same run.

    python benchmarks/metrics.py [--rows 2000] [--mixed 60000] [--workers 2]

Prints rows per second and core (CPU time, so that other load on the machine weighs less), the speed-up and the share of
rows whose numbers are bit-identical; then the wall-clock time of a mixed file, and time and memory of 1 MB outputs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nltk
import pandas

import _metric_rows as made
from medsins.core.assets import punkt
from medsins.metrics._types import Row, TaskSpec
from medsins.metrics.official import OfficialScores, score_official
from medsins.metrics.official._records import WouldCrash
from medsins.metrics.official.overlap import similarity
from medsins.metrics.official.parallel import score_columns
from medsins.metrics.official.published import task_columns, task_results
from medsins.metrics.official.scripts import SCRIPTS

nltk.data.path.insert(0, str(punkt()))

import _published_calls as published  # noqa: E402 - its tokenizer needs the path above

Pair = tuple[str, str]

LONG_TEXTS = {
    "English sentences": "The patient received 5 mg daily and improved after two weeks. ",
    "one English sentence": "The patient received 5 mg daily and improved after two weeks ",
    "words without end": "pneumonia",
    "quotes and brackets": "(\"a\" 'b') [c]. ",
    "exclamation marks": "!",
    "question and exclamation marks": "?!",
    "dots": ".",
    "dots with blanks": ". ",
    "apostrophes": "'",
    "typographic quotes": "“a”",
    "XML": "<a b='c'>&d;</a>",
    "Chinese": "患者出现发热和咳嗽，诊断为肺炎。",
    "Japanese": "患者は発熱と咳を訴え、肺炎と診断された。",
}


def timed(run: Callable[[], Any], times: int = 1) -> tuple[Any, float]:
    """The result and the CPU seconds it took, the least of several times."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        result = run()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def show(name: str, rows: int, theirs: float, ours: float, same: float, baseline_rows: int = 0) -> None:
    before, now = (baseline_rows or rows) / theirs, rows / ours
    print(f"{name:34} {rows:7,} {before:12,.1f} {now:12,.1f} {now / before:8.1f}x {same:9.2%}")


def compare_overlap(name: str, pairs: Sequence[Pair], language: str) -> None:
    similarity(*pairs[0], language)
    published.bleu1(*pairs[0], language)
    ours, spent = timed(lambda: [similarity(output, reference, language) for reference, output in pairs])
    theirs, taken = timed(
        lambda: [
            (published.bleu1(output, reference, language), published.rouge(output, reference, language))
            for reference, output in pairs
        ]
    )
    same = sum(a == b for a, b in zip(ours, theirs, strict=True)) / len(pairs)
    show(name, len(pairs), taken, spent, same)


def compare_script(
    name: str, script: str, pairs: Sequence[Pair], baseline: Callable[[pandas.DataFrame, list[str]], dict[str, float]]
) -> None:
    """Both start from columns in memory. Ours takes the pairs ten times over, or its time could not be measured."""
    tasks = list(SCRIPTS[script].rules)
    ids = [tasks[at % len(tasks)] for at in range(len(pairs))]
    columns = {"task_id": ids, "input": "q", "GT": [a for a, _ in pairs], "output": [b for _, b in pairs]}
    theirs, taken = timed(lambda: baseline(pandas.DataFrame(columns), tasks), times=3)
    many = ids * 10, [a for a, _ in pairs] * 10, [b for _, b in pairs] * 10
    rule = SCRIPTS[script]

    def score() -> dict[str, dict[str, float]]:
        return task_results(rule, score_columns(task_columns(rule, *many), 1))

    ours, spent = timed(score, times=3)
    same = sum(theirs[task] == next(iter(ours[task].values())) for task in tasks) / len(tasks)
    show(name, len(many[0]), taken, spent, same, baseline_rows=len(pairs))


def mixed(count: int) -> tuple[list[Row], dict[str, TaskSpec]]:
    """A third generation tasks (of them 4 % Chinese, 4 % Japanese), the rest letters, entities and labels."""
    text = count // 3
    few = text // 25
    sources = {
        "task110": (TaskSpec("task110", "Text Summarization", "text"), made.english(text - 2 * few)),
        "task51": (TaskSpec("task51", "Rationale", "text", "zh"), made.rationales("zh", few)),
        "task54": (TaskSpec("task54", "Rationale", "text", "ja"), made.rationales("ja", few)),
        "task125": (TaskSpec("task125", "Named Entity Recognition", "entities"), made.entities(count // 3)),
        "task4": (TaskSpec("task4", "MCQA", "mcqa"), made.letters(count - text - count // 3)),
    }
    rows = [
        Row(0, task_id, "q", output, (reference,))
        for task_id, (_, pairs) in sources.items()
        for reference, output in pairs
    ]
    return rows, {task_id: spec for task_id, (spec, _) in sources.items()}


def score_mixed(count: int, workers: int) -> None:
    rows, specs = mixed(count)
    start = time.perf_counter()
    scores: OfficialScores = score_official(rows, specs, workers=workers)
    scored = sum(len(task.rows) for task in scores.tasks.values())
    spent = time.perf_counter() - start
    print(f"\n{scored:,} mixed rows, {workers} processes: {spent:.1f} s wall clock (load {os.getloadavg()[0]:.1f})")


def score_long(name: str) -> None:
    """One output of 1 MB against a reference of 100 words: seconds, and memory over that of the loaded program."""
    language = {"Chinese": "zh", "Japanese": "ja"}.get(name, "en")
    reference = " ".join(LONG_TEXTS[name] for _ in range(8))
    similarity("a b", reference, language)
    base = most_memory()
    unit = LONG_TEXTS[name]
    output = unit * (1_000_000 // len(unit.encode()))
    outcome = "scored"
    start = time.process_time()
    try:
        similarity(output, reference, language)
    except WouldCrash as crash:
        outcome = str(crash).split(":")[0]
    spent = time.process_time() - start
    print(f"{name:34} {spent:8.2f} s {most_memory() - base:8.0f} MiB   {outcome}")


def most_memory() -> float:
    """The most memory this process has held, MiB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--mixed", type=int, default=60_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--long", choices=LONG_TEXTS, help="only the 1 MB output of this kind")
    args = parser.parse_args()
    if args.long:
        score_long(args.long)
        return
    print(f"load {os.getloadavg()[0]:.1f}; texts from {'real corpora' if made.shared_folder() else 'the mini suite'}")
    print(f"{'':34} {'rows':>7} {'published/s':>12} {'ours/s':>12} {'speed-up':>9} {'identical':>9}")
    few = max(20, args.rows // 10)
    compare_overlap("English BLEU-1 + ROUGE", made.english(args.rows), "en")
    compare_overlap("Chinese BLEU-1 + ROUGE", made.rationales("zh", few), "zh")
    compare_overlap("Japanese BLEU-1 + ROUGE", made.rationales("ja", few // 2), "ja")
    compare_script("NER", "NamedEntityRecognition", made.entities(3 * args.rows), published.entity_f1)
    compare_script("MCQA", "MCQA", made.letters(2 * args.rows), published.letter_accuracy)
    score_mixed(args.mixed, args.workers)
    print("\n1 MB outputs")
    for name in LONG_TEXTS:
        subprocess.run([sys.executable, __file__, "--long", name], check=True)


if __name__ == "__main__":
    main()
