"""Read inspect_ai logs: ``.eval`` (a zip of JSON members) and ``--log-format json``."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from medsins.core import Completion, InvalidFile, Problem
from medsins.models import ModelInfo

from .imports_log import Answer, Log, listing, mapping, no_json

MAX_MEMBER = 1 << 28  # bytes of one sample after decompression; real ones have a few kilobytes
_ZSTANDARD = 93  # zip compression method that Python's zipfile does not know before 3.14
_STOP: dict[str, Literal["ok", "truncated", "refused"]] = {
    "max_tokens": "truncated",
    "model_length": "truncated",
    "content_filter": "refused",
}


def is_log(path: Path) -> bool:
    """Whether the file is an inspect log: by its ending, or by how its JSON begins."""
    if path.suffix == ".eval":
        return True
    if path.suffix != ".json" or path.name.startswith("results_"):
        return False
    with path.open("rb") as stream:
        head = stream.read(4096)
    return b'"version"' in head and b'"eval"' in head and b'"eval_id"' in head


def read_log(path: Path) -> Log:
    """One log.

    Raises:
        InvalidFile: it is damaged.
    """
    if path.suffix == ".eval":
        header = _EvalFile(path).member("header.json")
        return _log(path, header, lambda: _answers(path, _EvalFile(path).samples()))
    document = _json_document(path)
    samples = enumerate(listing(document.get("samples")))
    numbered = [(f"{path}: $.samples[{number}]", mapping(sample)) for number, sample in samples]
    return _log(path, document, lambda: _answers(path, iter(numbered)))


def _json_document(path: Path) -> dict[str, Any]:
    try:
        return mapping(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise no_json(str(path), error) from error


def _log(path: Path, header: Mapping[str, Any], answers: Any) -> Log:
    described = mapping(header.get("eval"))
    version = str(mapping(described.get("packages")).get("inspect_ai", ""))
    config = mapping(described.get("config"))
    model = str(described.get("model") or "")
    return Log(
        path=path,
        tool=f"inspect_ai {version}".strip(),
        model=ModelInfo(name=model, engine=f"inspect_ai {version} ({model.partition('/')[0]})") if model else None,
        task_digests={},
        limited=bool(config.get("limit") or config.get("sample_id")),
        answers=answers,
    )


def _answers(path: Path, samples: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[Answer]:
    """The first epoch of every sample."""
    for place, sample in samples:
        if sample.get("epoch", 1) != 1:
            continue
        metadata = mapping(sample.get("metadata"))
        yield Answer(
            task_id=str(metadata.get("task_id", "")),
            instance_id=str(metadata.get("instance_id", "")),
            index=metadata["index"] if isinstance(metadata.get("index"), int) else -1,
            prompt=_prompt(sample),
            completion=_completion(sample),
            place=place,
        )


def _completion(sample: Mapping[str, Any]) -> Completion:
    output = mapping(sample.get("output"))
    choice = mapping(next(iter(listing(output.get("choices"))), {}))
    usage = mapping(output.get("usage"))
    error = mapping(sample.get("error")).get("message") or output.get("error") or ""
    status = "error" if error or not choice else _STOP.get(str(choice.get("stop_reason")), "ok")
    return Completion(
        text=_text(mapping(choice.get("message")).get("content"), sample),
        status=status,
        error=str(error) or ("the log has no output for this sample" if not choice else ""),
        prompt_tokens=_number(usage.get("input_tokens")),
        completion_tokens=_number(usage.get("output_tokens")),
        latency=float(output["time"]) if isinstance(output.get("time"), int | float) else 0.0,
    )


def _prompt(sample: Mapping[str, Any]) -> str:
    given = sample.get("input")
    if not isinstance(given, list):
        return _text(given, sample)
    turns = (mapping(turn) for turn in given)
    return "\n\n".join(f"[{turn.get('role', '')}]\n{_text(turn.get('content'), sample)}" for turn in turns)


def _text(content: Any, sample: Mapping[str, Any]) -> str:
    """The text of a message: long texts are kept once per sample, and content may come in parts, reasoning among
    them, which is no part of the answer.
    """
    if isinstance(content, list):
        parts = (mapping(part) for part in content)
        return "".join(_text(part.get("text"), sample) for part in parts if part.get("type", "text") == "text")
    if not isinstance(content, str):
        return ""
    name = content.removeprefix("attachment://")
    return str(mapping(sample.get("attachments")).get(name, content)) if name != content else content


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


class _EvalFile:
    """The JSON members of an ``.eval`` file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.members = {member.filename: member for member in archive.infolist()}
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise self._damaged(f"is no whole .eval file ({error})") from error

    def samples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every sample with its place, in the order of the names."""
        for name in self.members:
            if name.startswith("samples/"):
                yield f"{self.path}: {name}", self.member(name)

    def member(self, name: str) -> dict[str, Any]:
        """One member as a JSON object."""
        if name not in self.members:
            raise self._damaged(f"has no {name}: the evaluation did not end")
        try:
            return mapping(json.loads(self._read(self.members[name])))
        except (ValueError, RecursionError) as error:
            raise no_json(f"{self.path}: {name}", error) from error

    def _read(self, member: zipfile.ZipInfo) -> bytes:
        if max(member.file_size, member.compress_size) > MAX_MEMBER:
            raise self._damaged(f"has a member of {member.file_size} bytes ({member.filename})")
        try:
            with self.path.open("rb") as stream:
                _to_content(stream, member)
                packed = stream.read(member.compress_size)
            return _unpack(packed, member.compress_type)
        except (OSError, ValueError, zlib.error) as error:
            raise self._damaged(f"has a damaged member {member.filename} ({error})") from error

    def _damaged(self, what: str) -> InvalidFile:
        return InvalidFile(Problem(what, str(self.path), "copy it again, or write the log with --log-format json"))


def _to_content(stream: IO[bytes], member: zipfile.ZipInfo) -> None:
    """Move to a member's bytes: past its local header, whose name and extra field may differ in length from those of
    the central directory (APPNOTE 4.3.7).
    """
    stream.seek(member.header_offset + 26)
    lengths = stream.read(4)
    stream.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)


def _unpack(packed: bytes, method: int) -> bytes:
    """The content of a member, at most ``MAX_MEMBER`` bytes of it.

    Raises:
        OSError, ValueError, zlib.error: damaged.
    """
    if method == zipfile.ZIP_STORED:
        return packed
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15).decompress(packed, MAX_MEMBER)
    if method != _ZSTANDARD:
        raise ValueError(f"compression method {method}")
    import pyarrow as pa

    with pa.input_stream(pa.py_buffer(packed), compression="zstd") as unpacked:
        return bytes(unpacked.read(MAX_MEMBER))
