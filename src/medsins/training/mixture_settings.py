"""What is asked of a mixture, and its manifest: what is in it, of which files, under which terms."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medsins.core import InvalidFile, Problem, UsageError, digest, write_json

MANIFEST = "mixed.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many samples of which tasks, and how they are asked. In every count, 0 sets no limit.

    Attributes:
        samples: samples in all; 0: as many as there are instances that count, less where quotas leave some out.
        temperature: a task's weight is the number of its instances that count, to the power of 1/temperature: 1 is
            proportional to size, larger ones draw tasks together (Raffel et al. 2020, arXiv 1910.10683).
        cap: instances of a task that count, at most.
        few_shot: share of the samples that have worked examples, 0 to 1.
        shots: worked examples of such a sample.
        wordings: wordings of a task's instruction that are drawn from, in the order of its ``Definition``; 1 is the
            first alone.
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

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the settings, whatever the tasks."""
        found = [
            Problem(f"{name} is {getattr(self, name)}", mend=f"{name} takes a whole number, 0 or more")
            for name in ("samples", "cap", "shots", "wordings")
            if getattr(self, name) < 0
        ]
        if not self.temperature > 0:
            mend = "1 is proportional to size, larger ones draw tasks together"
            found.append(
                Problem(f"temperature is {self.temperature}", mend=f"temperature takes a number above 0: {mend}")
            )
        shares = {"few_shot": self.few_shot}
        for quotas in ("languages", "domains"):
            shares |= {f"{quotas}.{name}": most for name, most in getattr(self, quotas).items()}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                found.append(Problem(f"{name} is {share}", mend=f"{name} takes a share of the samples, 0 to 1"))
        return found

    def document(self) -> dict[str, Any]:
        """The settings as JSON values; an endless temperature, which JSON has no number for, is a text."""
        endless = math.isinf(self.temperature)
        return {**asdict(self), "languages": dict(self.languages), "domains": dict(self.domains),
                "temperature": "inf" if endless else self.temperature}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mixed:
    """The manifest of a mixture.

    Attributes:
        folder: where it is.
        mixture: what was asked for.
        tasks: one entry a task, in the order of ids: ``id``, ``file``, ``sha256``, ``category``, ``language``,
            ``domains``, ``access``, ``licence``; instances: ``instances`` in the file, ``usable``, and those that are
            not (``held_out`` of a test split, ``gated``, ``left_out``, ``empty``, ``repeated`` in the file);
            ``weight`` (0 to 1), ``samples``, ``distinct`` instances among them, ``repeats`` (times that one instance
            is used at most), ``few_shot`` (samples with shots), ``wordings`` drawn from, ``words``, ``tokens`` and
            ``answer_tokens`` (estimated).
        gate: ``files`` and ``inputs`` that were not to be trained on, ``findings`` (a pair of tasks each: ``task``,
            ``test_task``, ``instances``, ``inputs``) and ``examples`` of them, texts of openly accessible tasks only.
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
        return self.total("samples")

    def total(self, count: str) -> int:
        """One of the counts of the tasks, summed over all of them."""
        return sum(int(task[count]) for task in self.tasks)

    def document(self) -> dict[str, Any]:
        """The manifest as JSON values, as its file has it: what pages and commands show."""
        return {
            "format": FORMAT,
            "mixture": self.mixture.document(),
            "samples": self.samples,
            "access": self.access,
            "tasks": [dict(task) for task in self.tasks],
            "gate": dict(self.gate),
            "shards": [dict(shard) for shard in self.shards],
            "digest": self.digest,
        }


def write_mixed(mixed: Mixed) -> Mixed:
    """Write the manifest of a mixture, with its digest: the last thing that is written of it."""
    document = mixed.document()
    del document["digest"]
    write_json(mixed.folder / MANIFEST, {**document, "digest": digest(document)})
    return read_mixed(mixed.folder)


def read_mixed(folder: Path) -> Mixed:
    """The manifest of a mixture.

    Raises:
        UsageError: there is none.
        InvalidFile: it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stated = document.pop("digest")
        if document["format"] != FORMAT or digest(document) != stated:
            raise ValueError("its digest does not agree")
        settings = document["mixture"]
        mixture = Mixture(**{**settings, "temperature": float(settings["temperature"])})
        tasks, shards = tuple(document["tasks"]), tuple(document["shards"])
        return Mixed(folder, mixture, tasks, document["gate"], shards, document["access"], stated)
    except (FileNotFoundError, NotADirectoryError) as error:
        mend = "make it with: medsins train prepare RECIPE"
        raise UsageError(Problem("holds no mixture", str(folder), mend)) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidFile(Problem(f"is damaged ({error})", str(path), "prepare the data again")) from error
