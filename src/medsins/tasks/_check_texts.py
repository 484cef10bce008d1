"""Checks of the texts of a task file, batch by batch: empty, damaged, leaking, repeated, in the wrong language."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from medsins.core import Card

from ._findings import Findings
from ._language import fits, script_of
from ._repeats import Repeats
from ._stream import Batch, TaskReader

LABEL_LENGTH = 80  # characters up to which an output may be a label
_LABELS_KEPT = 4096
_SAMPLES = 400  # texts kept for guessing languages
_LEAK_LENGTH = 16  # characters below which an output may stand in its input by chance
_CONTROLS = bytes(sign for sign in (*range(32), 127) if sign not in b"\t\n\r")
_DAMAGE = {
    "\ufffd": "the replacement character U+FFFD: a letter was lost when the text was converted",
    "Ã©": "'Ã©', which is 'é' read with the wrong encoding",
    "â€": "'â€', which is a quotation mark or dash read with the wrong encoding",
    "\ufeff": "a byte order mark inside the text",
    "\u200b": "an invisible zero-width space",
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SOLVED = ("answer: ", "answer is ", "output: ", "label: ")
# Kinds of task whose answer is written anew, so that it should not stand in the input word for word.
WRITTEN_ANEW = {
    "Text Summarization",
    "Explanation",
    "Rationale",
    "Translation",
    "Dialogue",
    "Text Completion",
    "Wrong Candidate Generation",
}


class TextChecks:
    """Goes over the batches of one file once. ``labels`` counts short outputs, ``lengths`` are in characters."""

    def __init__(self, reader: TaskReader, category: str, findings: Findings) -> None:
        self.reader, self.findings = reader, findings
        self.card: Card = reader.card
        self.anew = category in WRITTEN_ANEW
        self.rows = 0
        self.labels: Counter[str] = Counter()
        self.inputs_with: Counter[str] = Counter()
        self.input_lengths, self.output_lengths = array("I"), array("I")
        self.input_sample: list[str] = []
        self.output_sample: list[str] = []
        self.inputs, self.ids = Repeats(), Repeats()
        self.numbers = array("I")
        self._examples = {example.input for example in self.card.positive_examples if example.input}
        self._languages = (self.card.input_language, self.card.output_language)

    def add(self, batch: Batch) -> None:
        """Check one batch."""
        columns = batch.columns
        if not len(columns):
            return
        self.rows += len(columns)
        self.numbers.extend(batch.numbers)
        firsts = [outputs[0] if outputs else "" for outputs in columns.outputs]
        self.input_lengths.extend(map(len, columns.inputs))
        self.output_lengths.extend(map(len, firsts))
        self.inputs.add(list(map(hash, columns.inputs)), [hash(tuple(outputs)) for outputs in columns.outputs])
        self.ids.add(list(map(hash, columns.ids)), [0] * len(columns))
        self._count_labels(columns.inputs, firsts)
        self._empty(batch, firsts)
        self._damaged(batch)
        self._leaking(batch, firsts)
        self._foreign(batch, columns.inputs, "input")
        self._foreign(batch, firsts, "output")
        if len(self.input_sample) < _SAMPLES:
            step = max(1, len(columns) // 50)
            self.input_sample += columns.inputs[::step]
            self.output_sample += firsts[::step]

    def close(self) -> None:
        """Free what is held on disk."""
        self.inputs.close()
        self.ids.close()

    def _where(self, batch: Batch, row: int, field: str = "") -> str:
        return self.reader.where(batch.numbers[row], field)

    def _count_labels(self, inputs: Sequence[str], firsts: Sequence[str]) -> None:
        self.labels.update(text for text in firsts if len(text) <= LABEL_LENGTH)
        self.inputs_with.update(
            label
            for text, label in zip(inputs, firsts, strict=True)
            if len(label) <= LABEL_LENGTH and self.labels[label] > 1 and label in text
        )
        if len(self.labels) > _LABELS_KEPT:  # what comes once in a while is no label
            self.labels = Counter(dict(self.labels.most_common(_LABELS_KEPT // 2)))
            self.inputs_with = Counter({label: self.inputs_with[label] for label in self.labels})

    def _empty(self, batch: Batch, firsts: Sequence[str]) -> None:
        for row in _blank(batch.columns.inputs):
            mend = "write the text the model is given, or delete the sample"
            self.findings.error("empty input", self._where(batch, row, "input"), "is empty", mend)
        for row in _blank(firsts):
            mend = "write the accepted answer; where nothing fits, a fixed sentence that the definition names"
            self.findings.warning("empty output", self._where(batch, row, "output"), "is empty", mend)

    def _damaged(self, batch: Batch) -> None:
        columns = batch.columns
        texts = [*columns.inputs, *chain.from_iterable(columns.outputs)]
        if not _suspicious(texts):
            return
        for row, (text, outputs) in enumerate(zip(columns.inputs, columns.outputs, strict=True)):
            self._damage_in(text, self._where(batch, row, "input"))
            for output in outputs:
                self._damage_in(output, self._where(batch, row, "output"))

    def _damage_in(self, text: str, where: str) -> None:
        if found := _CONTROL.search(text):
            what = f"holds the control character U+{ord(found.group()):04X} (character {found.start() + 1})"
            self.findings.warning("control character", where, what, "delete it")
        for sign, what in _DAMAGE.items():
            if (position := text.find(sign)) >= 0:
                mend = "get the text again as UTF-8, or type it"
                self.findings.warning("damaged text", where, f"holds {what} (character {position + 1})", mend)

    def _leaking(self, batch: Batch, firsts: Sequence[str]) -> None:
        for row, (text, output) in enumerate(zip(batch.columns.inputs, firsts, strict=True)):
            if self._examples and text in self._examples:
                mend = "take another example, or delete the sample: few-shot prompts would hold its answer"
                self.findings.warning("example", self._where(batch, row, "input"), "is also a Positive Example", mend)
            if what := self._leak(text, output):
                mend = "cut the answer out of the input"
                self.findings.warning("leak", self._where(batch, row, "input"), what, mend)

    def _leak(self, text: str, output: str) -> str:
        """How an input gives its output away; empty where it does not."""
        length = len(output)
        if length > LABEL_LENGTH and not self.anew:
            return "is the same as its output" if output == text else ""
        if output and output == text:
            return "is the same as its output"
        if self.anew and length >= _LEAK_LENGTH and output in text:
            return "holds its own output word for word"
        if 0 < length <= LABEL_LENGTH and _gives_away(text, output):
            return f"ends with its own answer ('{text[-60:].strip()}')"
        return ""

    def _foreign(self, batch: Batch, texts: Sequence[str], field: str) -> None:
        languages = [name.strip().title() for name in self._languages[field == "output"]]
        if not languages:
            return
        if fits("Latin", languages):
            special = [(row, text) for row, text in enumerate(texts) if not text.isascii()]
            suspects = [(row, text) for row, text in special if _mostly_foreign(text)]
        else:
            suspects = [(row, text) for row, text in enumerate(texts) if text.isascii() and len(text) > LABEL_LENGTH]
        for row, text in suspects:
            if not fits(script := script_of(text), languages):
                what = f"is in {script} script, but the card says {field} is {', '.join(languages)}"
                mend = f"name every language in {field.title()}_language, or make it a task of its own"
                self.findings.warning("language", self._where(batch, row, field), what, mend)


def _blank(texts: Sequence[str]) -> list[int]:
    """The rows that hold nothing but blanks."""
    if min(map(len, texts)) > 64:
        return []
    return [row for row, text in enumerate(texts) if not text or (len(text) <= 64 and text.isspace())]


def _gives_away(text: str, output: str) -> bool:
    tail = text[-len(output) - 16 :].rstrip().rstrip(".").lower()
    answer = output.strip().rstrip(".").lower()
    return bool(answer) and tail.endswith(answer) and tail[: -len(answer)].endswith(_SOLVED)


def _mostly_foreign(text: str) -> bool:
    """Whether more than half of a text is not Latin, as far as the bytes of its start tell."""
    start = text[:1000]
    return len(start.encode()) > 1.7 * len(start)


def _suspicious(texts: Sequence[str]) -> bool:
    """Whether any text may hold something damaged."""
    special = "".join(text for text in texts if not text.isascii())
    raw = "".join(text for text in texts if text.isascii()).encode()
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        return True
    raw = special.encode()
    damaged = len(raw.translate(None, _CONTROLS)) != len(raw) or re.search(rb"\xc2[\x80-\x9f]", raw)
    return bool(damaged) or any(sign in special for sign in _DAMAGE)
