"""Exports with the real tools, and their logs back as runs. ``make interop`` installs the tools apart from everything
else and runs these tests; ``MEDSINS_INTEROP`` may name the Python that has them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from medsins.bench.imports import import_logs
from medsins.bench.spec import RunSpec
from medsins.bench.store import read_predictions
from medsins.bench.suites import FOLDER
from medsins.core import MedsinsError, Task, assets
from medsins.prompts import find_pool, get_protocol
from medsins.tasks import read_task
from medsins.tasks.card import About
from medsins.tasks.export import Asked, Options, export_tasks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("mini_nli", "mini_mcqa_en", "mini_rationale_fr")
TASKS = [FOLDER / "mini" / "test" / f"{name}.json" for name in NAMES]


@pytest.fixture(scope="module")
def python() -> str:
    found = Path(os.environ.get("MEDSINS_INTEROP", ROOT / "build" / "interop" / "bin" / "python"))
    if not found.is_file():
        pytest.skip("lm-eval, inspect_ai and TRL are not here (make interop)")
    return str(found)


def run(python: str, *words: str, folder: Path) -> str:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home"), "TOKENIZERS_PARALLELISM": "0"}
    done = subprocess.run(
        [python, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def export(name: str, folder: Path, paths: list[Path] = TASKS) -> Path:
    protocol = get_protocol("strict")

    def ask(task: Task) -> Asked:
        pool = find_pool(task)
        return Asked(protocol.spec, lambda: protocol.build(task, pool, 0), protocol.max_new_tokens(task.category))

    export_tasks(paths, name, folder / name, Options(ask, About("mini"), 0))
    return folder / name


def lm_eval(python: str, folder: Path, *words: str) -> None:
    run(python, "-m", "lm_eval", *words, folder=folder)


def bring_back(logs: Path, run_dir: Path) -> list[Any]:
    imported = import_logs([logs], RunSpec(model="", tasks=tuple(map(str, TASKS))), run_dir)
    predictions = list(read_predictions(run_dir))
    assert imported.answers == len(predictions)
    return predictions


def instances() -> list[tuple[str, str]]:
    return [(task.id, instance.id) for task in map(read_task, TASKS) for instance in task.instances]


def test_lm_eval_validates_and_runs_the_export_and_its_log_comes_back(python: str, tmp_path: Path) -> None:
    folder = export("lm-eval", tmp_path)
    lm_eval(python, folder, "validate", "--include_path", ".", "--tasks", "medsins")
    words = ["run", "--model", "dummy", "--include_path", ".", "--tasks", "medsins", "--log_samples"]
    lm_eval(python, folder, *words, "--output_path", "out")
    predictions = bring_back(folder / "out", tmp_path / "run")
    assert [(p.task_id, p.instance_id) for p in predictions] == instances()
    assert {p.completion.text for p in predictions} == {"lol"}


def test_lm_eval_sends_a_chat_model_what_we_would_send(python: str, tmp_path: Path) -> None:
    """Byte for byte, with the chat template of a real model."""
    try:
        from medsins.models._gguf import convert_gguf

        model = assets.smollm2(convert_gguf)
    except (MedsinsError, ImportError) as error:
        pytest.skip(f"the small model is not here: {error}")
    from transformers import AutoTokenizer

    folder = export("lm-eval", tmp_path, TASKS[:1])
    words = ["run", "--model", "hf", "--model_args", f"pretrained={model},dtype=float32", "--device", "cpu"]
    words += ["--include_path", ".", "--tasks", "medsins_mini_nli", "--limit", "3", "--gen_kwargs", "max_gen_toks=2"]
    words += ["--apply_chat_template", "--fewshot_as_multiturn", "true", "--log_samples", "--output_path", "out"]
    lm_eval(python, folder, *words)
    sent = [prediction.prompt for prediction in bring_back(folder / "out", tmp_path / "run")]
    task = read_task(TASKS[0])
    tokenizer = AutoTokenizer.from_pretrained(str(model))
    ours = [
        tokenizer.apply_chat_template(
            [{"role": m.role, "content": m.content} for m in prompt.messages],
            tokenize=False,
            add_generation_prompt=True,
        )
        for prompt in get_protocol("strict").build(task, find_pool(task), 0, None, range(3))
    ]
    assert sent == ours


INSPECT = """
import sys
sys.path.insert(0, ".")
import medsins_tasks
from inspect_ai import eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

def answers():
    while True:
        output = ModelOutput.from_content("mockllm/model", "The answer is B")
        output.usage = ModelUsage(input_tokens=10, output_tokens=2, total_tokens=12)
        yield output

for form in ("json", "eval"):
    tasks = [getattr(medsins_tasks, name)() for name in sys.argv[1:]]
    model = get_model("mockllm/model", custom_outputs=answers())
    logs = eval(tasks, model=model, log_dir="logs-" + form, log_format=form, display="none")
    assert all(log.status == "success" for log in logs), [log.error for log in logs]
    print(form, {log.eval.task: log.results.scores[0].metrics for log in logs if log.eval.task == "mini_mcqa_en"})
"""


def test_inspect_runs_the_export_and_both_kinds_of_log_come_back(python: str, tmp_path: Path) -> None:
    folder = export("inspect", tmp_path)
    run(python, "-c", INSPECT, *NAMES, folder=folder)
    found = {}
    for form in ("json", "eval"):
        predictions = bring_back(folder / f"logs-{form}", tmp_path / form)
        assert [(p.task_id, p.instance_id) for p in predictions] == instances()
        found[form] = [(p.prompt, p.completion.text, p.completion.prompt_tokens) for p in predictions]
    assert found["json"] == found["eval"]
    assert {(text, tokens) for _, text, tokens in found["json"]} == {("The answer is B", 10)}


TRL = """
import sys
from datasets import load_dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from tokenizers import Tokenizer, models, pre_tokenizers, decoders
from trl import SFTConfig, SFTTrainer

letters = {letter: n for n, letter in enumerate(["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())])}
raw = Tokenizer(models.BPE(vocab=letters, merges=[]))
raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
raw.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="<end>")
tokenizer.chat_template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>{% endfor %}"
tokenizer.chat_template += "{% if add_generation_prompt %}[assistant]{% endif %}"
shape = dict(vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1)
model = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=2, num_key_value_heads=2))
rows = load_dataset("json", data_files={"train": "data/train.jsonl"})["train"]
config = SFTConfig(output_dir="out", max_length=4096, max_steps=1, per_device_train_batch_size=1, report_to=[],
                   use_cpu=True, bf16=False, save_strategy="no")
trainer = SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer)
answers = {row["completion"][0]["content"] for row in rows}
for batch in trainer.get_train_dataloader():
    learnt = tokenizer.decode(batch["labels"][0][batch["labels"][0] != -100]).replace("<end>", "")
    assert learnt in answers, learnt
trainer.train()
print(len(rows))
"""


def test_trl_learns_the_answers_and_nothing_else(python: str, tmp_path: Path) -> None:
    folder = export("trl", tmp_path, [FOLDER / "mini" / "train" / f"{name}.json" for name in NAMES])
    rows = int(run(python, "-c", TRL, folder=folder).split()[-1])
    assert rows == len((folder / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines())


def test_the_hubs_loader_reads_the_table(python: str, tmp_path: Path) -> None:
    folder = export("hub", tmp_path)
    code = "import json, sys, datasets; d = datasets.load_dataset(sys.argv[1])['test']; print(json.dumps(d.to_list()))"
    rows = json.loads(run(python, "-c", code, str(folder), folder=tmp_path))
    assert [(row["task_id"], row["id"]) for row in rows] == instances()
