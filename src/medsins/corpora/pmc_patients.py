"""PMC-Patients: summaries of patients from case reports in PubMed Central, with links between similar patients.

Zhao et al., "A large-scale dataset of patient summaries for retrieval-based clinical decision support systems",
Scientific Data 2023.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from medsins.core import derive_random

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.literal import python_value
from ._raw import RawFile, RawFolder

TITLE, BASICS, SIMILAR = "task73", "task74", "task75"
COLUMNS = ("patient_uid", "title", "patient", "age", "gender", "similar_patients")
CASES = 5  # numbered cases that task75 offers

CORPUS = Corpus(
    name="pmc_patients",
    title="PMC-Patients",
    known_as=("PMC-Patient",),
    url="https://huggingface.co/datasets/zhengyun21/PMC-Patients",
    licence="CC BY-NC-SA 4.0",
    access="open",
    duo=("DUO:0000046",),
    release="PMC-Patients.csv (167,034 patients) or PMC-Patients-V2.json (250,294)",
    files=("PMC-Patients.csv", "PMC-Patients-V2.json"),
    how_to_get="download one of the files from the hub",
    tasks=(TITLE, BASICS),
    on_request=(SIMILAR,),
    settings={"age": ("quoted", "plain")},
    verified="format only",
    task_verified={BASICS: "published samples"},
    inferred=(
        "task73 takes the patient's summary as the case report, with the article's title as answer",
        "the age in task74 stands in double quotes in a published description of a released instance (age=plain leaves "
        "them out; the published scorer ignores them)",
        f"task75 offers {CASES} cases in drawn order, the similar ones (at most {CASES - 1}) among patients drawn at "
        "random, and answers with the names of the similar ones; how the authors did it is not published",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a patient and task; task75 keeps every summary in memory (about 0.5 GB)."""
    file = raw.file(*CORPUS.files)
    quote = '"' if options.setting(CORPUS, "age") == "quoted" else ""
    for place, row in _patients(file):
        name, patient = row["patient_uid"], row["patient"]
        if options.wants(TITLE):
            yield made(TITLE, patient, row["title"], place=place, id=f"{TITLE}-{name}")
        if options.wants(BASICS):
            answer = f"Gender: {row['gender']}\n\nAge: {quote}{row['age']}{quote}"
            yield made(BASICS, patient, answer, place=place, id=f"{BASICS}-{name}")
    if SIMILAR in options.tasks:
        yield from _similar(file, options)


def _patients(file: RawFile) -> Iterator[tuple[str, Mapping[str, str]]]:
    if not file.place.endswith((".json", ".json.gz")):
        yield from file.rows(*COLUMNS)
        return
    records = file.json()
    if not isinstance(records, list):
        file.invalid(f"must be a list of patients, found {type(records).__name__}")
    for number, record in enumerate(records):
        place = f"{file.place}: record {number}"
        file.need(COLUMNS, list(record), where=place)
        yield place, {name: str(record[name]) for name in COLUMNS}


def _similar(file: RawFile, options: BuildOptions) -> Iterator[Record]:
    texts = {row["patient_uid"]: row["patient"] for _, row in _patients(file)}
    names = list(texts)
    for place, row in _patients(file):
        query = row["patient_uid"]
        linked = [name for name in python_value(file, row["similar_patients"], place) if name in texts]
        if not linked:
            yield dropped(SIMILAR, "no similar patient is in the collection", place=place)
            continue
        random = derive_random(options.seed, SIMILAR, query)
        similar = set(linked[: CASES - 1])
        others = [n for n in random.sample(names, min(len(names), 3 * CASES)) if n != query and n not in linked]
        cases = [*sorted(similar), *others[: CASES - len(similar)]]
        random.shuffle(cases)
        text = "\n".join([f"Query: {row['patient']}", *(f"Case{n}: {texts[c]}" for n, c in enumerate(cases, start=1))])
        answer = ", ".join(f"Case{n}" for n, case in enumerate(cases, start=1) if case in similar)
        yield made(SIMILAR, text, answer, place=place, id=f"{SIMILAR}-{query}")
