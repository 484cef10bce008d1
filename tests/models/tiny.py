"""Tiny real models, made on the fly: random weights, a byte-level tokenizer, a chat template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, set_seed

from medsins.core import Message, Prompt, Request, Sampling

SPECIAL = ["<pad>", "<s>", "</s>", "<turn>"]
CHAT = (
    "{{ bos_token }}{% for m in messages %}<turn>{{ m['role'] }}\n{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<turn>assistant\n{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHAT


def tokenizer(template: str | None = CHAT) -> PreTrainedTokenizerFast:
    """One token a byte, plus the special ones."""
    symbols = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    core = Tokenizer(models.BPE({symbol: i for i, symbol in enumerate(symbols)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token="</s>")
    made.add_special_tokens({"additional_special_tokens": ["<turn>"]})
    made.chat_template = template
    return made


def build(folder: Path, config: Any = None, template: str | None = CHAT, **changes: Any) -> Path:
    """Save a model with random weights, large enough that answers differ from prompt to prompt."""
    from transformers import AutoModelForCausalLM, LlamaConfig

    set_seed(7)
    words = tokenizer(template)
    sizes = {"hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 6}
    sizes |= {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 256, "initializer_range": 0.3}
    kind = config or LlamaConfig
    model = AutoModelForCausalLM.from_config(
        kind(vocab_size=len(words), bos_token_id=1, eos_token_id=2, pad_token_id=0, **(sizes | changes)),
        dtype=torch.float32,
    )
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def ask(*texts: str, new: int = 12, stop: tuple[str, ...] = (), **sampling: Any) -> list[Request]:
    """One raw-text request for each text."""
    return [
        Request(("tiny", i), Prompt(text=text, stop=stop), Sampling(max_new_tokens=new, **sampling))
        for i, text in enumerate(texts)
    ]


def talk(text: str, system: str = "") -> Prompt:
    """A conversation of one user turn, with a system text where one is given."""
    first = (Message("system", system),) if system else ()
    return Prompt(messages=(*first, Message("user", text)))


def generate_ids(backend: Any, request: Request) -> list[int]:
    """The new tokens of transformers' own ``generate`` for one request."""
    ids = torch.tensor([backend.chat.encode(request.prompt).tolist()])
    backend.decoder.attend(backend.decoder.own)
    with torch.inference_mode():
        out = backend.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=request.sampling.max_new_tokens,
            do_sample=False,
            eos_token_id=sorted(backend.ends),
            pad_token_id=0,
        )
    return [int(token) for token in out[0, ids.shape[1] :]]


def generate_alone(backend: Any, request: Request) -> tuple[str, int]:
    """The answer of transformers' own ``generate`` to one request, and its number of tokens."""
    new = generate_ids(backend, request)
    kept = new[:-1] if new[-1] in backend.ends else new
    return backend.chat.tokenizer.decode(kept, skip_special_tokens=True), len(new)


def answers(backend: Any, requests: list[Request], done: set[int] | None = None) -> dict[int, Any]:
    """All completions by position; a position answered twice fails."""
    found: dict[int, Any] = {}
    for group in backend.generate(requests, done or set()):
        for position, completion in group:
            assert position not in found
            found[position] = completion
    return found
