"""How long a report of many samples takes to write, how large it is, and how soon a browser answers.

    python benchmarks/report_size.py --rows 50000

Texts are random words (they compress badly, real ones do better); prompts carry three shots. The browser figures need
playwright and Chromium at /usr/bin/chromium and are left out where either is missing.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from medsins.bench.store import RunStore
from medsins.core import Completion, Prediction
from medsins.reports import write_html

CHROMIUM = Path("/usr/bin/chromium")
ROW = "#sample-list > li > button"


def make_run(folder: Path, rows: int) -> None:
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(3, 9))) for _ in range(8000)]
    texts = [" ".join(rng.choices(words, k=rng.randint(60, 200))) for _ in range(1000)]
    store = RunStore(folder)
    for start in range(0, rows, 500):
        store.put([(row, _prediction(rng, texts, row)) for row in range(start, min(start + 500, rows))])
    store.close()
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as stream:
        for row in range(rows):
            for profile in ("strict", "official"):
                sample = {"row": row, "task_id": f"task{row % 20}", "profile": profile}
                stream.write(json.dumps({**sample, "metrics": {"accuracy": float(rng.random() < 0.5)}}) + "\n")
    entry = {"category": "Diagnosis", "primary": "accuracy", "metrics": {"accuracy": 50.0}, "rows": rows // 20}
    tasks = {f"task{k}": entry for k in range(20)}
    profiles = {name: {"tasks": tasks, "categories": {"Diagnosis": entry}} for name in ("strict", "official")}
    (folder / "scores.json").write_text(json.dumps({"rows": rows, "profiles": profiles}), encoding="utf-8")


def _prediction(rng: random.Random, texts: list[str], row: int) -> Prediction:
    asked = rng.choice(texts)
    shots = "".join(f"Input: {rng.choice(texts)}\nOutput: {rng.choice(texts)[:60]}\n\n" for _ in range(3))
    answer = Completion(rng.choice(texts)[:80], "ok", "", 900, 20, 0.5)
    return Prediction(f"task{row % 20}", row // 20, str(row), asked, f"{shots}Input: {asked}", ("reference",), answer)


def browser_figures(report: Path) -> Iterator[tuple[str, float]]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(report.as_uri())
        page.wait_for_selector(ROW)
        yield "open, first page of samples", time.perf_counter() - start
        start = time.perf_counter()
        page.locator(ROW).first.click()
        page.wait_for_selector(".sample .text")
        yield "open one sample", time.perf_counter() - start
        start = time.perf_counter()
        page.select_option("#filter-outcome", label="wrong")
        page.wait_for_selector("#sample-list[aria-busy=false]")
        yield "filter by outcome", time.perf_counter() - start
        page.select_option("#filter-outcome", "")
        start = time.perf_counter()
        page.fill("#filter-text", "words that are nowhere")
        page.wait_for_selector("#sample-list[aria-busy=false]", state="attached")
        yield "search every text", time.perf_counter() - start
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=50_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        make_run(Path(name), rows)
        before, worked = time.perf_counter(), time.process_time()
        report = write_html(Path(name))
        print(f"{rows} samples, run.sqlite {(Path(name) / 'run.sqlite').stat().st_size / 1e6:.0f} MB")
        print(f"{'write report.html':30} {time.perf_counter() - before:8.1f} s")
        print(f"{'  processor time of that':30} {time.process_time() - worked:8.1f} s")
        print(f"{'report.html':30} {report.stat().st_size / 1e6:8.0f} MB")
        print(f"{'peak memory of this process':30} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")
        if CHROMIUM.exists():
            for what, seconds in browser_figures(report):
                print(f"{what:30} {seconds:8.2f} s")


if __name__ == "__main__":
    main()
