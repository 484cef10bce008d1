"""The published scripts as data: their tasks in their order, the rule of each, how they read and how they average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ._rule import Rule
from .accuracy import DIAGNOSIS, EXTRACTION, FACT, NLI, TREATMENT, FirstLetter, TrueFalse
from .classes import Classes
from .entities import Entities
from .overlap import Overlap, fact, present, raw, stripped


@dataclass(frozen=True, slots=True)
class Script:
    """One published scoring function.

    ``rules`` by task id, in the order of its average. ``groups``: tasks scored together under one name, outside the
    average. ``absent``: the figure of a task the file does not have. ``positional``: columns are taken by place, not by
    name. ``averages``: it writes an average. ``every_row``: task ids are ignored. ``required``: no row is an error.
    """

    category: str
    rules: Mapping[str, Rule]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: float = 0.0
    positional: bool = False
    averages: bool = True
    every_row: bool = False
    required: bool = False
    warn_bad_lines: bool = False

    @property
    def single(self) -> tuple[str, ...]:
        """The tasks with a figure of their own."""
        grouped = {task for tasks in self.groups.values() for task in tasks}
        return tuple(task for task in self.rules if task not in grouped)

    @property
    def pools(self) -> dict[str, tuple[str, ...]]:
        """Everything with a figure: the single tasks by themselves, the groups with their tasks."""
        return {task: (task,) for task in self.single} | dict(self.groups)


def _tasks(numbers: str, rule: Rule) -> dict[str, Rule]:
    return {f"task{number}": rule for number in numbers.split()}


LETTERS = FirstLetter("abcd")
YES_NO = FirstLetter("yn")
RAW = Overlap(raw)
PRESENT = Overlap(present)
FACT_TEXT = Overlap(fact)
RATIONALE_LANGUAGES = {"51": "zh", "52": "en", "53": "fr", "54": "ja", "55": "ru", "56": "es"}
CT = "83 84 85 86 87 88"
MRI = "89 90 91 92 93 94"

SCRIPTS: dict[str, Script] = {
    "ClinicalOutcomePrediction": Script("Clinical Outcome Prediction", _tasks("117 118 119", TrueFalse())),
    "ConceptExplanation": Script("Explanation", _tasks("18 46 50", PRESENT), warn_bad_lines=True),
    "Diagnosis": Script("Diagnosis", _tasks("130", DIAGNOSIS), positional=True, averages=False, every_row=True),
    "FactVerification": Script(
        "Fact Verification", _tasks("12 16", FACT) | _tasks("100", FACT_TEXT), positional=True, averages=False
    ),
    "InformationExtraction": Script("Information Extraction", _tasks("1 2 3 29 74", EXTRACTION)),
    "MCQA": Script(
        "MCQA", _tasks("4 5 6 8 9 57 58 59 60 61 122", LETTERS) | _tasks("123", YES_NO) | _tasks("129", LETTERS)
    ),
    "NamedEntityRecognition": Script(
        "Named Entity Recognition", _tasks("125 126 127 128", Entities()), positional=True
    ),
    "NatureLanguageInference.nli": Script("Natural Language Inference", _tasks("41", NLI)),
    "NatureLanguageInference.nli_gen": Script("Natural Language Inference", _tasks("42", RAW)),
    "Rationale": Script(
        "Rationale", {f"task{number}": Overlap(stripped, code) for number, code in RATIONALE_LANGUAGES.items()}
    ),
    "TextClassification": Script("Text Classification", _tasks("106", Classes()), averages=False, required=True),
    "TextSummarization": Script(
        "Text Summarization",
        _tasks("78 114 112 110", RAW) | _tasks(CT, RAW) | _tasks(MRI, RAW),
        groups={"CT": tuple(_tasks(CT, RAW)), "MRI": tuple(_tasks(MRI, RAW))},
        absent=-1.0,
    ),
    "TreatmentPlanning": Script("Treatment Planning", _tasks("131", TREATMENT)),
}

SCORERS: tuple[str, ...] = tuple(SCRIPTS)
