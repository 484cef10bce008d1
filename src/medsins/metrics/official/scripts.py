"""One published script on one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCORERS = (
    "ClinicalOutcomePrediction",
    "ConceptExplanation",
    "Diagnosis",
    "FactVerification",
    "InformationExtraction",
    "MCQA",
    "NamedEntityRecognition",
    "NatureLanguageInference.nli",
    "NatureLanguageInference.nli_gen",
    "Rationale",
    "TextClassification",
    "TextSummarization",
    "TreatmentPlanning",
)


def run_scorer(path: Path, name: str) -> dict[str, Any]:
    """Run one published script's rule on a CSV exactly as that script would.

    Returns:
        ``scorer``; ``results`` (task to metric to value as the script returns it); ``avg`` (None where the script
        writes none); ``per_row``; ``would_crash`` (row and reason; such rows count as wrong); ``warnings``.

    Raises:
        UsageError: unknown scorer.
        InvalidFile: the file cannot be read, or lacks a column.
    """
    raise NotImplementedError
