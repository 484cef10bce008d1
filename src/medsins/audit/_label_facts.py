"""What the answers of a task are, counted while its instances stream by: labels, sets of labels, keys, spans, text."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ._choices import Choices
from ._length_cues import LengthsByLabel

Kind = Literal["yes/no", "labels", "several labels", "multiple choice", "spans", "free text"]

LABEL_LENGTH = 80
"""Characters up to which an answer may be a label."""

MOST_LABELS = 200
_COVERED = 0.9  # of the answers, by labels that come again
_FEW = 0.4  # labels for each answer at most, so that each comes again
_SEVERAL = 0.02  # of the instances, that have several labels
_COPIED = 0.6  # of the items of answers, that stand in their inputs
_NONE = 0.02  # of the instances, that have the words for "there is none"
_TRIED = 200  # instances after which it is known whether these are questions with options
_HELD = 20_000  # different answers counted; beyond, the rarer half is forgotten
_YES_NO = ("yes", "no", "maybe", "true", "false", "да", "нет", "oui", "non", "sí", "si", "是", "否", "はい", "いいえ")
_BETWEEN_LABELS = re.compile(r"[,;\n]")


def folded(label: str) -> str:
    """What labels are compared by: without case, blanks at the ends and a final stop."""
    return " ".join(label.casefold().split()).rstrip(" .。")


def items_of(answer: str) -> list[str]:
    """The parts of an answer that lists several."""
    return [item for item in (folded(part) for part in _BETWEEN_LABELS.split(answer)) if item]


def _abridged(text: str) -> str:
    """A short name of a long text: its beginning and a hash of all of it."""
    return f"{text[:40]}…{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


class Tally:
    """Counts of texts, in bounded memory: of more than ``_HELD`` different ones the rarer half is forgotten."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.total = 0
        self.exact = True  # nothing was forgotten

    def add(self, texts: Sequence[str]) -> None:
        """Count texts."""
        self.counts.update(texts)
        self.total += len(texts)
        if len(self.counts) > _HELD:
            self.counts = Counter(dict(self.counts.most_common(_HELD // 2)))
            self.exact = False

    def closed(self) -> dict[str, int]:
        """The texts and their counts, most frequent first, where a few that come again are nearly all; else empty."""
        again = {text: count for text, count in self.counts.most_common(MOST_LABELS + 1) if count > 1}
        few = len(again) <= min(MOST_LABELS, _FEW * self.total)
        return again if again and few and sum(again.values()) >= _COVERED * self.total else {}


@dataclass(slots=True)
class Facts:
    """One task, or one split of it. ``answers`` counts first references (long ones abridged), ``items`` what
    they list, ``foreign`` those of which nothing stands in the input, ``listed`` those short enough to be lists;
    ``spelled`` has each label as it was first written.
    """

    name: str
    task_id: str
    category: str = ""
    definition: tuple[str, ...] = ()
    instances: int = 0
    several: int = 0
    listed: int = 0
    copied: int = 0
    long: int = 0
    answers: Tally = field(default_factory=Tally)
    items: Tally = field(default_factory=Tally)
    foreign: Tally = field(default_factory=Tally)
    choices: Choices = field(default_factory=Choices)
    lengths: LengthsByLabel = field(default_factory=lambda: LengthsByLabel(32))
    spelled: dict[str, str] = field(default_factory=dict)
    _kind: Kind | None = None

    def add(self, inputs: Sequence[str], references: Sequence[str]) -> None:
        """Count some instances: their inputs and first references."""
        labels = [folded(text) if len(text) <= LABEL_LENGTH else _abridged(text) for text in references]
        for given, reference, label in zip(inputs, references, labels, strict=True):
            self._one(given, reference, label)
        self.answers.add(labels)
        if len(self.spelled) > 2 * _HELD:
            self.spelled = {label: text for label, text in self.spelled.items() if label in self.answers.counts}

    def _one(self, given: str, reference: str, label: str) -> None:
        self.instances += 1
        self.long += len(reference) > LABEL_LENGTH
        self.spelled.setdefault(label, reference.strip()[:LABEL_LENGTH])
        if self.choices.asked < _TRIED or self.choices.usual:
            self.choices.add(given, reference)
        if len(reference) <= 4 * LABEL_LENGTH and not reference.lstrip().startswith(("{", "[")):  # JSON is no list
            items = items_of(reference)
            self.listed += 1
            self.several += len(items) > 1
            self.items.add(items)
            lowered = given.casefold()
            copied = sum(item in lowered for item in items)
            self.copied += copied
            if not copied:
                self.foreign.add([label])
        self.lengths.add(label, len(given))

    @property
    def kind(self) -> Kind:
        """What the answers are."""
        if self._kind is None:
            self._kind = self._decide()
        return self._kind

    def _decide(self) -> Kind:
        if self.choices.usual and not self.long * 2 > self.instances:
            return "multiple choice"
        labels = self.answers.closed()
        if labels and len(labels) <= 5 and all(label in _YES_NO for label in labels):
            return "yes/no"
        items = self.items.closed()
        if (
            items
            and self.listed >= _COVERED * self.instances
            and self.several >= _SEVERAL * self.instances
            and not self._spans()
        ):
            return "several labels"
        if labels and self.long * 2 <= self.instances:
            return "labels"
        return "spans" if self._spans() else "free text"

    def _spans(self) -> bool:
        """Whether most of what answers list is copied from the inputs, the commonest answer (there is none) apart."""
        _, often = self.answers.counts.most_common(1)[0] if self.answers.counts else ("", 0)
        rest = self.items.total - often
        return self.long * 2 <= self.instances and rest > 0 and self.copied >= _COPIED * rest

    def none(self) -> frozenset[str]:
        """What spans list where there is none to copy: the items of the commonest answer that is no copy."""
        label, count = min(self.foreign.counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        usual = count >= _NONE * self.instances and 2 * count > self.answers.counts[label]
        return frozenset(items_of(label)) if usual else frozenset()

    def distribution(self) -> Counter[str]:
        """What is answered how often: keys of multiple choice, single labels of sets, else whole answers."""
        if self.kind == "multiple choice":
            return self.choices.keys
        return self.items.counts if self.kind in ("several labels", "spans") else self.answers.counts

    @property
    def closed(self) -> bool:
        """Whether answers are from a closed set."""
        return self.kind in ("yes/no", "labels", "several labels", "multiple choice")

    def constant(self) -> tuple[str, float]:
        """The most frequent whole answer (in multiple choice: key), and its share."""
        counts = self.choices.keys if self.kind == "multiple choice" else self.answers.counts
        total = self.choices.read if self.kind == "multiple choice" else self.instances
        label, count = min(counts.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        return self.spelled.get(label, label), count / total if total else 0.0

    def entropy(self) -> float:
        """Shannon entropy of the distribution, in bits."""
        counts = self.distribution()
        total = counts.total()
        return -sum(count / total * math.log2(count / total) for count in counts.values() if count) if total else 0.0
