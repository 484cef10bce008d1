"""Where shots come from and which are taken: frozen or per instance, seeded, hashed, never a test instance."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medsins.core import Example, Instance, Problem, Task, UsageError, digest

Source = Literal["named", "train", "examples", "test", "none"]

SOURCE_NAMES: dict[Source, str] = {
    "named": "the file named with --shots-from",
    "train": "the train split",
    "examples": "the card's Positive Examples",
    "test": "the task's own instances",
    "none": "no source",
}


@dataclass(frozen=True, slots=True)
class ShotPool:
    """What is at hand for one task besides the task itself: a file the user named and the train split.

    Which of them a protocol uses, and in what order, is its field ``shot_sources``.
    """

    named: Task | None = None
    train: Task | None = None


@dataclass(frozen=True, slots=True)
class ShotSet:
    """The shots of one task: those every instance gets or, with ``per_instance``, those its shots are drawn from.

    ``leaked`` counts candidates left out because their input is a test input.
    """

    shots: tuple[Example, ...] = ()
    source: Source = "none"
    per_instance: bool = False
    leaked: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of the exact shots in their order; equal shots have equal digests on every machine."""
        return digest([[shot.input, shot.output, shot.explanation] for shot in self.shots])

    def description(self) -> dict[str, Any]:
        """What the manifest of a run keeps of a task's shots."""
        return {
            "source": self.source,
            "per_instance": self.per_instance,
            "count": len(self.shots),
            "leaked": self.leaked,
            "digest": self.digest,
        }


def shot_id(shot: Example) -> str:
    """A short name for a shot by its content: 12 hexadecimal digits."""
    whole = f"{len(shot.input)} {shot.input}{shot.output}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def text_key(text: str) -> bytes:
    """16 bytes that are equal for texts that differ only in case, blanks or Unicode form."""
    return words_key(folded_words(text))


def folded_words(text: str) -> list[str]:
    """The words of a text by which ``text_key`` tells it from others."""
    composed = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return composed.casefold().split()


def words_key(words: Sequence[str]) -> bytes:
    """The ``text_key`` of a text from its folded words, for those who need both."""
    return hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def instance_example(instance: Instance) -> Example:
    """An instance as a worked example, with its first reference."""
    return Example(instance.input, instance.reference)


def find_source(task: Task, pool: ShotPool, sources: Sequence[Source], protocol: str) -> tuple[Source, list[Example]]:
    """The first of ``sources`` that exists for the task, with its usable examples (those with an output).

    Raises:
        UsageError: the user named a file that this protocol would not read.
    """
    if pool.named is not None and "named" not in sources:
        raise UsageError(
            Problem(
                f"protocol {protocol} never reads shots from a named file",
                mend="leave --shots-from out, or use --protocol strict",
            )
        )
    for source in sources:
        found = _examples(task, pool, source)
        if found is not None:
            return source, [example for example in found if example.output.strip()]
    return "none", []


def _examples(task: Task, pool: ShotPool, source: Source) -> Iterable[Example] | None:
    if source == "examples":
        return task.card.positive_examples or None
    origin = {"named": pool.named, "train": pool.train, "test": task}.get(source)
    return None if origin is None else map(instance_example, origin.instances)


def without_leaks(examples: Iterable[Example], task: Task) -> tuple[list[Example], int]:
    """The examples whose input is no test input, each input once; and how many test inputs were among them."""
    test = {text_key(instance.input) for instance in task.instances}
    kept: dict[bytes, Example] = {}
    leaked = 0
    for example in examples:
        key = text_key(example.input)
        if key in test:
            leaked += 1
        else:
            kept.setdefault(key, example)
    return list(kept.values()), leaked


def draw_diverse(candidates: Sequence[Example], count: int, generator: random.Random) -> tuple[Example, ...]:
    """Draw ``count`` shots at random, different outputs first, so that a yes/no task does not show yes three times.

    Where all outputs differ, as in free text, this is a plain draw without replacement.
    """
    shuffled = generator.sample(candidates, len(candidates))
    first: dict[bytes, int] = {}
    for position, example in enumerate(shuffled):
        first.setdefault(text_key(example.output), position)
    leaders = set(first.values())
    order = sorted(range(len(shuffled)), key=lambda position: (position not in leaders, position))
    return tuple(shuffled[position] for position in order[:count])


def too_few(task: Task, needed: int, chosen: ShotSet, protocol: str) -> UsageError:
    """The error for a source with fewer usable examples than the protocol's shots."""
    found = len(chosen.shots)
    what = f"{task.id}: {needed} shots needed, {found} found in {SOURCE_NAMES[chosen.source]}"
    if chosen.source == "none":
        what = f"{task.id}: {needed} shots needed, but there is no train split, named file or Positive Examples"
    if chosen.leaked:
        what += f" ({chosen.leaked} more left out: their input is a test input)"
    return UsageError(
        Problem(
            what,
            place=task.path,
            mend=f"give a task file with at least {needed} other instances: --shots-from FILE; "
            f"or ask for fewer: --protocol {protocol}:shots={found}",
        )
    )


def find_pool(task: Task, shots_from: Path | None = None) -> ShotPool:
    """The pool of a task that was read from a file.

    ``shots_from`` is a task file, or a folder that holds one with the same task id. The train split is the file
    of the same name in the folder ``train`` next to the folder ``test`` that holds the task.

    Raises:
        UsageError: ``shots_from`` is not there, or has no file for this task.
        InvalidFile: a file that is there cannot be read.
    """
    from medsins.tasks import read_task

    named = None if shots_from is None else read_task(_named_file(task, shots_from))
    path = Path(task.path)
    twin = path.parent.parent / "train" / path.name
    train = read_task(twin) if task.path and path.parent.name == "test" and twin.is_file() else None
    return ShotPool(named=named, train=train)


def _named_file(task: Task, path: Path) -> Path:
    from medsins.tasks import find_task_files
    from medsins.tasks.reader import task_id_of

    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(Problem("no such file or folder", place=str(path), mend="check --shots-from"))
    for found in find_task_files([path]):
        if task_id_of(found) == task.id:
            return found
    raise UsageError(
        Problem(f"no file for {task.id} in this folder", place=str(path), mend=f"add {task.id}.json, or name one file")
    )
