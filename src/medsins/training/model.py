"""The model that is tuned: loaded from a checked folder, with an adapter where the recipe asks for one, and merged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from medsins.core import MissingExtra, Problem, RefusedByPolicy, UsageError

from .packed_attention import attention
from .settings import FULL, Adapter

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load_base(folder: Path, precision: str, adapter: Adapter = FULL) -> tuple[Any, Any]:
    """(model, tokenizer) from a folder of safetensors; code from the folder is never run.

    Weights that are tuned stay float32 (``bfloat16`` computes in it by autocast); frozen ones below an adapter take
    the precision itself.

    Raises:
        UsageError: the folder cannot be loaded, or 4 bits are asked for where there is no CUDA device.
        RefusedByPolicy: the tokenizer needs code from the folder.
        MissingExtra: no adapter library.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if adapter.quantized and not torch.cuda.is_available():
        mend = "choose a recipe without quantized = true"
        raise UsageError(Problem("4-bit weights need a CUDA device", "recipe: adapter.quantized", mend))
    extra = {"quantization_config": _four_bits()} if adapter.quantized else {}
    kept = PRECISIONS[precision] if adapter.rank else torch.float32
    tokenizer = load_tokenizer(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=kept, attn_implementation=attention(), trust_remote_code=False, use_safetensors=True, **extra
        )
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            Problem(f"cannot be loaded: {error}", str(folder), "name a folder of a causal model")
        ) from error
    return with_adapter(model, adapter), tokenizer


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder.

    Raises:
        UsageError: it cannot be loaded.
        RefusedByPolicy: it needs code from the folder.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        if "trust_remote_code" in str(error):
            mend = "choose a base model whose tokenizer ships with transformers"
            raise RefusedByPolicy(Problem("the tokenizer runs code from its folder", str(folder), mend)) from error
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        mend = "the folder must hold the tokenizer too, as save_pretrained writes it"
        raise UsageError(Problem(f"its tokenizer cannot be loaded: {reason}", str(folder), mend)) from error


def freeze_lower(model: Any, layers: int) -> None:
    """Keep the embeddings and so many of the lower layers as they are; no gradient goes through them then.

    Raises:
        UsageError: the model has no more layers than that.
    """
    found = decoder_layers(model)
    if layers >= len(found):
        mend = f"choose fewer than the model's {len(found)} layers"
        raise UsageError(Problem(f"frozen_layers is {layers}: nothing would be tuned", "[training]", mend))
    for part in (model.get_input_embeddings(), *found[:layers]) if layers else ():
        part.requires_grad_(False)


def decoder_layers(model: Any) -> Any:
    """The layers of a causal model, lowest first."""
    sizes = model.config.get_text_config().num_hidden_layers
    stacks = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == sizes]
    if not stacks:
        mend = "set frozen_layers to 0 for this kind of model"
        raise UsageError(Problem("its layers cannot be told", type(model).__name__, mend))
    return stacks[0]


def with_adapter(model: Any, adapter: Adapter) -> Any:
    """The model with low-rank matrices beside every linear layer but the head, or as it is where ``rank`` is 0."""
    if not adapter.rank:
        return model
    try:
        from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    except ImportError as error:
        raise MissingExtra("an adapter", "train") from error
    if adapter.quantized:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)  # type: ignore[no-untyped-call]
    config = LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model as it was tuned: an adapter alone, or all weights, as safetensors with the tokenizer."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def merge(tuned: Path, base: Path, target: Path) -> None:
    """An adapter put into its base model: a folder that ``medsins bench run --model transformers:FOLDER`` takes.

    Raises:
        UsageError: ``tuned`` is no adapter, or not one of this base model.
        MissingExtra: no adapter library.
    """
    if not (tuned / "adapter_config.json").is_file():
        mend = "a model tuned without adapter is whole already: use its folder as it is"
        raise UsageError(Problem("holds no adapter", str(tuned), mend))
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtra("an adapter", "train") from error
    model, tokenizer = load_base(base, "float32")
    try:
        merged = PeftModel.from_pretrained(model, tuned).merge_and_unload()
    except (RuntimeError, ValueError) as error:
        raise UsageError(Problem(f"is not an adapter of {base}: {error}", str(tuned), "name its base model")) from error
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    save(merged, tokenizer, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.replace(target)


def parameters(model: Any) -> tuple[int, int]:
    """(all, tuned) parameters."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, tuned in sizes if tuned)


def _four_bits() -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
