"""How many requests a second the HTTP runner gets out of a server, beside lm-evaluation-harness and inspect_ai.

    python benchmarks/http_runner.py --peers build/interop/bin/python

The server is a process of its own that answers after a fixed latency, so many at a time. Two settings: 200 ms and 64
slots (the server is the limit: 320 requests a second at best), 5 ms and 64 slots (the client is the limit). Each client
is a process of its own that evaluates one generative task of short prompts, from the start of its first request to the
end of its last; its processor time is told for that while and for the whole process, start and scoring included. On
busy cores compare the former: requests a second depend on what else runs. The peers' environment is made by
``make build/interop/.done``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

LATENCY_SLOTS = ((0.2, 64), (0.005, 64))


class Connection(asyncio.Protocol):
    """A lean HTTP/1.1 server: it answers every POST with the same chat completion after its latency."""

    slots: asyncio.Semaphore
    latency: float
    times: ClassVar[list[float]] = []
    chat = json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "B"}}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
        }
    ).encode()
    models = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode()

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Take requests apart."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            if head.startswith(b"get /stats"):
                self.reply(json.dumps([Connection.times[0], Connection.times[-1], len(Connection.times)]).encode())
            elif head.startswith(b"get"):
                self.reply(self.models)
            elif b"Reply with the word OK" in body:
                self.reply(self.chat)
            else:
                self.task = asyncio.ensure_future(self.answer(time.monotonic()))

    async def answer(self, started: float) -> None:
        """Answer after the latency, in one of the slots."""
        async with self.slots:
            await asyncio.sleep(self.latency)
        if not Connection.times:
            Connection.times.append(started)
        Connection.times.append(time.monotonic())
        self.reply(self.chat)

    def reply(self, body: bytes) -> None:
        """Send a document."""
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)


async def serve(latency: float, slots: int) -> None:
    """Listen on a free port, print it, go on until killed."""
    Connection.slots, Connection.latency = asyncio.Semaphore(slots), latency
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def write_inputs(folder: Path, prompts: int) -> None:
    """The same questions for each client, in its own format."""
    questions = [f"Question {i}: is creatinine {i % 7}.{i % 10} mg/dL raised? Answer A or B." for i in range(prompts)]
    instances = [{"id": str(i), "input": q, "output": ["B"]} for i, q in enumerate(questions)]
    card = {"Categories": ["MCQA"], "Definition": ["Answer the question."], "Instances": instances}
    (folder / "task.json").write_text(json.dumps(card))
    rows = [json.dumps({"id": i, "input": q, "target": "B"}) for i, q in enumerate(questions)]
    (folder / "rows.jsonl").write_text("\n".join(rows))
    (folder / "raised.yaml").write_text(
        f"task: raised\ndataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {folder / 'rows.jsonl'}\n"
        "test_split: test\noutput_type: generate_until\ndoc_to_text: '{{input}}'\ndoc_to_target: '{{target}}'\n"
        "generation_kwargs:\n  until: []\n  max_gen_toks: 8\n  temperature: 0\n"
        "metric_list:\n  - metric: exact_match\n    aggregation: mean\n    higher_is_better: true\n"
    )
    (folder / "raised.py").write_text(
        "from inspect_ai import Task, task\nfrom inspect_ai.dataset import json_dataset\n"
        "from inspect_ai.scorer import match\nfrom inspect_ai.solver import generate\n"
        f"@task\ndef raised():\n    rows = json_dataset({str(folder / 'rows.jsonl')!r})\n"
        "    return Task(rows, solver=[generate()], scorer=match())\n"
    )


def commands(folder: Path, url: str, peers: str, slots: int) -> dict[str, list[str]]:
    """What each client is called with."""
    out = folder / f"out-{time.time_ns()}"
    found = {
        "medsins": [sys.executable, "-m", "medsins", "bench", "run", "--model", f"openai:m@{url}", "-q",
                    "--protocol", "strict:shots=0", "--tasks", str(folder / "task.json"), "-o", f"{out}-m"],
    }  # fmt: skip
    if peers:
        model = f"model=m,base_url={url}/chat/completions,num_concurrent={slots},tokenizer_backend=None"
        found["lm-eval"] = [peers, "-m", "lm_eval", "run", "--model", "local-chat-completions", "--model_args", model,
                            "--tasks", "raised", "--include_path", str(folder), "--apply_chat_template",
                            "--output_path", f"{out}-l", "--log_samples"]  # fmt: skip
        found["inspect"] = [peers, "-m", "inspect_ai", "eval", "raised.py",
                            "--model", "openai-api/bench/m", "-M", "responses_api=false",
                            "--max-connections", str(slots), "--max-samples", str(2 * slots),
                            "--log-dir", f"{out}-i", "--display", "none", "--temperature", "0"]  # fmt: skip
    return found


def watch(process: subprocess.Popen[bytes]) -> list[tuple[float, float]]:
    """Wait for a process; its processor seconds at times (monotonic seconds), as Linux tells them, else none."""
    samples, stat = [], Path(f"/proc/{process.pid}/stat")
    while process.poll() is None:
        if stat.exists():
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            samples.append((time.monotonic(), (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")))
        time.sleep(0.02)
    return samples


def used(samples: list[tuple[float, float]], first: float, last: float) -> float:
    """Processor seconds between two times."""
    at = [max((cpu for when, cpu in samples if when <= end), default=float("nan")) for end in (first, last)]
    return at[1] - at[0]


def measure(name: str, words: list[str], latency: float, slots: int, folder: Path, prompts: int) -> None:
    """Run one client against a fresh server and print its row."""
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(latency), str(slots)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    url = f"http://127.0.0.1:{port}/v1"
    environment = os.environ | {"BENCH_API_KEY": "x", "BENCH_BASE_URL": url, "OPENAI_API_KEY": "x",
                                "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
                                "MEDSINS_CACHE": str(folder / "cache"), "INSPECT_LOG_LEVEL": "error"}  # fmt: skip
    words = [word.replace("URL", url) for word in words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "client.log").open("wb") as log:
        done = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=folder)
        samples = watch(done)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        print(f"{name:<10} failed: {(folder / 'client.log').read_text()[-600:]}")
    else:
        import urllib.request

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as reply:
            first, last, count = json.load(reply)
        rate, ideal = (count - 1) / (last - first), slots / latency
        print(
            f"{name:<10} {latency * 1000:>6.0f} ms {count - 1:>8} {rate:>10.0f} {rate / ideal:>8.1%}"
            f" {1000 * used(samples, first, last) / prompts:>10.2f} {1000 * cpu / prompts:>7.2f}"
            f" {os.getloadavg()[0]:>5.1f}",
            flush=True,
        )
    server.kill()
    server.wait()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--peers", default="", help="python of an environment with lm-eval and inspect_ai")
    parser.add_argument("--only", default="", help="these clients, separated by commas")
    parser.add_argument("--latency", type=float, help="seconds; only this setting")
    parser.add_argument("--repeat", type=int, default=1, help="so many times, the clients in turns")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(float(args.serve[0]), int(args.serve[1])))
        return
    print(f"{'client':<10} {'latency':>9} {'requests':>8} {'requests/s':>10} {'of ideal':>8} {'CPU ms each':>11}"
          f" {'in all':>6} {'load':>5}")  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_inputs(folder, args.prompts)
        peers = str(Path(args.peers).absolute()) if args.peers else ""
        for latency, slots in args.repeat * [(s, n) for s, n in LATENCY_SLOTS if args.latency in (None, s)]:
            for name, words in commands(folder, "URL", peers, slots).items():
                if not args.only or name in args.only.split(","):
                    measure(name, words, latency, slots, folder, args.prompts)


if __name__ == "__main__":
    main()
