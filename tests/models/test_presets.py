"""Presets: every pattern finds its own preset, prices carry a date, names come in many spellings."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.models._presets import Preset, find_preset, presets


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("epfl-llm/meditron-7b", "MEDITRON 7B"),
        ("meditron:70b", "MEDITRON 70B"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B Instruct"),
        ("internlm/internlm2-chat-7b", "InternLM 2 Chat"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "Llama 3 Instruct"),
        ("/models/Meta-Llama-3-8B-Instruct/", "Llama 3 Instruct"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama 3.x Instruct"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "Llama 3.x Instruct"),
        ("llama3.2:3b", "Llama 3.x Instruct"),
        ("gpt-4", "GPT-4"),
        ("gpt-4-turbo-2024-04-09", "GPT-4 Turbo"),
        ("gpt-4o-mini-2024-07-18", "GPT-4o mini"),
        ("claude-3-5-sonnet-20240620", "Claude 3.5 Sonnet"),
        ("us.anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet"),
        ("anthropic/claude-3.5-sonnet", "Claude 3.5 Sonnet"),
        ("claude-sonnet-4-20250514", "Claude 3.7 Sonnet, Claude Sonnet 4"),
        ("claude-opus-4-1-20250805", "Claude Opus 4, 4.1"),
        ("claude-opus-4-5-20251101", "Claude Opus 4.5 to 5"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "DeepSeek R1"),
        ("Qwen/Qwen3-8B", "Qwen 3"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "Qwen 3 Instruct 2507"),
        ("Qwen/Qwen3-4B-Thinking-2507", "Qwen 3 Thinking 2507"),
        ("google/medgemma-27b-text-it", "MedGemma"),
        ("Henrychur/MMedS-Llama-3-8B", "MMedIns-Llama 3"),
        ("smollm2", "SmolLM2 Instruct"),
        ("my-own-model", ""),
        ("gpt-4-secret", ""),
        ("", ""),
    ],
)
def test_names_find_their_preset(name: str, preset: str) -> None:
    assert find_preset(name).name == preset


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_every_preset_is_reached_by_each_of_its_patterns(preset: Preset) -> None:
    for pattern in preset.match:
        sample = re.sub(r"\[(.)[^\]]*\]", r"\1", pattern).replace("*", "8b").replace("?", "1")
        assert fnmatchcase(sample, pattern)
        reached = find_preset(sample)
        assert reached.name == preset.name, f"{pattern} is hidden behind {reached.name}"


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_every_preset_is_whole(preset: Preset) -> None:
    assert preset.match
    assert all(pattern == pattern.lower() and "_" not in pattern for pattern in preset.match)
    assert preset.window == 0 or preset.window >= 2048
    assert len(preset.tags) in (0, 2)
    assert preset.thinks or not preset.tags
    assert bool(preset.as_of) == any(preset.prices), "a price has a date, and a date belongs to a price"
    assert min(preset.prices) >= 0


def test_the_models_of_the_article_are_here() -> None:
    names = {preset.name for preset in presets() if preset.paper}
    assert {"MEDITRON 7B", "Mistral 7B Instruct", "InternLM 2 Chat", "Llama 3 Instruct"} <= names
    assert {"GPT-4", "Claude 3.5 Sonnet"} <= names


def test_a_base_model_is_plain_and_knows_where_to_stop() -> None:
    preset = find_preset("epfl-llm/meditron-7b")
    assert preset.chat_format == "plain"
    assert preset.window == 2048
    assert "###" in preset.stop


@given(st.text())
def test_any_name_finds_a_preset_or_the_empty_one(name: str) -> None:
    found = find_preset(name)
    assert found == Preset() or found in presets()
