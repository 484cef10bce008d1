"""One file per backend: the file name is the backend's name, as in ``backend:model[@base_url]``."""

from __future__ import annotations

import os
import re
from typing import cast

from medsins.core import Problem, Registry, UsageError

from ._base import Backend, BackendOptions, ModelInfo, StreamingBackend
from ._presets import Preset, find_preset, presets

BACKENDS = Registry(
    "medsins.models", "backend", extras={"transformers": "local", "vllm": "vllm", "openai": "api", "anthropic": "api"}
)
ALIASES = {"smollm2": "transformers:smollm2"}

__all__ = [
    "ALIASES",
    "BACKENDS",
    "Backend",
    "BackendOptions",
    "ModelInfo",
    "Preset",
    "StreamingBackend",
    "find_preset",
    "open_backend",
    "presets",
    "split_model",
]


def split_model(model: str) -> tuple[str, str, str]:
    """``backend:model[@base_url]`` as (backend, model, base_url); aliases are resolved.

    Raises:
        UsageError: no backend named, or an unknown one.
    """
    full = ALIASES.get(model, model)
    backend, _, rest = full.partition(":")
    if not backend or not rest:
        example = "transformers:PATH_OR_HUB_ID, openai:MODEL@http://host:port/v1, replay:RUN, or the alias smollm2"
        raise UsageError(Problem(f"'{model}' does not say which backend runs it", mend=f"write {example}"))
    if backend not in BACKENDS.names():
        BACKENDS.load(backend)
    name, *urls = re.split(r"@(?=[A-Za-z][A-Za-z0-9+.-]*://)", rest, maxsplit=1)
    return backend, name, urls[0] if urls else ""


def open_backend(model: str, options: BackendOptions | None = None) -> Backend:
    """Open the backend that ``model`` names. See ``split_model`` for the form and the errors."""
    from dataclasses import replace

    # On cores that others use too, threads that spin while they wait cost several times what they save.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    backend, name, base_url = split_model(model)
    chosen = options or BackendOptions()
    if base_url:
        chosen = replace(chosen, base_url=base_url)
    return cast(Backend, BACKENDS.load(backend).open_backend(name, chosen))
