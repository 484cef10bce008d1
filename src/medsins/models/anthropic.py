"""Claude over Anthropic's Messages protocol: ``anthropic:MODEL``, or ``anthropic:MODEL@URL`` for a gateway.

The key is read from ``ANTHROPIC_API_KEY``, or from ``MEDSINS_API_KEY``.
"""

from __future__ import annotations

import os

from medsins.core import Problem, UsageError

from ._anthropic_wire import ASIDE, AnthropicWire
from ._base import BackendOptions, ModelInfo
from ._http_backend import HttpBackend, api_key
from ._http_endpoint import base_urls
from ._http_engine import Settings
from ._http_transport import is_loopback
from ._presets import find_preset
from ._thinking import budget_of

HOME = "https://api.anthropic.com/v1"
VERSION = "2023-06-01"


class AnthropicBackend(HttpBackend):
    """A model behind Anthropic's protocol."""

    asides = ASIDE
    protocol = "anthropic protocol"


def open_backend(model: str, options: BackendOptions) -> AnthropicBackend:
    """A backend for a Claude model; nothing is sent before ``check``.

    Raises:
        UsageError: no model named, a URL that is none, or an unknown measure of reasoning.
    """
    if not model:
        raise UsageError(Problem("no model named", mend="name one: anthropic:MODEL"))
    budget_of(options.reasoning)
    urls = base_urls(options.base_url or os.environ.get("ANTHROPIC_BASE_URL", "") or HOME)
    urls = [url if url.endswith("/v1") else f"{url}/v1" for url in urls]
    preset = find_preset(model)
    key = api_key(urls[0], "ANTHROPIC_API_KEY", "api.anthropic.com")
    headers = {"Content-Type": "application/json", "anthropic-version": VERSION} | ({"x-api-key": key} if key else {})
    info = ModelInfo(
        name=model,
        engine=AnthropicBackend.protocol,
        window=options.window or preset.window,
        chat_format="the server's own",
        remote=not all(is_loopback(url) for url in urls),
        endpoint=",".join(urls),
        prices=preset.prices,
    )
    settings = Settings(urls, headers, concurrency=options.concurrency)
    return AnthropicBackend(info, AnthropicWire(model, options.reasoning, options.stream), settings)
