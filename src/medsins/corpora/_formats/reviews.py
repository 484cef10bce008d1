"""Reviews with the studies they include, as CSV: the layout of the Cochrane data of Wallace et al. and of MSLR 2022.

``<split>-inputs.csv`` (ReviewID, PMID, Title, Abstract; one study a row), ``<split>-targets.csv`` (ReviewID, Target)
and, for MS2, ``<split>-reviews-info.csv`` (ReviewID, Background); the first column numbers the rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from medsins.corpora._base import BuildOptions, Record, dropped, made
from medsins.corpora._raw import RawFile, RawFolder

SPLITS = {"train": "train", "validation": "dev", "test": "test"}
FOLDERS = {"ms2", "cochrane"}  # side by side in MSLR, with the same file names


def review_records(
    raw: RawFolder, folder: str, task_id: str, options: BuildOptions, background: bool = False
) -> Iterator[Record]:
    """One record a review, in the order of its first study: titles and abstracts in, the target out.

    Args:
        raw: the folder; the files may stand in ``folder`` or at its top.
        folder: the folder's name in the release.
        task_id: the task.
        options: which splits.
        background: whether the text begins with the review's background.
    """
    wanted = {split: name for split, name in SPLITS.items() if options.wants_split(split)}
    if not any(_find(raw, folder, f"{name}-inputs.csv") for name in wanted.values()):
        raw.file(*(f"{folder}/{name}-inputs.csv" for name in wanted.values()))
    for split, name in wanted.items():
        inputs = _find(raw, folder, f"{name}-inputs.csv")
        if inputs is None:
            raw.notes.append(f"no {name}-inputs.csv in the raw folder: its part of the release is left out")
            continue
        targets = _column(raw, folder, f"{name}-targets.csv", "Target")
        about = f"{name}-reviews-info.csv"
        if background and not _find(raw, folder, about):
            raw.file(f"{folder}/{about}")  # without it these may be the reviews of the other collection
        backgrounds = _column(raw, folder, about, "Background") if background else {}
        for review, studies in _studies(inputs).items():
            place = f"{inputs.place}: review {review}"
            if not targets.get(review):
                yield dropped(task_id, "the review has no target (held back by the owners)", split=split, place=place)
                continue
            head = [f"Background: {backgrounds[review]}"] if backgrounds.get(review) else []
            text = "\n\n".join([*head, *studies])
            yield made(task_id, text, targets[review], split=split, place=place, id=f"{task_id}-{name}-{review}")


def _find(raw: RawFolder, folder: str, name: str) -> RawFile | None:
    """The file in its own folder, else at the top or elsewhere, but never that of the other collection."""
    own = raw.glob(f"{folder}/{name}")
    found = own or [file for file in raw.glob(name) if not FOLDERS & set(file.place.split("/")[:-1])]
    return min(found, key=lambda file: file.place.count("/"), default=None)


def _column(raw: RawFolder, folder: str, name: str, column: str) -> dict[str, str]:
    file = _find(raw, folder, name)
    if file is None:
        raw.notes.append(f"no {name} in the raw folder")
        return {}
    return {row["ReviewID"]: row[column] for _, row in file.rows("ReviewID", column)}


def _studies(file: RawFile) -> dict[str, list[str]]:
    """The studies of each review as texts; in memory, since nothing says that a review's rows stand together."""
    studies: dict[str, list[str]] = {}
    for _, row in file.rows("ReviewID", "Title", "Abstract"):
        text = f"Title: {row['Title']}" + (f"\nAbstract: {row['Abstract']}" if row["Abstract"] else "")
        studies.setdefault(row["ReviewID"], []).append(text)
    return studies
