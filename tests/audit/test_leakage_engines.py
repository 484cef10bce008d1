"""One process, several, a cluster: the same result to the byte; and what a cluster may not be sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medsins.audit import _engine, _ray, _sources
from medsins.audit._engine import Processes
from medsins.audit._index import TextIndex, index_of
from medsins.audit._judge import judge, weigh
from medsins.audit._scan import scan
from medsins.audit._sources import Portion
from medsins.audit._words import words_of
from medsins.audit.leakage import Leakage, find_leakage
from medsins.core import Card, Instance, RefusedByPolicy, RunError, canonical_json
from medsins.tasks import open_writer

from .leaks import changed, task, text

TEST = [(text(30, n), text(12, f"answer {n}")) for n in range(40)]
TRAIN = [(changed(TEST[n % 40][0], n / 3000), "yes") if n % 3 else (text(40, f"noise {n}"), "no") for n in range(900)]


def result(found: Leakage) -> str:
    return canonical_json([asdict(found.section()), [dict(sorted(gone.items())) for gone in found.removals]])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], list[Path]]:
    monkeypatch.setattr(_sources, "ROWS", 64)
    train = [task(tmp_path / f"task{n}.jsonl", TRAIN[n * 300 : n * 300 + 300]) for n in range(3)]
    return train, [task(tmp_path / "task9.json", TEST)]


@pytest.fixture
def alone(files: tuple[list[Path], list[Path]]) -> str:
    return result(find_leakage(*files))


def test_several_processes(files: tuple[list[Path], list[Path]], alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "WORTH", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert result(find_leakage(*files)) == alone


def test_size_of_portions_makes_no_difference(
    files: tuple[list[Path], list[Path]], alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sources, "ROWS", 1)
    assert result(find_leakage(*files)) == alone


def test_a_killed_process_is_told(files: tuple[list[Path], list[Path]]) -> None:
    index = index_of([words_of([TEST[0][0]])])
    portion = Portion(0, [0], ["a"], [TEST[0][0], "yes"])
    with Processes(index, 1) as engine:
        scanned = engine.scan(portion for _ in range(1000))
        next(scanned)
        for process in engine._pool._processes.values():
            process.kill()
        with pytest.raises(RunError, match="ended from outside"):
            list(scanned)
    assert not engine.folder.exists()


def test_an_index_is_the_same_from_disk(tmp_path: Path) -> None:
    texts = [given for given, _ in TEST] + ["short text of six words here"]
    index = index_of([words_of(texts[:7]), words_of(texts[7:])])
    index.save(tmp_path)
    loaded = TextIndex.load(tmp_path)
    for name, array in asdict(index).items():
        assert np.array_equal(array, getattr(loaded, name)), name
    train = [given for pair in TRAIN[:200] for given in pair]
    assert scan(loaded, train).texts.tolist() == scan(index, train).texts.tolist()
    weights = weigh(index, np.zeros(len(index.grams), np.int32))
    assert judge(loaded, weights, train)[0] == judge(index, weights, train)[0]


def test_the_index_points_to_texts_by_their_rare_runs() -> None:
    same = text(12, "everywhere")
    index = index_of([words_of([f"{same} {text(10, n)}" for n in range(60)])])
    assert index.in_tests.max() == 60
    posted = np.diff(index.post_starts)
    assert (posted[index.in_tests > 50] == 0).all()
    assert (posted[index.in_tests <= 50] == index.in_tests[index.in_tests <= 50]).all()
    assert index.pointers.sum() == len(index.post_texts)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without processors, and two nodes of one."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80_000_000},
    )
    for _ in range(2):
        made.add_node(num_cpus=1, object_store_memory=80_000_000)
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_cluster_gives_the_same(cluster: Any, files: tuple[list[Path], list[Path]], alone: str) -> None:
    assert result(find_leakage(*files, engine="ray")) == alone


def test_restricted_text_goes_to_no_other_machine(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = tmp_path / "task_notes.json"
    card = Card(categories=("MCQA",), definition=("Answer.",), extra={"Access": "credentialed"})
    with open_writer(train, card) as writer:
        writer.write([Instance("a", TEST[0][0], ("yes",))])
    test = task(tmp_path / "task_open.json", TEST)
    assert len(find_leakage([train], [test], engine="ray").removals[0]) == 1
    monkeypatch.setattr(_ray, "_own_addresses", lambda: {"192.0.2.1"})
    with pytest.raises(RefusedByPolicy, match="credentialed") as caught:
        find_leakage([train], [test], engine="ray")
    assert caught.value.exit_code == 3
