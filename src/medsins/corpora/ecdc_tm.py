"""ECDC-TM: sentences of the European Centre for Disease Prevention and Control with professional translations.

Steinberger et al., "An overview of the European Union's highly multilingual parallel corpora", LREC 2014.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.xml import stream_xml, text_of
from ._raw import RawFolder

PAIRS = {"task19": ("EN", "SV"), "task20": ("EN", "DE"), "task21": ("FR", "EN")}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

CORPUS = Corpus(
    name="ecdc_tm",
    title="ECDC Translation Memory",
    known_as=("ECDC-TM",),
    url="https://joint-research-centre.ec.europa.eu/language-technology-resources/ecdc-translation-memory_en",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    languages=("English", "French", "German", "Swedish"),
    release="ECDC-TM.zip of October 2012, file ECDC.tmx",
    files=("ECDC.tmx",),
    how_to_get="download ECDC-TM.zip; it need not be unpacked",
    tasks=tuple(PAIRS),
    verified="published samples",
    inferred=(
        "every unit that has both languages is used; Super-NaturalInstructions may have left some out",
        "the DUO term is read off the licence",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a translation unit and language pair, texts as they stand."""
    file = raw.file(*CORPUS.files)
    for number, unit in enumerate(stream_xml(file, "tu"), start=1):
        place = f"{file.place}: unit {number}"
        texts = {part.get(_LANGUAGE, "").upper(): text_of(part.find("seg")) for part in unit.iter("tuv")}
        for task_id, (source, target) in PAIRS.items():
            if texts.get(source) and texts.get(target):
                yield made(task_id, texts[source], texts[target], place=place)
            else:
                yield dropped(task_id, "the unit lacks one of the two languages", place=place)
