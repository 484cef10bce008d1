"""Readers of the shapes that a description may name; each gives the records of one file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ._base import SPLITS, BuildOptions, Record, canonical_split, dropped, made
from ._formats.brat import read_document
from ._formats.iob import join_tokens, ner_answer
from ._formats.mcqa import WORDINGS, answer_text, lettered, question_text
from ._formats.pubtator import abstracts
from ._formats.records import Layout, read_records, texts_of, value_at
from ._formats.tagged import Columns, spans, tagged_sentences
from ._generic_spec import Spec
from ._raw import RawFile, RawFolder

POSITIVE = {"1", "true", "yes", "y", "x"}


class Source:
    """What a reader of a shape works with: the description, the folder, the options, and the kinds of entities seen."""

    def __init__(self, spec: Spec, raw: RawFolder, options: BuildOptions) -> None:
        self.spec, self.raw, self.options = spec, raw, options
        self.task_id = f"task_{spec.name}"
        self.kinds: Counter[str] = Counter()
        self.crossing = 0  # entities that a line end cuts

    @cached_property
    def annotations(self) -> dict[str, RawFile]:
        """The brat annotation files of all texts, by place."""
        patterns = [pattern for group in self.spec.files.values() for pattern in group]
        files = [
            file
            for pattern in patterns
            for file in self.raw.glob(pattern.removesuffix(".txt").removesuffix(".ann") + ".ann")
        ]
        return {file.place: file for file in files}

    def records(self, file: RawFile, split: str, *fields: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(split, place, record) of each record of a file; its first record must have the fields."""
        spec = self.spec
        layout = Layout(
            records=spec.text("records"),
            delimiter=spec.text("delimiter"),
            columns=spec.texts("columns"),
            quoted=bool(spec.keys.get("quotes", True)),
            encoding=spec.text("encoding", "utf-8"),
        )
        checked = False
        for place, record in read_records(file, layout):
            if not checked:
                self._need(file, record, fields, place.partition(": ")[2])
                checked = True
            yield self._split(file, place, record, split), place, record

    def _need(self, file: RawFile, record: Mapping[str, Any], fields: tuple[str, ...], where: str) -> None:
        """Refuse a first record that does not have the fields; of a dotted path, its first part."""
        missing = [name for name in fields if name not in record and name.split(".")[0] not in record]
        if missing:
            deeper = [name for name, value in record.items() if isinstance(value, list | dict) and value]
            hint = f' (if the records lie deeper: records = "{deeper[0]}")' if deeper else ""
            file.invalid(f"lacks the fields {', '.join(missing)}; found {', '.join(record)}{hint}", where)

    def _split(self, file: RawFile, place: str, record: Mapping[str, Any], split: str) -> str:
        name = self.spec.text("split")
        if not name:
            return split
        found = canonical_split(" ".join(texts_of(value_at(record, name))))
        if found not in SPLITS:
            file.invalid(f"has the split '{found}'; splits are {', '.join(SPLITS)}", place.partition(": ")[2])
        return found

    def field(self, record: Mapping[str, Any], key: str, between: str = " ") -> str:
        """The text of the field that a key of the description names, several joined; empty where there is none."""
        return between.join(text for name in self.spec.texts(key) for text in texts_of(value_at(record, name)))

    def instance(self, split: str, place: str, text: str, output: str | tuple[str, ...]) -> Record:
        """A converted record, or a dropped one where input or output is empty."""
        if not text.strip():
            return dropped(self.task_id, "the input is empty", split=split, place=place)
        if not output or not any(part.strip() for part in ([output] if isinstance(output, str) else output)):
            return dropped(self.task_id, "the output is empty", split=split, place=place)
        return made(self.task_id, text, output, split=split, place=place)


def read_iob(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a sentence: all entities of the wanted kinds."""
    spec = source.spec
    columns = Columns(
        token=spec.keys.get("token", 0),
        tag=spec.keys.get("tag", -1),
        delimiter=spec.text("delimiter"),
        skip=spec.texts("skip"),
        scheme=spec.text("scheme", "prefix"),
        encoding=spec.text("encoding", "utf-8"),
    )
    wanted = spec.texts("entities")
    for sentence in tagged_sentences(file, columns):
        found = spans(sentence.tags, columns.scheme)
        source.kinds.update(kind for _, _, kind in found)
        names = [" ".join(sentence.tokens[a:b]) for a, b, kind in found if not wanted or kind in wanted]
        place = f"{file.place}: line {sentence.line}"
        answer = ner_answer(names, source.options)
        yield source.instance(split, place, join_tokens(sentence.tokens), answer)


def read_brat(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a text, or a line of it: all entities of the wanted kinds that lie in it."""
    wanted = source.spec.texts("entities")
    name = file.place.removesuffix(".txt") + ".ann"
    if name not in source.annotations:
        file.invalid(f"has no annotation file {name} beside it")
    document = read_document(file, source.annotations[name])
    source.kinds.update(mention.kind for mention in document.mentions)
    by_line = source.spec.text("unit") == "line"
    parts = list(document.parts()) if by_line else [(document.text, document.mentions)]
    source.crossing += len(document.mentions) - sum(len(mentions) for _, mentions in parts)
    for number, (text, mentions) in enumerate(parts, start=1):
        names = [" ".join(m.text.split()) for m in mentions if not wanted or m.kind in wanted]
        place = f"{file.place}: text line {number}" if by_line else file.place
        yield source.instance(split, place, text.strip(), ner_answer(names, source.options))


def read_pubtator(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record an abstract: all entities of the wanted kinds."""
    wanted = source.spec.texts("entities")
    for abstract in abstracts(file):
        source.kinds.update(kind for _, kind in abstract.mentions)
        names = [name for name, kind in abstract.mentions if not wanted or kind in wanted]
        answer = ner_answer(names, source.options)
        yield source.instance(split, f"{file.place}: line {abstract.line}", abstract.text, answer)


def read_mcqa(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a question, worded as in the released files of its language."""
    spec = source.spec
    language = spec.text("language", "English")
    language = language if language in WORDINGS else "English"
    fields = (spec.text("question"), *spec.texts("options")[:1], spec.text("answer"))
    for split_, place, record in source.records(file, split, *fields):
        choices = _choices(source, file, place.partition(": ")[2], record)
        right, reason = _right(source, file, place, record, choices)
        question = source.field(record, "question")
        if reason:
            yield dropped(source.task_id, reason, split=split_, place=place)
            continue
        text = question_text(language, question, choices) if question else ""
        context = source.field(record, "context", "\n")
        head = f"Context: {context}\n" if context and text else ""
        yield source.instance(split_, place, head + text, answer_text(language, choices, right))


def _choices(source: Source, file: RawFile, where: str, record: Mapping[str, Any]) -> dict[str, str]:
    """The options by letter. A field may hold a list, or an object by letters; or each option has a field."""
    names = source.spec.texts("options")
    if len(names) > 1:
        texts = [" ".join(texts_of(value_at(record, name))) for name in names]
        return {letter: text for letter, text in lettered(texts).items() if text}
    value = value_at(record, names[0])
    if isinstance(value, str):
        file.invalid(f"has text in '{names[0]}' where a list of options is expected; name one field for each", where)
    if isinstance(value, dict):
        return {str(key).strip().upper(): " ".join(texts_of(text)) for key, text in value.items() if texts_of(text)}
    return lettered(texts_of(value))


def _right(
    source: Source, file: RawFile, place: str, record: Mapping[str, Any], choices: Mapping[str, str]
) -> tuple[list[str], str]:
    """The letters of the right options, or why there are none."""
    kind = source.spec.text("answer_is", "letter")
    given = texts_of(value_at(record, source.spec.text("answer")))
    if not choices or not given:
        return [], "the question has no options" if not choices else "the question has no answer"
    if kind == "text":
        by_text = {text.strip(): letter for letter, text in choices.items()}
        right = [by_text.get(text.strip(), "") for text in given]
    else:
        parts = [part for text in given for part in _letters(text, choices)]
        right = [_letter(part, kind, file, place, choices) for part in parts]
    if right and all(right):
        return list(dict.fromkeys(right)), ""
    return [], f"the answer {', '.join(given)} is no option"


def _letters(text: str, choices: Mapping[str, str]) -> list[str]:
    parts = [part.strip("().").upper() for part in re.split(r"[,;/|\s]+", text.strip()) if part]
    if len(parts) == 1 and parts[0] not in choices and set(parts[0]) <= set(choices):
        return list(parts[0])  # several letters in one word
    return parts


def _letter(part: str, kind: str, file: RawFile, place: str, choices: Mapping[str, str]) -> str:
    where = place.partition(": ")[2]
    if kind == "letter":
        if part.isdecimal() and part not in choices:
            what = f"has the answer '{part}' where a letter of {', '.join(choices)} is expected"
            file.invalid(f'{what} (answers that count the options: answer_is = "index0" or "index1")', where)
        return part if part in choices else ""
    number = int(part) - int(kind == "index1") if part.isdecimal() else -1
    letters = list(lettered([""] * 26))
    if not 0 <= number < 26 or letters[number] not in choices:
        first = "0" if kind == "index0" else "1"
        file.invalid(
            f"has the answer '{part}', which is none of the {len(choices)} options, the first being {first}", where
        )
    return letters[number]


def read_qa(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a question; several answers are all accepted."""
    spec = source.spec
    for split_, place, record in source.records(file, split, spec.text("question"), spec.text("answer")):
        question, context = source.field(record, "question"), source.field(record, "context", "\n")
        text = f"Context: {context}\nQuestion: {question}" if context and question else question
        answers = tuple(dict.fromkeys(filter(str.strip, texts_of(value_at(record, spec.text("answer"))))))
        yield source.instance(split_, place, text, answers)


def read_pairs(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a pair of sentences."""
    spec = source.spec
    fields = [spec.text(key) for key in ("first", "second", "label")]
    for split_, place, record in source.records(file, split, *fields):
        first, second = source.field(record, "first"), source.field(record, "second")
        text = f"Sentence1: {first}\nSentence2: {second}" if first.strip() and second.strip() else ""
        yield source.instance(split_, place, text, _named(source, file, place, texts_of(value_at(record, fields[2]))))


def read_labels(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a text: its labels in order, comma-separated. A label may also have a column of its own."""
    spec = source.spec
    names, separator = spec.texts("label"), spec.text("separator")
    for split_, place, record in source.records(file, split, spec.text("text"), *names):
        values = {name: texts_of(value_at(record, name)) for name in names}
        if isinstance(spec.keys["label"], list):
            found = [name for name, texts in values.items() if "".join(texts).strip().lower() in POSITIVE]
        else:
            found = values[names[0]]
        if separator:
            found = [part.strip() for text in found for part in text.split(separator)]
        yield source.instance(split_, place, source.field(record, "text"), _named(source, file, place, found))


def _named(source: Source, file: RawFile, place: str, found: list[str]) -> str:
    """Labels as the description's table ``labels`` spells them, comma-separated."""
    labels: Mapping[str, str] = source.spec.keys.get("labels", {})
    names = [text.strip() for text in found if text.strip()]
    unknown = [name for name in names if labels and name not in labels]
    if unknown:
        what = f"has the label '{unknown[0]}', which 'labels' does not have ({', '.join(labels)})"
        file.invalid(what, place.partition(": ")[2])
    return ", ".join(labels.get(name, name) for name in names)


def read_summary(source: Source, file: RawFile, split: str) -> Iterator[Record]:
    """One record a document; of several fields, the texts stand below each other."""
    spec = source.spec
    for split_, place, record in source.records(file, split, *spec.texts("document"), spec.text("summary")):
        yield source.instance(split_, place, source.field(record, "document", "\n"), source.field(record, "summary"))


Reader = Callable[[Source, RawFile, str], Iterator[Record]]
READERS: Mapping[str, Reader] = {
    "iob": read_iob,
    "brat": read_brat,
    "pubtator": read_pubtator,
    "mcqa": read_mcqa,
    "qa": read_qa,
    "pairs": read_pairs,
    "labels": read_labels,
    "summary": read_summary,
}
