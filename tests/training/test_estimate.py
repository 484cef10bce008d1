"""Estimates against what is known: the arithmetic of full tuning, and that each saving saves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medsins.training.estimate import Model, Work, estimate

LLAMA_8B = Model(8_030_000_000, 8_030_000_000, 32, 4096, 128_256)
WORK = Work(1_000_000, 2048, 0.2, bfloat16=True, checkpointing=False, devices=32)


def test_full_tuning_takes_six_operations_a_parameter_and_token() -> None:
    assert estimate(LLAMA_8B, WORK).operations == pytest.approx(6 * 8.03e9 * 1e6)
    assert estimate(LLAMA_8B, replace(WORK, checkpointing=True)).operations == pytest.approx(8 * 8.03e9 * 1e6)


def test_an_adapter_takes_four() -> None:
    lora = replace(LLAMA_8B, tuned=42_000_000)
    assert estimate(lora, WORK).operations == pytest.approx(4 * 8.03e9 * 1e6, rel=0.01)


def test_memory_of_the_articles_setting_fits_its_devices() -> None:
    whole = replace(WORK, checkpointing=True)
    assert 4e9 < estimate(LLAMA_8B, whole).memory < 20e9  # 128 GB of states over 32 devices, and activations
    assert estimate(LLAMA_8B, replace(whole, devices=1)).memory > 128e9


@pytest.mark.parametrize(
    "saving", [{"checkpointing": True}, {"devices": 64}, {"answer_share": 0.1}, {"row_tokens": 1024}]
)
def test_what_saves_memory(saving: dict[str, float]) -> None:
    assert estimate(LLAMA_8B, replace(WORK, **saving)).memory < estimate(LLAMA_8B, WORK).memory


def test_four_bit_weights_below_an_adapter() -> None:
    lora = replace(LLAMA_8B, tuned=42_000_000)
    one = replace(WORK, devices=1, checkpointing=True)
    saved = (
        estimate(lora, replace(one, weight_bytes=2.0)).memory - estimate(lora, replace(one, weight_bytes=0.55)).memory
    )
    assert saved == pytest.approx(1.45 * 7.988e9, rel=0.01)


def test_hours() -> None:
    found = estimate(LLAMA_8B, WORK)
    assert found.hours(1e14, 8) == pytest.approx(6 * 8.03e15 / 8e14 / 3600)
