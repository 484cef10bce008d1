"""The tuned model's card: ``README.md`` with the hub's YAML front matter, from what the tuning itself recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.tasks.card_terms import RESTRICTED, SUMMARY, is_non_commercial
from medsins.tasks.card_yaml import to_yaml

from .prepare import Prepared
from .recipe import Recipe
from .run import Trained

ALIASES = {"smollm2": ("HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0")}
ARTICLE = "[npj Digital Medicine 2025](https://doi.org/10.1038/s41746-024-01390-4), [arXiv 2408.12547](https://arxiv.org/abs/2408.12547)"
_LANGUAGES = {"Arabic": "ar", "Chinese": "zh", "English": "en", "French": "fr", "German": "de", "Italian": "it",
              "Japanese": "ja", "Portuguese": "pt", "Russian": "ru", "Spanish": "es"}  # fmt: skip
_SHOWN = 20  # pairs of tasks of the contamination gate


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a card tells. ``comparison`` is what ``bench compare`` found of the base model and the tuned one, in
    this order; None where it was not measured.
    """

    recipe: Recipe
    base: Path
    prepared: Prepared
    trained: Trained
    comparison: Mapping[str, Any] | None = None


def model_card(facts: Facts) -> str:
    """The whole ``README.md``."""
    name, licence = base_of(facts)
    parts = [f"# {_cell(facts.recipe.path.stem)}", *_warning(facts.prepared.mixed.access), _summary(facts, name)]
    parts += ["## Before and after", *_measured(facts)]
    parts += ["## Data", *_data(facts)]
    parts += ["## Contamination", *_contamination(facts.prepared.mixed.gate)]
    parts += ["## Tuning", _settings(facts)]
    parts += ["## Terms", _terms(facts, name, licence)]
    parts += ["## Limits", LIMITS, "## Citation", f"MedS-Bench, MedS-Ins and the method: {ARTICLE}"]
    return f"---\n{to_yaml(front_matter(facts))}---\n\n" + "\n\n".join(parts) + "\n"


LIMITS = """\
Not for clinical use. A better score on a benchmark is no evidence that a model is safe for patients; it may repeat
what its data get wrong, and answer confidently where it knows nothing. Questions of kinds that it was not tuned on may
be answered worse than by the base model."""


def base_of(facts: Facts) -> tuple[str, str]:
    """The base model's name and its licence as its own card states it; an empty licence where it states none."""
    if facts.recipe.model in ALIASES:
        return ALIASES[facts.recipe.model]
    beside = facts.recipe.place(facts.recipe.model)
    name = beside.resolve().name if beside.is_dir() else facts.recipe.model
    card = facts.base / "README.md"
    head = card.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0] if card.is_file() else ""
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", head, re.MULTILINE)
    return name, found[1].lower() if found else ""


def front_matter(facts: Facts) -> dict[str, Any]:
    """The YAML part as a mapping."""
    name, licence = base_of(facts)
    mixed = facts.prepared.mixed
    languages = sorted({_LANGUAGES[str(task["language"])] for task in mixed.tasks if task["language"] in _LANGUAGES})
    document: dict[str, Any] = {
        "license": licence or "unknown",
        "base_model": name,
        "library_name": "peft" if facts.trained.adapter else "transformers",
        "pipeline_tag": "text-generation",
        "language": languages,
        "tags": ["medical", "meds-ins", "medsins", f"recipe-{facts.recipe.digest[:12]}"],
    }
    if mixed.access != "open":
        document["extra_gated_heading"] = "This model was tuned on data whose access is restricted"
        document["extra_gated_prompt"] = f"Access of its data is {mixed.access}: {SUMMARY[mixed.access]}."
        document["extra_gated_fields"] = {"I am allowed to use these data under the terms of their sources": "checkbox"}
    return {key: value for key, value in document.items() if value not in ([], "")}


def _warning(access: str) -> list[str]:
    if access not in RESTRICTED:
        return []
    told = (
        f"**Tuned on {access} data.** A model can repeat what it was tuned on. Hold its weights and its outputs to the "
    )
    return [f"> {told}terms of these data: {SUMMARY[access]}."]


def _summary(facts: Facts, name: str) -> str:
    mixed, trained = facts.prepared.mixed, facts.trained
    rank, frozen = facts.recipe.adapter.rank, facts.recipe.training.frozen_layers
    whole = f"all but the embeddings and the lowest {frozen} layers" if frozen else "all parameters"
    how = f"a low-rank adapter of rank {rank}" if rank else whole
    return (
        f"`{name}`, tuned ({how}) with medsins {__version__} on {mixed.samples:,} samples of {len(mixed.tasks)} tasks "
        f"in the MedS-Ins format: {trained.steps:,} optimizer steps, {trained.tokens:,} tokens."
    )


def _measured(facts: Facts) -> list[str]:
    found = facts.comparison
    if found is None:
        recipe = facts.recipe.path.name
        return [f"Not measured yet: `medsins train card {recipe} --before RUN --after RUN` adds the table."]
    pair, runs = found["pairs"][0], found["runs"]
    rows = ["| category | metric | n | before | after | difference | 95 % interval | p (Holm) |", f"|{'---|' * 8}"]
    for category, line in pair["categories"].items():
        low, high = line["ci95"]
        span = f"{low:+.1f} to {high:+.1f}"
        figures = (f"{line['a']:.1f}", f"{line['b']:.1f}", f"**{line['difference']:+.1f}**", span, _p(line["p_holm"]))
        rows.append("| " + " | ".join((_cell(category), line["metric"], str(line["rows"]), *figures)) + " |")
    told = "Profile strict, percent and percentage points; paired on the same questions (bootstrap intervals)."
    signatures = [f"- {when}: `{run['signature']}`" for when, run in zip(("before", "after"), runs, strict=False)]
    return [told, "\n".join(rows), "\n".join(signatures)]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _data(facts: Facts) -> list[str]:
    rows = ["| task | category | language | samples | access | licence |", "|---|---|---|---:|---|---|"]
    for task in facts.prepared.mixed.tasks:
        texts = [_cell(str(task[name])) for name in ("id", "category", "language")]
        terms = [_cell(str(task["access"])), _cell(str(task["licence"] or "not stated"))]
        rows.append("| " + " | ".join((*texts, f"{int(task['samples']):,}", *terms)) + " |")
    counts = facts.prepared.packed.counts
    told = (
        f"{counts['samples']:,} samples, {counts['useful']:,} tokens, of which {counts['answer']:,} bear loss; "
        f"{counts['dropped_shots']:,} worked examples did not fit, {counts['cut']:,} inputs were cut from the left, "
        f"{counts['left_out']:,} samples were left out because their answer was too long."
    )
    return [told, "\n".join(rows)]


def _contamination(gate: Mapping[str, Any]) -> list[str]:
    if not gate.get("files"):
        return [
            "Nothing was compared: the recipe names no suites. "
            "Results on any benchmark may be results on known questions."
        ]
    findings: Sequence[Mapping[str, Any]] = gate.get("findings", ())
    count = sum(int(finding["instances"]) for finding in findings)
    told = (
        f"Training instances with the same input as one of {int(gate['inputs']):,} test inputs were kept out before "
        f"tuning: {count:,}. Equal inputs are found; reworded ones are not (`medsins audit leakage` looks for them)."
    )
    if not findings:
        return [told]
    rows = ["| training task | test task | instances |", "|---|---|---:|"]
    for finding in findings[:_SHOWN]:
        rows.append(
            f"| {_cell(str(finding['task']))} | {_cell(str(finding['test_task']))} | {finding['instances']:,} |"
        )
    more = [f"… and {len(findings) - _SHOWN} more pairs of tasks."] if len(findings) > _SHOWN else []
    return [told, "\n".join(rows), *more]


def _settings(facts: Facts) -> str:
    recipe, trained = facts.recipe, facts.trained
    lines = [f"- recipe: `{recipe.digest}`", f"- data: `{facts.prepared.packed.digest}`"]
    lines.append(f"- loss over the last tenth of the steps: {trained.loss:.3f} nats an answer token")
    if trained.best_step != trained.steps:
        lines.append(f"- weights of step {trained.best_step:,}, the best by the evaluation on the way")
    tables: list[tuple[str, Any]] = [
        ("mixture", recipe.mixture),
        ("packing", recipe.packing),
        ("training", recipe.training),
    ]
    tables += [("adapter", recipe.adapter)] if recipe.adapter.rank else []
    for name, record in tables:
        default = type(record)()
        kept = asdict(record)
        chosen = [
            f"{one.name} {kept[one.name]}" for one in fields(record) if kept[one.name] != getattr(default, one.name)
        ]
        lines.append(f"- {name}: {', '.join(chosen) or 'defaults'}")
    return "\n".join(lines)


def _terms(facts: Facts, name: str, licence: str) -> str:
    base = f"The licence of the base model `{name}` is {licence or 'not stated beside its weights: look it up'}."
    used = [task for task in facts.prepared.mixed.tasks if int(task["samples"])]
    lines = [base]
    if barred := sorted({str(task["id"]) for task in used if is_non_commercial(str(task["licence"]))}):
        lines.append(f"Not for commercial use, say the licences of {', '.join(map(_cell, barred))}.")
    by_access: dict[str, list[str]] = {}
    for task in used:
        by_access.setdefault(str(task["access"]), []).append(_cell(str(task["id"])))
    lines += [
        f"Data of access **{access}** ({', '.join(ids)}): {SUMMARY[access]}." for access, ids in by_access.items()
    ]
    return "\n\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays in one line and one table cell, without being read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
