"""Answers that come in pieces (server-sent events), put together into the document that would have come whole.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. What has no end, or a piece that cannot be
read, is a fault: half an answer is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ._http_faults import Fault, Reply, fault_of

_LINE = re.compile(rb"\r\n|\n|\r")
_DONE = b"[DONE]"
_STATUS = {
    "rate_limit_error": 429, "overloaded_error": 529, "timeout_error": 408, "invalid_request_error": 400,
    "authentication_error": 401, "permission_error": 403, "not_found_error": 404, "request_too_large": 413,
}  # fmt: skip
"""The HTTP status that an error would have had, had it come before the stream began."""


class Broken(ValueError):
    """The stream ended before the answer did."""


class _Told(Exception):
    """The server said within the stream that something failed."""


def is_stream(reply: Reply) -> bool:
    """Whether a reply came in pieces; a server may answer whole though it was asked not to."""
    return reply.headers.get("content-type", "").startswith("text/event-stream")


def assemble(reply: Reply, join: Callable[[Iterable[Mapping[str, Any]]], dict[str, Any]]) -> dict[str, Any] | Fault:
    """The document of a streamed reply. ``join`` makes it of the pieces, and raises ``Broken`` where the end lacks."""
    try:
        return join(_pieces(reply.body))
    except _Told as error:
        return _fault(error.args[0], reply)
    except msgspec.DecodeError:
        return Fault("malformed reply", "a piece of the stream is no JSON", reply.status)
    except (Broken, KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        return Fault("malformed reply", f"the stream holds no answer ({type(error).__name__}: {error})", reply.status)


def _pieces(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The JSON documents of a stream up to its end, ``{"done": True}`` for the end that OpenAI's protocol marks."""
    data: list[bytes] = []
    for line in (*_LINE.split(body), b""):
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif not line and data:
            text, data = b"\n".join(data), []
            if text.strip() == _DONE:
                yield {"done": True}
                return
            piece = msgspec.json.decode(text)
            if piece.get("error"):
                raise _Told(piece["error"])
            yield piece


def _fault(error: Any, reply: Reply) -> Fault:
    """The fault of an error within a stream; one that says nothing of its kind may pass, like a server's own."""
    told = error if isinstance(error, dict) else {"message": str(error)}
    code = str(told.get("code"))
    status = int(code) if re.fullmatch("[45][0-9][0-9]", code) else _STATUS.get(str(told.get("type")), 500)
    whole = Reply(status, reply.headers, msgspec.json.encode({"error": told}))
    return fault_of(whole) or Fault("overloaded", "an error within the stream", status)


def join_choices(pieces: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A completion of OpenAI's protocol: text and thinking of all pieces, the first log-probabilities, the usage."""
    parts: dict[str, list[Any]] = {}
    choice: dict[str, Any] = {}
    usage, ended = None, False
    for piece in pieces:
        usage = piece.get("usage") or usage
        ended = ended or bool(piece.get("done"))
        for part in piece.get("choices") or ():
            if part.get("index"):
                continue  # one answer was asked for
            for key, value in (part.get("delta") or {"text": part.get("text")}).items():
                if value is not None and key in ("content", "text", "reasoning_content", "reasoning", "refusal"):
                    parts.setdefault(key, []).extend(value if isinstance(value, list) else [value])
            choice["logprobs"] = choice.get("logprobs") or part.get("logprobs")
            choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
    if not ended and not choice.get("finish_reason"):
        raise Broken("it broke off")
    if choice:
        whole = {key: _joined(values) for key, values in parts.items()}
        choice |= {"text": whole["text"]} if "text" in whole else {"message": {"content": None, **whole}}
    return {"choices": [choice] if choice else [], "usage": usage}


def _joined(values: list[Any]) -> Any:
    """Pieces of text as one, or as parts with types where a server sends some of them so."""
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    return [{"type": "text", "text": value} if isinstance(value, str) else value for value in values]


def join_blocks(pieces: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A message of Anthropic's protocol: its blocks, why it ended, its usage."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    usage: dict[str, Any] = {}
    for piece in pieces:
        kind = piece.get("type")
        if kind == "message_start":
            message = dict(piece["message"])
            usage |= message.get("usage") or {}
        elif kind == "content_block_start":
            blocks[piece["index"]] = dict(piece["content_block"])
        elif kind == "content_block_delta":
            for key in ("text", "thinking"):
                if key in piece["delta"]:
                    block = blocks[piece["index"]]
                    block[key] = (block.get(key) or "") + piece["delta"][key]
        elif kind == "message_delta":
            message |= piece["delta"]
            usage |= {key: value for key, value in (piece.get("usage") or {}).items() if value is not None}
        elif kind == "message_stop":
            return message | {"content": list(blocks.values()), "usage": usage}
    raise Broken("it broke off")
