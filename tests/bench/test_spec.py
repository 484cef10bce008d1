"""A run's description: what its digest covers, what a damaged or foreign directory is answered with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench.spec import MANIFEST, RunSpec, _short, bind_manifest, build_manifest, read_manifest, spec_of
from medsins.bench.suites import Suite
from medsins.core import Card, Instance, RunError, Task, UsageError
from medsins.models import ModelInfo
from medsins.prompts import get_protocol

MODEL = asdict(ModelInfo("tiny", weights="0123456789abcdef", precision="float32", engine="torch 9", window=512))
SUITE = Suite("ward", "3", (Task("task900", Card(), (Instance("a", "q", ("x",)),), "Diagnosis", digest="d1"),))
ENTRY = {"id": "task900", "digest": "d1", "instances": 1, "shots": {"digest": "s1", "source": "none"}}
SPEC = RunSpec(model="mock:echo", suite="ward", seed=4)


def manifest(
    spec: RunSpec = SPEC,
    suite: Suite = SUITE,
    model: Mapping[str, Any] = MODEL,
    protocol: str = "strict",
    entry: Mapping[str, Any] = ENTRY,
) -> dict[str, Any]:
    return build_manifest(spec, suite, model, get_protocol(protocol), [entry])


OTHER_SUITE = replace(SUITE, tasks=(replace(SUITE.tasks[0], digest="d2"),))


@pytest.mark.parametrize(
    "change",
    [
        {"spec": replace(SPEC, seed=5)},
        {"suite": OTHER_SUITE},
        {"model": {**MODEL, "weights": "fedcba9876543210"}},
        {"model": {**MODEL, "precision": "bfloat16"}},
        {"model": {**MODEL, "window": 511}},
        {"protocol": "strict:shots=1"},
        {"protocol": "paper"},
        {"entry": {**ENTRY, "digest": "d2"}},
        {"entry": {**ENTRY, "instances": 2}},
        {"entry": {**ENTRY, "shots": {"digest": "s2", "source": "none"}}},
    ],
    ids=str,
)
def test_everything_answers_depend_on_changes_digest_and_signature(change: dict[str, Any]) -> None:
    before, after = manifest(), manifest(**change)
    assert before["digest"] != after["digest"]
    assert before["signature"] != after["signature"]


@pytest.mark.parametrize(
    "change",
    [
        {"model": {**MODEL, "endpoint": "http://elsewhere:8000", "remote": True}},
        {"suite": replace(SUITE, name="renamed", version="")},
        {"spec": replace(SPEC, batch_size=8)},
        {"entry": {**ENTRY, "shots": {"digest": "s1", "source": "train split"}}},
    ],
    ids=str,
)
def test_where_and_how_fast_answers_are_made_does_not(change: dict[str, Any]) -> None:
    assert manifest()["digest"] == manifest(**change)["digest"]


def test_the_signature_names_its_parts_in_order() -> None:
    parts = manifest(replace(SPEC, limit=7))["signature"].split("|")
    names = [part.partition(":")[0] for part in parts]
    assert names == ["suite", "protocol", "shots", "model", "precision", "engine", "seed", "run", "medsins"]
    assert parts[0].startswith("suite:ward@3#")
    assert parts[0].endswith("/first7")
    assert parts[3] == "model:tiny#01234567"
    assert parts[6] == "seed:4"
    assert manifest()["signature"].split("|")[0].endswith("/all")


def test_a_bar_in_a_name_cannot_forge_a_part() -> None:
    forged = manifest(model={**MODEL, "name": "tiny|seed:0|run:feed"})["signature"]
    assert forged.count("|") == manifest()["signature"].count("|")
    assert "model:tiny/seed:0/run:feed#" in forged


paths = st.text("abc/._-", min_size=1, max_size=10).map(lambda name: f"x{name}")
specs = st.builds(
    RunSpec,
    model=st.text(min_size=1, max_size=9),
    tasks=st.lists(paths, max_size=3).map(tuple),
    protocol=st.sampled_from(["strict", "paper"]),
    shots_from=st.just("") | paths,
    limit=st.integers(0, 9),
    seed=st.integers(),
    precision=st.sampled_from(["auto", "float32"]),
    batch_size=st.integers(0, 9),
    window=st.integers(0, 9),
)


@given(specs)
def test_a_spec_comes_back_from_its_manifest_with_absolute_paths(spec: RunSpec) -> None:
    written = json.loads(json.dumps(manifest(spec)))
    back = spec_of(written)
    assert back.tasks == tuple(str(Path(task).resolve()) for task in spec.tasks)
    assert replace(back, tasks=spec.tasks, shots_from=spec.shots_from) == spec
    assert bool(back.shots_from) == bool(spec.shots_from)
    assert spec_of(json.loads(json.dumps(manifest(back)))) == back
    assert back.options == spec.options


def test_a_manifest_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    written = manifest()
    written["spec"] = {**written["spec"], "no_such_choice": True}
    del written["spec"]["window"]
    assert spec_of(written) == SPEC


def test_an_imported_run_cannot_go_on() -> None:
    with pytest.raises(RunError, match=r"imported from lm-eval .*\n.*run lm-eval again"):
        spec_of({**manifest(), "imported": "lm-eval"})


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"spec": 3}', "{}", '"text"', "\xff\xfe", '{"spec": {}} trailing']
)
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_bytes(content.encode("latin-1"))
    with pytest.raises(RunError, match="cannot be read") as caught:
        read_manifest(tmp_path)
    assert caught.value.problems[0].place == str(tmp_path / MANIFEST)
    with pytest.raises(RunError, match="cannot be read"):
        bind_manifest(tmp_path, manifest())


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_manifest_is_no_run(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "run"
    if made:
        folder.mkdir()
    with pytest.raises(UsageError, match="no run directory") as caught:
        read_manifest(folder)
    assert caught.value.problems[0].place == str(folder)


def test_a_run_binds_its_folder_once(tmp_path: Path) -> None:
    for name in (".lock", "run.sqlite", "run.sqlite-journal"):
        (tmp_path / name).touch()
    first = manifest()
    bind_manifest(tmp_path, first)
    assert read_manifest(tmp_path) == json.loads(json.dumps(first))
    before = (tmp_path / MANIFEST).read_bytes()
    bind_manifest(tmp_path, {**manifest(), "created": "later"})
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_other_files_are_never_written_beside(tmp_path: Path) -> None:
    for name in ("d.txt", "b.txt", "c.txt", "a.txt", ".lock"):
        (tmp_path / name).touch()
    with pytest.raises(RunError, match=r"holds no run \(a\.txt, b\.txt, c\.txt\)"):
        bind_manifest(tmp_path, manifest())
    assert not (tmp_path / MANIFEST).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spec": replace(SPEC, seed=5, limit=2)}, ["seed (4 there, 5 now)", "limit (0 there, 2 now)"]),
        ({"model": {**MODEL, "precision": "bfloat16"}}, ["model precision (float32 there, bfloat16 now)"]),
        ({"model": {**MODEL, "weights": "f" * 64}}, ["model weights (0123456789abcdef there, ffffffffffff… now)"]),
        ({"suite": replace(OTHER_SUITE, version="4")}, ["suite version (3 there, 4 now)"]),
        ({"protocol": "strict:shots=1"}, ["protocol shots (3 there, 1 now)"]),
        ({"entry": {**ENTRY, "shots": {"digest": "s2"}}}, ["prompts or shots"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_another_run_is_refused_with_what_differs(tmp_path: Path, change: dict[str, Any], said: list[str]) -> None:
    bind_manifest(tmp_path, manifest())
    with pytest.raises(RunError, match="holds another run") as caught:
        bind_manifest(tmp_path, manifest(**change))
    message = str(caught.value)
    assert all(part in message for part in said), message
    assert "endpoint" not in message
    assert read_manifest(tmp_path)["digest"] == manifest()["digest"]


@given(st.text())
def test_shortened_values_fit(text: str) -> None:
    short = _short(text)
    assert len(short) <= 40
    assert short == text or (text.startswith(short[:-1]) and short.endswith("…"))
