"""A GGUF file, dequantised once into an ordinary transformers folder (safetensors and tokenizer)."""

from __future__ import annotations

import struct
from pathlib import Path

from medsins.core import InvalidFile, MissingExtra, Problem


def convert_gguf(gguf_file: Path, folder: Path) -> None:
    """Write the model of ``gguf_file`` to ``folder`` in float32, with its tokenizer and chat template.

    ``save_pretrained`` refuses what came out of a GGUF file as quantised, so the dequantised weights go into a fresh
    model of the same class first. The caller sees to it that the folder takes its name only when all went well.

    Raises:
        MissingExtra: torch, transformers or gguf are not installed.
        InvalidFile: transformers cannot read the file.
    """
    try:
        import gguf  # noqa: F401
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    except ModuleNotFoundError as error:
        raise MissingExtra("reading a GGUF model", "local") from error

    from ._local_quiet import quiet

    source, name = str(gguf_file.parent), gguf_file.name
    with quiet():
        try:
            config = AutoConfig.from_pretrained(source, gguf_file=name)
            model = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=name)
        except (OSError, ValueError, LookupError, NotImplementedError, struct.error) as error:
            what = f"not a GGUF model that transformers can read: {error}"
            raise InvalidFile(Problem(what, place=str(gguf_file))) from error
        plain = type(model)(config).to(torch.float32)
        plain.load_state_dict(model.state_dict())
        plain.generation_config = GenerationConfig(
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        plain.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
