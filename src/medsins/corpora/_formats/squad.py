"""Question answering in the layout of SQuAD: data → paragraphs → qas → answers."""

from __future__ import annotations

from collections.abc import Iterator

from medsins.corpora._base import Record, dropped, made
from medsins.corpora._raw import RawFile


def squad_records(file: RawFile, task_id: str, split: str = "") -> Iterator[Record]:
    """One record a question, its answers all accepted; the passage is not used.

    Raises:
        InvalidFile: a level of the layout is not there.
    """
    document = file.json()
    file.need(("data",), list(document) if isinstance(document, dict) else [])
    for article in document["data"]:
        for paragraph in article.get("paragraphs", ()):
            file.need(("qas",), list(paragraph))
            for entry in paragraph["qas"]:
                file.need(("question", "answers"), list(entry))
                place = f"{file.place}: {entry.get('id', entry['question'])}"
                answers = tuple(dict.fromkeys(answer["text"] for answer in entry["answers"] if answer["text"]))
                if answers:
                    yield made(task_id, entry["question"], answers, split=split, place=place)
                else:
                    yield dropped(task_id, "the question has no answer in the passage", split=split, place=place)
