"""The hub's dataset card: ``README.md`` with the YAML front matter that the hub indexes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .card_croissant import ARTICLE, describe, personal
from .card_facts import DataFile, Dataset, TaskFacts, distinct
from .card_terms import RESTRICTED, SUMMARY, spdx
from .card_yaml import to_yaml

_LANGUAGES = {
    "arabic": "ar",
    "chinese": "zh",
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "polish": "pl",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "vietnamese": "vi",
}
# The hub's own names of kinds of tasks; what is not here is text generation.
_KINDS = {
    "MCQA": "multiple-choice",
    "Text Summarization": "summarization",
    "Named Entity Recognition": "token-classification",
    "Text Classification": "text-classification",
    "Intent Identification": "text-classification",
    "Word Relation Classification": "text-classification",
    "Natural Language Inference": "text-classification",
    "Fact Verification": "text-classification",
    "Clinical Outcome Prediction": "text-classification",
    "Question Answering": "question-answering",
    "Translation": "translation",
    "Text Retrieval": "text-retrieval",
}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = ((10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"))


def readme(
    dataset: Dataset, files: Sequence[DataFile], configs: Sequence[Mapping[str, Any]] = (), notes: Sequence[str] = ()
) -> str:
    """The whole ``README.md``.

    Args:
        dataset: what it is about.
        files: the files, listed with size and SHA-256.
        configs: the hub's ``configs``, for files that its loader reads as they are.
        notes: paragraphs on how to use the files.
    """
    front = to_yaml(front_matter(dataset, configs))
    parts = [f"# {_line(dataset.name)}", describe(dataset), *notes]
    parts += ["## Tasks", _task_table(dataset.tasks), "## Access", _access(dataset)]
    parts += ["## Instructions", *map(_instruction, dataset.tasks)]
    parts += ["## Personal information", personal(dataset), "## Files", _file_table(files)]
    parts += ["## Citation", f"MedS-Bench and MedS-Ins: {ARTICLE}", *_sources(dataset)]
    return f"---\n{front}---\n\n" + "\n\n".join(parts) + "\n"


def front_matter(dataset: Dataset, configs: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The YAML part as a mapping."""
    names = distinct(
        name.strip().lower()
        for task in dataset.tasks
        for name in (*task.card.input_language, *task.card.output_language, task.language)
    )
    document: dict[str, Any] = {"pretty_name": dataset.name}
    document |= _licence(dataset.licences)
    document["language"] = sorted({_LANGUAGES[name] for name in names if name in _LANGUAGES})
    document["task_categories"] = sorted({_KINDS.get(task.category, "text-generation") for task in dataset.tasks})
    limit = next((name for bound, name in (*_SIZES, *_LARGER) if dataset.instances < bound), "n>1T")
    document["size_categories"] = [limit]
    document["tags"] = ["medical", "meds-ins", *distinct(_slug(task.category) for task in dataset.tasks)]
    if configs:
        document["configs"] = [dict(config) for config in configs]
    if dataset.access in ("registration", *RESTRICTED):
        document["extra_gated_heading"] = "Access to this data set is restricted"
        document["extra_gated_prompt"] = f"Access is {dataset.access}: {SUMMARY[dataset.access]}."
        document["extra_gated_fields"] = {
            "Affiliation": "text",
            "I am allowed to use this data under the terms of its sources": "checkbox",
        }
    return {key: value for key, value in document.items() if value not in ([], "")}


def _licence(licences: Sequence[str]) -> dict[str, Any]:
    """The hub knows SPDX names in lower case, ``unknown``, and ``other`` with a name of its own."""
    if not licences:
        return {"license": "unknown"}
    known = [spdx(licence).lower() for licence in licences]
    if all(known):
        return {"license": known[0] if len(known) == 1 else known}
    return {"license": "other", "license_name": _slug("-and-".join(licences))}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _line(text: str) -> str:
    """Text that stays in one line and one table cell, without being read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _task_table(tasks: Sequence[TaskFacts]) -> str:
    rows = ["| task | category | language | split | instances | access | licence |", "|---|---|---|---|---:|---|---|"]
    for task in tasks:
        cells = (task.id, task.category, task.language, task.split, f"{task.instances:,}", task.access)
        rows.append("| " + " | ".join(map(_line, (*cells, task.licence or "not stated"))) + " |")
    return "\n".join(rows)


def _access(dataset: Dataset) -> str:
    found = distinct(task.access for task in dataset.tasks)
    return "\n".join(
        f"- **{access}** ({', '.join(_line(task.id) for task in dataset.tasks if task.access == access)}): "
        f"{SUMMARY[access]}."
        for access in found
    )


def _instruction(task: TaskFacts) -> str:
    first, *others = task.card.definition or ("",)
    more = f" ({len(others)} more wordings in the file)" if others else ""
    return f"**{_line(task.id)}**: {_line(first) or 'none'}{more}"


def _file_table(files: Sequence[DataFile]) -> str:
    rows = ["| file | bytes | SHA-256 |", "|---|---:|---|"]
    return "\n".join([*rows, *(f"| {_line(file.name)} | {file.size:,} | `{file.sha256}` |" for file in files)])


def _sources(dataset: Dataset) -> list[str]:
    links = distinct(url for task in dataset.tasks for url in task.card.url)
    names = distinct(source for task in dataset.tasks for source in task.card.source)
    found = [*map(_line, names), *map(_line, links)]
    return ["Sources: " + "; ".join(found)] if found else []
