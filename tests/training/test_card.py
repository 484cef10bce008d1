"""The model's card: what it was tuned on and under which terms, what was kept out, and what it gained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from medsins.training.mixture import Mixed, Mixture
from medsins.training.prepare import Prepared
from medsins.training.recipe import Recipe
from medsins.training.settings import Adapter
from medsins.training.shards import Packed, Packing

pytest.importorskip("torch")
yaml = pytest.importorskip("yaml")

from medsins.training.card import Facts, base_of, front_matter, model_card  # noqa: E402
from medsins.training.run import Trained  # noqa: E402

COUNTS = {"samples": 90, "useful": 5000, "answer": 400, "dropped_shots": 3, "cut": 2, "left_out": 1}


def task(name: str, access: str = "open", licence: str = "CC BY 4.0", language: str = "English") -> dict[str, Any]:
    return {"id": name, "category": "MCQA", "language": language, "samples": 45, "access": access, "licence": licence}


def facts(tmp_path: Path, *tasks: dict[str, Any], access: str = "open", gate: dict[str, Any] | None = None) -> Facts:
    gate = {"files": ["t.json"], "inputs": 700, "findings": [], "examples": []} if gate is None else gate
    mixed = Mixed(tmp_path, Mixture(), tuple(tasks), gate, (), access, "m" * 64)
    packed = Packed(tmp_path, Packing(), "t", COUNTS, (), "p" * 64)
    recipe = Recipe("base", ("tasks",), "out", path=tmp_path / "my_recipe.toml", digest="r" * 64)
    trained = Trained(tmp_path / "out" / "model", False, 120, 200, 0.4321, 12345, 80)
    (tmp_path / "base").mkdir(exist_ok=True)
    return Facts(recipe, tmp_path / "base", Prepared(mixed, packed), trained)


COMPARISON = {
    "runs": [{"signature": "sig-before"}, {"signature": "sig-after"}],
    "pairs": [
        {"categories": {"MCQA": {"metric": "accuracy", "rows": 200, "a": 25.0, "b": 40.04, "difference": 15.04,
                                 "ci95": [9.5, 20.5], "p_holm": 0.0004}}}
    ],
}  # fmt: skip


def test_the_front_matter_is_what_the_hub_reads(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "README.md").write_text("---\nlicense: llama3.1\ntags: [x]\n---\nlicense: no\n")
    given = facts(tmp_path, task("task1"), task("task2", language="French"))
    read = yaml.safe_load(model_card(given).split("---")[1])
    assert read == front_matter(given)
    assert (read["license"], read["base_model"], read["library_name"]) == ("llama3.1", "base", "transformers")
    assert read["language"] == ["en", "fr"]
    assert "extra_gated_heading" not in read


def test_a_base_model_without_card_has_no_stated_licence(tmp_path: Path) -> None:
    given = facts(tmp_path, task("task1"))
    assert base_of(given) == ("base", "")
    assert front_matter(given)["license"] == "unknown"
    assert "look it up" in model_card(given)
    assert base_of(replace(given, recipe=replace(given.recipe, model="smollm2")))[1] == "apache-2.0"


@pytest.mark.parametrize("access", ["credentialed", "private"])
def test_restricted_data_are_named_at_the_top(access: str, tmp_path: Path) -> None:
    text = model_card(facts(tmp_path, task("task1"), task("task2", access, "PhysioNet"), access=access))
    body = text.split("---\n\n", 1)[1]
    assert body.split("\n\n")[1].startswith(f"> **Tuned on {access} data.**")
    assert f"Data of access **{access}** (task2)" in text
    assert yaml.safe_load(text.split("---")[1])["extra_gated_heading"]


def test_open_data_are_not_warned_of(tmp_path: Path) -> None:
    text = model_card(facts(tmp_path, task("task1"), task("task2", licence="CC BY-NC 4.0")))
    assert "**Tuned on" not in text
    assert "Not for commercial use, say the licences of task2." in text


def test_the_table_before_and_after(tmp_path: Path) -> None:
    without = model_card(facts(tmp_path, task("task1")))
    assert "Not measured yet: `medsins train card my_recipe.toml --before RUN --after RUN`" in without
    text = model_card(replace(facts(tmp_path, task("task1")), comparison=COMPARISON))
    assert "| MCQA | accuracy | 200 | 25.0 | 40.0 | **+15.0** | +9.5 to +20.5 | < 0.001 |" in text
    assert "- before: `sig-before`" in text


def test_what_was_kept_out(tmp_path: Path) -> None:
    findings = [{"task": f"train_{n}", "test_task": "test", "instances": 2, "inputs": 1} for n in range(25)]
    gate = {"files": ["t.json"], "inputs": 1234, "findings": findings}
    text = model_card(facts(tmp_path, task("task1"), gate=gate))
    assert "one of 1,234 test inputs were kept out before tuning: 50." in text
    assert "train\\_19" in text
    assert "train\\_20" not in text
    assert "… and 5 more pairs of tasks." in text
    assert "Nothing was compared" in model_card(facts(tmp_path, task("task1"), gate={"files": [], "inputs": 0}))


def test_settings_that_differ_from_the_defaults_are_named(tmp_path: Path) -> None:
    given = facts(tmp_path, task("task1"))
    recipe = replace(given.recipe, adapter=Adapter(rank=8), packing=Packing(512))
    text = model_card(replace(given, recipe=recipe))
    for told in ("- adapter: rank 8", "- packing: capacity 512", "- training: defaults", "weights of step 80", "0.432"):
        assert told in text
    assert f"`{'r' * 64}`" in text
    assert "(a low-rank adapter of rank 8)" in text
    assert "(all parameters)" in model_card(given)
    lower = replace(given.recipe, training=replace(given.recipe.training, frozen_layers=15))
    assert "the lowest 15 layers" in model_card(replace(given, recipe=lower))


def test_names_cannot_break_the_card(tmp_path: Path) -> None:
    text = model_card(facts(tmp_path, task("a|b\n<script>alert(1)</script>")))
    assert "<script>" not in text
    assert "a\\|b \\<script\\>" in text
