"""Servers that speak OpenAI's protocol: ``openai:MODEL@http://HOST:PORT/v1`` (vLLM, SGLang, llama.cpp, Ollama, TGI,
Azure, gateways), ``openai:MODEL`` for OpenAI itself. Several servers of the same model: ``@URL,URL``.

Requests go out as many at a time as the server takes. The key is read from ``MEDSINS_API_KEY``, for OpenAI also from
``OPENAI_API_KEY``, for Azure from ``AZURE_OPENAI_API_KEY``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from medsins.core import Problem, UsageError, unknown_name

from ._base import BackendOptions, ModelInfo
from ._http_backend import HttpBackend, api_key, is_azure, reply_json
from ._http_endpoint import base_urls
from ._http_engine import Settings, ask_once
from ._http_faults import Fault, Reply
from ._http_transport import is_loopback
from ._openai_wire import ASIDE, OpenAIWire
from ._presets import Preset, find_preset
from ._thinking import COMMON

HOME = "https://api.openai.com/v1"


class OpenAIBackend(HttpBackend):
    """A model behind OpenAI's protocol."""

    wire: OpenAIWire
    asides = ASIDE
    protocol = "openai protocol"

    def look(self, settings: Settings) -> None:
        """Learn from the list of models whether ours is there, its window, and whether vLLM serves it."""
        url = settings.urls[0]
        reply = ask_once(settings, "GET", "/models")
        if isinstance(reply, Fault):
            raise UsageError(self.problem(reply, url))
        models = listed(reply)
        mine = next((entry for entry in models if entry.get("id") == self.wire.model), None)
        if mine is None:
            # Gateways often keep no list, and hosted lists are not complete.
            if models and is_loopback(url):
                raise unknown_name(f"model at {url}", self.wire.model, [str(entry.get("id")) for entry in models])
            return
        self.wire.vllm = mine.get("owned_by") == "vllm"
        window = mine.get("max_model_len")
        if isinstance(window, int) and not self.info.window:
            self.info = replace(self.info, window=window)


def listed(reply: Reply) -> list[Mapping[str, Any]]:
    """The entries of a list of models; empty where there is none."""
    document = reply_json(reply) if reply.status == 200 else None
    entries = document.get("data") if isinstance(document, dict) else None
    return [entry for entry in entries or [] if isinstance(entry, dict)]


def headers(urls: Sequence[str]) -> dict[str, str]:
    """The headers of every request; they hold the key, so they are never shown."""
    found = {"Content-Type": "application/json", "Accept": "application/json"}
    if is_azure(urls[0]):
        key = api_key(urls[0], "AZURE_OPENAI_API_KEY", urlsplit(urls[0]).hostname or "")
        return found | ({"api-key": key} if key else {})
    key = api_key(urls[0], "OPENAI_API_KEY", "api.openai.com")
    return found | ({"Authorization": f"Bearer {key}"} if key else {})


def open_backend(model: str, options: BackendOptions) -> OpenAIBackend:
    """A backend for a served model; nothing is sent before ``check``.

    Raises:
        UsageError: no model named, or a URL that is none.
    """
    if not model:
        raise UsageError(Problem("no model named", mend="name one: openai:MODEL@http://HOST:PORT/v1"))
    urls, query = split_query(base_urls(options.base_url or os.environ.get("OPENAI_BASE_URL", "") or HOME))
    preset = find_preset(model)
    info = ModelInfo(
        name=model,
        engine=OpenAIBackend.protocol,
        window=options.window or window_of(preset, urls),
        chat_format="the server's own",
        remote=not all(is_loopback(url) for url in urls),
        endpoint=",".join(urls),
        prices=preset.prices if any(not is_loopback(url) for url in urls) else (0.0, 0.0),
    )
    wire = OpenAIWire(model, options.reasoning, preset.tags or COMMON, stream=options.stream)
    settings = Settings(urls, headers(urls), query, concurrency=options.concurrency)
    return OpenAIBackend(info, wire, settings)


def window_of(preset: Preset, urls: Sequence[str]) -> int:
    """The window to count with: a server of one's own may have been started with a smaller one, and says so."""
    return 0 if all(is_loopback(url) for url in urls) else preset.window


def split_query(urls: Sequence[str]) -> tuple[list[str], str]:
    """Base URLs without a query, and the query that all requests carry (Azure's ``?api-version=…``).

    Raises:
        UsageError: the URLs carry different queries.
    """
    queries = {url.partition("?")[2] for url in urls}
    if len(queries) > 1:
        raise UsageError(Problem("the base URLs carry different queries", ", ".join(urls), "give all the same one"))
    query = queries.pop()
    return [url.partition("?")[0].rstrip("/") for url in urls], f"?{query}" if query else ""
