"""``medsins train run``: tune, with progress; resumes by itself; says how to evaluate what came out."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, out_console, print_json
from ._train_common import add_recipe, base_folder, bench_line, open_recipe, shown, size
from ._train_prepare import add_pace, hours, what_it_takes
from ._train_progress import TrainProgress

if TYPE_CHECKING:
    from rich.console import Console

    from medsins.training.recipe import Recipe
    from medsins.training.run import Trained

EXAMPLE = """\
medsins train run my.toml
medsins train run my.toml --dry-run"""

PAGE = "training.html"


def build(verbs: Any) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "run", _run, "tune the model; goes on by itself where it was interrupted", EXAMPLE)
    add_recipe(verb)
    verb.add_argument("--dry-run", action="store_true", help="only say what it would take, and where it would start")
    add_pace(verb)


def _run(args: argparse.Namespace) -> int:
    from medsins.training.run import is_main, train

    recipe = open_recipe(args.recipe)
    base = base_folder(recipe)
    if args.dry_run:
        return _dry_run(recipe, base, args)
    console = err_console(args if is_main() else argparse.Namespace(quiet=True))
    again = f"medsins train run {shown(args.recipe)}"
    try:
        with _hold(recipe), _terminate_as_interrupt(), TrainProgress(console) as progress:
            trained = train(recipe, base, _observer(recipe, base, progress))
    except KeyboardInterrupt:
        from medsins.training.run import resumes_from

        if is_main():
            _page(recipe)
            told = f"\ninterrupted; go on from step {resumes_from(recipe)} with: {again}"
            err_console().print(told, markup=False, soft_wrap=True)
        return 130
    if is_main():
        _finish(recipe, trained, args, console)
    return 0


def _observer(recipe: Recipe, base: Path, progress: TrainProgress) -> Any:
    from medsins.training.model import load_tokenizer
    from medsins.training.trainer import Observer

    from ._train_evaluate import evaluator

    def judged(step: int, scores: Mapping[str, float]) -> None:
        progress.judged(step, scores)

    evaluate = evaluator(recipe, load_tokenizer(base), judged)
    return Observer(progress.step, evaluate, recipe.evaluation)


def _finish(recipe: Recipe, trained: Trained, args: argparse.Namespace, console: Console) -> None:
    page = _page(recipe)
    model = recipe.folder / "model" if trained.adapter else trained.folder
    then = bench_line(model, recipe)
    merge = f"medsins train merge {shown(args.recipe)}" if trained.adapter else ""
    if args.json:
        steps = {name: value for name, value in asdict(trained).items() if name != "folder"}
        named = {"folder": str(trained.folder), "page": str(page)}
        print_json({**named, **steps, "next": [line for line in (merge, then) if line]})
        return
    early = f" of {trained.planned:,} (stopped early)" if trained.steps < trained.planned else ""
    best = f"; the best is that of step {trained.best_step:,}" if trained.best_step != trained.steps else ""
    lines = [
        f"{trained.steps:,} steps{early}, {trained.tokens:,} tokens, loss {trained.loss:.3f}{best}",
        f"loss curve: {page}",
        f"{'adapter' if trained.adapter else 'model'}: {trained.folder}",
        *([f"merge it: {merge}"] if merge else []),
        f"evaluate it: {then}",
    ]
    for line in lines:
        out_console().print(line, markup=False, soft_wrap=True)


def _page(recipe: Recipe) -> Path:
    from medsins.reports.training_page import write_training
    from medsins.training.run import TRAINING
    from medsins.training.trainer import EVALUATIONS, LOSSES, read_lines

    folder = recipe.folder / TRAINING
    document = {
        "recipe": recipe.path.name,
        "digest": recipe.digest,
        "model": recipe.model,
        "losses": read_lines(folder / LOSSES),
        "evaluations": read_lines(folder / EVALUATIONS),
        "suite": recipe.evaluation.suite,
        "questions": recipe.evaluation.questions,
        "protocol": recipe.evaluation.protocol,
    }
    return write_training(document, recipe.folder / PAGE)


def _dry_run(recipe: Recipe, base: Path, args: argparse.Namespace) -> int:
    from medsins.training.prepare import read_prepared
    from medsins.training.run import read_trained, resumes_from

    prepared = read_prepared(recipe)
    takes = what_it_takes(prepared, recipe, base, args.teraflops)
    start, finished = resumes_from(recipe), read_trained(recipe) is not None
    if args.json:
        print_json({"starts_after_step": start, "finished": finished, "estimate": takes})
        return 0
    console = out_console()
    state = "finished" if finished else f"goes on after step {start:,}" if start else "begins with step 1"
    left = takes["hours"] * (1 - start / takes["steps"])
    devices = f"{takes['devices']} {'device' if takes['devices'] == 1 else 'devices'}"
    lines = [
        f"{takes['steps']:,} steps over {takes['tokens']:,} tokens; {state}",
        f"about {size(takes['memory_bytes'])} of memory a device, about {hours(left)} on {devices}",
        f"  hours: {takes['hours_from']}",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if recipe.training.devices > 1:
        told = f"torchrun --nproc-per-node {recipe.training.devices} -m medsins train run {shown(args.recipe)}"
        console.print(f"on one node: {told}", markup=False, soft_wrap=True)
    return 0


def _hold(recipe: Recipe) -> Any:
    """One training at a time in a folder; of several processes of one training the first holds it."""
    from medsins.bench.lock import hold
    from medsins.training.run import is_main

    recipe.folder.mkdir(parents=True, exist_ok=True)
    return hold(recipe.folder) if is_main() else nullcontext()


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """A scheduler's SIGTERM ends a training as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
