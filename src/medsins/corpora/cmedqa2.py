"""cMedQA2: questions and answers of a Chinese health community.

Zhang et al., "Multi-Scale Attentive Interaction Networks for Chinese Medical Question Answer Selection", IEEE Access
2018.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._raw import RawFolder

TASK = "task120"
PARTS = {"train": "train_candidates.txt", "validation": "dev_candidates.txt", "test": "test_candidates.txt"}

CORPUS = Corpus(
    name="cmedqa2",
    title="cMedQA2",
    known_as=("CMedQA2",),
    url="https://github.com/zhangsheng93/cMedQA2",
    licence="GPL-3.0, non-commercial research",
    access="open",
    duo=("DUO:0000046",),
    languages=("Chinese",),
    release="version 2.0: 108,000 questions, 203,569 answers",
    files=("question.csv", "answer.csv", *PARTS.values()),
    how_to_get="clone the repository; the archives need not be unpacked",
    tasks=(TASK,),
    sizes={TASK: 203_569, f"{TASK}:train": 188_490, f"{TASK}:validation": 7_527, f"{TASK}:test": 7_552},
    verified="format only",
    inferred=(
        "one instance for each answer: the article's figure shows about as many as there are answers",
        "the columns of question.csv and answer.csv are as programs that use them name them",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record an answer, in the order of the answers' file; the candidate lists say the split of a question."""
    split_of: dict[str, str] = {}
    for split, pattern in PARTS.items():
        for file in raw.optional(pattern):
            split_of.update({row["question_id"]: split for _, row in file.rows("question_id")})
    questions = {
        row["question_id"]: row["content"] for _, row in raw.file("question.csv").rows("question_id", "content")
    }
    for place, row in raw.file("answer.csv").rows("ans_id", "question_id", "content"):
        number = row["question_id"]
        question, answer = questions.get(number, ""), row["content"]
        split = split_of.get(number, "")
        if question and answer:
            yield made(TASK, question, answer, split=split, place=place, id=f"{TASK}-{row['ans_id']}")
        else:
            missing = "answer is empty" if question else f"question {number} is not in question.csv"
            yield dropped(TASK, f"the {missing}", split=split, place=place)
