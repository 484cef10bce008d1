"""``medsins instructions rewrite``: more wordings from a model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import add_verb, err_console, whole_number
from ._outputs import output_file

if TYPE_CHECKING:
    from medsins.bench.guard import Leaving
    from medsins.instructions import Ask, Job
    from medsins.models import Backend

EXAMPLE = """\
medsins instructions rewrite tasks/ --model smollm2 -n 10 -o mine.variants.jsonl
medsins instructions rewrite human.variants.jsonl --task task1 --model openai:NAME@http://localhost:8000/v1 \
-n 100 -o task1.variants.jsonl"""
TEMPERATURE = 0.8
ROOM = 1.5  # tokens an answer may take, to those of its request
AT_LEAST = 64  # tokens


def build(verbs: Any, source: str) -> None:
    """Add the verb."""
    verb = add_verb(verbs, "rewrite", _rewrite, "more wordings from a model; resumes if FILE exists", EXAMPLE)
    verb.add_argument("sources", metavar="SOURCE", type=Path, nargs="+", help=f"where the seeds are: {source}")
    verb.add_argument("--model", required=True, help="backend:model[@base_url], or the alias smollm2")
    verb.add_argument("--task", action="append", default=[], metavar="ID", help="only this task (may be repeated)")
    verb.add_argument(
        "-n",
        "--count",
        type=whole_number,
        default=15,
        metavar="N",
        help="good new wordings wanted of a task (default 15)",
    )
    verb.add_argument("--seed", type=whole_number, default=0, metavar="N", help="seed of the sampling (default 0)")
    verb.add_argument(
        "-o", "--output", type=output_file, required=True, metavar="FILE", help="variants file; answers stand beside it"
    )
    verb.add_argument(
        "--allow-restricted",
        default="",
        metavar="REASON",
        help="send restricted tasks' definitions too; say who allowed it",
    )


def _rewrite(args: argparse.Namespace) -> int:
    from medsins.core import Problem, UsageError, digest
    from medsins.instructions import Journal, cleaned, results, rewrite, write_variants
    from medsins.models import open_backend

    from ._instructions_show import show_checks, write_dropped

    if args.count < 1:
        raise UsageError(Problem("no wordings are wanted", mend="-n takes 1 or more"))
    jobs = _allowed(_jobs(args), args)
    settings = {"model": args.model, "seed": args.seed, "jobs": digest([[job.task_id, job.seeds] for job in jobs])}
    console = err_console(args)
    with Journal(args.output.with_name(f"{args.output.name}.answers.jsonl"), settings) as journal:
        answered = len(journal)
        if answered:
            console.print(f"{answered} answers are there already", markup=False)
        backend = open_backend(args.model)
        try:
            backend.check()
            with console.status("rewriting") as status:
                for number in rewrite(jobs, _completer(backend, console), journal, args.model, args.seed):
                    answered += number
                    status.update(f"rewriting: {answered} answers")
        finally:
            backend.close()
        checks = results(jobs, journal)
    write_variants(args.output, cleaned(checks))
    write_dropped(args.output, checks)
    show_checks(checks, args)
    short = [job.task_id for job, check in zip(jobs, checks, strict=True) if _made(check.kept) < job.wanted]
    if short:
        told = f"{len(short)} of {len(jobs)} tasks have fewer than {args.count} new wordings: {', '.join(short)}"
        console.print(told, markup=False, soft_wrap=True)
    return 1 if short else 0


def _made(variants: Sequence[Any]) -> int:
    return sum(variant.origin == "rewritten" for variant in variants)


def _jobs(args: argparse.Namespace) -> list[Job]:
    """One for each task of the sources: its wordings that no model made are the seeds."""
    from medsins.core import UsageError, unknown_name
    from medsins.instructions import Job, by_task, read_sources
    from medsins.tasks.card_terms import strictest

    grouped = by_task(read_sources(args.sources))
    wanted = [name.lower() if name.lower() in grouped else name for name in args.task] or list(grouped)
    problems = [
        problem for name in wanted if name not in grouped for problem in unknown_name("task", name, grouped).problems
    ]
    if problems:
        raise UsageError(*problems)
    jobs = []
    for task in dict.fromkeys(wanted):
        seeds = [variant.text for variant in grouped[task] if variant.origin != "rewritten"] or [grouped[task][0].text]
        named = [variant.access for variant in grouped[task] if variant.access]
        access = strictest(*named) if named else ""
        jobs.append(Job(task, tuple(dict.fromkeys(seeds)), args.count, access))
    return jobs


def _allowed(jobs: list[Job], args: argparse.Namespace) -> list[Job]:
    """The guard of ``bench run``: the definition of a restricted task goes to no service that was not approved. Where
    the user's reason overrode that, the job keeps it.
    """
    from medsins.bench.guard import guard
    from medsins.bench.plans import IN_PROCESS
    from medsins.models import open_backend, split_model

    backend, _, _ = split_model(args.model)
    if backend in IN_PROCESS:
        return jobs
    opened = open_backend(args.model)
    try:
        decisions = guard(list(_leaving(jobs, args.sources)), opened.info, args.allow_restricted)
    finally:
        opened.close()
    reasons = {decision.task_id: decision.reason for decision in decisions if decision.by == "override"}
    return [replace(job, override=reasons.get(job.task_id, "")) for job in jobs]


def _leaving(jobs: Sequence[Job], sources: Sequence[Path]) -> Iterator[Leaving]:
    """What is sent: each task under the terms of its wordings, of every card of it among the sources, and of the
    catalogue.
    """
    from medsins.bench.guard import Leaving
    from medsins.catalog import task_access
    from medsins.core import Card, Task
    from medsins.instructions import card_access, source_cards
    from medsins.tasks.card_terms import strictest

    cards: dict[str, list[Card]] = {}
    for task_id, card in source_cards(sources):
        cards.setdefault(task_id.lower(), []).append(card)
    for job in jobs:
        for card in cards.get(job.task_id.lower(), [Card()]):
            named = [access for access in (job.access, card_access(card)) if access]
            access = task_access(job.task_id, strictest(*named) if named else None)
            yield Leaving(Task(job.task_id, card, (), "", access=access))


def _completer(backend: Backend, console: Any) -> Any:
    """The backend as the rewriter knows it: text prompts in, texts out. What failed is said and not answered."""
    from medsins.core import Message, Prompt, Request, Sampling

    def complete(asks: Sequence[Ask]) -> Iterator[list[tuple[int, str]]]:
        requests = []
        for place, ask in enumerate(asks):
            prompt = Prompt(messages=(Message("user", ask.prompt),))
            room = max(AT_LEAST, int(ROOM * len(ask.prompt) / 4))
            sampling = Sampling(max_new_tokens=room, temperature=TEMPERATURE, top_p=0.95, seed=ask.random_seed)
            requests.append(Request((ask.task_id, place), prompt, sampling))
        for group in backend.generate(requests, frozenset()):
            good = []
            for place, completion in group:
                if completion.status == "ok":
                    good.append((place, completion.text))
                elif completion.status in ("truncated", "refused"):
                    good.append((place, ""))  # an answer, though of no use: it is not asked for again
                else:
                    console.print(f"{asks[place].task_id}: {completion.error}", markup=False, soft_wrap=True)
            yield good

    return complete
