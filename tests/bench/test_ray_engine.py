"""A run over a cluster: the same answers as on one machine, each once, whatever happens to a node."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.bench import ray_engine
from medsins.bench.ray_engine import RayBackend, open_ray
from medsins.bench.runner import Progress, run
from medsins.bench.scoring import score_run
from medsins.bench.spec import RunSpec, read_manifest
from medsins.bench.store import read_attempts, read_predictions
from medsins.core import MedsinsError, Prompt, RefusedByPolicy, Request, RunError, Sampling, UsageError
from medsins.models import BackendOptions, open_backend

ray = pytest.importorskip("ray")

MINI = RunSpec(model="mock:wait=0.01", suite="mini", limit=20)
CLUSTER = replace(MINI, engine="ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without processors, on which the driver is, and whatever nodes a test adds."""
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80_000_000},
    )
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


def add_node(cluster: Any) -> Any:
    """One more node. Ray gives it 30 seconds to come up, which on a very busy machine are too few for anything."""
    for _ in range(3):
        with contextlib.suppress(Exception):
            return cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    pytest.skip("Ray did not start a node within 30 seconds, three times: this machine is too busy")


@pytest.fixture
def nodes(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Two nodes of one processor each, those of the test before where they are still there."""
    monkeypatch.setattr(ray_engine, "LOOK", 0.5)
    monkeypatch.setattr(ray_engine, "UNIT", 16)
    made = [node for node in cluster.list_all_nodes() if node is not cluster.head_node]
    for node in made[2:]:
        cluster.remove_node(node)
    return made[:2] + [add_node(cluster) for _ in range(2 - len(made))]


def texts(folder: Path) -> list[tuple[str, int, str, str]]:
    return [(p.task_id, p.index, p.completion.text, p.prompt) for p in read_predictions(folder)]


def figures(folder: Path) -> dict[str, Any]:
    profiles = score_run(folder, 50)["profiles"]
    return {name: (profile["tasks"], profile["categories"]) for name, profile in profiles.items()}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ray") / "alone"
    run(MINI, folder)
    return folder


def test_two_nodes_one_killed(nodes: list[Any], cluster: Any, alone: Path, tmp_path: Path) -> None:
    said: list[str] = []
    killed = threading.Event()

    def kill_one(progress: Progress) -> None:
        if progress.asked >= progress.total // 4 and not killed.is_set():
            killed.set()
            cluster.remove_node(nodes[0], allow_graceful=False)

    outcome = run(CLUSTER, tmp_path / "run", kill_one, say=said.append)
    assert killed.is_set()
    assert any("worker of the cluster was lost" in line for line in said)
    assert (outcome.failed, outcome.asked) == (0, outcome.total)
    assert texts(tmp_path / "run") == texts(alone)
    assert set(Counter(row for row, _, _ in read_attempts(tmp_path / "run")).values()) == {1}
    assert figures(tmp_path / "run") == figures(alone)
    assert read_manifest(tmp_path / "run")["digest"] == read_manifest(alone)["digest"]


@pytest.mark.slow
def test_a_real_model_on_two_nodes_one_killed(nodes: list[Any], cluster: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    spec = RunSpec(
        model="smollm2",
        suite="mini",
        limit=2,
        precision="float32",
        protocol="strict:max_answer_tokens=8",
    )
    run(spec, tmp_path / "alone")
    killed = threading.Event()

    def kill_one(progress: Progress) -> None:
        if progress.asked >= 16 and not killed.is_set():
            killed.set()
            cluster.remove_node(nodes[0], allow_graceful=False)

    outcome = run(replace(spec, engine="ray"), tmp_path / "run", kill_one)
    assert killed.is_set()
    assert (outcome.failed, outcome.asked) == (0, outcome.total)
    assert texts(tmp_path / "run") == texts(tmp_path / "alone")
    assert figures(tmp_path / "run") == figures(tmp_path / "alone")
    assert read_manifest(tmp_path / "run")["digest"] == read_manifest(tmp_path / "alone")["digest"]


@pytest.mark.slow
def test_both_nodes_work_and_a_new_one_joins(nodes: list[Any], cluster: Any, tmp_path: Path) -> None:
    backend = open_ray("mock:wait=0.1", BackendOptions())
    assert isinstance(backend, RayBackend)
    requests = [Request(("t", i), Prompt(text=f"question {i}"), Sampling()) for i in range(160)]
    answers: dict[int, str] = {}
    most = 0
    for group in backend.generate(requests, set(range(8))):
        if not answers:
            nodes.append(add_node(cluster))
        for position, completion in group:
            assert position not in answers
            answers[position] = completion.text
            assert backend.render(requests[position].prompt) == f"question {position}"
        most = max(most, sum(hand.started for hand in backend.hands))
    backend.close()
    assert answers == {i: f"question {i}" for i in range(8, 160)}
    assert most == 3


def test_a_run_begun_on_a_cluster_goes_on_alone(nodes: list[Any], alone: Path, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.asked >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(CLUSTER, tmp_path / "run", interrupt)
    before = len(texts(tmp_path / "run"))
    assert 0 < before < len(texts(alone))
    outcome = run(MINI, tmp_path / "run")
    assert outcome.asked == outcome.total - before
    assert texts(tmp_path / "run") == texts(alone)


@pytest.mark.slow
def test_a_cluster_that_loses_every_node_says_so_and_the_run_resumes(
    nodes: list[Any], cluster: Any, alone: Path, tmp_path: Path
) -> None:
    def kill_all(progress: Progress) -> None:
        if progress.asked >= 40:
            for node in nodes:
                if node in cluster.list_all_nodes():
                    cluster.remove_node(node, allow_graceful=False)

    with pytest.raises(RunError, match="no node to work on"):
        run(CLUSTER, tmp_path / "run", kill_all)
    outcome = run(MINI, tmp_path / "run")
    assert outcome.failed == 0
    assert texts(tmp_path / "run") == texts(alone)


@pytest.mark.slow
def test_a_unit_that_kills_its_workers_ends_as_named_failures(
    nodes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = open_ray("mock:wait=30", BackendOptions())
    assert isinstance(backend, RayBackend)
    stop = threading.Event()

    def kill() -> None:
        while not stop.is_set():
            for hand in list(backend.hands):
                if hand.unit:
                    ray.kill(hand.actor)
            time.sleep(0.2)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    requests = [Request(("t", i), Prompt(text="x"), Sampling()) for i in range(3)]
    found = dict(pair for group in backend.generate(requests, ()) for pair in group)
    stop.set()
    killer.join()
    backend.close()
    assert sorted(found) == [0, 1, 2]
    assert all(c.status == "error" and "3 workers were lost" in c.error for c in found.values())


def test_a_cluster_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**how: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", fail)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(RunError, match=r"timed out during startup(.|\n)*ray start --head"):
        open_ray("mock:echo", BackendOptions())


@pytest.mark.slow
def test_what_a_worker_cannot_open_is_said_as_here(nodes: list[Any], tmp_path: Path) -> None:
    for model, kind in ((f"transformers:{tmp_path / 'absent'}", UsageError), ("mock:nonsense", UsageError)):
        with pytest.raises(kind) as alone:
            open_backend(model)
        with pytest.raises(kind) as afar:
            open_ray(model, BackendOptions())
        assert str(afar.value) == str(alone.value)


@pytest.mark.slow
def test_prompts_are_fitted_to_the_window_as_here(nodes: list[Any], tmp_path: Path) -> None:
    spec = replace(MINI, model="mock:echo", limit=2, window=400)
    run(spec, tmp_path / "alone")
    run(replace(spec, engine="ray"), tmp_path / "cluster")
    assert texts(tmp_path / "cluster") == texts(tmp_path / "alone")
    assert any(p.dropped_shots for p in read_predictions(tmp_path / "cluster"))


def test_other_machines_are_remote_for_the_guard(
    nodes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = open_ray("mock:echo", BackendOptions())
    assert (local.info.remote, local.info.endpoint) == (False, "")
    local.close()
    monkeypatch.setattr(ray_engine, "_own_addresses", lambda: {"192.0.2.1"})
    (tmp_path / "empty.toml").touch()
    monkeypatch.setenv("MEDSINS_CONFIG", str(tmp_path / "empty.toml"))
    afar = open_ray("mock:echo", BackendOptions())
    assert afar.info.remote
    assert afar.info.endpoint.startswith("ray://")
    afar.close()
    task = tmp_path / "task900_notes.json"
    task.write_text(
        '{"Definition": ["Answer."], "Categories": ["NER"], "Access": "private", '
        '"Instances": [{"id": "a", "input": "x", "output": "y"}]}',
        encoding="utf-8",
    )
    private = RunSpec(model="mock:echo", tasks=(str(task),), engine="ray")
    with pytest.raises(RefusedByPolicy):
        run(private, tmp_path / "run")


PAUSED = """
import signal, sys
from medsins.bench import runner
from medsins.cli.main import main

def tell(self, task_id):
    told(self, task_id)
    if self.asked:
        signal.pause()

told, runner._Session._tell = runner._Session._tell, tell
sys.exit(main(sys.argv[1:]))
"""
"""The command line, but a run waits to be killed once its first answers are durable, so it cannot end before."""


@pytest.mark.slow
def test_a_polite_kill_ends_the_run_resumably(nodes: list[Any], cluster: Any, alone: Path, tmp_path: Path) -> None:
    words = ["bench", "run", "--model", MINI.model, "--suite", "mini", "--engine", "ray"]
    words += ["--limit", str(MINI.limit), "-o", str(tmp_path / "run")]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}  # a second cluster would be slow to start
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True,
    )  # fmt: skip
    while process.poll() is None:
        with contextlib.suppress(MedsinsError):
            if any(True for _ in read_predictions(tmp_path / "run")):
                break
        time.sleep(0.1)
    process.terminate()
    _, told = process.communicate()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    before = len(texts(tmp_path / "run"))
    assert before > 0
    outcome = run(MINI, tmp_path / "run")
    assert 0 < outcome.asked == outcome.total - before
    assert texts(tmp_path / "run") == texts(alone)


def test_servers_need_no_cluster() -> None:
    with pytest.raises(UsageError, match="does not run on a cluster"):
        open_ray("openai:gpt-4@http://127.0.0.1:9/v1", BackendOptions())


def test_a_machine_that_joins_later_gets_no_text(nodes: list[Any]) -> None:
    backend = open_ray("mock:echo", BackendOptions())
    assert isinstance(backend, RayBackend)
    assert backend.machines == {node["NodeManagerAddress"] for node in backend._nodes()}
    backend.close()
    backend.machines = {"192.0.2.77"}
    backend.looked = 0.0
    with pytest.raises(RunError, match="no node to work on"):
        backend._muster()


def test_units_are_the_same_whatever_is_done() -> None:
    requests = [Request(("t", i), Prompt(text=str(i)), Sampling()) for i in range(150)]
    whole = {unit.positions for unit in ray_engine._units(requests, frozenset())}
    rest = list(ray_engine._units(requests, frozenset(range(70))))
    assert {unit.positions for unit in rest} < whole
    assert [len(unit.requests) - len(unit.done) for unit in rest] == [58, 22]


@pytest.mark.parametrize(
    ("resources", "shapes"),
    [
        ({"CPU": 8.0}, [{"num_cpus": 8.0}]),
        ({"CPU": 16.0, "GPU": 2.0}, [{"num_gpus": 1, "num_cpus": 8.0}] * 2),
        ({"CPU": 1.0, "GPU": 4.0}, [{"num_gpus": 1, "num_cpus": 1.0}] * 4),
    ],
)
def test_a_worker_for_each_gpu_or_node(resources: dict[str, float], shapes: list[dict[str, float]]) -> None:
    assert ray_engine._shapes(resources) == shapes
