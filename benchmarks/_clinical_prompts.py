"""Real 3-shot prompts from raw corpora: chemical NER (BC5CDR) and PubMedQA, with frozen shots from other records."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from medsins.core import Message, Prompt, Request, Sampling

NONE = "There is no related entity"
NER = f"Given a sentence, list every chemical it names, separated by commas. If none, output: {NONE}."
PUBMEDQA = "Answer the question about the abstract with yes, no or maybe, then explain in one sentence."

Pair = tuple[str, str]


def ner_requests(raw: Path, count: int) -> list[Request]:
    """``count`` chemical NER prompts; shots from the training part, at most 96 new tokens."""
    folder = raw / "mtl_bioinformatics_2016" / "data" / "BC5CDR-chem-IOB"
    shots = [pair for pair in _iob(folder / "train.tsv") if pair[1] != NONE][:3]
    return _requests("ner", NER, shots, _iob(folder / "test.tsv")[:count], 96)


def pubmedqa_requests(raw: Path, count: int) -> list[Request]:
    """``count`` PubMedQA prompts with whole abstracts; at most 48 new tokens."""
    records = json.loads((raw / "pubmedqa" / "data" / "ori_pqal.json").read_text(encoding="utf-8")).values()
    pairs = [
        (f"{' '.join(r['CONTEXTS'])}\nQuestion: {r['QUESTION']}", f"{r['final_decision']}. {r['LONG_ANSWER']}")
        for r in records
    ]
    return _requests("pubmedqa", PUBMEDQA, pairs[:3], pairs[3 : 3 + count], 48)


def _iob(path: Path) -> list[Pair]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = []
    for filled, group in groupby(rows, key=lambda row: len(row) == 2):
        if filled:
            sentence = [(word, tag.strip()) for word, tag in group]
            pairs.append((" ".join(word for word, _ in sentence), ", ".join(_entities(sentence)) or NONE))
    return pairs


def _entities(sentence: list[tuple[str, str]]) -> list[str]:
    found: list[str] = []
    for word, tag in sentence:
        if tag.startswith("B"):
            found.append(word)
        elif tag.startswith("I") and found:
            found[-1] += " " + word
    return found


def _requests(task: str, instruction: str, shots: list[Pair], queries: list[Pair], new_tokens: int) -> list[Request]:
    examples = "\n\n".join(f"Input:\n{question}\n\nOutput:\n{answer}\n" for question, answer in shots)
    system = Message("system", f"{instruction}\n\n{examples}\nLearn from these cases what to output.")
    return [
        Request(
            key=(task, i),
            prompt=Prompt(messages=(system, Message("user", f"Input:\n{question}\nOutput:\n"))),
            sampling=Sampling(max_new_tokens=new_tokens),
        )
        for i, (question, _) in enumerate(queries)
    ]
