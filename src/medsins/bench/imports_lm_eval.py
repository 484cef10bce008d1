"""Read lm-evaluation-harness logs (``--log_samples``): ``samples_*.jsonl`` with the ``results_*.json`` beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from medsins.core import Completion, InvalidFile, Problem
from medsins.models import ModelInfo

from .imports_log import Answer, Log, mapping, no_json

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<stamp>\d{4}-\d{2}-\d{2}T[\d:.\-]+)\.jsonl\Z")


def is_log(path: Path) -> bool:
    """Whether the name is that of a samples file."""
    return path.name.startswith("samples_") and path.suffix == ".jsonl"


def read_log(path: Path) -> Log:
    """One samples file; the model and what the task depends on come from the results file of the same time.

    Raises:
        InvalidFile: the results file is no JSON object.
    """
    results = _results(path)
    name = _NAME.match(path.name)
    config = mapping(mapping(results.get("configs")).get(name["task"] if name else ""))
    metadata = mapping(config.get("metadata"))
    version = str(results.get("lm_eval_version", "")).strip()
    chosen = mapping(results.get("config"))
    return Log(
        path=path,
        tool=f"lm-eval {version}".strip(),
        model=_model(results, chosen),
        task_digests={str(metadata["medsins_task"]): str(metadata.get("medsins_digest", ""))}
        if "medsins_task" in metadata
        else {},
        limited=bool(chosen.get("limit")),
        answers=lambda: _answers(path),
    )


def _results(path: Path) -> dict[str, Any]:
    name = _NAME.match(path.name)
    beside = path.with_name(f"results_{name['stamp']}.json") if name else path
    if not name or not beside.is_file():
        return {}
    try:
        return mapping(json.loads(beside.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise InvalidFile(Problem(f"is not JSON ({error})", str(beside), "copy it again")) from error


def _model(results: Mapping[str, Any], chosen: Mapping[str, Any]) -> ModelInfo | None:
    if not results:
        return None
    source = str(results.get("model_source") or chosen.get("model") or "")
    return ModelInfo(
        name=str(results.get("model_name") or source or "not stated"),
        weights=str(chosen.get("model_sha") or chosen.get("model_revision") or ""),
        precision=str(chosen.get("model_dtype") or "").removeprefix("torch."),
        engine=f"lm-eval {results.get('lm_eval_version', '')} ({source})",
        window=int(results["max_length"]) if isinstance(results.get("max_length"), int) else 0,
        chat_format=str(results.get("chat_template_sha") or ""),
    )


def _answers(path: Path) -> Iterator[Answer]:
    """One answer a document; other filters of the same document repeat the same response."""
    seen: set[str] = set()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            place = f"{path}: line {number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise no_json(place, error) from error
            row = mapping(row)
            document = str(row.get("doc_id"))
            if document in seen:
                continue
            seen.add(document)
            doc = mapping(row.get("doc"))
            yield Answer(
                task_id=str(doc.get("task_id", "")),
                instance_id=str(doc.get("id", "")),
                index=doc["index"] if isinstance(doc.get("index"), int) else -1,
                prompt=_prompt(row),
                completion=Completion(_response(row.get("resps"), place)),
                place=place,
            )


def _response(responses: Any, place: str) -> str:
    while isinstance(responses, list) and responses:
        responses = responses[0]
    if isinstance(responses, str):
        return responses
    raise InvalidFile(Problem("has no generated text", place, "only generate_until tasks can be imported"))


def _prompt(row: Mapping[str, Any]) -> str:
    found = mapping(mapping(row.get("arguments")).get("gen_args_0")).get("arg_0", "")
    while isinstance(found, list) and found:
        found = found[0]
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
