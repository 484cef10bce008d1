"""RCT summarization: Cochrane reviews with the randomized trials they include.

Wallace et al., "Generating (Factual?) Narrative Summaries of RCTs: Experiments with Neural Multi-Document
Summarization", AMIA 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.reviews import SPLITS, review_records
from ._raw import RawFolder

TASK = "task110"

CORPUS = Corpus(
    name="rct_text",
    title="RCT summarization (Cochrane)",
    known_as=("RCT",),
    url="https://github.com/bwallace/RCT-summarization-data",
    licence="none stated",
    access="open",
    release="the repository, or folder cochrane of mslr_data.tar.gz: 3,752 / 470 / 470 reviews",
    files=tuple(f"{name}-{part}.csv" for name in SPLITS.values() for part in ("inputs", "targets")),
    how_to_get="clone the repository (large files need git-lfs), or download mslr_data.tar.gz of the MSLR shared task",
    tasks=(TASK,),
    sizes={f"{TASK}:train": 3752, f"{TASK}:validation": 470, f"{TASK}:test": 470},
    verified="format only",
    inferred=(
        "the wording 'Title: …', 'Abstract: …', an empty line between studies; no converter is published",
        "which 100 reviews MedS-Bench tests on is not known",
        "the repository states no licence; the abstracts are those of PubMed",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a review: titles and abstracts of its trials, and the authors' conclusions."""
    yield from review_records(raw, "cochrane", TASK, options)
