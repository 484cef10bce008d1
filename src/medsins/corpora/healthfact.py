"""PUBHEALTH (HealthFact): claims on public health with the fact checkers' text, verdict and explanation.

Kotonya and Toni, "Explainable Automated Fact-Checking for Public Health Claims", EMNLP 2020. The released tasks are
those of Super-NaturalInstructions (1366 and its neighbours).
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.splits import split_files
from ._raw import RawFile, RawFolder

VERDICT, CLAIM, EXPLANATION = "task16", "task17", "task18"
PARTS = {
    "train": ("PUBHEALTH/train.tsv", "train.tsv"),
    "validation": ("PUBHEALTH/dev.tsv", "dev.tsv"),
    "test": ("PUBHEALTH/test.tsv", "test.tsv"),
}
COLUMNS = (
    "claim_id",
    "claim",
    "date_published",
    "explanation",
    "fact_checkers",
    "main_text",
    "sources",
    "label",
    "subjects",
)
LABELS = {"false": "0", "mixture": "1", "true": "2"}

CORPUS = Corpus(
    name="healthfact",
    title="PUBHEALTH (HealthFact)",
    known_as=("HealthFact",),
    url="https://github.com/neemakot/Health-Fact-Checking",
    licence="MIT",
    access="open",
    duo=("DUO:0000004",),
    release="PUBHEALTH.zip: train.tsv, dev.tsv, test.tsv; 9,832 / 1,225 / 1,235 claims",
    files=tuple(name for name, _ in PARTS.values()),
    how_to_get="download PUBHEALTH.zip through the repository's src/download_data.sh; it need not be unpacked",
    tasks=(VERDICT, CLAIM, EXPLANATION),
    verified="format only",
    task_verified={VERDICT: "published samples", EXPLANATION: "published samples"},
    inferred=(
        "claims judged unproven are left out of task16, whose answers know 0, 1 and 2 only",
        "the input of task17 is 'Paragraph: ' and the text; its upstream task could not be seen",
        "task18 keeps claims of every verdict: its published test set is as large as the whole test file",
        "Super-NaturalInstructions keeps 6,500 instances a task and the benchmark a tenth of them; which is not known",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Up to three records a claim: verdict, claim to be written, explanation."""
    for split, file in split_files(raw, PARTS, options):
        yield from _claims(file, split)


def _claims(file: RawFile, split: str) -> Iterator[Record]:
    for place, row in _rows(file):
        if row is None:
            yield from (dropped(task, "the line is malformed", split=split, place=place) for task in CORPUS.tasks)
            continue
        paragraph, claim = f"Paragraph: {row['main_text']}", row["claim"]
        text = f"{paragraph} Claim: {claim}"
        if row["label"] in LABELS:
            yield made(VERDICT, text, LABELS[row["label"]], split=split, place=place)
        else:
            yield dropped(VERDICT, f"the label is '{row['label']}'", split=split, place=place)
        if row["label"] == "true":
            yield made(CLAIM, paragraph, claim, split=split, place=place)
        else:
            yield dropped(CLAIM, "the text does not support the claim", split=split, place=place)
        if row["explanation"]:
            yield made(EXPLANATION, text, row["explanation"], split=split, place=place)
        else:
            yield dropped(EXPLANATION, "there is no explanation", split=split, place=place)


def _rows(file: RawFile) -> Iterator[tuple[str, dict[str, str] | None]]:
    """The last nine cells of each line (the test file numbers its lines); quotes are text. None: a broken line."""
    for number, line in file.lines():
        cells = [cell.lstrip(" ") for cell in line.split("\t")]
        if number == 1:
            file.need(COLUMNS, [cell.strip() for cell in cells], "columns")
            continue
        row = dict(zip(COLUMNS, cells[-len(COLUMNS) :], strict=True)) if len(cells) >= len(COLUMNS) else None
        yield f"{file.place}: line {number}", row
