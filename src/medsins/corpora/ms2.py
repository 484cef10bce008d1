"""MS2: systematic reviews with background and the studies they include.

DeYoung et al., "MS^2: Multi-Document Summarization of Medical Studies", EMNLP 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.reviews import SPLITS, review_records
from ._raw import RawFolder

TASK = "task109"

CORPUS = Corpus(
    name="ms2",
    title="MS2 (MSLR 2022)",
    known_as=("MS2",),
    url="https://github.com/allenai/mslr-shared-task",
    licence="Apache-2.0",
    access="open",
    duo=("DUO:0000004",),
    release="folder ms2 of mslr_data.tar.gz; the owners hold the test targets back",
    files=tuple(f"{name}-{part}.csv" for name in SPLITS.values() for part in ("inputs", "targets", "reviews-info")),
    how_to_get="download mslr_data.tar.gz of the MSLR shared task; it need not be unpacked",
    tasks=(TASK,),
    verified="format only",
    inferred=(
        "the wording 'Background: …', 'Title: …', 'Abstract: …', with an empty line between; no converter is published",
        "the licence is that of the repository; the DUO term is read off it",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a review: its background, titles and abstracts of its studies, and the conclusion."""
    yield from review_records(raw, "ms2", TASK, options, background=True)
