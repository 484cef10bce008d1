"""Adapters: only their weights are tuned; merged, the model answers as with the adapter; wrong folders are told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from medsins.core import UsageError
from medsins.training.loss import row_tensors, summed_loss
from medsins.training.shards import PackedRows, Packing, write_packed
from medsins.training.tokens import Tokens

from .test_shards import some_samples
from .words import WordTokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
models = pytest.importorskip("medsins.training.model")


@pytest.fixture(scope="module")
def base(tiny_llama: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a real, small tokenizer."""
    import tokenizers
    import transformers

    folder = tmp_path_factory.mktemp("base")
    tiny_llama.save_pretrained(folder)
    words = {"<unk>": 0, "<|begin|>": 1, "<|end|>": 2} | {f"w{i}": i for i in range(3, 300)}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>").save_pretrained(folder)
    return folder


def test_an_adapter_is_tuned_saved_and_merged(base: Path, tmp_path: Path) -> None:
    trainer = pytest.importorskip("medsins.training.trainer")
    model, tokenizer = models.load_base(base, "float32", models.Adapter(rank=4))
    whole, tuned = models.parameters(model)
    assert 0 < tuned < 0.3 * whole
    before = copy.deepcopy(model.get_base_model().model.embed_tokens.weight)
    rows = PackedRows(write_packed(some_samples(60), Tokens(WordTokenizer(), 96), Packing(128), tmp_path / "p"))
    settings = trainer.Settings(learning_rate=1e-2, rows_per_step=2, max_steps=6)
    model = trainer.tune(model, rows, settings, tmp_path / "run").eval()
    assert torch.equal(model.get_base_model().model.embed_tokens.weight, before)
    models.save(model, tokenizer, tmp_path / "adapter")
    assert not list((tmp_path / "adapter").glob("model*.safetensors"))
    models.merge(tmp_path / "adapter", base, tmp_path / "merged")
    merged, _ = models.load_base(tmp_path / "merged", "float32")
    untuned, _ = models.load_base(base, "float32")
    with torch.no_grad():
        wanted, found, plain = (
            summed_loss(one.eval(), row_tensors(rows[0])).item() for one in (model, merged, untuned)
        )
    assert found == pytest.approx(wanted, rel=1e-5)
    assert abs(plain - wanted) / wanted > 1e-2


def test_what_is_no_adapter_cannot_be_merged(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no adapter"):
        models.merge(base, base, tmp_path / "merged")


def test_what_is_no_model_cannot_be_tuned(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be loaded"):
        models.load_base(tmp_path, "float32")


@pytest.mark.skipif(torch.cuda.is_available(), reason="4 bits work here")
def test_four_bits_need_a_cuda_device(base: Path) -> None:
    with pytest.raises(UsageError, match="CUDA"):
        models.load_base(base, "float32", models.Adapter(rank=4, quantized=True))


def test_lower_layers_stay_as_they_are(base: Path, tmp_path: Path) -> None:
    trainer = pytest.importorskip("medsins.training.trainer")
    model, _ = models.load_base(base, "float32")
    models.freeze_lower(model, 2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows = PackedRows(write_packed(some_samples(60), Tokens(WordTokenizer(), 96), Packing(128), tmp_path / "p"))
    model = trainer.tune(model, rows, trainer.Settings(learning_rate=1e-2, max_steps=3), tmp_path / "run")
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if name.startswith(("model.layers.2.", "model.norm."))}


def test_something_has_to_be_tuned(base: Path) -> None:
    model, _ = models.load_base(base, "float32")
    with pytest.raises(UsageError, match="nothing would be tuned"):
        models.freeze_lower(model, 3)
    models.freeze_lower(model, 0)
    assert all(parameter.requires_grad for parameter in model.parameters())
