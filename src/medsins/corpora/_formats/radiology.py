"""Radiology reports: sections, and the modality and anatomy that the name of the examination tells.

The published converters search in two ways. For summaries they look for a name anywhere in the text, so ``ct`` is found
in "fracture"; for classification they look for whole words of CT and MRI, and for the head or the neck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MODALITIES = ("X-ray", "CT", "MRI", "Ultrasound", "Angiography", "Mammogram", "Pathology", "Fluoroscopy")
ANATOMIES = ("Chest", "Head_and_neck", "Brain", "Abdomen", "Pelvis", "Spine")
CT, MRI = 1, 2

_SECTIONS = ("FINDINGS:", "IMPRESSION:", "EXAMINATION:", "INDICATION:")
_MODALITY_WORDS = {CT: {"CT", "CTA"}, MRI: {"MRI", "MR", "MRA"}}
_ANATOMY_WORDS = {1: ("head", "neck")}


@dataclass(frozen=True, slots=True)
class Report:
    """The sections of a report that the tasks use."""

    findings: str
    impression: str
    examination: str


def report_of(text: str) -> Report | None:
    """The sections by their headings, as the published converters cut them; None if one of the four is missing."""
    if not all(heading in text for heading in _SECTIONS):
        return None
    findings, impression = findings_and_impression(text)
    start = text.find("EXAMINATION:") + len("EXAMINATION:")
    return Report(findings, impression, text[start : text.find("INDICATION:")].strip())


def findings_and_impression(text: str) -> tuple[str, str]:
    """What stands between the headings FINDINGS and IMPRESSION, and what stands after the latter."""
    findings, impression = text.find("FINDINGS:"), text.find("IMPRESSION:")
    before = text[findings + len("FINDINGS: ") : impression]
    return before.strip(), text[impression + len("IMPRESSION: ") :].strip()


def modalities_of(examination: str, words: bool) -> list[int]:
    """Indices into ``MODALITIES``; ``words``: CT and MRI as whole words, else any name anywhere."""
    lower, tokens = examination.lower(), set(examination.split())

    def named(index: int) -> bool:
        if words and index in _MODALITY_WORDS:
            return bool(tokens & _MODALITY_WORDS[index])
        return MODALITIES[index].lower() in lower

    return [index for index in range(len(MODALITIES)) if named(index)]


def anatomy_of(examination: str, words: bool) -> int | None:
    """Index of the first of ``ANATOMIES`` that is named; ``words``: the head or the neck count as head and neck."""
    lower = examination.lower()
    for index, name in enumerate(ANATOMIES):
        wanted = _ANATOMY_WORDS.get(index, (name.lower(),)) if words else (name.lower(),)
        if any(word in lower for word in wanted):
            return index
    return None


class Quota:
    """Lets each class in ``most`` times; something of several classes only while none of them is full."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken: Counter[int] = Counter()

    def take(self, classes: Sequence[int]) -> bool:
        """Whether one more of these classes is let in; it is counted if so."""
        if any(self.taken[index] >= self.most for index in classes):
            return False
        self.taken.update(classes)
        return True
