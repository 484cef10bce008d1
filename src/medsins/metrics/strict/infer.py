"""Which scorer a task needs: from its category, and from what its references look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from .._types import TaskSpec
from ._label_sets import closed_set
from ._text import key
from .mcqa import read_reference
from .multilabel import split_labels

SCORERS = ("mcqa", "labels", "multilabel", "entities", "fields", "text")

_FREE = "text"
_BY_CATEGORY = {
    "MCQA": "mcqa",
    "Question Answering": "mcqa",
    "Named Entity Recognition": "entities",
    "Information Extraction": "fields",
    "Text Classification": "multilabel",
    "Diagnosis": "labels",
    "Treatment Planning": "labels",
    "Clinical Outcome Prediction": "labels",
    "Fact Verification": "labels",
    "Natural Language Inference": "labels",
    "Intent Identification": "labels",
    "Word Relation Classification": "labels",
    "Text Retrieval": "labels",
}
_ALWAYS_CLOSED = {"Diagnosis", "Treatment Planning", "Clinical Outcome Prediction", "Text Classification"}
_LANGUAGES = {
    "english": "en", "chinese": "zh", "japanese": "ja", "french": "fr", "russian": "ru", "spanish": "es",
    "german": "de", "swedish": "sv", "italian": "it", "portuguese": "pt", "dutch": "nl", "korean": "ko",
}  # fmt: skip


def language_code(name: str) -> str:
    """ISO 639-1 code of a language named in English; a code stays a code; English where nothing is named."""
    name = name.strip().lower()
    return _LANGUAGES.get(name, name if re.fullmatch(r"[a-z]{2}", name) else "en")


def infer_spec(
    task_id: str, category: str, references: Sequence[str], language: str = "English", labels: Sequence[str] = ()
) -> TaskSpec:
    """The spec of a task, so that a task of any category is scored without code.

    Args:
        references: the reference of each row (the first where there are several).
        language: the output language, as an English name or a code.
        labels: the closed set of answers where the caller knows it.
    """
    scorer = _scorer(category, [reference for reference in references if reference.strip()])
    return TaskSpec(task_id, category, scorer, language_code(language), tuple(labels))


def _scorer(category: str, references: Sequence[str]) -> str:
    usual = _BY_CATEGORY.get(category, _FREE)
    if usual == "mcqa":
        lettered = sum(bool(read_reference(reference, {})) for reference in references[:500])
        if lettered * 2 > len(references[:500]):
            return "mcqa"
        return "labels" if closed_set(references) else _FREE
    if usual == "multilabel" and _has_sets(references):
        return "multilabel"
    if usual in ("labels", "multilabel"):
        return _FREE if _free(references, 12 if category in _ALWAYS_CLOSED else 4) else "labels"
    if usual == _FREE and len(references) >= 10 and closed_set(references):
        return "labels"
    return usual


def _free(references: Sequence[str], words: int) -> bool:
    """Whether references are texts of their own, of at least so many words, rather than labels that come back."""
    if not references or closed_set(references):
        return False
    distinct = {key(reference) for reference in references}
    return len(distinct) > 0.7 * len(references) and median(len(r.split()) for r in references) >= words


def _has_sets(references: Sequence[str]) -> bool:
    """Whether references list several labels that also occur in other rows."""
    listed = [split_labels(reference) for reference in references]
    if closed_set([item for items in listed for item in items]) and any(len(items) > 1 for items in listed):
        return True
    single = {key(items[0]) for items in listed if len(items) == 1}
    return any(len(items) > 1 and sum(key(item) in single for item in items) > 1 for items in listed)
