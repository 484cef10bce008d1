"""What a model is tuned on: samples drawn from task files by weight, each with a wording and perhaps shots, shuffled.

    mixed = mix(find_task_files([Path("tasks")]), Mixture(samples=100_000, temperature=2), Path("mixture"), suites)
    packed = write_packed(read_mixture(Path("mixture")), tokens, Packing(), Path("packed"))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .records import Sample


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many samples of which tasks, and how they are asked. 0 sets no limit, in every count.

    Attributes:
        samples: samples in all; 0: as many as there are instances that count.
        temperature: a task's weight is the number of its instances that count, to the power of 1/temperature: 1 is
            proportional to size, larger ones draw tasks together.
        cap: instances of a task that count, at most; 0: all.
        few_shot: share of the samples that have worked examples, 0 to 1.
        shots: worked examples of such a sample.
        wordings: wordings of a task's instruction that are drawn from, in the order of its ``Definition``; 0: all,
            1: the first alone.
        languages: by name of an (output) language, the most share of the samples that is in it, 0 to 1.
        domains: by name of a text domain, the most share of the samples that is of it, 0 to 1.
        seed: of every draw.
    """

    samples: int = 0
    temperature: float = 1.0
    cap: int = 0
    few_shot: float = 0.5
    shots: int = 3
    wordings: int = 0
    languages: Mapping[str, float] = field(default_factory=dict)
    domains: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Mixed:
    """The manifest of a mixture.

    Attributes:
        folder: where it is.
        mixture: what was asked for.
        tasks: one entry a task, in the order of ids: ``id``, ``file``, ``sha256``, ``category``, ``language``,
            ``domains``, ``access``, ``licence``, counts of instances (``instances``, ``usable``, ``gated``,
            ``left_out``, ``empty``), ``weight`` (0 to 1), ``samples``, ``repeats`` (times that an instance is used at
            most), ``few_shot`` (samples with shots), ``wordings``, ``words``, ``tokens`` (estimated).
        gate: what the test inputs were (``suites``, ``inputs``) and what they kept out (``findings``, ``examples``).
        shards: ``name``, ``samples`` and ``sha256`` of each file.
        access: the strictest access terms of any task: what a model tuned on it has to be held to.
        digest: SHA-256 of all of this but the folder.
    """

    folder: Path
    mixture: Mixture
    tasks: tuple[Mapping[str, Any], ...]
    gate: Mapping[str, Any]
    shards: tuple[Mapping[str, Any], ...]
    access: str
    digest: str

    @property
    def samples(self) -> int:
        """Samples in all."""
        return sum(int(task["samples"]) for task in self.tasks)


def mix(
    tasks: Sequence[Path],
    mixture: Mixture,
    folder: Path,
    suites: Sequence[Path] = (),
    leave_out: Collection[tuple[str, str]] = (),
    told: Callable[[int, int], None] = lambda done, size: None,
) -> Mixed:
    """Draw a mixture and write it, in bounded memory; the same files and settings give the same bytes.

    Args:
        tasks: task files, or folders of them.
        folder: gets the samples and, last, their manifest.
        suites: task files, or folders of them, whose inputs must not be trained on.
        leave_out: further instances that must not be, by task id and instance id (those of an audit).
        told: called with the bytes read so far and those to be read in all.

    Raises:
        UsageError: settings that cannot be met, tasks without an instance to train on (all at once), or a folder that
            holds something else.
        InvalidFile: every problem of every task file.
    """
    raise NotImplementedError


def read_mixed(folder: Path) -> Mixed:
    """The manifest of a mixture.

    Raises:
        UsageError: there is none.
        InvalidFile: it is damaged or of another version.
    """
    raise NotImplementedError


def read_mixture(folder: Path) -> Iterator[Sample]:
    """The samples of a mixture, shuffled, as a stream.

    Raises:
        UsageError: there is none (at the first sample).
        InvalidFile: a file is missing or is not the one the manifest names.
    """
    raise NotImplementedError
