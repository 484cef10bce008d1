"""MedlinePlus: questions on drugs and supplements, and articles of its medical encyclopedia.

MedQuAD has the questions of these pages (collections 10 to 12) but, for reasons of copyright, not their answers; who
may use them fills the ``<Answer>`` elements from the pages that the files name.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xml import parse_xml, text_of
from ._raw import RawFile, RawFolder

DRUG, TITLE = "task97", "task98"
DRUGS = ("11_MPlusDrugs_QA/*.xml", "12_MPlusHerbsSupplements_QA/*.xml")
ENCYCLOPEDIA = "10_MPlus_ADAM_QA/*.xml"

CORPUS = Corpus(
    name="medlineplus",
    title="MedlinePlus (MedQuAD collections 10 to 12)",
    known_as=("MedlinePlus",),
    url="https://github.com/abachaa/MedQuAD",
    licence="questions CC BY 4.0; answers copyright of A.D.A.M., ASHP and others",
    access="open",
    may_leave=False,
    release="MedQuAD's folders 10_MPlus_ADAM_QA, 11_MPlusDrugs_QA, 12_MPlusHerbsSupplements_QA with answers filled in",
    files=(ENCYCLOPEDIA, *DRUGS),
    how_to_get="clone the repository and fill the empty <Answer> elements from the pages named in each file's url",
    tasks=(DRUG, TITLE),
    verified="format only",
    inferred=(
        "the source is told by its count: 90 % of collections 11 and 12 (13,681 questions) is the article's figure",
        "task98 takes the answers of an encyclopedia file, joined with line breaks, and its focus as title",
        "the article's figure also has MedlinePlus under fact verification; those instances could not be identified",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Questions on drugs with answers, then encyclopedia articles with titles."""
    if not any(raw.glob(pattern) for pattern in CORPUS.files):
        raw.files(ENCYCLOPEDIA)
    for pattern in DRUGS if options.wants(DRUG) else ():
        for file in raw.optional(pattern):
            yield from _questions(file)
    for file in raw.optional(ENCYCLOPEDIA) if options.wants(TITLE) else ():
        yield _article(file)


def _questions(file: RawFile) -> Iterator[Record]:
    for pair in parse_xml(file, "Document").iter("QAPair"):
        question, answer = text_of(pair.find("Question")).strip(), text_of(pair.find("Answer")).strip()
        place = f"{file.place}: {pair.get('pid', '')}"
        if question and answer:
            yield made(DRUG, question, answer, place=place)
        else:
            yield dropped(DRUG, "the answer is empty" if question else "the question is empty", place=place)


def _article(file: RawFile) -> Record:
    document = parse_xml(file, "Document")
    title = text_of(document.find("Focus")).strip()
    answers = [text_of(pair.find("Answer")).strip() for pair in document.iter("QAPair")]
    text = "\n".join(dict.fromkeys(filter(None, answers)))
    if title and text:
        return made(TITLE, text, title, place=file.place)
    return dropped(TITLE, "the article has no text" if title else "the article has no title", place=file.place)
