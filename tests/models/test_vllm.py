"""vLLM for real: its answers, and its log-probabilities, are those of transformers in float32."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
LIMIT = 2  # instances of each of the 28 tasks of the mini suite


def ask(python: str | Path, model: str) -> dict[str, Any]:
    kind = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2", "PYTHONPATH": str(HERE.parents[1] / "src")}
    words = [str(python), str(HERE / "vllm_answers.py"), model, str(LIMIT)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | kind, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def engine(vllm_python: Path, smollm2_folder: Path) -> dict[str, Any]:
    return ask(vllm_python, f"vllm:{smollm2_folder}")


@pytest.fixture(scope="module")
def reference(smollm2_folder: Path) -> dict[str, Any]:
    return ask(sys.executable, f"transformers:{smollm2_folder}")


def test_prompts_and_tokens_are_the_same(engine: dict[str, Any], reference: dict[str, Any]) -> None:
    assert len(engine["prompts"]) >= 32
    assert engine["prompts"] == reference["prompts"]
    for name in ("weights", "precision", "chat_format", "window"):
        assert engine["info"][name] == reference["info"][name]
    counts = [[answer["prompt_tokens"] for answer in found["answers"]] for found in (engine, reference)]
    assert counts[0] == counts[1]


def test_answers_are_the_same(engine: dict[str, Any], reference: dict[str, Any]) -> None:
    for name in ("text", "status", "completion_tokens", "error"):
        pairs = zip(engine["answers"], reference["answers"], strict=True)
        different = [i for i, (a, b) in enumerate(pairs) if a[name] != b[name]]
        assert not different, f"{name} of {different}"


def test_options_are_as_likely(engine: dict[str, Any], reference: dict[str, Any]) -> None:
    scored = 0
    for ours, theirs in zip(engine["answers"], reference["answers"], strict=True):
        assert ours["option_scores"] == pytest.approx(theirs["option_scores"], abs=2e-3)
        scored += bool(theirs["option_scores"])
    assert scored >= 10


def test_asking_some_again_gives_the_same(engine: dict[str, Any]) -> None:
    assert len(engine["again"]) == 3
    for i, answer in engine["again"].items():
        assert answer["text"] == engine["answers"][int(i)]["text"]


def test_wrong_uses_are_explained(vllm_python: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom medsins.core import MedsinsError\nfrom medsins.models import open_backend\n"
        "try:\n    open_backend(sys.argv[1])\nexcept MedsinsError as error:\n    print(error.exit_code, error)\n"
    )
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    for model, expected in ((f"vllm:{tmp_path}", "2 "), (f"vllm:{tmp_path / 'absent'}", "no such model folder")):
        done = subprocess.run([vllm_python, "-c", code, model], capture_output=True, text=True, check=False)
        assert expected in done.stdout
        assert "Traceback" not in done.stderr


def test_a_served_model_gives_the_same_answers(vllm_server: str, reference: dict[str, Any]) -> None:
    found = ask(sys.executable, f"openai:smollm2@{vllm_server}")
    equal = sum(
        a["text"].strip() == b["text"].strip() for a, b in zip(found["answers"], reference["answers"], strict=True)
    )
    assert equal >= 0.9 * len(reference["answers"])
