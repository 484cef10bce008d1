"""EBMSummariserCorpus: clinical questions of the Journal of Family Practice with answers and the evidence behind them.

Molla and Santiago-Martinez, "Development of a Corpus for Evidence Based Medicine Summarisation", ALTA 2011.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xml import parse_xml
from ._raw import RawFolder

QUESTION, EVIDENCE = "task99", "task100"

CORPUS = Corpus(
    name="ebms",
    title="EBMSummariserCorpus",
    known_as=("EBMSummariserCorpus",),
    url="https://sourceforge.net/projects/ebmsumcorpus/",
    licence="none stated",
    access="open",
    release="ClinicalInquiries.xml of the release on SourceForge",
    files=("ClinicalInquiries.xml",),
    how_to_get="download the corpus from SourceForge and unpack it",
    tasks=(QUESTION, EVIDENCE),
    verified="format only",
    task_verified={EVIDENCE: "published samples"},
    inferred=(
        "the licence could not be checked",
        "which 304 justifications MedS-Bench tests on is not known",
        "a part without text is dropped; the published converter stops there",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Questions with their joined answers, then each answer with each piece of evidence for it."""
    file = raw.file(*CORPUS.files)
    records = parse_xml(file).findall("record")
    if not records:
        file.invalid("has no <record> elements below its root")
    for number, record in enumerate(records, start=1):
        place = f"{file.place}: record {record.get('id', number)}"
        snips = record.findall("answer/snip")
        question, answers = _text(record, "question"), [_text(snip, "sniptext") for snip in snips]
        if question and answers and all(answers):
            yield made(QUESTION, question, " ".join(answers), place=place)
        else:
            yield dropped(QUESTION, "the question or a part of its answer has no text", place=place)
        for snip, answer in zip(snips, answers, strict=True):
            for evidence in snip.findall("long"):
                text = _text(evidence, "longtext")
                if answer and text:
                    yield made(EVIDENCE, answer, text, place=place)
                else:
                    yield dropped(EVIDENCE, "the statement or its evidence has no text", place=place)


def _text(element: Element, tag: str) -> str:
    """The text of a child up to its first markup, as it stands."""
    child = element.find(tag)
    return (child.text or "") if child is not None else ""
