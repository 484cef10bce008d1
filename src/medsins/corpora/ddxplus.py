"""DDXPlus: synthetic patients with their evidences and diagnosis.

Fansi Tchango et al., "DDXPlus: A New Dataset For Automatic Medical Diagnosis", NeurIPS Datasets and Benchmarks 2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._base import BuildOptions, Corpus, Record, made
from ._formats.literal import python_value
from ._formats.splits import split_files
from ._raw import RawFile, RawFolder

TASK = "task130"
EVIDENCES = "release_evidences.json"
PARTS = {
    "train": ("release_train_patients.csv", "release_train_patients"),
    "validation": ("release_validate_patients.csv", "release_validate_patients"),
    "test": ("release_test_patients.csv", "release_test_patients"),
}
COLUMNS = ("AGE", "SEX", "PATHOLOGY", "EVIDENCES", "INITIAL_EVIDENCE")

CORPUS = Corpus(
    name="ddxplus",
    title="DDXPlus",
    known_as=("DDXPlus",),
    url="https://figshare.com/articles/dataset/DDXPlus_Dataset_English_/22687585",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    release="the English or French release on figshare: release_{train,validate,test}_patients and " + EVIDENCES,
    files=(EVIDENCES, *(name for names in PARTS.values() for name in names)),
    how_to_get="download the three patient zips and release_evidences.json from figshare",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 1_025_602, f"{TASK}:validation": 132_448, f"{TASK}:test": 134_529},
    verified="format only",
    inferred=(
        "the wording of the input (age, sex, initial evidence, evidence; values capitalized, 'Yes' for a present "
        "evidence) follows a published description of one released instance; its line breaks could not be checked",
        "no converter is published; MedS-Bench scores 1,500 of the 134,529 test patients, which ones is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a patient: questions with answers, and the diagnosis."""
    files = list(split_files(raw, PARTS, options))
    answered = Answered(_evidences(raw.file(EVIDENCES)))
    for split, file in files:
        for place, row in file.rows(*COLUMNS):
            answer = f"The diagnosis result is {row['PATHOLOGY']}."
            yield made(TASK, _text(file, row, place, answered), answer, split=split, place=place)


def _evidences(file: RawFile) -> Mapping[str, Any]:
    evidences = file.json()
    if not isinstance(evidences, dict):
        file.invalid("must be an object of evidences")
    for name, evidence in evidences.items():
        file.need(("question_en", "value_meaning"), list(evidence), where=name)
    return evidences


class Answered(dict[str, str]):
    """Questions with answers by the patients' notation (``E_1`` or ``E_1_@_V_2``), each worded once. A present
    evidence is answered with ``Yes``, a value with its meaning.
    """

    def __init__(self, evidences: Mapping[str, Any]) -> None:
        super().__init__()
        self.evidences = evidences

    def __missing__(self, name: str) -> str:
        code, _, value = name.partition("_@_")
        evidence = self.evidences[code]
        meaning = evidence["value_meaning"].get(value, {}).get("en", value)
        self[name] = f"{evidence['question_en']} {str(meaning).capitalize() or 'Yes'}"
        return self[name]


def _text(file: RawFile, row: Mapping[str, str], place: str, answered: Answered) -> str:
    try:
        initial = answered[row["INITIAL_EVIDENCE"]]
        said = "; ".join(answered[name] for name in python_value(file, row["EVIDENCES"], place))
    except KeyError as error:
        file.invalid(f"has the evidence {error}, which {EVIDENCES} does not know: files of two releases?", place)
    return f"Age: {row['AGE']}\nSex: {row['SEX']}\nInitial evidence: {initial}\nEvidence: {said}."
