"""Checks of a task file as a whole: its card, its labels, its lengths, samples that come again."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from medsins.catalog import ACCESS
from medsins.core import Card

from ._check_texts import TextChecks
from ._findings import SHOWN, Findings
from ._language import SCRIPTS_OF, guess_language
from ._repeats import Repeat
from ._stream import TaskReader
from ._workbook import MAX_CELL

_CLOSED = 50  # different outputs up to which they may be a closed set of labels
_CLOSED_SHARE = 0.9  # of the samples that the commonest of them cover
_ONE_SIDED = 0.95
_FREQUENT = 0.05  # share from which an answer is a convention that the definition has to tell
_RARE = 0.01
_FEW = 20  # samples below which shares mean nothing
_REPEATS_HELD = 10_000
_REPEATED = {
    "conflict": ("is the same as {}, with another output", "keep one, or list both outputs in one"),
    "duplicate": ("is the same as {}, with the same output", "delete one: it counts double, and may leak on a split"),
    "id": ("is the same as {}", "give every sample its own id, or none"),
}


def check_task(texts: TextChecks, card: Card, findings: Findings) -> None:
    """Note what is wrong with the task as a whole, after all its instances were looked at."""
    _card(card, texts.reader, findings)
    _languages(texts, card, findings)
    closed = closed_labels(texts)
    _labels(texts, closed, findings)
    _definition(texts, card, closed, findings)
    _repeats(texts, findings)
    _lengths(texts, findings)


def _card(card: Card, reader: TaskReader, findings: Findings) -> None:
    needed = {
        "Contributors": card.contributors,
        "Source or URL": card.source or card.url,
        "Domains": card.domains,
        "Input_language": card.input_language,
        "Output_language": card.output_language,
    }
    if missing := [key for key, value in needed.items() if not value]:
        findings.warning(
            "card",
            reader.card_place(),
            f"the card has no {', no '.join(missing)}",
            "fill it in: others will look for it",
        )
    if not card.definition:
        mend = "say in one to three sentences what to do, and name every label"
        findings.warning("definition", reader.card_place("Definition"), "is missing", mend)
    for url in card.url:
        if "://" not in url:
            findings.warning("card", reader.card_place("URL"), f"'{url[:80]}' is no web address", "write https://…")
    parts = {part.strip().lower() for part in card.split_type.split("/") if part.strip()}
    if not parts <= {"train", "test"}:
        mend = "write Train, Test or Train/Test"
        findings.warning("card", reader.card_place("Split Type"), f"'{card.split_type[:80]}' is not known", mend)
    access = str(card.extra.get("Access", "")).strip().lower()
    if access and access not in ACCESS:
        findings.warning(
            "card", reader.card_place("Access"), f"'{access[:80]}' is not known", f"write one of {', '.join(ACCESS)}"
        )
    for number, example in enumerate(card.positive_examples):
        if not example.input or not example.output:
            where = f"{reader.card_place('Positive Examples')}[{number}]"
            findings.warning("example", where, "has no input or no output", "fill it in or delete it")


def _languages(texts: TextChecks, card: Card, findings: Findings) -> None:
    for key, named, sample in (
        ("Input_language", card.input_language, texts.input_sample),
        ("Output_language", card.output_language, texts.output_sample),
    ):
        for name in named:
            if name.strip().title() not in SCRIPTS_OF:
                close = difflib.get_close_matches(name.title(), SCRIPTS_OF, n=1)
                mend = f"did you mean {close[0]}?" if close else "write its English name"
                findings.warning("language", texts.reader.card_place(key), f"'{name[:80]}' is no language I know", mend)
        guess = guess_language(sample)
        known = {name.strip().title() for name in named}
        if guess and known and guess not in known and known <= set(SCRIPTS_OF):
            what = f"says {', '.join(sorted(known))}, but most texts look like {guess}"
            findings.warning(
                "language", texts.reader.card_place(key), what, "correct it, or check that the right texts are here"
            )


def closed_labels(texts: TextChecks) -> dict[str, int]:
    """The outputs and their counts where nearly all samples share a few; else empty."""
    common = texts.labels.most_common(_CLOSED)
    if texts.rows < _FEW or sum(count for _, count in common) < _CLOSED_SHARE * texts.rows:
        return {}
    frequent = {label: count for label, count in common if count >= 2 and label}
    return frequent if sum(frequent.values()) >= _CLOSED_SHARE * texts.rows else {}


def _folded(text: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in text.lower()).split())


def _labels(texts: TextChecks, closed: dict[str, int], findings: Findings) -> None:
    if texts.rows >= _FEW and texts.labels:
        label, count = texts.labels.most_common(1)[0]
        if count == texts.rows:
            findings.warning(
                "labels",
                texts.reader.card_place("Instances"),
                f"every output is '{label}'",
                "a constant answer is right always",
            )
        elif count >= _ONE_SIDED * texts.rows:
            what = f"{count / texts.rows:.1%} of the outputs are '{label}'"
            findings.warning(
                "labels",
                texts.reader.card_place("Instances"),
                what,
                "a constant answer scores that much: balance the samples",
            )
    variants: dict[str, list[str]] = {}
    for label in closed:
        variants.setdefault(_folded(label) or label, []).append(label)
    for spellings in variants.values():
        if len(spellings) > 1:
            listed = ", ".join(f"'{label}' ({closed[label]})" for label in spellings)
            mend = "spell every label in one way; most scorers tell them apart"
            findings.warning(
                "labels", texts.reader.card_place("Instances"), f"one label in several spellings: {listed}", mend
            )


def _definition(texts: TextChecks, card: Card, closed: dict[str, int], findings: Findings) -> None:
    if not card.definition or texts.rows < _FEW:
        return
    told = f" {' '.join(map(_folded, card.definition))} "
    silent = []
    for label, count in texts.labels.most_common(_CLOSED):
        share = count / texts.rows
        convention = share >= (_RARE if label in closed else _FREQUENT) and count >= 3
        in_inputs = texts.inputs_with[label] >= 0.5 * count
        if convention and label and f" {_folded(label)} " not in told and not in_inputs:
            silent.append(f"'{label}' ({share:.1%})")
    if silent:
        what = f"does not name outputs that come often: {', '.join(silent[:10])}"
        findings.warning(
            "definition",
            texts.reader.card_place("Definition"),
            what,
            "name every label, and what to answer when nothing fits",
        )


def _repeats(texts: TextChecks, findings: Findings) -> None:
    def place(row: int, field: str = "") -> str:
        return texts.reader.where(texts.numbers[row], field)

    kinds: dict[str, list[Repeat]] = {"conflict": [], "duplicate": [], "id": []}
    for kind, repeats in (("duplicate", texts.inputs), ("id", texts.ids)):
        for repeat in repeats.found():
            found = kinds["conflict" if repeat.differs else kind]
            found.append(repeat)
            if len(found) >= _REPEATS_HELD:
                found.sort(key=_row)
                findings.count("conflict" if repeat.differs else kind, len(found) - SHOWN)
                del found[SHOWN:]
    for kind, found in kinds.items():
        for repeat in sorted(found, key=_row)[:SHOWN]:
            what, mend = _REPEATED[kind]
            key = "id" if kind == "id" else "input"
            findings.warning(kind, place(repeat.row, key), what.format(place(repeat.first, key)), mend)
        findings.count(kind, max(0, len(found) - SHOWN))


def _row(repeat: Repeat) -> int:
    return repeat.row


def _lengths(texts: TextChecks, findings: Findings) -> None:
    import numpy as np

    for field, raw in (("input", texts.input_lengths), ("output", texts.output_lengths)):
        lengths = np.frombuffer(raw, np.uint32) if len(raw) else np.zeros(0, np.uint32)
        if len(lengths) < _FEW:
            _cut_by_excel(texts, field, lengths, findings)
            continue
        longest = int(lengths.max())
        at_longest = np.flatnonzero(lengths == longest)
        if longest >= 200 and len(at_longest) >= max(5, 0.005 * len(lengths)):
            what = f"{len(at_longest)} {field}s are exactly {longest:,} characters long, and none is longer"
            where = texts.reader.where(texts.numbers[int(at_longest[0])], field)
            findings.warning("length", where, what, "they look cut off: get the whole texts")
        else:
            _cut_by_excel(texts, field, lengths, findings)
        median = float(np.median(lengths))
        outliers = np.flatnonzero((lengths > 50 * max(median, 20)) & (lengths > 5000))
        _outliers(texts, field, outliers.tolist(), (lengths, median), findings)


def _outliers(
    texts: TextChecks, field: str, rows: Sequence[int], lengths: tuple[Any, float], findings: Findings
) -> None:
    for row in rows[:SHOWN]:
        what = f"has {int(lengths[0][row]):,} characters, the median is {lengths[1]:,.0f}"
        where = texts.reader.where(texts.numbers[row], field)
        findings.warning(f"{field} length", where, what, "check for several samples in one, or a missing quote")
    findings.count(f"{field} length", max(0, len(rows) - SHOWN))


def _cut_by_excel(texts: TextChecks, field: str, lengths: Any, findings: Findings) -> None:
    import numpy as np

    for row in np.flatnonzero(lengths == MAX_CELL).tolist():
        where = texts.reader.where(texts.numbers[row], field)
        what = f"is exactly {MAX_CELL:,} characters long, the most an Excel cell holds"
        findings.warning("length", where, what, "it looks cut off: get the whole text")
