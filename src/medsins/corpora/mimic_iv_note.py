"""MIMIC-IV-Note: radiology reports and discharge summaries of a Boston hospital, deidentified.

Johnson et al., "MIMIC-IV-Note: Deidentified free-text clinical notes", PhysioNet 2023. The rules are those of the
published converters, letter for letter; ``matching=words`` mends their search for modality and anatomy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.radiology import (
    ANATOMIES,
    CT,
    MODALITIES,
    MRI,
    Quota,
    Report,
    anatomy_of,
    modalities_of,
    report_of,
)
from ._physionet import DUO, LICENCE, agreement, how_to_get
from ._raw import RawFile, RawFolder

DISCHARGE, MODALITY, ANATOMY = "task76", "task95", "task96"
OF_MODALITY = {MODALITIES.index(name): f"task{78 + n}" for n, name in enumerate(MODALITIES[3:])}
OF_ANATOMY = {CT: [f"task{83 + n}" for n in range(6)], MRI: [f"task{89 + n}" for n in range(6)]}
MOST = 10_000  # instances of one modality or anatomy in the classification tasks

_SUMMARIES = (*OF_MODALITY.values(), *OF_ANATOMY[CT], *OF_ANATOMY[MRI])
_HEADING = "Discharge Instructions:\n"

CORPUS = Corpus(
    name="mimic_iv_note",
    title="MIMIC-IV-Note",
    known_as=("MIMIC-IV", "MIMIC-IV-Notes"),
    url="https://physionet.org/content/mimic-iv-note/2.2/",
    licence=LICENCE,
    access="credentialed",
    agreement=agreement("mimic-iv-note", "2.2"),
    duo=DUO,
    may_leave=False,
    release="version 2.2: note/radiology.csv and note/discharge.csv, gzipped or not",
    files=("radiology.csv", "discharge.csv"),
    how_to_get=how_to_get("mimic-iv-note", "2.2", "note/radiology.csv.gz and note/discharge.csv.gz"),
    tasks=(DISCHARGE, *_SUMMARIES, MODALITY, ANATOMY),
    settings={"matching": ("converter", "words")},
    verified="format only",
    inferred=(
        "the published converter looks for 'ct', 'mri' and so on anywhere in the examination's name (so 'fracture' is "
        "a CT) and for the literal 'head_and_neck', which no report has: task84 and task90 stay empty; matching=words "
        "looks for the words CT, CTA, MR, MRI, MRA, head and neck instead, as the converter of task95 and task96 does",
        "which reports MedS-Bench's 1,430 test instances are is not known",
        "reports without all four sections are counted as dropped under task95 and task96 only",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Radiology reports first, then discharge summaries; a file that no wanted task needs is not asked for."""
    radiology = [task for task in CORPUS.tasks if task != DISCHARGE and options.wants(task)]
    both = bool(radiology) and options.wants(DISCHARGE)
    if both and not raw.glob("radiology.csv") and not raw.glob("discharge.csv"):
        raw.file(*CORPUS.files)
    if radiology:
        for file in raw.optional("radiology.csv") if both else [raw.file("radiology.csv")]:
            yield from _radiology(file, options)
    if options.wants(DISCHARGE):
        for file in raw.optional("discharge.csv") if both else [raw.file("discharge.csv")]:
            yield from _discharge(file)


def _radiology(file: RawFile, options: BuildOptions) -> Iterator[Record]:
    words = options.setting(CORPUS, "matching") == "words"
    quotas = {MODALITY: Quota(MOST), ANATOMY: Quota(MOST)}
    for place, row in file.rows("note_id", "text"):
        report = report_of(row["text"])
        if report is None:
            for task_id in (MODALITY, ANATOMY):
                yield dropped(task_id, "the report lacks one of the four sections", place=place)
            continue
        for task_id in _summary_tasks(report, words):
            yield made(task_id, report.findings, report.impression, place=place, id=f"{task_id}-{row['note_id']}")
        yield from _classified(report, place, row["note_id"], quotas)


def _summary_tasks(report: Report, words: bool) -> Iterator[str]:
    """The summarization tasks that a report belongs to."""
    modalities = modalities_of(report.examination, words)
    yield from (OF_MODALITY[modality] for modality in modalities if modality in OF_MODALITY)
    anatomy = anatomy_of(report.examination, words)
    if anatomy is not None and (CT in modalities or MRI in modalities):
        yield OF_ANATOMY[CT if CT in modalities else MRI][anatomy]


def _classified(report: Report, place: str, note: str, quotas: dict[str, Quota]) -> Iterator[Record]:
    """The classification instances of a report, as long as its classes are not full."""
    text = f"{report.findings}\n{report.impression}"
    modalities = modalities_of(report.examination, words=True)
    if not modalities:
        yield dropped(MODALITY, "the examination names no modality", place=place)
    elif not quotas[MODALITY].take(modalities):
        yield dropped(MODALITY, f"the modality has {MOST:,} instances already", place=place)
    else:
        names = ", ".join(MODALITIES[modality] for modality in modalities)
        verb = "modality used for the diagnosis is" if len(modalities) == 1 else "modalities used for the diagnosis are"
        yield made(MODALITY, text, f"The imaging {verb} {names}.", place=place, id=f"{MODALITY}-{note}")
    anatomy = anatomy_of(report.examination, words=True)
    if anatomy is None:
        yield dropped(ANATOMY, "the examination names no anatomy", place=place)
    elif not quotas[ANATOMY].take([anatomy]):
        yield dropped(ANATOMY, f"the anatomy has {MOST:,} instances already", place=place)
    else:
        answer = f"The anatomical location of the diagnosis is {ANATOMIES[anatomy]}."
        yield made(ANATOMY, text, answer, place=place, id=f"{ANATOMY}-{note}")


def _discharge(file: RawFile) -> Iterator[Record]:
    """One record a summary: what comes before the instructions for the patient, and these with all that follows."""
    for place, row in file.rows("note_id", "text"):
        before, heading, after = unwrap(row["text"]).partition(_HEADING)
        if heading:
            yield made(DISCHARGE, before, heading + after, place=place, id=f"{DISCHARGE}-{row['note_id']}")
        else:
            yield dropped(DISCHARGE, "the summary has no discharge instructions", place=place)


def unwrap(text: str) -> str:
    """A note without the line breaks inside its sentences, as the published converter takes them out. (A break before a
    small letter goes without leaving a blank; that is its way.)
    """
    text = text.replace(":\n", ":<COLON_NEWLINE>")
    text = re.sub(r"\n([a-z,_])", r"\1", text)
    text = re.sub(r"\n\s+([a-z])", r" \1", text)
    text = re.sub(r"\n([,;:'\"().])", r"\1", text)
    return text.replace(":<COLON_NEWLINE>", ":\n")
