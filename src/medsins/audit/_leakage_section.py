"""What was found about leakage, as a section: shares with intervals, and pairs to be read side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from medsins.core import sha256_file
from medsins.core.proportions import wilson

from ._benchmark import MIN_INPUT, MIN_OUTPUT, Benchmark
from ._collect import KINDS, SIDES, Example, Leak, Removal, TaskPair
from ._index import COMMON
from ._judge import COVER, EVERYDAY
from ._scan import MIN_SHARE, MIN_SIZE
from ._sources import Portion, Reading, Source
from ._words import fold, stands_alone
from .document import Evidence, Finding, Section, Table, Value

PAIRS = 30  # shown side by side
LONGEST = 1200  # characters of a text that are shown
SERIOUS = 0.01  # share of a test file that makes its numbers not to be believed
_SIDE = 4 * LONGEST  # characters of a text without blanks that are searched for stretches
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|\S")
_UNITS = ("", "", "", "instances", "%", "%", "%", "")
_KINDS = {"exact": "the same", "normalised": "the same but for case, punctuation or blanks", "near": "nearly the same"}


@dataclass(frozen=True, slots=True)
class Leakage:
    """What was found.

    Attributes:
        train: the training files, with ``rows``, the number of instances of each.
        benchmark: the instances that were looked for.
        pairs: what of a benchmark file stands in a training file, by their numbers.
        removals: for each training file the rows that hold something, and why.
    """

    train: Sequence[Source]
    rows: Sequence[int]
    benchmark: Benchmark
    pairs: Mapping[tuple[int, int], TaskPair]
    removals: Sequence[Mapping[int, Removal]]

    def section(self) -> Section:
        """The findings, tables and pairs to be read side by side."""
        return leakage_section(self)


def leakage_section(found: Leakage) -> Section:
    """The section of the check ``leakage``."""
    benchmark = found.benchmark
    touched = sorted({test for pair in found.pairs.values() for test in pair.instances})
    rows = sum(len(removals) for removals in found.removals)
    count, size = len(touched), len(benchmark.ids)
    low, high = (100 * bound for bound in wilson(count / max(1, size), size))
    summary = (
        f"{count:,} of {_counted(size, 'test instance')} ({_percent(count, size):.2f} %, 95 % interval {low:.2f} to "
        f"{high:.2f}) stand in {rows:,} of {_counted(sum(found.rows), 'training instance')}."
    )
    return Section(
        check="leakage",
        title="Leakage",
        summary=summary,
        findings=tuple(_findings(found)),
        tables=(_by_test(found), _by_pair(found), _by_kind(found)),
        evidence=tuple(_evidence(found)),
        settings=_settings(found),
        extra={"test_instances_touched": len(touched), "training_instances": rows},
    )


def _counted(number: int, name: str) -> str:
    """A number of things in words."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _percent(part: int, whole: int) -> float:
    return 100 * part / max(1, whole)


def _settings(found: Leakage) -> dict[str, object]:
    sides = {"train": found.train, "test": found.benchmark.sources}
    return {
        "least_words": {"input": MIN_INPUT, "output": MIN_OUTPUT, "inside a longer test text": MIN_SIZE},
        "cover": COVER,
        "least_share_of_runs": MIN_SHARE,
        "everyday_from": EVERYDAY,
        "common_from": COMMON,
        "files": {
            side: [{"file": str(source.path), "sha256": sha256_file(source.path)} for source in sources]
            for side, sources in sides.items()
        },
    }


def _findings(found: Leakage) -> Iterator[Finding]:
    benchmark = found.benchmark
    for source, searched in zip(benchmark.sources, benchmark.searched, strict=True):
        if not searched:
            what = "no text is long enough to be looked for: such leaks would be found by chance"
            yield Finding("note", source.task, what, "see the threshold of words under settings")
    for (train, test), pair in _ordered(found):
        count, rows = len(pair.instances), benchmark.counts[test]
        kinds = Counter(kind for _, kind in pair.instances.values())
        told = ", ".join(f"{kinds[kind]:,} {_KINDS[kind]}" for kind in KINDS if kinds[kind])
        low, high = (100 * bound for bound in wilson(count / rows, rows))
        what = (
            f"{count:,} of {_counted(rows, 'test instance')} ({_percent(count, rows):.1f} %, {low:.1f} to {high:.1f}) "
            f"stand in {_counted(pair.rows, 'training instance')}: {told}"
        )
        yield Finding(
            "error" if count / rows >= SERIOUS else "warning",
            f"{found.train[train].task} → {benchmark.sources[test].task}",
            what,
            "train on the set that --clean writes, or report the score without these instances",
        )


def _ordered(found: Leakage) -> list[tuple[tuple[int, int], TaskPair]]:
    """Pairs of files, the greatest share of test instances first."""
    counts = found.benchmark.counts
    return sorted(found.pairs.items(), key=lambda item: (-len(item[1].instances) / counts[item[0][1]], item[0]))


def _by_test(found: Leakage) -> Table:
    benchmark = found.benchmark
    touched: dict[int, set[int]] = {}
    for (_, test), pair in found.pairs.items():
        touched.setdefault(test, set()).update(pair.instances)
    rows: list[tuple[Value, ...]] = []
    for number, source in enumerate(benchmark.sources):
        count, size = len(touched.get(number, ())), benchmark.counts[number]
        low, high = wilson(count / max(1, size), size)
        looked = benchmark.searched[number]
        rows.append((source.task, size, looked, count, _percent(count, size), 100 * low, 100 * high))
    return Table(
        "Test files",
        ("test", "instances", "looked for", "touched", "share", "low", "high"),
        tuple(sorted(rows, key=lambda row: (-float(row[4] or 0), str(row[0])))),
        ("", "instances", "instances", "instances", "%", "%", "%"),
        f"Looked for: instances with an input of {MIN_INPUT} words or an output of {MIN_OUTPUT} and more. Touched: the "
        "input or the output stands in some training instance. Interval: Wilson, 95 %.",
        "share",
        "low",
        "high",
    )


def _by_pair(found: Leakage) -> Table:
    benchmark = found.benchmark
    rows: list[tuple[Value, ...]] = []
    for (train, test), pair in _ordered(found):
        count, size = len(pair.instances), benchmark.counts[test]
        low, high = wilson(count / size, size)
        names = found.train[train].task, benchmark.sources[test].task
        rows.append((*names, size, count, _percent(count, size), 100 * low, 100 * high, pair.rows))
    columns = ("training", "test", "test instances", "touched", "share", "low", "high", "training instances")
    return Table("Pairs of files", columns, tuple(rows), _UNITS, "", "share", "low", "high")


def _by_kind(found: Leakage) -> Table:
    """Test instances of each pair of files by what is shared, and how alike."""
    rows: list[tuple[Value, ...]] = []
    for (train, test), pair in _ordered(found):
        kinds = Counter(kind for _, kind in pair.instances.values())
        sides = Counter(side for side, _ in pair.instances.values())
        counts = [kinds[kind] for kind in KINDS] + [sides[side] for side in SIDES]
        rows.append((found.train[train].task, found.benchmark.sources[test].task, *counts, pair.pairs))
    note = (
        "Exact: the same characters. Normalised: the same but for case, punctuation, blanks and Unicode form. Near: "
        f"at least {COVER:.0%} of the words in the same order, words of boilerplate counted for little. Each test "
        "instance is counted once, for its most telling training instance. Pairs: of instances."
    )
    columns = ("training", "test", *KINDS, *SIDES, "pairs")
    return Table("What is shared", columns, tuple(rows), ("", "", *["instances"] * 6, "pairs"), note)


def _evidence(found: Leakage) -> Iterator[Evidence]:
    """The most telling pair of each pair of files, then their second ones, and so on."""
    benchmark = found.benchmark
    chosen: list[tuple[tuple[object, ...], str, Example]] = []
    for (train, _), pair in _ordered(found):
        for turn, (rank, row, example) in enumerate(pair.shown):
            chosen.append(((turn, *(-part for part in rank), row), found.train[train].task, example))
    chosen.sort(key=lambda entry: entry[0])
    texts = _test_texts(benchmark, [example.leak for _, _, example in chosen[:PAIRS]])
    for _, task, example in chosen[:PAIRS]:
        leak = example.leak
        shared = _shared(texts[leak.test, _field(leak)], example.text)
        source = benchmark.sources[benchmark.files[leak.test]]
        yield Evidence(
            left_place=f"{source.task} / {benchmark.ids[leak.test]} / {_field(leak)}",
            left=_around(texts[leak.test, _field(leak)], shared),
            right_place=f"{task} / {example.id} / {leak.where}",
            right=_around(example.text, shared),
            why=_why(leak),
            score=round(leak.score, 4),
            marked=tuple(sorted(shared)),
        )


def _field(leak: Leak) -> str:
    return "output" if leak.side == "output" else "input"


def _why(leak: Leak) -> str:
    side = {"both": "input and output", "input": "input", "output": "output"}[leak.side]
    if leak.kind != "near":
        return f"{side}: {_KINDS[leak.kind]}"
    held = "the training text stands in the test text" if leak.inside else f"{leak.score:.0%} of what it says"
    return f"{side}: {_KINDS['near']} ({held})"


def _test_texts(benchmark: Benchmark, leaks: list[Leak]) -> dict[tuple[int, str], str]:
    """Inputs and outputs of the instances that leaks are about, read again."""
    import numpy as np

    masks = {
        file: np.zeros(benchmark.counts[file], bool) for file in {int(benchmark.files[leak.test]) for leak in leaks}
    }
    at = {(int(benchmark.files[leak.test]), int(benchmark.rows[leak.test])): leak.test for leak in leaks}
    for file, row in at:
        masks[file][row] = True
    texts: dict[tuple[int, str], str] = {}
    portion: Portion
    for portion in Reading(benchmark.sources).portions(masks):
        for place, row in enumerate(portion.rows):
            test = at[portion.file, row]
            texts[test, "input"], texts[test, "output"] = portion.texts[2 * place : 2 * place + 2]
    return texts


def _shared(left: str, right: str) -> set[str]:
    """Words of the left text that the right one has too, as the left one writes them; of what is written without
    blanks the longest stretches of two characters and more that both have.
    """
    known = {fold(word) for word in _WORD.findall(right)}
    words = [word for word in _WORD.findall(left) if any(map(str.isalnum, word))]
    shared = {word for word in words if fold(word) in known}
    for word in {word for word in words if word not in shared and stands_alone(word[0])}:
        blocks = SequenceMatcher(None, word, right[:_SIDE], autojunk=False).get_matching_blocks()
        shared |= {word[block.a : block.a + block.size] for block in blocks if block.size > 1}
    return shared


def _around(text: str, shared: set[str]) -> str:
    """A stretch of a long text: the one with the most words that both share."""
    if len(text) <= LONGEST:
        return text
    known = {fold(word) for word in shared}
    marks = [match.start() for match in _WORD.finditer(text) if len(match[0]) > 3 and fold(match[0]) in known]
    best, most, first = 0, 0, 0
    for last, place in enumerate(marks):
        while place - marks[first] > LONGEST - 100:
            first += 1
        if last - first + 1 > most:
            best, most = marks[first], last - first + 1
    begin = max(0, min(best - 50, len(text) - LONGEST))
    return f"{'… ' if begin else ''}{text[begin : begin + LONGEST]}{' …' if begin + LONGEST < len(text) else ''}"
