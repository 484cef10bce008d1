"""``medsins train`` from a recipe to a model that ``bench run`` takes, with a model of two layers."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from medsins.cli import _train_progress
from medsins.cli.main import main

pytest.importorskip("torch")
pytest.importorskip("peft")

EVALUATION = 'suite = "test"\nquestions = 3\nevery = 4\nprotocol = "strict:shots=0,max_answer_tokens=8"'


def said(*words: object) -> tuple[int, str, str]:
    """The exit code of a command, and what it wrote to stdout and stderr."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


def done(*words: object) -> Any:
    """The document of a command that ends well."""
    code, out, err = said(*words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def ground(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, tasks and tests; recipes are copied out of it."""
    folder = tmp_path_factory.mktemp("ground")
    tiny.make_model(folder / "model")
    tiny.make_tasks(folder / "tasks")
    tiny.make_test(folder / "test")
    return folder


@pytest.fixture(scope="module")
def tuned(tiny: Any, ground: Path) -> dict[str, Any]:
    """A recipe carried out: what each command said."""
    recipe = tiny.make_recipe(ground, evaluation=EVALUATION)
    prepared = done("train", "prepare", recipe)
    return {"recipe": recipe, "out": ground / "out", "prepared": prepared, "run": done("train", "run", recipe)}


@pytest.fixture
def fresh(ground: Path, tmp_path: Path) -> Path:
    """The same ground once more, nothing prepared."""
    for name in ("model", "tasks", "test"):
        shutil.copytree(ground / name, tmp_path / name)
    return tmp_path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_recipes_are_printed_to_begin_with(tmp_path: Path) -> None:
    code, out, _ = said("train", "recipe")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} == {"tiny-cpu", "lora-1gpu", "qlora-1gpu", "full-fsdp-8b"}
    assert done("train", "recipe", "tiny-cpu")["training"]["rows_per_step"] > 0
    (tmp_path / "my.toml").write_text(said("train", "recipe", "tiny-cpu")[1], encoding="utf-8")
    code, _, err = said("train", "prepare", tmp_path / "my.toml")
    assert code == 2
    assert "no such task file or folder: tasks" in err


def test_prepare_counts_what_it_made(tuned: dict[str, Any]) -> None:
    prepared, out = tuned["prepared"], tuned["out"]
    manifest = json.loads((out / "packed" / "packed.json").read_text(encoding="utf-8"))
    assert prepared["packed"]["tokens"] == sum(shard["tokens"] for shard in manifest["shards"])
    assert prepared["packed"]["samples"] == prepared["mixture"]["samples"] == 119  # 120, one of which is tested on
    assert prepared["kept_out"] == 1
    assert 0.7 < prepared["packed"]["fill"] <= 1
    takes = prepared["estimate"]
    assert takes["steps"] == 8
    from safetensors.torch import load_file

    weights = load_file(tuned["recipe"].parent / "model" / "model.safetensors")
    assert takes["parameters"] == takes["tuned_parameters"] == sum(one.numel() for one in weights.values())
    assert takes["hours"] > 0
    assert Path(prepared["page"]).is_file()


def test_what_has_not_changed_is_not_made_again(tiny: Any, fresh: Path) -> None:
    recipe = tiny.make_recipe(fresh)
    first = done("train", "prepare", recipe, "--teraflops", "1")
    assert (first["mixture"]["made"], first["packed"]["made"]) == (True, True)
    stamp = (fresh / "out" / "packed" / "rows-00000.parquet").stat().st_mtime_ns
    again = done("train", "prepare", recipe, "--teraflops", "2")
    assert (again["mixture"]["made"], again["packed"]["made"]) == (False, False)
    assert (fresh / "out" / "packed" / "rows-00000.parquet").stat().st_mtime_ns == stamp
    assert again["estimate"]["hours"] == pytest.approx(first["estimate"]["hours"] / 2)
    tiny.make_recipe(fresh, packing="capacity = 200")
    longer = done("train", "prepare", recipe)
    assert (longer["mixture"]["made"], longer["packed"]["made"]) == (False, True)
    tiny.make_task(fresh / "tasks" / "task900_drugs.json", 61)
    grown = done("train", "prepare", recipe)
    assert (grown["mixture"]["made"], grown["packed"]["made"]) == (True, True)
    assert grown["packed"]["samples"] == first["packed"]["samples"] + 1
    (fresh / "out" / "packed" / "rows-00000.parquet").unlink()
    assert done("train", "prepare", recipe)["packed"]["made"]


def test_run_ends_with_a_model_that_bench_takes(tuned: dict[str, Any], tmp_path: Path) -> None:
    run, out = tuned["run"], tuned["out"]
    assert run["folder"] == str(out / "model")
    assert (run["steps"], run["planned"], run["adapter"]) == (8, 8, False)
    losses = lines(out / "training" / "losses.jsonl")
    assert [line["step"] for line in losses] == list(range(1, 9))
    assert losses[-1]["loss"] < losses[0]["loss"]
    assert run["tokens"] == losses[-1]["tokens"]
    assert {path.suffix for path in (out / "model").iterdir()} <= {".json", ".safetensors", ".jinja"}
    (command,) = run["next"]
    words = command.split()[1:-1]
    assert words[:4] == ["bench", "run", "--model", f"transformers:{out / 'model'}"]
    protocol = ("--protocol", "strict:shots=0,max_answer_tokens=4", "--limit", "2", "-q")
    assert main([*words, str(tmp_path / "run"), *protocol]) == 0


def test_the_model_is_judged_at_the_start_and_on_the_way(tuned: dict[str, Any]) -> None:
    judged = lines(tuned["out"] / "training" / "evaluations.jsonl")
    assert [line["step"] for line in judged] == [0, 4, 8]
    assert all(set(line["scores"]) == {"Named Entity Recognition"} for line in judged)
    assert "Does it answer better?" in (tuned["out"] / "training.html").read_text(encoding="utf-8")


def test_a_finished_training_is_not_done_again(tuned: dict[str, Any]) -> None:
    stamp = (tuned["out"] / "model" / "model.safetensors").stat().st_mtime_ns
    assert done("train", "run", tuned["recipe"]) == tuned["run"]
    assert (tuned["out"] / "model" / "model.safetensors").stat().st_mtime_ns == stamp
    assert done("train", "run", tuned["recipe"], "--dry-run")["finished"]


def test_interrupted_it_goes_on_to_the_same_losses(
    tiny: Any, tuned: dict[str, Any], fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluations on the way do not change the losses either: the undisturbed run had some, this one has none."""
    recipe = tiny.make_recipe(fresh)
    done("train", "prepare", recipe)
    whole = _train_progress.TrainProgress.step

    def interrupt(self: Any, step: Any) -> None:
        whole(self, step)
        if step.step == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(_train_progress.TrainProgress, "step", interrupt)
    code, _, err = said("train", "run", recipe)
    assert code == 130
    assert f"go on from step 4 with: medsins train run {recipe}" in err
    monkeypatch.undo()
    assert done("train", "run", recipe, "--dry-run")["starts_after_step"] == 4
    done("train", "run", recipe)
    there = [line["loss"] for line in lines(fresh / "out" / "training" / "losses.jsonl")]
    wanted = [line["loss"] for line in lines(tuned["out"] / "training" / "losses.jsonl")]
    assert there == pytest.approx(wanted, rel=1e-6)


def test_inspect_shows_the_samples_of_a_row(tuned: dict[str, Any], tmp_path: Path) -> None:
    code, out, _ = said("train", "inspect", tuned["recipe"], "--row", "1", "--html", tmp_path / "row.html")
    assert code == 0
    assert "sees nothing before" in out or "computed once" in out
    assert "with loss" in out
    assert (tmp_path / "row.html").is_file()
    document = done("train", "inspect", tuned["recipe"], "--row", "1")
    pieces = [piece for group in document["groups"] for part in group["samples"] for piece in part["pieces"]]
    answers = [piece for piece in pieces if piece["kind"] == "answer"]
    assert sum(piece["tokens"] for piece in answers) == document["answer_tokens"]
    assert all(piece["text"].endswith("<|end|>") for piece in answers)
    assert {piece["text"] for piece in pieces if piece["kind"] == "shot answer"} <= {
        *("yes", "no", "aspirin", "ibuprofen", "digoxin", "warfarin", "insulin", "codeine")
    }


def test_an_adapter_is_merged(tiny: Any, fresh: Path) -> None:
    training = "learning_rate = 1e-2\nrows_per_step = 2\nmax_steps = 3\nsave_steps = 2"
    recipe = tiny.make_recipe(fresh, training=training, adapter="rank = 2\nalpha = 4")
    assert done("train", "prepare", recipe)["estimate"]["tuned_parameters"] < 10_000
    run = done("train", "run", recipe)
    assert run["adapter"]
    assert run["next"][0] == f"medsins train merge {recipe}"
    assert done("train", "card", recipe)["cards"] == [str(fresh / "out" / "adapter" / "README.md")]
    assert done("train", "merge", recipe)["folder"] == str(fresh / "out" / "model")
    assert (fresh / "out" / "model" / "model.safetensors").is_file()
    assert len(done("train", "card", recipe)["cards"]) == 2


def test_the_card_has_the_table_of_two_runs(tuned: dict[str, Any], ground: Path, tmp_path: Path) -> None:
    recipe, runs = tuned["recipe"], {}
    for name, model in (("before", ground / "model"), ("after", tuned["out"] / "model")):
        runs[name] = tmp_path / name
        words = ("--tasks", ground / "test", "--protocol", "strict:shots=0,max_answer_tokens=4", "-o", runs[name], "-q")
        assert said("bench", "run", "--model", f"transformers:{model}", *words)[0] == 0
    assert said("train", "card", recipe, "--before", runs["before"])[0] == 2
    code, _, err = said("train", "card", recipe, "--before", runs["after"], "--after", runs["before"])
    assert code == 2
    assert "another model than the one that was tuned" in err
    (card,) = done("train", "card", recipe, "--before", runs["before"], "--after", runs["after"])["cards"]
    text = Path(card).read_text(encoding="utf-8")
    compared = done("bench", "compare", runs["before"], runs["after"])["pairs"][0]["categories"]
    line = compared["Named Entity Recognition"]
    assert f"| {line['a']:.1f} | {line['b']:.1f} | **{line['difference']:+.1f}** |" in text


@pytest.mark.slow
def test_smollm2_for_two_steps(tiny: Any, fresh: Path, smollm2_folder: Path) -> None:
    training = "learning_rate = 1e-4\nrows_per_step = 1\nmax_steps = 2"
    head = 'model = "smollm2"\ntasks = ["tasks"]\nsuites = ["mini"]\noutput = "out"\n'
    recipe = tiny.make_recipe(fresh, head, training=training)
    assert done("train", "prepare", recipe)["estimate"]["parameters"] == 134_515_008
    run = done("train", "run", recipe)
    losses = [line["loss"] for line in lines(fresh / "out" / "training" / "losses.jsonl")]
    assert len(losses) == 2
    assert 0 < losses[0] < 6
    assert Path(run["folder"], "model.safetensors").stat().st_size > 4 * 134_000_000
    kinds = {p["kind"] for g in done("train", "inspect", recipe)["groups"] for s in g["samples"] for p in s["pieces"]}
    assert {"answer", "frame"} <= kinds
