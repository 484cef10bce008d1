"""Building a corpus from its small invented raw files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medsins.corpora import BuildOptions, build, load_corpus

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Built:
    """The files of one task after a build."""

    path: Path
    document: dict[str, Any]
    provenance: dict[str, Any]
    dropped: list[dict[str, str]]

    @property
    def instances(self) -> list[dict[str, Any]]:
        return self.document["Instances"]

    @property
    def pairs(self) -> list[tuple[str, str | None]]:
        return [(i["input"], i["output"][0] if i["output"] else None) for i in self.instances]


def read_built(folder: Path, task: str) -> Built:
    drops = folder / f"{task}.dropped.jsonl"
    lines = drops.read_text(encoding="utf-8").splitlines() if drops.exists() else []
    return Built(
        folder / f"{task}.json",
        json.loads((folder / f"{task}.json").read_text(encoding="utf-8")),
        json.loads((folder / f"{task}.provenance.json").read_text(encoding="utf-8")),
        [json.loads(line) for line in lines],
    )


@pytest.fixture
def built(tmp_path: Path) -> Callable[..., Built]:
    """``built(name, task=…, raw=…, **options)`` builds one task of a corpus, from ``fixtures/<name>`` by default."""

    def make(name: str, task: str = "", raw: Path | None = None, **choices: Any) -> Built:
        task = task or load_corpus(name).CORPUS.tasks[0]
        out = tmp_path / "out"
        build(name, raw or FIXTURES / name, out, BuildOptions(tasks=(task,), **choices))
        return read_built(out, task)

    return make
