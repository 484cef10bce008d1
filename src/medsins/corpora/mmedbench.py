"""MMedBench: multiple-choice questions in six languages, with rationales generated and partly checked by humans.

Qiu et al., "Towards building multilingual language model for medicine", Nature Communications 2024.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._base import BuildOptions, Corpus, Record, dropped, made
from ._formats.mcqa import rationale_text
from ._raw import RawFolder

LANGUAGES = {
    "task51": "Chinese",
    "task52": "English",
    "task53": "French",
    "task54": "Japanese",
    "task55": "Russian",
    "task56": "Spanish",
}
FOLDERS = {"train": "Train", "test": "Test"}

CORPUS = Corpus(
    name="mmedbench",
    title="MMedBench",
    known_as=("MMedBench",),
    url="https://huggingface.co/datasets/Henrychur/MMedBench",
    licence="CC BY 4.0",
    access="open",
    duo=("DUO:0000004",),
    languages=tuple(LANGUAGES.values()),
    release="MMedBench.zip of 2024, folders Train and Test with one .jsonl file a language, 45,048 and 8,518 questions",
    files=tuple(f"{folder}/{language}.jsonl" for folder in FOLDERS.values() for language in LANGUAGES.values()),
    how_to_get="download MMedBench.zip from the hub",
    tasks=tuple(LANGUAGES),
    settings={"test": ("checked", "all")},
    verified="published samples",
    inferred=(
        "MedS-Bench's test samples are taken to be the test rationales that passed the human check; "
        "setting test=all keeps the others too",
        "the terms of the hub's card are those of the collection; each question has those of its own source",
    ),
)


def read(raw: RawFolder, options: BuildOptions) -> Iterator[Record]:
    """One record a question with a rationale, language by language."""
    checked = options.setting(CORPUS, "test") == "checked"
    for task_id, language in LANGUAGES.items():
        wanted = [split for split in FOLDERS if options.wants_split(split)] if options.wants(task_id) else []
        for split in wanted:
            file = raw.file(f"{FOLDERS[split]}/{language}.jsonl")
            for place, question in file.jsonl():
                file.need(("question", "options", "answer_idx", "rationale"), list(question), where=place)
                choices = question["options"]
                right = [letter.strip() for letter in question["answer_idx"].split(",")]
                if not set(right) <= set(choices):
                    reason = f"the answer {', '.join(right)} is no option"
                elif not question["rationale"]:
                    reason = "the question has no rationale"
                elif split == "test" and checked and not question.get("human_check_passed"):
                    reason = "the rationale did not pass the human check"
                else:
                    text = rationale_text(language, question["question"], choices, right)
                    yield made(task_id, text, question["rationale"], split=split, place=place)
                    continue
                yield dropped(task_id, reason, split=split, place=place)
