"""A server that speaks OpenAI's and Anthropic's protocols and misbehaves on demand: every answer is a function of the
prompt, so that what comes back can be checked, and every kind of fault has its own share of the requests.

It is a program too, for tests that kill their client: ``python served.py --port 0 --faults all=0.05``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

STREAM_FAULTS = ("broken stream", "ended stream", "malformed piece", "stalled stream", "error piece")
FAULTS = ("429", "500", "503", "timeout", "reset", "cut", "malformed", "empty choice", "wrong type", "529")


def answer(prompt: str) -> str:
    """What the server says to a prompt."""
    return "answer " + hashlib.sha256(prompt.encode()).hexdigest()[:12]


def asked(document: dict[str, Any]) -> str:
    """The prompt of a request: its turns or its text."""
    if "prompt" in document:
        return str(document["prompt"])
    return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in document["messages"])


@dataclass
class Server:
    """``faults`` are shares by kind. ``latency`` in seconds, ``slots`` requests at a time (0: any number). ``reply``
    replaces the answer to a document; ``key`` is asked for where it is set. With ``upstream``, the base URL of a real
    server, requests that meet no fault are handed on: a proxy that injects faults.
    """

    faults: dict[str, float] = field(default_factory=dict)
    latency: float = 0.0
    slots: int = 0
    seed: int = 0
    key: str = ""
    model: str = "served"
    window: int = 0
    reply: Any = None
    upstream: str = ""
    limit: int = 0  # requests at a time, beyond which it answers 429
    down: bool = False
    port: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    most: int = 0
    at_once: int = 0
    retry_after: str = "0.05"
    pause: float = 0.0  # seconds between the pieces of a stream

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.room: asyncio.Semaphore | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Server:
        started = threading.Event()

        def serve() -> None:
            self.loop = asyncio.new_event_loop()
            self.loop.run_until_complete(self.start())
            started.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=serve, daemon=True)
        self.thread.start()
        started.wait()
        return self

    def __exit__(self, *error: object) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self) -> None:
        """Listen."""
        self.room = asyncio.Semaphore(self.slots) if self.slots else None
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                method, path, _ = line.decode().split(" ", 2)
                headers: dict[str, str] = {}
                while (head := await reader.readline()) not in (b"\r\n", b""):
                    name, _, value = head.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if self.down or not await self._handle(method, path, headers, body, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        self.headers.append(headers)
        if method == "GET":
            entry: dict[str, Any] = {"id": self.model, "object": "model"}
            if self.window:
                entry["max_model_len"] = self.window
            return await self._send(writer, 200, {"data": [entry]})
        if self.key and self.key not in (headers.get("authorization", "")[7:], headers.get("x-api-key", "")):
            return await self._send(writer, 401, {"error": {"message": f"wrong key {headers.get('authorization')}"}})
        document = json.loads(body)
        self.documents.append(document)
        if document["model"] != self.model:
            error = {"message": f"model {document['model']} does not exist", "code": "model_not_found"}
            return await self._send(writer, 404, {"error": error})
        prompt = asked(document)
        self.seen[prompt] += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if self.limit and self.at_once > self.limit:
                return await self._send(writer, 429, {"error": {"message": "slow down"}}, {"Retry-After": "0.05"})
            kind = self._fault()
            if kind and kind not in STREAM_FAULTS:
                return await self._misbehave(kind, writer)
            if self.room:
                async with self.room:
                    await asyncio.sleep(self.latency)
            elif self.latency:
                await asyncio.sleep(self.latency)
            self.answered[prompt] += 1
            if self.upstream:
                status, content = await asyncio.to_thread(hand_on, self.upstream + path.removeprefix("/v1"), body)
                self.done[prompt] += 1
                return await self._raw(writer, status, content, "application/json")
            reply = self.reply(document) if self.reply else message(document, answer(prompt), path)
            status, content = reply if isinstance(reply, tuple) else (200, reply)
            if document.get("stream") and status == 200:
                sent = await self._pieces(writer, content, kind)
            else:
                sent = await self._send(writer, status, content)
            self.done[prompt] += 1
            return sent
        finally:
            self.at_once -= 1

    def _fault(self) -> str:
        drawn = self.dice.random()
        for kind, share in self.faults.items():
            drawn -= share
            if drawn < 0:
                return kind
        return ""

    async def _misbehave(self, kind: str, writer: asyncio.StreamWriter) -> bool:
        if kind in ("429", "500", "503", "529"):
            extra = {"Retry-After": self.retry_after} if kind in ("429", "503") else {}
            return await self._send(writer, int(kind), {"error": {"message": f"injected {kind}"}}, extra)
        if kind == "timeout":
            await asyncio.sleep(3600)
        elif kind == "reset":
            writer.transport.abort()
        elif kind == "cut":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"choi')
            await writer.drain()
            writer.transport.abort()
        elif kind == "malformed":
            return await self._raw(writer, 200, b'{"choices": [{"message": {"content": "half', "application/json")
        elif kind == "empty choice":
            return await self._send(writer, 200, {"choices": [], "content": None, "usage": {}})
        else:
            return await self._raw(writer, 200, b"<html><body>gateway says hello</body></html>", "text/html")
        return False

    async def _pieces(self, writer: asyncio.StreamWriter, content: dict[str, Any], kind: str) -> bool:
        """An answer as a stream, or the part of one that a fault leaves."""
        writer.write(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        pieces = events(content)
        bad = {"malformed piece": b'data: {"choices": [{"del\n\n', "error piece": b'data: {"error": "no room"}\n\n'}
        for number, piece in enumerate(pieces):
            if kind and number == len(pieces) // 2:
                if kind == "stalled stream":
                    await asyncio.sleep(3600)
                if kind not in bad:
                    break
                piece = bad[kind]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(self.pause)
        if kind == "broken stream":
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, document: Any, headers: dict[str, str] | None = None
    ) -> bool:
        return await self._raw(writer, status, json.dumps(document).encode(), "application/json", headers)

    async def _raw(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes,
        kind: str,
        headers: dict[str, str] | None = None,
    ) -> bool:
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        return True


def hand_on(url: str, body: bytes) -> tuple[int, bytes]:
    """What a real server says to a request."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as reply:
            return int(reply.status), reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def message(document: dict[str, Any], text: str, path: str) -> dict[str, Any]:
    """An answer in the form of the protocol that was asked."""
    if path.startswith("/v1/messages"):
        usage = {"input_tokens": 11, "output_tokens": 2}
        return {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "usage": usage,
        }
    usage = {"prompt_tokens": 11, "completion_tokens": 2}
    part = {"text": text} if "prompt" in document else {"message": {"role": "assistant", "content": text}}
    return {"choices": [{"index": 0, "finish_reason": "stop", **part}], "usage": usage}


def events(whole: dict[str, Any]) -> list[bytes]:
    """An answer as the server-sent events of its protocol, a few characters in each."""
    if "content" in whole:
        usage = whole["usage"]
        blocks = [{"type": "thinking", "thinking": "hm"}, *whole["content"]]
        found: list[dict[str, Any]] = [
            {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}},
            {"type": "ping"},
        ]
        for index, block in enumerate(blocks):
            kind = str(block["type"])
            found.append({"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}})
            found += [
                {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", kind: part}}
                for part in parts(block[kind])
            ]
            found.append({"type": "content_block_stop", "index": index})
        end = {"stop_reason": whole["stop_reason"]}
        found += [{"type": "message_delta", "delta": end, "usage": {"output_tokens": usage["output_tokens"]}}]
        found += [{"type": "message_stop"}]
        return [f"event: {piece['type']}\ndata: {json.dumps(piece)}\n\n".encode() for piece in found]
    choice = whole["choices"][0]
    reason = choice.get("finish_reason")
    if "text" in choice:
        made = [{"index": 0, "text": part, "finish_reason": None} for part in parts(choice["text"])]
        made += [{"index": 0, "text": "", "finish_reason": reason}]
    else:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, {"reasoning_content": "hm"}]
        deltas += [{"content": part} for part in parts(choice["message"]["content"])]
        made = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
        made += [{"index": 0, "delta": {}, "finish_reason": reason}]
    chunks = [{"choices": [part], "usage": None} for part in made] + [{"choices": [], "usage": whole["usage"]}]
    return [b": a comment\n\n", *(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), b"data: [DONE]\n\n"]


def parts(text: str) -> list[str]:
    """A text in pieces of three characters."""
    return [text[i : i + 3] for i in range(0, len(text), 3)]


def main() -> None:
    """Serve until killed; the first line printed is the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--slots", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", default="", help="KIND=SHARE,… or all=SHARE")
    args = parser.parse_args()
    shares = dict(part.split("=") for part in args.faults.split(",") if part)
    faults = {kind: float(shares.get(kind, shares.get("all", 0))) for kind in FAULTS}
    server = Server(faults, args.latency, args.slots, args.seed, port=args.port)

    async def serve() -> None:
        await server.start()
        print(server.port, flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
