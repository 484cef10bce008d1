"""From a name to a loaded model: the folder, what is refused, the precision, the digest of the weights."""

from __future__ import annotations

import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from medsins.core import Problem, RefusedByPolicy, UsageError, digest, sha256_file

from ._local_quiet import quiet

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to read tokens, its tokenizer, and what of it belongs in the manifest."""

    model: Any
    tokenizer: Any
    name: str
    weights: str
    precision: str


def load(name: str, precision: str) -> Loaded:
    """Load ``smollm2``, a folder, or a hub id.

    Args:
        name: what follows ``transformers:``.
        precision: ``auto`` or a key of ``PRECISIONS``.

    Raises:
        UsageError: no such model, an incomplete folder, or one that transformers cannot load.
        RefusedByPolicy: the model needs code from its repository, or has pickled weights only.
    """
    folder = find_folder(name)
    files = check_folder(folder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = choose_precision(precision, device)
    with quiet():
        model, tokenizer = _open(folder, PRECISIONS[chosen])
        model = model.to(device).eval()
    short = name if _is_hub_id(name) and not Path(name).exists() else folder.resolve().name
    weights = digest([[path.name, sha256_file(path)] for path in files])
    return Loaded(model, tokenizer, short, weights, chosen)


def choose_precision(precision: str, device: str) -> str:
    """The precision to load in; ``auto`` is bfloat16 where the hardware multiplies it natively, else float32."""
    if precision != "auto":
        if precision not in PRECISIONS:
            raise UsageError(Problem(f"unknown precision '{precision}'", mend=f"known: auto, {', '.join(PRECISIONS)}"))
        return precision
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if cpu_has_bfloat16() else "float32"


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AMX or AVX512-BF16); elsewhere float32 is the faster one."""
    probes = (getattr(torch.cpu, "_is_amx_tile_supported", None), getattr(torch.cpu, "_is_avx512_bf16_supported", None))
    return any(probe() for probe in probes if probe is not None)


def find_folder(name: str) -> Path:
    """The folder of a model, fetched from the hub where the name is a hub id (``HF_HUB_OFFLINE`` is honoured)."""
    if name == "smollm2":
        from medsins.core import assets

        from ._gguf import convert_gguf

        return assets.smollm2(convert_gguf)
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise UsageError(
            Problem("a file, not a model folder", place=name, mend="name the folder that holds config.json")
        )
    if not _is_hub_id(name):
        raise UsageError(
            Problem("no such model folder", place=name, mend="check the path, or name a hub id: ORG/MODEL")
        )
    return _from_hub(name)


def check_folder(folder: Path) -> list[Path]:
    """The weight files of a model folder, after every check that needs no model code.

    Raises:
        UsageError: not a model folder, or files are missing.
        RefusedByPolicy: remote code, or pickled weights only.
    """
    place = str(folder)
    config = _read_json(folder / "config.json")
    if config is None:
        if (folder / "adapter_config.json").is_file():
            mend = "merge it into its base model first: medsins train merge --help"
            raise UsageError(Problem("an adapter, not a whole model", place=place, mend=mend))
        raise UsageError(Problem("no model here: config.json is missing", place=place, mend="name a model folder"))
    _check_code(config, folder)
    index = _read_json(folder / "model.safetensors.index.json")
    names = sorted(set(index.get("weight_map", {}).values())) if index else ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if not missing:
        return [folder / name for name in names]
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles and not index:
        mend = "a pickle runs code when it is read: convert it where you trust it, with save_pretrained of transformers"
        raise RefusedByPolicy(Problem(f"pickled weights only ({', '.join(pickles)})", place=place, mend=mend))
    mend = "finish the download or the save, then try again"
    raise UsageError(Problem(f"weights are missing: {', '.join(missing)}", place=place, mend=mend))


def _check_code(config: dict[str, Any], folder: Path) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = config.get("model_type", "")
    if kind in CONFIG_MAPPING:
        return
    if config.get("auto_map"):
        raise _runs_code("the model", folder)
    mend = "a newer transformers may know it: pip install -U transformers"
    raise UsageError(Problem(f"transformers does not know the architecture '{kind}'", place=str(folder), mend=mend))


def _runs_code(what: str, folder: Path) -> RefusedByPolicy:
    mend = "use a model whose architecture ships with transformers, or serve this one yourself and use openai:"
    return RefusedByPolicy(Problem(f"{what} runs code from its repository", place=str(folder), mend=mend))


def _open(folder: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError) as error:
        if "trust_remote_code" in str(error):
            raise _runs_code("the tokenizer", folder) from error
        raise UsageError(_load_problem(folder, error)) from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise UsageError(_load_problem(folder, error)) from error
    # transformers fills what the files lack with random numbers; nobody wants to measure those.
    absent = sorted(report["missing_keys"]) + sorted(str(key) for key in report["mismatched_keys"])
    if absent:
        what = f"{len(absent)} tensors are not in the weight files, the first is {absent[0]}"
        raise UsageError(Problem(what, place=str(folder), mend="finish the download or the save, then try again"))
    return model, tokenizer


def _load_problem(folder: Path, error: Exception) -> Problem:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    mend = "the folder must hold a causal language model and its tokenizer as save_pretrained writes them"
    return Problem(f"transformers cannot load it: {reason}", place=str(folder), mend=mend)


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(Problem(f"not valid JSON: {error}", place=str(path))) from error
    if not isinstance(value, dict):
        raise UsageError(Problem("not a JSON object", place=str(path)))
    return value


def _is_hub_id(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", name) is not None


def _from_hub(name: str) -> Path:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download

    wanted = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=["original/*", "consolidated*"]))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        mend = "check the name; without network give a folder, or transformers:smollm2, which needs no hub"
        raise UsageError(Problem(f"the hub gave no model: {reason}", place=name, mend=mend)) from error
