"""ChatDoctor: consultations from HealthCareMagic and iCliniq, and generated ones (GenMedGPT).

Li et al., "ChatDoctor: A Medical Chat Model Fine-Tuned on a Large Language Model Meta-AI (LLaMA) Using Medical Domain
Knowledge", Cureus 2023.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record
from ._formats.triples import question_records
from ._raw import RawFolder

# file patterns and the key of the answer
PARTS = {
    "task66": (("HealthCareMagic-100k.json",), "output"),
    "task67": (("iCliniq.json",), "answer_icliniq"),
    "task68": (("GenMedGPT-5k.json", "chatdoctor5k.json"), "output"),
}

CORPUS = Corpus(
    name="chatdoctor",
    title="ChatDoctor (HealthCareMagic, iCliniq, GenMedGPT)",
    known_as=("ChatDoctor",),
    url="https://github.com/Kent0n-Li/ChatDoctor",
    licence="Apache-2.0",
    access="open",
    release="the files of 2023: HealthCareMagic-100k, iCliniq-10k, GenMedGPT-5k",
    files=tuple(pattern for patterns, _ in PARTS.values() for pattern in patterns),
    how_to_get="follow the three links of the repository's README",
    tasks=tuple(PARTS),
    sizes={"task68": 5_452},
    verified="format only",
    task_verified={"task68": "real data"},
    inferred=(
        "three ids share one instruction and the corpus has three parts; which id is which part is not known, and the "
        "order of the README is taken",
        "of the answers to an iCliniq question the physician's is taken",
        "the licence is that of the repository; the consultations belong to the two websites",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a consultation; a part that is not there is left out, unless it is all that is asked for."""
    wanted = {task_id: part for task_id, part in PARTS.items() if options.wants(task_id)}
    if not any(raw.glob(pattern) for patterns, _ in wanted.values() for pattern in patterns):
        raw.file(*(pattern for patterns, _ in wanted.values() for pattern in patterns))
    for task_id, (patterns, answer) in wanted.items():
        if any(raw.glob(pattern) for pattern in patterns):
            yield from question_records(raw.file(*patterns), task_id, answer=answer)
        else:
            raw.notes.append(f"no {' or '.join(patterns)} in the raw folder, so no {task_id}")
