"""MIMIC-CXR: reports of chest radiographs, their findings to be summarized into the impression.

Johnson et al., "MIMIC-CXR, a de-identified publicly available database of chest radiographs with free-text reports",
Scientific Data 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._physionet import DUO, LICENCE, agreement, how_to_get
from ._raw import RawFolder

TASK = "task112"
STUDIES, REPORTS = "cxr-study-list.csv", "p*/p*/s*.txt"
_FINDINGS, _IMPRESSION = "FINDINGS:", "IMPRESSION:"

CORPUS = Corpus(
    name="mimic_cxr",
    title="MIMIC-CXR",
    known_as=("MIMIC-CXR",),
    url="https://physionet.org/content/mimic-cxr/2.1.0/",
    licence=LICENCE,
    access="credentialed",
    agreement=agreement("mimic-cxr", "2.1.0"),
    duo=DUO,
    may_leave=False,
    release="version 2.0.0 or 2.1.0: cxr-study-list.csv and the reports, mimic-cxr-reports.zip or unpacked",
    files=(STUDIES, REPORTS),
    how_to_get=how_to_get("mimic-cxr", "2.1.0", "cxr-study-list.csv.gz and mimic-cxr-reports.zip (not the images)"),
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the published converter reads a column report_path, which PhysioNet's study list calls path; both are read",
        "which 100 reports MedS-Bench tests on is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a study with findings and impression, in the order of the study list; line breaks become blanks."""
    studies = raw.file(STUDIES)
    reports = {_name(file.place): file for file in raw.files(REPORTS)}
    for place, row in studies.rows():
        path = row.get("path") or row.get("report_path")
        if not path:
            studies.need(("path",), [name for name, cell in row.items() if cell], "columns", place)
        report = reports.get(_name(path or ""))
        if report is None:
            yield dropped(TASK, "the report is not among the files", place=place)
            continue
        text = report.text()
        if _FINDINGS not in text or _IMPRESSION not in text:
            yield dropped(TASK, "the report has no findings or no impression", place=report.place)
            continue
        findings, impression = text.find(_FINDINGS), text.find(_IMPRESSION)
        yield made(
            TASK,
            _line(text[findings + len(_FINDINGS) + 1 : impression]),
            _line(text[impression + len(_IMPRESSION) + 1 :]),
            place=report.place,
            id=f"{TASK}-{_name(report.place).removesuffix('.txt')}",
        )


def _name(place: str) -> str:
    """The file name of a report, ``s<study id>.txt``; unique in the release."""
    return place.replace("\\", "/").rpartition("/")[2]


def _line(text: str) -> str:
    return text.replace("\n", " ").strip()
