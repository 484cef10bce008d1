"""A model folder of a few hundred kilobytes with a real byte-level tokenizer, and task files and recipes for it."""

from __future__ import annotations

import json
from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
MARKS = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|pad|>")
DRUGS = ("aspirin", "ibuprofen", "digoxin", "warfarin", "insulin", "codeine")


def make_model(folder: Path, template: bool = True) -> Path:
    """A Llama of two layers that reads bytes."""
    import tokenizers
    import torch
    import transformers

    torch.manual_seed(0)
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    words = {letter: number for number, letter in enumerate(letters)}
    inner = tokenizers.Tokenizer(tokenizers.models.BPE(words, []))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    inner.add_special_tokens(list(MARKS))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|pad|>")
    tokenizer.chat_template = TEMPLATE if template else None
    tokenizer.save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=264, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True, eos_token_id=256,
        pad_token_id=260, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).float().save_pretrained(folder)
    return folder


def make_tasks(folder: Path, count: int = 60) -> Path:
    """Two task files to train on, with few words so that a small model can learn something."""
    for name in ("task900_drugs", "task901_claims"):
        make_task(folder / f"{name}.json", count)
    return folder


def make_task(path: Path, count: int, **card: object) -> Path:
    """A task file of entities or of claims, by its name; ``card`` overrides its keys."""
    drugs = path.stem.endswith("drugs")
    instances = [
        {"id": str(n), "input": f"Bed {n}: takes {DRUGS[n % 6]}.", "output": [DRUGS[n % 6]]}
        if drugs
        else {"id": str(n), "input": f"Is {DRUGS[n % 6]} for bed {n}?", "output": ["yes" if n % 2 else "no"]}
        for n in range(count)
    ]
    document = {
        "Contributors": ["x"], "Source": ["invented"], "URL": ["https://example.org"],
        "Categories": ["Named Entity Recognition" if drugs else "Fact Verification"],
        "Reasoning": [], "Definition": ["Name the drug." if drugs else "Answer yes or no."],
        "Input_language": ["English"], "Output_language": ["English"], "Instruction_language": ["English"],
        "Domains": ["Clinical"], "Positive Examples": [], "Negative Examples": [], **card, "Instances": instances,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def make_test(folder: Path) -> Path:
    """A task file to test on, one of whose inputs is trained on too."""
    path = make_task(folder / "task900_drugs.json", 6)
    document = json.loads(path.read_text(encoding="utf-8"))
    for number, instance in enumerate(document["Instances"][1:], start=1):
        instance["input"] = f"Ward {number}: takes {DRUGS[number]}."
    path.write_text(json.dumps(document), encoding="utf-8")
    return folder


def make_recipe(folder: Path, text: str = "", **tables: str) -> Path:
    """A recipe beside ``model``, ``tasks`` and ``test``; ``tables`` replace the lines of a table."""
    lines = {
        "mixture": "few_shot = 0.5\nshots = 1",
        "packing": "capacity = 256\nshare = true",
        "training": "learning_rate = 5e-3\nrows_per_step = 2\nmax_steps = 8\nsave_steps = 4",
        **tables,
    }
    head = text or 'model = "model"\ntasks = ["tasks"]\nsuites = ["test"]\noutput = "out"\n'
    path = folder / "my.toml"
    path.write_text(head + "".join(f"\n[{name}]\n{body}\n" for name, body in lines.items()), encoding="utf-8")
    return path
