"""What loads, what is refused, and what is said about it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch
from safetensors.torch import load_file, save_file

from medsins.core import InvalidFile, MedsinsError, RefusedByPolicy, UsageError
from medsins.models._base import BackendOptions
from medsins.models._gguf import convert_gguf
from medsins.models._local_load import choose_precision, cpu_has_bfloat16, load
from medsins.models.transformers import open_backend

from .tiny import answers, ask, build, generate_alone


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in whole.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def change_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_info_says_all_that_answers_depend_on_and_no_path(whole: Path) -> None:
    info = open_backend(str(whole), BackendOptions()).info
    assert info.name == "tiny-llama"
    assert info.precision == ("bfloat16" if cpu_has_bfloat16() or torch.cuda.is_available() else "float32")
    assert info.engine.startswith("transformers 5")
    assert "torch" in info.engine
    assert (info.window, info.remote) == (256, False)
    assert str(whole.parent) not in repr(info)


def test_the_weights_digest_follows_the_weights_and_not_the_folder(whole: Path, copy: Path) -> None:
    first = load(str(whole), "float32").weights
    assert load(str(copy), "float32").weights == first
    weights = load_file(copy / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert load(str(copy), "float32").weights != first


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def listed_config(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def adapter(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "adapter_config.json").write_text("{}")


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def missing_shard(folder: Path) -> None:
    index = {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")


def empty_index(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text("{}")
    (folder / "model.safetensors").unlink()


def missing_tensor(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def cut_weights(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def unknown_architecture(folder: Path) -> None:
    change_config(folder, model_type="from-the-future")


def no_writer(folder: Path) -> None:
    change_config(folder, model_type="t5")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (no_config, "config.json is missing"),
        (broken_config, "not valid JSON"),
        (listed_config, "not a JSON object"),
        (adapter, "an adapter"),
        (no_weights, "weights are missing: model.safetensors"),
        (missing_shard, "weights are missing: model-2.safetensors"),
        (empty_index, "weights are missing: model.safetensors"),
        (missing_tensor, "1 tensors are not in the weight files, the first is model.layers.1.mlp.up_proj.weight"),
        (cut_weights, "cannot load it"),
        (unknown_architecture, "does not know the architecture 'from-the-future'"),
        (no_writer, "cannot load it"),
    ],
)
def test_a_damaged_folder_is_a_usage_error(copy: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(copy)
    with pytest.raises(UsageError, match=said.replace("(", r"\(")) as error:
        load(str(copy), "float32")
    assert error.value.problems[0].place.startswith(str(copy))


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(RefusedByPolicy, match=r"pickled weights only \(pytorch_model.bin\)") as error:
        load(str(copy), "float32")
    assert "save_pretrained" in error.value.problems[0].mend


def test_a_pickle_beside_safetensors_is_not_read(copy: Path) -> None:
    (copy / "pytorch_model.bin").write_bytes(b"not even a pickle")
    assert load(str(copy), "float32").name == "copy"


def test_remote_code_is_refused_and_never_run(copy: Path) -> None:
    change_config(copy, model_type="evil", auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"})
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    with pytest.raises(RefusedByPolicy, match="runs code from its repository"):
        load(str(copy), "float32")
    assert not (copy / "ran").exists()


def test_a_tokenizer_with_code_is_refused_and_never_run(copy: Path) -> None:
    config = json.loads((copy / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "EvilTokenizer", "auto_map": {"AutoTokenizer": ["evil.T", None]}}
    (copy / "tokenizer_config.json").write_text(json.dumps(config))
    (copy / "tokenizer.json").unlink()
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    with pytest.raises(RefusedByPolicy, match="tokenizer runs code"):
        load(str(copy), "float32")
    assert not (copy / "ran").exists()


def test_an_auto_map_beside_a_native_architecture_is_ignored(copy: Path) -> None:
    change_config(copy, auto_map={"AutoModelForCausalLM": "evil.M"})
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    assert load(str(copy), "float32").name == "copy"
    assert not (copy / "ran").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("./nowhere/at-all", "no such model folder"),
        ("a/b/c", "no such model folder"),
        ("nobody/nothing", "the hub gave no model"),
        ("", "no model named"),
    ],
)
def test_a_name_that_is_no_model_says_what_to_do(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        open_backend(name, BackendOptions())
    assert error.value.problems[0].mend


def test_a_file_is_not_a_folder(whole: Path) -> None:
    with pytest.raises(UsageError, match="a file, not a model folder"):
        load(str(whole / "config.json"), "float32")


def test_precisions_are_named(whole: Path) -> None:
    with pytest.raises(UsageError, match="unknown precision 'int3'"):
        load(str(whole), "int3")
    assert choose_precision("float16", "cpu") == "float16"


def test_an_error_in_any_file_is_of_the_users_family(tmp_path: Path) -> None:
    rubbish = tmp_path / "model.gguf"
    rubbish.write_bytes(b"GGUF" + b"\x00" * 64)
    with pytest.raises(InvalidFile, match="not a GGUF model") as error:
        convert_gguf(rubbish, tmp_path / "out")
    assert isinstance(error.value, MedsinsError)
    assert error.value.problems[0].place == str(rubbish)


def test_opening_and_answering_says_nothing_on_stderr(whole: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from medsins.models._base import BackendOptions\n"
        "from medsins.models.transformers import open_backend\n"
        "from medsins.core import Prompt, Request, Sampling\n"
        "backend = open_backend(sys.argv[1], BackendOptions())\n"
        "ask = [Request(('t', i), Prompt(text='x' * n), Sampling(8)) for i, n in enumerate((5, 400))]\n"
        "print([c.status for group in backend.generate(ask, ()) for _, c in group])\n"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    done = subprocess.run([sys.executable, "-c", code, str(whole), str(source)], capture_output=True, text=True)
    assert done.stdout.strip() == "['error', 'truncated']"
    assert done.stderr == ""


def test_closing_frees_the_weights(whole: Path) -> None:
    backend = open_backend(str(whole), BackendOptions())
    backend.close()
    assert not hasattr(backend, "model")


KINDS = {
    "Qwen2Config": {"use_sliding_window": False},
    "Qwen3Config": {},
    "MistralConfig": {"sliding_window": None},
    "GPTNeoXConfig": {},
}
ALONE = {
    "MistralConfig": {"sliding_window": 8},
    "Gemma2Config": {"sliding_window": 8},
    "BloomConfig": {},
    "LlamaConfig": {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}},
}


@pytest.mark.parametrize(("kind", "batched"), [*[(kind, True) for kind in KINDS], *[(kind, False) for kind in ALONE]])
def test_architectures_are_batched_only_where_it_gives_their_own_answers(
    tmp_path: Path, kind: str, batched: bool
) -> None:
    import transformers

    changes = (KINDS if batched else ALONE)[kind]
    folder = build(tmp_path / kind, getattr(transformers, kind), **changes)
    backend = open_backend(str(folder), BackendOptions(precision="float32"))
    assert backend.batched is batched
    requests = ask("The patient was given metformin and", "The patient was given nothing.", "x" * 30, new=10)
    found = answers(backend, requests)
    alone = [generate_alone(backend, request) for request in requests]
    assert [(found[i].text, found[i].completion_tokens) for i in range(3)] == alone


def test_a_model_without_keys_and_values_is_turned_away_and_not_run_wrongly(tmp_path: Path) -> None:
    from transformers import MambaConfig

    folder = build(tmp_path / "mamba", MambaConfig, state_size=4)
    with pytest.raises(UsageError, match="cannot be run here"):
        open_backend(str(folder), BackendOptions(precision="float32"))
