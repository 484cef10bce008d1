"""MIMIC-IV-ED benchmark: tabular records of emergency visits with three outcomes.

Xie et al., "Benchmarking emergency department prediction models with machine learning and public electronic health
records", Scientific Data 2022. Licensees make its master dataset from MIMIC-IV and MIMIC-IV-ED with its scripts.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, made
from ._formats.frame import frame_rows
from ._physionet import DUO, LICENCE, agreement
from ._raw import RawFolder


def _named(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in names.split())


_BEFORE = (
    "age",
    "gender",
    *(f"n_{place}_{days}" for place in ("ed", "hosp", "icu") for days in ("30d", "90d", "365d")),
)
_VITALS = _named("triage_", "temperature heartrate resprate o2sat sbp dbp pain acuity")
_COMPLAINTS = _named(
    "chiefcom_",
    "chest_pain abdominal_pain headache shortness_of_breath back_pain cough nausea_vomiting fever_chills syncope "
    "dizziness",
)
_CHARLSON = _named(
    "cci_",
    "MI CHF PVD Stroke Dementia Pulmonary Rheumatic PUD Liver1 DM1 DM2 Paralysis Renal Cancer1 Liver2 Cancer2 HIV",
)
_ELIXHAUSER = _named(
    "eci_",
    "Arrhythmia Valvular PHTN HTN1 HTN2 NeuroOther Hypothyroid Lymphoma Coagulopathy Obesity WeightLoss FluidsLytes "
    "BloodLoss Anemia Alcohol Drugs Psychoses Depression",
)
_LAST = _named("ed_", "temperature_last heartrate_last resprate_last o2sat_last sbp_last dbp_last los")

AT_TRIAGE = (*_BEFORE, *_VITALS, *_COMPLAINTS, *_CHARLSON, *_ELIXHAUSER)
AT_DISPOSITION = (
    *_BEFORE,
    *_VITALS[-2:],
    *_COMPLAINTS,
    *_CHARLSON,
    *_ELIXHAUSER,
    *_LAST,
    "n_med",
    "n_medrecon",
)
TASKS = {
    "task117": (AT_TRIAGE, "outcome_hospitalization"),
    "task118": (AT_DISPOSITION, "outcome_ed_revisit_3d"),
    "task119": (AT_TRIAGE, "outcome_critical"),
}

CORPUS = Corpus(
    name="mimic4ed",
    title="MIMIC-IV-ED benchmark",
    known_as=("MIMIC4ED Benchmark",),
    url="https://github.com/nliulab/mimic4ed-benchmark",
    licence=LICENCE,
    access="credentialed",
    agreement=agreement("mimic-iv-ed", "2.2"),
    duo=DUO,
    may_leave=False,
    release="master_dataset.csv, as the benchmark's extract_master_dataset script writes it",
    files=("master_dataset.csv",),
    how_to_get="obtain MIMIC-IV and MIMIC-IV-ED from PhysioNet and run the repository's extract_master_dataset on them",
    tasks=tuple(TASKS),
    verified="format only",
    inferred=(
        "the converters take the whole master dataset, not the benchmark's train and test files: there is no split",
        "which 1,500 visits MedS-Bench tests on is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a visit and outcome: ``name: value`` lines, and True or False."""
    wanted = {task_id: facts for task_id, facts in TASKS.items() if options.wants(task_id)}
    columns = {name: None for variables, outcome in wanted.values() for name in (*variables, outcome)}
    for place, row in frame_rows(raw.file(*CORPUS.files), tuple(columns)):
        for task_id, (variables, outcome) in wanted.items():
            text = "\n".join(f"{name}: {row[name]}" for name in variables)
            yield made(task_id, text, row[outcome], place=place)
