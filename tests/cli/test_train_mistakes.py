"""What can go wrong with ``medsins train``: told in a line or two with what to do, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.cli.main import main

pytest.importorskip("torch")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, tasks, tests and prepared data."""
    folder = tmp_path_factory.mktemp("made")
    tiny.make_model(folder / "model")
    tiny.make_tasks(folder / "tasks", 12)
    tiny.make_test(folder / "test")
    assert main(["train", "prepare", str(tiny.make_recipe(folder)), "--json", "-q", "--teraflops", "1"]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "f")
    return tmp_path / "f"


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def pickled(folder: Path) -> None:
    (folder / "model" / "model.safetensors").rename(folder / "model" / "pytorch_model.bin")


def remote(folder: Path) -> None:
    edit(folder / "model" / "config.json", lambda c: c.update(model_type="own", auto_map={"AutoModel": "own.Own"}))


def no_model(folder: Path) -> None:
    shutil.rmtree(folder / "model")


def no_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / "model" / name).unlink()


def no_data(folder: Path) -> None:
    (folder / "out" / "prepared.json").unlink()


def damaged(folder: Path) -> None:
    path = folder / "out" / "packed" / "rows-00000.parquet"
    path.write_bytes(path.read_bytes()[:-7] + b"damaged")


def begun_otherwise(folder: Path) -> None:
    (folder / "out" / "training").mkdir()
    started = {"model": "model", "data": "other", "training.learning_rate": 1.0}
    (folder / "out" / "training" / "started.json").write_text(json.dumps(started), encoding="utf-8")


def other_words(folder: Path) -> None:
    edit(folder / "model" / "tokenizer.json", lambda t: t["model"]["vocab"].update({"qq": 263}))


def stray(folder: Path) -> None:
    shutil.rmtree(folder / "out")
    (folder / "out" / "mixture").mkdir(parents=True)
    (folder / "out" / "mixture" / "thesis.txt").write_text("mine", encoding="utf-8")


def empty_task(folder: Path) -> None:
    edit(folder / "tasks" / "task900_drugs.json", lambda t: t.update(Instances=[]))


MISTAKES: dict[str, tuple[str, Callable[[Path], None], int, tuple[str, ...]]] = {
    "pickled weights": ("run", pickled, 3, ("pickled weights only",)),
    "remote code": ("prepare", remote, 3, ("runs code from its repository",)),
    "no model": ("prepare", no_model, 2, ("model",)),
    "no tokenizer": ("prepare", no_tokenizer, 2, ("tokenizer cannot be loaded",)),
    "nothing prepared": ("run", no_data, 2, ("no data are prepared", "medsins train prepare")),
    "damaged rows": ("run", damaged, 1, ("is not the shard that was written",)),
    "a training of something else": ("run", begun_otherwise, 1, ("other settings", "data (other there")),
    "rows for another tokenizer": ("run", other_words, 2, ("another tokenizer", "medsins train prepare")),
    "a folder with other things": ("prepare", stray, 2, ("mixture",)),
    "a task without instances": ("prepare", empty_task, 2, ("task900_drugs",)),
    "nothing to merge": ("merge", lambda folder: None, 2, ("no tuning is finished", "medsins train run")),
    "nothing to describe": ("card", lambda folder: None, 2, ("no tuning is finished",)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str, folder: Path, capsys: Capture) -> None:
    verb, spoil, wanted, told = MISTAKES[name]
    spoil(folder)
    capsys.readouterr()
    assert main(["train", verb, str(folder / "my.toml")]) == wanted
    shown = capsys.readouterr()
    assert shown.err.startswith(("error: ", "note: "))
    for words in told:
        assert words in shown.err
    assert "Traceback" not in shown.err


def test_another_recipe_than_the_data_are_for(tiny: Any, folder: Path, capsys: Capture) -> None:
    recipe = tiny.make_recipe(folder, mixture="few_shot = 0")
    assert main(["train", "run", str(recipe)]) == 2
    assert "prepared for other tasks, suites, mixture or packing" in capsys.readouterr().err


def test_suites_that_are_not_there_come_at_once(tiny: Any, folder: Path, capsys: Capture) -> None:
    head = 'model = "model"\ntasks = ["tasks"]\nsuites = ["mini", "minl", "far/away"]\noutput = "out"\n'
    recipe = tiny.make_recipe(folder, head, evaluation='suite = "nosuch"')
    assert main(["train", "prepare", str(recipe)]) == 2
    shown = capsys.readouterr().err
    assert [name in shown for name in ("minl", "far/away", "nosuch", ": mini\n")] == [True, True, True, False]


@pytest.mark.parametrize(("row", "told"), [("99999", "--row takes 0 to"), ("-1", "--row takes 0 to"), ("x", "number")])
def test_rows_that_are_not_there(row: str, told: str, folder: Path, capsys: Capture) -> None:
    assert main(["train", "inspect", str(folder / "my.toml"), f"--row={row}"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "x", "inf", "nan"])
def test_paces_that_are_none(text: str, folder: Path, capsys: Capture) -> None:
    assert main(["train", "prepare", str(folder / "my.toml"), f"--teraflops={text}"]) == 2
    assert "is no number above 0" in capsys.readouterr().err


def test_one_training_at_a_time(folder: Path, capsys: Capture) -> None:
    from medsins.bench.lock import hold

    with hold(folder / "out"):
        assert main(["train", "run", str(folder / "my.toml")]) == 1
    assert "is in use by process" in capsys.readouterr().err


def test_a_tokenizer_without_template_gets_the_plain_format(tiny: Any, tmp_path: Path, capsys: Capture) -> None:
    tiny.make_model(tmp_path / "model", template=False)
    tiny.make_tasks(tmp_path / "tasks", 6)
    tiny.make_test(tmp_path / "test")
    recipe = tiny.make_recipe(tmp_path)
    assert main(["train", "prepare", str(recipe), "--teraflops", "1"]) == 0
    assert "no chat template: samples get the plain format" in capsys.readouterr().err
    assert main(["train", "inspect", str(recipe), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    texts = [p["text"] for g in document["groups"] for s in g["samples"] for p in s["pieces"] if p["kind"] == "prompt"]
    assert texts
    assert "<|user|>" not in "".join(texts)


def test_without_the_packages_the_pip_line_is_named(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "accelerate" else found(name))
    assert main(["train", "run", str(folder / "my.toml")]) == 2
    assert "pip install 'medsins[train]'" in capsys.readouterr().err
