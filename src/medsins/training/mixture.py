"""What a model is tuned on: samples drawn from task files by weight, each with a wording and perhaps shots, shuffled.

    mixed = mix([Path("tasks")], Mixture(samples=100_000, temperature=2), Path("mixture"), suites=[Path("meds-bench")])
    packed = write_packed(read_mixture(Path("mixture")), tokens, Packing(), Path("packed"))

Task files are read twice: to count what may be used, and to write what was drawn. Every draw depends on the seed, the
task and the instance's texts alone (``mixture_numbers``).
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from medsins.core import InvalidFile, Problem, RunError, UsageError
from medsins.tasks import find_task_files
from medsins.tasks.card_terms import strictest
from medsins.tasks.reader import task_id_of

from .mixture_draw import TaskDraw, Wordings
from .mixture_gate import Findings, Gate, read_left_out, train_files
from .mixture_settings import MANIFEST, Mixed, Mixture, read_mixed, write_mixed
from .mixture_shards import PATTERN, Buckets, read_shards, write_shards
from .mixture_survey import REASONS, Survey, Surveyed, name_files
from .mixture_weights import Amounts, Supply, amounts
from .records import Sample

__all__ = ["MANIFEST", "Mixed", "Mixture", "mix", "read_left_out", "read_mixed", "read_mixture"]

_SCRATCH = ".mixing"
_CUT_OFF = f".{MANIFEST}.*"  # a manifest whose writing was killed


def mix(
    tasks: Sequence[Path],
    mixture: Mixture,
    folder: Path,
    suites: Sequence[Path] = (),
    leave_out: Collection[tuple[str, str]] = (),
    told: Callable[[int, int], None] = lambda done, size: None,
) -> Mixed:
    """Draw a mixture and write it, in bounded memory; the same files and settings give the same bytes.

    An instance is not used where it has no input or answer, where it or its file is of a test or validation split,
    where it is equal to one before it, and where it has the input of an instance of ``suites`` or of such a split.

    Args:
        tasks: task files, or folders of them.
        folder: gets the samples and, last, their manifest.
        suites: task files, or folders of them, whose inputs must not be trained on.
        leave_out: further instances that must not be, by task id and instance id (``read_left_out``).
        told: called with the bytes read so far and those to be read in all.

    Raises:
        UsageError: settings that cannot be met, tasks without an instance to train on (all at once), or a folder that
            holds something else.
        InvalidFile: every problem of every task file.
        RunError: the disk is full. Without its manifest, what was written is no mixture.
    """
    if problems := mixture.problems():
        raise UsageError(*problems)
    files, barred = _files(tasks, suites)
    _check_folder(folder)
    progress = _Progress(told, [path for _, path in files], barred)
    scratch = folder / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        survey, findings, found = _survey(files, barred, (mixture.seed, leave_out), scratch, progress)
        given = amounts([Supply(t.usable, t.facts.language, t.facts.card.domains) for t in found], mixture)
        if not given.samples.any():
            raise UsageError(Problem("the quotas leave no sample", mend="raise some, or set the number of samples"))
        (folder / MANIFEST).unlink(missing_ok=True)
        for old in (*folder.glob(PATTERN), *folder.glob(_CUT_OFF)):
            old.unlink()
        return write_mixed(_write(found, survey, findings, given, mixture, folder, progress))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        mend = "free some space, or name a folder on another disk, then start again"
        raise RunError(Problem("the disk is full", str(folder), mend)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Progress:
    """Bytes of the two passes over the task files, of the test files, and as many again for writing."""

    def __init__(self, told: Callable[[int, int], None], files: Sequence[Path], barred: Sequence[Path]) -> None:
        self._told, self.done = told, 0
        self.train = sum(path.stat().st_size for path in files)
        self.size = 3 * self.train + sum(path.stat().st_size for path in barred)

    def at(self, taken: int) -> None:
        """So many bytes of the file under way."""
        self._told(min(self.done + taken, self.size), self.size)

    def add(self, size: int) -> None:
        """So many bytes more are done with."""
        self.done += size
        self.at(0)


def _files(tasks: Sequence[Path], suites: Sequence[Path]) -> tuple[list[tuple[str, Path]], list[Path]]:
    """The files to train on by name, and those whose inputs are kept out.

    Raises:
        UsageError: tasks of which there are only test or validation files, or files on both sides.
    """
    train, held_out = train_files(tasks)
    ids = {task_id_of(path) for path in train}
    mend = "add its train split, leave it out, or set its Split Type"
    problems = [
        Problem("is of a test or validation split, and there is nothing of this task to train on", str(path), mend)
        for path in held_out
        if task_id_of(path) not in ids
    ]
    tests = find_task_files(suites) if suites else []
    both = {path.resolve() for path in tests} & {path.resolve() for path in train}
    what, mend = "is both trained on and tested on", "leave it out of one; medsins tasks split makes two files of one"
    problems += [Problem(what, str(path), mend) for path in sorted(both)]
    if problems:
        raise UsageError(*problems)
    return name_files(train), list({path.resolve(): path for path in (*tests, *held_out)}.values())


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a mixture or what is left of one."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(Problem("is a file", str(folder), "name another folder"))
    ours = {MANIFEST, _SCRATCH, *(path.name for pattern in (PATTERN, _CUT_OFF) for path in folder.glob(pattern))}
    if folder.exists() and any(path.name not in ours for path in folder.iterdir()):
        raise UsageError(Problem("is not empty and holds no mixture", str(folder), "name another folder"))


def _survey(
    files: Sequence[tuple[str, Path]],
    barred: Sequence[Path],
    choice: tuple[int, Collection[tuple[str, str]]],
    scratch: Path,
    progress: _Progress,
) -> tuple[Survey, Findings, list[Surveyed]]:
    """The first pass: what each task has after everything that must not be trained on is out."""
    gate = Gate.of(barred, progress.add)
    survey = Survey(*choice, scratch)
    found = []
    for name, path in files:
        found.append(survey.read(name, path, progress.at))
        progress.add(path.stat().st_size)
    if survey.problems:
        raise InvalidFile(*survey.problems)
    gate.add(np.concatenate(survey.held_out))
    findings = Findings(gate)
    settled = [survey.settle(task, gate, findings) for task in found if task is not None]
    problems = []
    for task in settled:
        if not task.usable:
            reasons = [f"{task.counts[reason]} {word.replace('_', ' ')}" for reason, word in REASONS.items()
                       if task.counts[reason]]  # fmt: skip
            what = f"{task.name} has no instance to train on ({', '.join(reasons) or 'it has none'})"
            problems.append(Problem(what, str(task.path), "leave it out, or add instances"))
    if problems:
        raise UsageError(*problems)
    return survey, findings, settled


def _write(
    tasks: Sequence[Surveyed],
    survey: Survey,
    findings: Findings,
    given: Amounts,
    mixture: Mixture,
    folder: Path,
    progress: _Progress,
) -> Mixed:
    """The second pass: draw, sort, write."""
    wordings, entries = Wordings(), []
    mean = [2 * task.characters / max(1, task.usable) for task in tasks]  # bytes, with what stands beside the texts
    buckets = Buckets(survey.folder, int(sum(size * n for size, n in zip(mean, given.samples.tolist(), strict=True))))
    for task, share, samples in zip(tasks, given.shares.tolist(), given.samples.tolist(), strict=True):
        draw = TaskDraw(task, survey, mixture, samples, wordings)
        draw.read(findings, buckets.add, progress.at)
        progress.add(task.path.stat().st_size)
        entries.append(draw.document(share))
    total = max(1, int(given.samples.sum()))
    shots = survey.shot_file.table()
    written = write_shards(buckets, wordings.texts, shots, folder, lambda n: progress.at(progress.train * n // total))
    progress.at(progress.train)
    access = strictest(*(task.facts.access for task in tasks))
    return Mixed(folder, mixture, tuple(entries), findings.document(), tuple(written), access, "")


def read_mixture(folder: Path) -> Iterator[Sample]:
    """The samples of a mixture, shuffled, as a stream; ``mixture_shards`` has its columns.

    Raises:
        UsageError: there is none (at the first sample).
        InvalidFile: files are missing or are not those the manifest names (all at once, at the first sample).
    """
    yield from read_shards(folder, read_mixed(folder).shards)
