"""Planted identifiers in the suite's texts: nearly all are seen; the cheap tests before a pattern hide nothing."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

from medsins.bench.suites import load_suite
from medsins.core._identifier_rules import RULES
from medsins.core.identifiers import KINDS, find_identifiers

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "_planted_identifiers.py"
SEED = 11


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_planted_identifiers", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts() -> list[str]:
    found = [instance.input for task in load_suite("mini").tasks for instance in task.instances]
    return [text for text in found if len(text) > 60]


def test_forms_of_every_kind_are_filled(planted: ModuleType) -> None:
    rng = random.Random(SEED)
    kinds = set()
    for form in planted.forms():
        words, start, end = form.fill(planted.person(rng))
        kinds.add(form.kind)
        assert 0 <= start < end <= len(words)
        assert not set("<>{}|") & set(words)
    assert kinds == set(KINDS)


def test_nearly_all_planted_identifiers_are_seen(planted: ModuleType, texts: list[str]) -> None:
    rng = random.Random(SEED)
    seen: dict[str, list[bool]] = defaultdict(list)
    for form in planted.forms():
        for _ in range(3):
            words, start, end = form.fill(planted.person(rng))
            before = rng.choice(texts)
            text = f"{before} {words}. {rng.choice(texts)}"
            at = len(before) + 1
            hits = find_identifiers(text)
            covered = sum(max(0, min(hit.end, at + end) - max(hit.start, at + start)) for hit in hits)
            seen[form.kind].append(2 * covered >= end - start)
    for kind in KINDS:
        assert sum(seen[kind]) >= 0.9 * len(seen[kind]), kind
    every = [result for results in seen.values() for result in results]
    assert sum(every) >= 0.97 * len(every)


def test_the_cheap_tests_hide_nothing(planted: ModuleType, texts: list[str]) -> None:
    """A rule without its needs and its gate finds no more than with them."""
    rng = random.Random(SEED)
    for form in planted.forms():
        words, _, _ = form.fill(planted.person(rng))
        text = f"{rng.choice(texts)} {words}. {rng.choice(texts)}"
        lowered = text.lower()
        for rule in RULES:
            if any(rule.accepts(match) for match in rule.pattern.finditer(text)):
                where = text if rule.exact else lowered
                assert not rule.needs or any(word in where for word in rule.needs), (rule.kind, words)
                assert rule.gate is None or rule.gate.search(text), (rule.kind, words)


def test_the_suite_names_nobody(texts: list[str]) -> None:
    assert not [text for text in texts if find_identifiers(text)]


def test_rules_are_of_known_kinds_and_name_their_hit() -> None:
    for rule in RULES:
        assert rule.kind in KINDS
        assert "hit" in rule.pattern.groupindex
        assert set(rule.pattern.groupindex) <= {"hit", "hit2", "hit3"}
        assert rule.exact or all(word == word.lower() for word in rule.needs), rule.needs
