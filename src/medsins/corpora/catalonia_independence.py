"""Catalonia Independence Corpus: Catalan and Spanish tweets with their stance. Not a medical corpus.

Zotova et al., "Multilingual Stance Detection in Tweets: The Catalonia Independence Corpus", LREC 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._raw import RawFolder

TASK = "task39"
LABELS = {"AGAINST": "Against", "FAVOR": "Favor", "NEUTRAL": "Neutral"}
SPLITS = {"train": "train", "validation": "val", "test": "test"}

CORPUS = Corpus(
    name="catalonia_independence",
    title="Catalonia Independence Corpus",
    known_as=("Catalonia Independence Corpus",),
    url="https://github.com/ixa-ehu/catalonia-independence-corpus",
    licence="CC BY-NC-SA 4.0",
    access="open",
    duo=("DUO:0000046",),
    languages=("Catalan", "Spanish"),
    release="the repository of 2019: 01_CIC_CA.zip and 02_CIC_ES.zip, 10,048 and 10,077 tweets",
    files=tuple(f"{language}_{part}.csv" for language in ("catalan", "spanish") for part in SPLITS.values()),
    how_to_get="clone the repository; the archives need not be unpacked",
    tasks=(TASK,),
    sizes={TASK: 20_125},
    verified="real data",
    inferred=("the form is that of task 1646 of Super-NaturalInstructions, which took a part of the tweets",),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a tweet, Catalan ones first."""
    for language in ("catalan", "spanish"):
        parts = {split: f"{language}_{part}.csv" for split, part in SPLITS.items()}
        for split, file in split_files(raw, parts, options):
            for place, row in file.rows("id_str", "TWEET", "LABEL", delimiter="\t", quoted=False):
                label = LABELS.get(row["LABEL"].strip())
                if label:
                    yield made(TASK, f"Tweet: {row['TWEET']}", label, split=split, place=place)
                else:
                    yield dropped(TASK, f"the label is '{row['LABEL']}'", split=split, place=place)
