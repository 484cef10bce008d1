"""Generated and mutated task files of every format, as many as asked for."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from medsins.core import Card, Instance
from medsins.tasks import open_writer

WORDS = [
    "pain",
    "aspirin",
    "37,5",
    "µg",
    "発熱",
    "жар",
    "\n",
    "\t",
    '"',
    "\\",
    ",",
    "=",
    "+1",
    "@",
    "} , {",
    "]",
    "null",
    "",
]
CARD = Card(categories=("NER",), definition=("List the drugs.",), input_language=("English",), extra={"Licence": "CC0"})


def document(source: random.Random) -> dict[str, Any]:
    """A task file as a JSON object, most of it in order, some of it bent."""

    def text() -> str:
        return " ".join(source.choices(WORDS, k=source.randint(0, 12)))

    rows: list[Any] = []
    for number in range(source.randint(0, 6)):
        output: Any = source.choice([text(), [text()], [text(), text()], 7, 1.5, None, [], True])
        if source.random() < 0.05:
            output = source.choice([{"a": 1}, [[1]], [None]])
        row: Any = {"id": source.choice([f"i{number}", number, None]), "input": text(), "output": output}
        if source.random() < 0.05:
            row[source.choice(["input", "Output", "note"])] = source.choice([None, 3, {"x": []}])
        rows.append(source.choice([row] * 40 + [None, [], "text", 4]))
    card = {
        "Categories": ["NER"],
        "Definition": source.choice(["d"] * 9 + [["d"], 3, {}, [None]]),
        "URL": "",
        "Domains": ["x", 1],
    }
    return {
        **card,
        "Positive Examples": source.choice([[], [], [], [{"input": "a", "output": "b"}], 5, [3]]),
        "Instances": rows,
    }


def _duplicate_key(raw: bytes, source: random.Random) -> bytes:
    return raw.replace(b'"input":', b'"input": "twice", "input":', 1)


def _wrong_type(raw: bytes, source: random.Random) -> bytes:
    token = source.choice([b"NaN", b"-Infinity", b"1e999", b"[1,{}]", b"tru", b"'x'", b"\\u12", b"9" * 5000])
    return raw.replace(source.choice([b"[", b'"', b":", b","]), token, 1)


def _flip(raw: bytes, source: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(source.randint(1, 6)):
        if changed:
            changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)


def _truncate(raw: bytes, source: random.Random) -> bytes:
    return raw[: source.randrange(len(raw) + 1)]


def _splice(raw: bytes, source: random.Random) -> bytes:
    start, length = source.randrange(len(raw) + 1), source.randint(0, 40)
    new = source.choice([b"", b"\x00", b"\r", b'"', b"\xff\xfe", b"\xed\xa0\x80", b"}]", b"{", b"\\", b"\\ud800"])
    return raw[:start] + new + raw[start + length :]


def _encoded(raw: bytes, source: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(source.choice(["utf-16", "utf-16-le", "gbk", "latin-1", "utf-8-sig", "shift-jis"]), "replace")


def _deep(raw: bytes, source: random.Random) -> bytes:
    depth = source.choice([50, 2000, 100_000])
    opening, closing = source.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return raw.replace(b'"output":', b'"output":' + opening * depth + b"1" + closing * depth + b',"x":', 1)


def _carriage_returns(raw: bytes, source: random.Random) -> bytes:
    return raw.replace(b"\n", source.choice([b"\r", b"\r\n", b"\n\n"]))


MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    *(_duplicate_key, _wrong_type, _flip, _truncate, _splice, _encoded, _deep, _carriage_returns),
    lambda raw, source: raw,
    lambda raw, source: raw * 2,
]


def _as_text(source: random.Random) -> tuple[str, bytes]:
    value = document(source)
    if source.random() < 0.5:
        raw = json.dumps(value, ensure_ascii=source.random() < 0.5, indent=source.choice([None, 1])).encode()
        return ".json", raw
    lines = [{key: item for key, item in value.items() if key != "Instances"}, *value["Instances"]]
    return ".jsonl", "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()


def _as_binary(source: random.Random, folder: Path) -> tuple[str, bytes]:
    suffix = source.choice([".xlsx", ".parquet"])
    path = folder / f"seed{suffix}"
    with open_writer(path, CARD) as writer:
        rows = [
            Instance(f"i{n}", f"text {n} {source.choice(WORDS)}", ("aspirin",)) for n in range(source.randint(0, 5))
        ]
        writer.write(rows)
    return suffix, path.read_bytes()


def _rezipped(raw: bytes, source: random.Random) -> bytes:
    """A workbook with one part changed, so that the fault is in the XML and not in the zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = source.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            if name == chosen:
                content = source.choice([_flip, _truncate, _splice, lambda raw, source: b""])(content, source)
            if name != chosen or source.random() < 0.9:
                new.writestr(name, content)
    return made.getvalue()


def mutated_files(folder: Path, count: int, seed: int = 0) -> Iterator[Path]:
    """Task files one after the other, each overwritten by the next of its ending."""
    source = random.Random(seed)
    for _ in range(count):
        if source.random() < 0.75:
            suffix, raw = _as_text(source)
        else:
            suffix, raw = _as_binary(source, folder)
        if suffix == ".xlsx" and source.random() < 0.7:
            raw = _rezipped(raw, source)
        else:
            for mutate in source.choices(MUTATIONS, k=source.choice([1, 1, 2])):
                raw = mutate(raw, source)
        if suffix in (".json", ".jsonl") and source.random() < 0.1:
            suffix, raw = f"{suffix}.gz", source.choice([_flip, _truncate, lambda r, s: r])(gzip.compress(raw), source)
        path = folder / f"drugs{suffix}"
        path.write_bytes(raw)
        yield path
