"""The real small model: SmolLM2-135M-Instruct, from its GGUF file to batched answers."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
import torch
from safetensors import safe_open

from medsins.core import AssetUnavailable, Request, Sampling, assets
from medsins.models._base import BackendOptions
from medsins.models._gguf import convert_gguf
from medsins.models.transformers import TransformersBackend, open_backend

from .tiny import answers, generate_alone, talk

SENTENCES = [
    "The patient received cisplatin and etoposide for lung cancer.",
    "No drugs were given.",
    "Lithium caused tremor in two of nine patients, who then took propranolol.",
    "She stopped warfarin before the operation.",
]
CASES = "List the chemicals in the sentence. Case 1: He took aspirin. Answer: aspirin. Case 2: He slept. Answer: none."


@pytest.fixture(scope="module")
def backend() -> TransformersBackend:
    try:
        return open_backend("smollm2", BackendOptions(precision="float32"))
    except AssetUnavailable as error:
        pytest.skip(f"SmolLM2 could not be had: {error}")


def test_clinical_prompts_give_the_answers_of_generate(backend: TransformersBackend) -> None:
    assert backend.batched
    requests = [Request(("ner", i), talk(text, CASES), Sampling(16)) for i, text in enumerate(SENTENCES)]
    found = answers(backend, requests)
    assert [(found[i].text, found[i].completion_tokens) for i in range(len(found))] == [
        generate_alone(backend, request) for request in requests
    ]
    assert any(completion.text.strip() for completion in found.values())


def test_a_prompt_has_one_begin_token_and_the_models_own_turns(backend: TransformersBackend) -> None:
    prompt = talk("Which drug?", "Be short.")
    ids = backend.chat.encode(prompt).tolist()
    starts = [i for i, token in enumerate(ids) if token == backend.chat.tokenizer.bos_token_id]
    assert starts[0] == 0
    assert len(starts) == 3
    assert backend.render(prompt).endswith("<|im_start|>assistant\n")
    assert backend.info.window == 8192


def test_the_converted_weights_are_those_of_the_gguf_file(backend: TransformersBackend) -> None:
    from gguf import GGUFReader
    from gguf.quants import dequantize

    try:
        gguf = assets.resolve(assets.SMOLLM2) / next(iter(assets.SMOLLM2.files))
    except AssetUnavailable as error:
        pytest.skip(f"the GGUF file could not be had: {error}")
    tensors = {tensor.name: tensor for tensor in GGUFReader(gguf).tensors}
    pairs = {
        "token_embd.weight": "model.embed_tokens.weight",
        "blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj.weight",
        "blk.29.attn_norm.weight": "model.layers.29.input_layernorm.weight",
    }
    with safe_open(assets.smollm2(convert_gguf) / "model.safetensors", framework="pt") as file:
        for source, target in pairs.items():
            expected = torch.from_numpy(dequantize(tensors[source].data, tensors[source].tensor_type).copy())
            assert torch.equal(file.get_tensor(target), expected.reshape(file.get_tensor(target).shape))


def test_the_folder_is_an_ordinary_model_folder(backend: TransformersBackend) -> None:
    names = {path.name for path in Path(assets.smollm2(convert_gguf)).iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"} <= names
