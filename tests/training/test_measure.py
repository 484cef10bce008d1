"""Sizes without weights are those with them; steps and work are what Trainer will do."""

from __future__ import annotations

from pathlib import Path

import pytest

from medsins.core import UsageError
from medsins.training.estimate import estimate
from medsins.training.settings import Adapter, Settings
from medsins.training.shards import Packed, Packing

from .tiny import make_model

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from medsins.training import measure  # noqa: E402
from medsins.training.model import load_base, parameters  # noqa: E402


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("rank", [0, 4])
def test_sizes_need_no_weights(base: Path, rank: int, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((base / "config.json").read_bytes())
    found = measure.model_sizes(tmp_path, Adapter(rank=rank))
    model, _ = load_base(base, "float32", Adapter(rank=rank))
    whole, tuned = parameters(model)
    assert found.tuned == tuned
    assert found.parameters + (tuned if rank else 0) == whole
    assert (found.layers, found.hidden, found.vocabulary) == (2, 32, 264)


def test_what_is_no_model_has_no_size(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be loaded"):
        measure.model_sizes(tmp_path, Adapter())


@pytest.mark.parametrize(
    ("rows", "epochs", "most", "steps"), [(10, 1, 0, 3), (10, 2, 0, 6), (8, 0.5, 0, 1), (10, 9, 4, 4)]
)
def test_steps_are_those_that_trainer_takes(rows: int, epochs: float, most: int, steps: int) -> None:
    assert measure.steps_of(rows, Settings(rows_per_step=4, epochs=epochs, max_steps=most)) == steps


def packed(rows: int, tokens: int, answer: int) -> Packed:
    return Packed(Path("p"), Packing(100), "t", {"rows": rows, "tokens": tokens, "answer": answer}, (), "d")


def test_the_work_of_packed_rows() -> None:
    data = packed(40, 3600, 900)
    whole = measure.work_of(data, Settings(rows_per_step=4, epochs=3), Adapter())
    assert (whole.tokens, whole.answer_share, whole.row_tokens) == (3 * 3600, 0.25, 100)
    few = measure.work_of(data, Settings(rows_per_step=4, epochs=3, max_steps=5), Adapter())
    assert few.tokens == 5 * 4 * 90
    spread = Settings(devices=8, shard_weights=True)
    assert measure.work_of(data, spread, Adapter()).devices == 8
    assert measure.work_of(data, Settings(devices=8), Adapter()).devices == 1  # a copy of the weights on each


def test_the_pace_of_matrix_products_is_a_pace(base: Path) -> None:
    sizes = measure.model_sizes(base, Adapter())
    assert 1e6 < measure.operations_per_second(sizes, 64, False, seconds=0.01) < 1e16


def test_no_gradient_goes_through_frozen_lower_layers(base: Path) -> None:
    whole, half = measure.model_sizes(base, Adapter()), measure.model_sizes(base, Adapter(), 1)
    assert half.parameters == whole.parameters == whole.tuned
    assert half.below + half.tuned == half.parameters
    work = measure.work_of(packed(40, 3600, 900), Settings(), Adapter())
    forward = 2 * 3600 * whole.parameters
    assert estimate(whole, work).operations == 3 * forward
    assert estimate(half, work).operations == forward + 4 * 3600 * half.tuned
