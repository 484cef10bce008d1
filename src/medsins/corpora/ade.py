"""ADE corpus, version 2: sentences of MEDLINE case reports with adverse effects and doses of drugs.

Gurulingappa et al., "Development of a benchmark corpus to support the automatic extraction of drug-related adverse
effects from medical case reports", Journal of Biomedical Informatics 2012.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.plain import plain_rows
from ._raw import RawFolder

DRUG, DOSE, EVENT = "task26", "task29", "task37"
EFFECTS, DOSES, NEGATIVE = "DRUG-AE.rel", "DRUG-DOSE.rel", "ADE-NEG.txt"

CORPUS = Corpus(
    name="ade",
    title="ADE corpus V2",
    known_as=("ADE Corpus V2",),
    url="https://sites.google.com/site/adecorpus",
    licence="none stated, free for research",
    access="open",
    release="version 2: DRUG-AE.rel with 6,821 relations, DRUG-DOSE.rel with 279, ADE-NEG.txt with 16,695 sentences",
    files=(EFFECTS, DOSES, NEGATIVE),
    how_to_get="download ADE-Corpus-V2 from the corpus's site, or clone github.com/trunghlt/AdverseDrugReaction",
    tasks=(DRUG, DOSE, EVENT),
    sizes={DRUG: 2_865, DOSE: 233, EVENT: 20_896},
    verified="real data",
    task_verified={EVENT: "published samples"},
    inferred=(
        "tasks 26, 29 and 37 have the form of tasks 1447, 1451 and 1495 of Super-NaturalInstructions: of the drugs "
        "the sentences with a single relation, of the doses the pairs of sentence and drug with a single dose; a few "
        "of them became examples there",
        "task37 takes every sentence once; Super-NaturalInstructions drew about 2,000",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Drugs by sentence, doses by sentence and drug, then whether a sentence reports an adverse effect."""
    if options.wants(DRUG):
        yield from _drugs(raw)
    if options.wants(DOSE):
        yield from _doses(raw)
    if options.wants(EVENT):
        yield from _events(raw)


def _drugs(raw: RawFolder) -> Iterator[Record]:
    rows = list(plain_rows(raw.file(EFFECTS), 8, "|", quoted=False))
    relations = Counter(sentence for _, (_, sentence, *_) in rows)
    for place, (_, sentence, _, _, _, drug, _, _) in rows:
        if relations[sentence] == 1:
            yield made(DRUG, sentence, drug, place=place)
        else:
            yield dropped(DRUG, "the sentence has several relations", place=place)


def _doses(raw: RawFolder) -> Iterator[Record]:
    rows = list(plain_rows(raw.file(DOSES), 8, "|", quoted=False))
    doses: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for _, (_, sentence, dose, _, _, drug, _, _) in rows:
        doses[sentence, drug].add(dose)
    seen: set[tuple[str, str]] = set()
    for place, (_, sentence, dose, _, _, drug, _, _) in rows:
        if len(doses[sentence, drug]) > 1:
            yield dropped(DOSE, "the drug has several doses in the sentence", place=place)
        elif (sentence, drug) in seen:
            yield dropped(DOSE, "the same sentence, drug and dose came before", place=place)
        else:
            seen.add((sentence, drug))
            yield made(DOSE, f"{sentence}\t {drug}", dose, place=place)


def _events(raw: RawFolder) -> Iterator[Record]:
    seen: set[str] = set()
    for place, (_, sentence, *_) in plain_rows(raw.file(EFFECTS), 8, "|", quoted=False):
        yield _event(sentence, "adverse drug event", place, seen)
    file = raw.file(NEGATIVE)
    for number, line in file.lines():
        _, label, sentence = (*line.split(" ", 2), "", "")[:3]
        if label != "NEG":
            file.invalid("is no line of identifier, NEG and sentence", f"line {number}")
        yield _event(sentence, "non-adverse drug event", f"{file.place}: line {number}", seen)


def _event(sentence: str, label: str, place: str, seen: set[str]) -> Record:
    if sentence in seen:
        return dropped(EVENT, "the same sentence came before", place=place)
    seen.add(sentence)
    return made(EVENT, sentence, label, place=place)
