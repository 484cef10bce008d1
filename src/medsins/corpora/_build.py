"""From a folder of raw files to task files: streaming, deterministic, resumable, with provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from medsins.core import Card, InvalidFile, Problem, UsageError, unknown_name

from ._base import NO_ENTITY, SPLITS, BuildOptions, Corpus, Record, canonical_split
from ._cards import card_of
from ._output import TaskCounts, TaskOutput
from ._provenance import is_finished, known_facts, raw_facts, size_notes, write_provenance
from ._raw import RawFolder
from ._registry import load_corpus
from ._split import DrawnSplit

PROGRESS_EVERY = 500  # records

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: counts of each task file written, ids of those that were there already, and what to know."""

    corpus: str
    written: tuple[TaskCounts, ...]
    finished_before: tuple[str, ...]
    notes: tuple[str, ...]


def build(
    name: str, raw_dir: Path, out_dir: Path, options: BuildOptions | None = None, progress: Progress | None = None
) -> BuildReport:
    """Make the task files of a corpus; those that are there already, made from the same files, are left alone.

    Args:
        name: the corpus.
        raw_dir: the folder of its raw files, as published.
        out_dir: where ``<task_id>.json``, ``.provenance.json`` and, where records were dropped, ``.dropped.jsonl`` go.
        options: split, tasks, seed and the corpus's settings.
        progress: called now and then with the number of records read.

    Raises:
        UsageError: unknown corpus, task, split or setting; no such folder.
        InvalidFile: a raw file is missing, damaged, or of another release.
    """
    return build_module(load_corpus(name), raw_dir, out_dir, options, progress)


def build_module(
    module: ModuleType,
    raw_dir: Path,
    out_dir: Path,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """``build`` for a corpus module at hand: anything with ``CORPUS`` and ``read``."""
    corpus: Corpus = module.CORPUS
    options = checked_options(corpus, options or BuildOptions())
    raw = RawFolder(raw_dir, corpus)
    facts = {task: known_facts(module, options, task) for task in options.tasks}
    finished = [t for t in options.tasks if is_finished(out_dir / f"{t}.json", facts[t], raw_dir, corpus)]
    options = replace(options, tasks=tuple(task for task in options.tasks if task not in finished))
    if not options.tasks:
        return BuildReport(corpus.name, (), tuple(finished), ())
    outputs = _write(module, raw, out_dir, options, progress)
    notes = list(dict.fromkeys(raw.notes))
    source = raw_facts(raw)
    for output in outputs:
        counts = output.counts()
        if output.instances:
            sizes = size_notes(corpus, counts, options.split)
            about = {**facts[counts.task_id], "raw": source, "notes": [*dict.fromkeys(raw.notes), *sizes]}
            write_provenance(output.path, about, counts)
            notes += sizes
        else:
            notes.append(f"{counts.task_id}: no instance in these raw files, so no task file")
    written = tuple(output.counts() for output in outputs if output.instances)
    return BuildReport(corpus.name, written, tuple(finished), tuple(notes))


def _write(
    module: ModuleType, raw: RawFolder, out_dir: Path, options: BuildOptions, progress: Progress | None
) -> list[TaskOutput]:
    with ExitStack() as stack:
        outputs = {
            task: stack.enter_context(TaskOutput(out_dir, task, _card(module.CORPUS, task, options.split)))
            for task in options.tasks
        }
        for number, record in enumerate(_records(module, raw, options), start=1):
            outputs[record.task_id].add(record)
            if progress and number % PROGRESS_EVERY == 0:
                progress(number)
        if not any(output.instances for output in outputs.values()):
            what = "no instance" if options.split == "all" else f"no instance of the split '{options.split}'"
            reasons = sum((output.reasons for output in outputs.values()), Counter[str]())
            dropped = "".join(f"; {count:,} dropped: {reason}" for reason, count in reasons.most_common(3))
            mend = f"the reader expects {module.CORPUS.title}, {module.CORPUS.release}"
            raise InvalidFile(Problem(f"{what} in these raw files{dropped}", str(raw.path), mend))
    return list(outputs.values())


def _card(corpus: Corpus, task_id: str, split: str) -> Card:
    kind = {"train": "Train", "test": "Test"}.get(split, "")
    return replace(card_of(corpus, task_id), split_type=kind)


def _records(module: ModuleType, raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """The wanted records, each instance with an id. Ids count within a published split, so that they do not depend on
    which splits are built.
    """
    drawn: DrawnSplit | None = None  # needs a reading of its own, which corpora with published splits are spared
    numbers: Counter[tuple[str, str]] = Counter()
    for record in _guarded(module, raw, options):
        if record.task_id not in options.tasks:
            continue
        published = canonical_split(record.split)
        number = numbers[record.task_id, published]
        numbers[record.task_id, published] += 1
        split, instance = published, record.instance
        if instance and not instance.id:
            name = "-".join(filter(None, (record.task_id, published, str(number))))
            instance = replace(instance, id=name)
        if instance and not published and options.split != "all":
            drawn = drawn or DrawnSplit(_guarded(module, raw, options), options.seed)
            split = drawn.side(record.task_id, instance.input)
        if options.split in ("all", split) or not split:
            yield replace(record, split=split, instance=instance)


def _guarded(module: ModuleType, raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """The reader's records; a raw record of another shape than the reader expects is the file's fault, not a crash."""
    place = ""
    try:
        for record in module.read(raw, options):
            place = record.place
            yield _sound(record)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        corpus: Corpus = module.CORPUS
        where = f"at {place} or soon after" if place else "at the first record"
        what = f"a record is not shaped as expected ({type(error).__name__}: {error})"
        mend = f"the reader expects {corpus.title}, {corpus.release}; {corpus.how_to_get}"
        raise InvalidFile(Problem(what, f"{raw.path}: {where}", mend)) from error


def _sound(record: Record) -> Record:
    """The record, dropped where its text is no Unicode (half of a surrogate pair, as JSON can hold it)."""
    if record.instance is None:
        return record
    texts = (record.instance.input, *record.instance.outputs)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text is no string")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return replace(record, instance=None, dropped="holds half of a surrogate pair, which is not Unicode text")
    return record


def checked_options(corpus: Corpus, options: BuildOptions) -> BuildOptions:
    """The options with the tasks and the split made definite.

    Raises:
        UsageError: with every choice that the corpus does not have.
    """
    problems: list[Problem] = []
    for task in options.tasks:
        if task not in corpus.all_tasks:
            problems += unknown_name(f"task of {corpus.name}", task, corpus.all_tasks).problems
    split = canonical_split(options.split)
    if split not in ("all", *SPLITS):
        problems += unknown_name("split", options.split, ("all", "dev", *SPLITS)).problems
    if options.empty_answer not in NO_ENTITY:
        problems += unknown_name("spelling of the empty answer", options.empty_answer, NO_ENTITY).problems
    for name, value in options.settings.items():
        if name not in corpus.settings:
            problems += unknown_name(f"setting of {corpus.name}", name, corpus.settings).problems
        elif value not in corpus.settings[name]:
            problems += unknown_name(f"value of {name}", value, corpus.settings[name]).problems
    if problems:
        raise UsageError(*problems)
    return replace(options, split=split, tasks=options.tasks or corpus.tasks)
