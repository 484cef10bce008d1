"""Closed-label tasks: one label must be asserted, and only one.

A label counts when the answer is that label, states it ("the diagnosis is …"), begins with it, or asserts it as the
only one of the set. Listing several, denying one ("this is not pneumonia") or naming another that contains it is no
answer. Reading never sees the reference, so a constant is right exactly as often as its label occurs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._types import Row, TaskSpec
from ..stats import RowTable, single_label
from ._label_sets import label_set, shared_lead, without_lead
from ._mentions import mentions, only_lists
from ._scored import Scored, absent, row_score, unreadable
from ._statements import statements
from ._text import fold, key, own_turn, visible

_TERSE = {"yes", "no", "maybe", "true", "false"}
_RELEASED_LEAD = re.compile(r"^the (?:diagnosis result is|treatment planning is|answer is|label is)\s*:?\s*")
_BORDER = re.compile(r"\s*(?:\Z|[.,;:!?\n)\]}\"'”»。，；：、/|]|-\s|–|—)(?!\d)")
_NEXT_ITEM = re.compile(r"[\s.,;:!?)\]}\"'”»。，；：、/|–—-]+(?:(?:or|and|vs|et|ou|y|o|и|или)\s+)?")
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|conclusion|overall|final|finally|most likely|in summary|consequently)\b"
)


@dataclass(frozen=True)
class LabelReader:
    """Reads a label out of an answer. ``labels`` as written; they are compared by their folded words."""

    labels: tuple[str, ...]
    lead: str = ""

    @cached_property
    def by_key(self) -> dict[str, str]:
        """Folded label to the label as written; a bracketed addition may be left out ("HIV" for "HIV (initial …)")."""
        known = {key(label): label for label in self.labels}
        for label in self.labels:
            short = key(re.sub(r"\([^)]*\)", " ", label))
            if short and short not in known:
                known[short] = label
        return known

    @cached_property
    def _wordy(self) -> dict[str, str]:
        """Labels that a mention in prose can assert: not numbers, letters, yes or no."""
        return {k: v for k, v in self.by_key.items() if k not in _TERSE and len(k) > 2}

    def read(self, text: str) -> str | None:
        """The label the text asserts, or None."""
        for part in dict.fromkeys((own_turn(text), text)):
            found = self._read(part)
            if found:
                return found
        return None

    def _read(self, text: str) -> str | None:
        lines = [
            _RELEASED_LEAD.sub("", without_lead(fold(line), self.lead)) for line in text.splitlines() if line.strip()
        ]
        if not lines:
            return None
        whole = self.by_key.get(key(" ".join(lines)))
        if whole:
            return whole
        if only_lists(" ".join(lines), tuple(self.by_key)):
            return None
        exact = [self.by_key[key(line)] for line in lines if key(line) in self.by_key]
        if len(set(exact)) > 1 and len(exact) == len(lines):
            return None  # a list of labels, one a line
        stated = [label for label in (self._stated(fold(span)) for _, span in statements(text)) if label is not None]
        if stated:
            return stated[-1] or None
        if exact and len(set(exact)) == 1 and key(lines[0]) in self.by_key:
            return exact[0]
        begins = self._begins("\n".join(lines))
        if begins is not None:
            return begins or None
        if len(set(exact)) == 1 and key(lines[-1]) in self.by_key:
            return exact[0]
        return self._only(" \n".join(lines)) or (self._partial(lines[0]) if len(lines) == 1 else None)

    def _stated(self, span: str) -> str | None:
        """The label right after "the answer is"; "" when several are offered there, None when there is none."""
        span = span.lstrip(" \"'“”‘’«»:([{<*-")
        span = re.sub(
            r"^(?:(?:a|an|the|that of|label|class|most likely|probably|likely|clearly|therefore) )+", "", span
        )
        begins = self._begins(span)
        if begins is not None:
            return begins
        sentence = re.split(r"[.\n;](?!\d)", span)[0]
        if re.match(r"(?:not|no longer|neither)\b", sentence):
            return None
        starts = self._starts(sentence)
        if starts and not re.match(r"\s*(?:or|and|/)\s", sentence[len(starts[0]) :]):
            return starts[1]
        found = {self._wordy[m.phrase] for m in mentions(sentence, tuple(self._wordy))}
        return found.pop() if len(found) == 1 else ("" if found else None)

    def _starts(self, text: str) -> tuple[str, str] | None:
        """The longest label the text starts with, as (matched text, label)."""
        for name in sorted(self.by_key, key=len, reverse=True):
            pattern = r"[\W_]+".join(map(re.escape, name.split()))
            match = re.match(rf"(?:{pattern})(?!\w)", text)
            if match:
                return match[0], self.by_key[name]
        return None

    def _begins(self, text: str) -> str | None:
        """The label before the first mark of punctuation; "" when more labels follow it as a list."""
        text = text.lstrip(" \t\n\"'“”‘’«»:([{<*-•")
        first = self._starts(text)
        if not first:
            return None
        rest = text[len(first[0]) :]
        again = re.match(r"\s+(?:or|and|vs)\s+", rest)
        if again and self._starts(rest[again.end() :]):
            return ""
        if not _BORDER.match(rest):
            return None
        step = _NEXT_ITEM.match(rest)
        follows = self._starts(rest[step.end() :]) if step else None
        beyond = rest[step.end() + len(follows[0]) :] if step and follows else ""
        if follows and follows[1] != first[1] and (_BORDER.match(beyond) or re.match(r"\s+(?:or|and|vs)\s", beyond)):
            return ""
        return first[1]

    def _only(self, text: str) -> str | None:
        """The one label asserted anywhere; else the one asserted in a concluding last sentence."""
        found = [self._wordy[m.phrase] for m in mentions(text, tuple(self._wordy))]
        if not found:
            terse = [
                m for m in mentions(text, tuple(k for k in self.by_key if k in _TERSE)) if _said(text, m.start, m.end)
            ]
            found = [self.by_key[m.phrase] for m in terse]
        if len(set(found)) == 1:
            return found[0]
        last = re.split(r"(?<=[.!?\n])\s+", text.strip())[-1]
        if len(set(found)) > 1 and _CONCLUDES.search(last):
            named = {self._wordy[m.phrase] for m in mentions(last, tuple(self._wordy))}
            return named.pop() if len(named) == 1 else None
        return None

    def _partial(self, line: str) -> str | None:
        """The one label of which the whole answer is at least half ("NSTEMI/STEMI" for "possible NSTEMI / STEMI")."""
        words = key(line).split()
        fitting = {
            label
            for name, label in self._wordy.items()
            if len(words) > 1 and 2 * len(words) >= len(name.split()) and f" {' '.join(words)} " in f" {name} "
        }
        return fitting.pop() if len(fitting) == 1 else None


def _said(text: str, start: int, end: int) -> bool:
    """Whether "no" is said as an answer, not before a noun ("no difference"); other words are always said."""
    return text[start:end] != "no" or bool(re.match(r"[\"']|\s*(?:\Z|[.!,;\n])", text[end:]))


def reader_for(rows: Sequence[Row], spec: TaskSpec) -> LabelReader:
    """The reader of a task: its stated labels, else those of its references."""
    references = [reference for row in rows for reference in row.references]
    lead = shared_lead(references)
    plain = [_RELEASED_LEAD.sub("", without_lead(fold(reference), lead)) for reference in references]
    spelled = {key(p): without_lead_keep_case(r, p) for p, r in reversed(list(zip(plain, references, strict=True)))}
    labels = spec.labels or tuple(spelled.get(key(label), label) for label in label_set(plain))
    return LabelReader(tuple(label for label in labels if key(label)), lead)


def label_key(text: str, lead: str) -> str:
    """The folded words of a label, freed of what answers of its task open with."""
    return key(_RELEASED_LEAD.sub("", without_lead(fold(text), lead)))


def without_lead_keep_case(reference: str, plain: str) -> str:
    """The part of the reference that its folded form ``plain`` stands for, in its own case."""
    tail = reference.strip().rstrip(".")
    return tail[-len(plain) :] if plain and fold(tail[-len(plain) :]) == plain else plain


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metrics: ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``mcc`` (Matthews correlation)."""
    reader = reader_for(rows, spec)
    place = {key(label): i for i, label in enumerate(reader.labels)}
    k = len(place)
    values = np.zeros((len(rows), 3 * k + 1))
    values[:, -1] = 1.0
    scores = []
    for i, row in enumerate(rows):
        gold = [label_key(reference, reader.lead) for reference in row.references]
        unscored, label = absent(row), None
        if not unscored:
            text = visible(row.output or "")
            label = reader.read(text)
            unscored = "" if label else unreadable(row, text)
        answer = key(label) if label else ""
        hit = bool(answer) and answer in gold
        truth = answer if hit else next((g for g in gold if g in place), "")
        for block, name in enumerate((answer if hit else "", answer, truth)):
            if name in place:
                values[i, block * k + place[name]] = 1.0
        scores.append(row_score(row, {"accuracy": float(hit)}, unscored, label or ""))
    table = RowTable(values, single_label(k))
    return Scored(table.with_answered([not s.unscored for s in scores], "accuracy"), tuple(scores), "accuracy")
