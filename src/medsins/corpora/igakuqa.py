"""IgakuQA: the Japanese national medical licensing examinations of 2018 to 2022.

Kasai et al., "Evaluating GPT-4 and ChatGPT on Japanese Medical Licensing Examinations", 2023.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import answer_text, lettered, question_text
from ._raw import RawFolder

CORPUS = Corpus(
    name="igakuqa",
    title="IgakuQA",
    known_as=("IgakuQA",),
    url="https://github.com/jungokasai/IgakuQA",
    licence="none stated",
    access="open",
    languages=("Japanese",),
    release="the repository of 2023: 30 examination files, 2,000 problems",
    files=("[0-9]*/[0-9]*-[A-F].jsonl",),
    how_to_get="clone the repository and name its data folder",
    tasks=("task59",),
    sizes={"task59": 1987},
    verified="real data",
    inferred=(
        "MedS-Bench's 199 questions are MMedBench's random test split, which cannot be told apart here",
        "the repository states no licence; the examinations are published by the ministry",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a problem, whether or not it refers to an image; years and sections in order."""
    for file in raw.files(*CORPUS.files):
        for place, problem in file.jsonl():
            file.need(("problem_text", "choices", "answer"), list(problem), where=place)
            options_by_letter = lettered(problem["choices"])
            right = [str(letter).strip().upper() for letter in problem["answer"]]
            if not options_by_letter:
                yield dropped("task59", "the problem has no choices", place=place)
            elif not right or not set(right) <= set(options_by_letter):
                reason = f"the answer {', '.join(right) or 'is empty and'} names no single choice"
                yield dropped("task59", reason, place=place)
            else:
                text = question_text("Japanese", problem["problem_text"], options_by_letter)
                answer = answer_text("Japanese", options_by_letter, right)
                yield made("task59", text, answer, place=place, id=f"task59-{problem['problem_id']}")
