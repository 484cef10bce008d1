"""Human Disease Ontology: diseases with definitions, synonyms and an is-a hierarchy.

Schriml et al., "The Human Disease Ontology 2022 update", Nucleic Acids Research 2022.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from medsins.core import derive_random

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.obo import Term, terms
from ._raw import RawFolder

WHOLE = ("doid.obo", "HumanDO.obo")
SUBSETS = "DO_*_slim.obo"  # used where there is no whole release
SYNONYMS, EXPLANATION, RELATION = "task45", "task46", "task47"

CORPUS = Corpus(
    name="disease_ontology",
    title="Human Disease Ontology (DO)",
    known_as=("DO",),
    url="https://github.com/DiseaseOntology/HumanDiseaseOntology",
    licence="CC0 1.0",
    access="open",
    duo=("DUO:0000004",),
    release="a whole release in OBO format (doid.obo or HumanDO.obo); without one, its subsets DO_*_slim.obo",
    files=(*WHOLE, SUBSETS),
    how_to_get="download src/ontology/doid.obo from the repository or one of its releases",
    tasks=(SYNONYMS, EXPLANATION, RELATION),
    sizes={EXPLANATION: 11150},
    settings={"direction": ("second", "first"), "relations": ("all", "one-per-term")},
    verified="real data",
    task_verified={SYNONYMS: "format only", RELATION: "format only"},
    inferred=(
        "obsolete terms are dropped",
        "synonyms are the EXACT ones in the order of the file, joined with a comma",
        "a relation says what the second word is to the first (setting direction=first turns it round)",
        "every synonym and every is-a link is used, and one unrelated pair is drawn for each term "
        "(setting relations=one-per-term draws one pair a term, which comes near the published count)",
        "releases from 2016 say CC BY 3.0 of themselves; later ones are CC0",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """Explanations, synonyms and word relations of the live terms, in the order of the file."""
    files = raw.glob(SUBSETS) if not any(map(raw.glob, WHOLE)) else [raw.file(*WHOLE)]
    if not files:
        raw.file(*WHOLE)
    live: dict[str, Term] = {}
    for file in files:
        for term in terms(file):
            if term.name and not term.obsolete:
                live.setdefault(term.id, term)
    place = ", ".join(file.place for file in files)
    if options.wants(SYNONYMS):
        yield from _synonyms(live, place)
    if options.wants(EXPLANATION):
        yield from _explanations(live, place)
    if options.wants(RELATION):
        yield from _relations(live, place, options)


def _explanations(live: Mapping[str, Term], place: str) -> Iterator[Record]:
    for term in live.values():
        where = f"{place}: {term.id}"
        if term.definition:
            yield made(EXPLANATION, term.name, term.definition, place=where, id=f"{EXPLANATION}-{term.id}")
        else:
            yield dropped(EXPLANATION, "the term has no definition", place=where)


def _exact(term: Term) -> list[str]:
    return [text for text, scope in term.synonyms if scope == "EXACT"]


def _synonyms(live: Mapping[str, Term], place: str) -> Iterator[Record]:
    for term in live.values():
        where = f"{place}: {term.id}"
        if names := _exact(term):
            yield made(SYNONYMS, term.name, ", ".join(names), place=where, id=f"{SYNONYMS}-{term.id}")
        else:
            yield dropped(SYNONYMS, "the term has no exact synonym", place=where)


def _relations(live: Mapping[str, Term], place: str, options: BuildOptions) -> Iterator[Record]:
    """Pairs of words with what the second is to the first: synonym, parent, child, unrelated."""
    turned = {"parent": "child", "child": "parent"} if options.setting(CORPUS, "direction") == "first" else {}
    ids = list(live)

    @cache
    def ancestors(name: str) -> frozenset[str]:
        parents = [parent for parent in live[name].parents if parent in live]
        return frozenset(parents).union(*(ancestors(parent) for parent in parents))

    for term in live.values():
        random = derive_random(options.seed, RELATION, term.id)
        parents = [live[parent].name for parent in term.parents if parent in live]
        pairs = [(term.name, synonym, "synonym") for synonym in _exact(term)]
        for parent in parents:
            pairs += [(term.name, parent, "parent"), (parent, term.name, "child")]
        related = ancestors(term.id) | {term.id}
        others = (random.choice(ids) for _ in range(len(ids)))
        stranger = next((o for o in others if o not in related and term.id not in ancestors(o)), None)
        if stranger:
            pairs.append((term.name, live[stranger].name, "unrelated"))
        if pairs and options.setting(CORPUS, "relations") == "one-per-term":
            label = random.choice(sorted({label for _, _, label in pairs}))
            pairs = [random.choice([pair for pair in pairs if pair[2] == label])]
        for first, second, label in pairs:
            text = f"Word1:{first}\nWord2:{second}"
            yield made(RELATION, text, turned.get(label, label), place=f"{place}: {term.id}")
