"""How often the rules for identifiers speak up on real texts, how fast they are, what of planted identifiers they see.

    python benchmarks/identifier_rates.py PATH...
    python benchmarks/identifier_rates.py PATH... --plant 20
    python benchmarks/identifier_rates.py PATH... --hits HITS.jsonl

PATH is a task file or a folder of them. Prints, by file, the texts looked at, the share with a find, and the finds by
kind. ``--plant N`` puts each form of ``_planted_identifiers`` into N of the texts, between two sentences, and prints by
kind the share that is seen, with Wilson's interval, of the forms that rules were improved by and of those held out.
``--faker N`` plants N values of each kind and country that the package Faker invents (pip install faker), bare and
after a label.
``--hits`` writes all finds with what stands around them, in random order, to be judged by a reader.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from _planted_identifiers import Form, forms, from_faker, person
from medsins.core.identifiers import KINDS, find_identifiers
from medsins.core.proportions import wilson
from medsins.tasks import find_task_files, open_reader

SEED = 0
_SENTENCE_END = re.compile(r"(?<=[.?!。！？])\s+|\n")


def texts(path: Path) -> Iterator[str]:
    """All inputs and outputs of a task file."""
    for instance in open_reader(path):
        yield instance.input
        yield from instance.outputs


def rates(files: list[Path]) -> list[str]:
    """Print how often the rules find something; returns the finds, as lines of JSON."""
    total = hit = size = 0
    spent = 0.0
    lines = []
    print(f"{'file':32} {'texts':>8} {'with a find':>12}  finds")
    for file in files:
        kinds: Counter[str] = Counter()
        count = found = 0
        for text in texts(file):
            started = time.process_time()
            hits = find_identifiers(text)
            spent += time.process_time() - started
            count, found, size = count + 1, found + bool(hits), size + len(text)
            kinds.update(hit.kind for hit in hits)
            for one in hits:
                around = (text[max(0, one.start - 80) : one.start], text[one.start : one.end], text[one.end :][:80])
                lines.append(json.dumps({"file": file.name, "kind": one.kind, "text": around}, ensure_ascii=False))
        if count:
            print(f"{file.name:32} {count:8,} {100 * found / count:11.2f}%  {dict(kinds)}")
        total, hit = total + count, hit + found
    share = 100 * hit / total if total else 0.0
    pace = size / max(spent, 1e-9) / 1e6
    print(f"{total:,} texts, {share:.3f}% with a find; {pace:.1f} million characters in a second of processor time")
    return lines


def seen(form: Form, text: str, rng: random.Random) -> bool:
    """Whether the rules find a planted identifier, of whatever kind, at least half of it."""
    words, start, end = form.fill(person(rng))
    places = [0, *(match.end() for match in _SENTENCE_END.finditer(text))]
    place = rng.choice(places)
    planted = f"{text[:place]}{words}. {text[place:]}"
    hits = find_identifiers(planted)
    covered = sum(max(0, min(hit.end, place + end) - max(hit.start, place + start)) for hit in hits)
    return 2 * covered >= end - start


def sensitivity(files: list[Path], each: int, missed: bool) -> None:
    """Print what share of planted identifiers the rules see."""
    rng = random.Random(SEED)
    pool = [text for file in files for text in texts(file) if len(text) > 80]
    found: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for form in forms():
        results = [seen(form, rng.choice(pool), rng) for _ in range(each)]
        found[form.kind, form.held_out] += results
        if missed and sum(results) < 0.9 * each and not form.held_out:
            print(f"  missed {each - sum(results)} of {each}: {form.kind}: {form.text}")
    print(f"{'kind':18} {'forms improved by':>34} {'forms held out':>34}")
    for kind in (*KINDS, "all"):
        cells = []
        for held_out in (False, True):
            some = [r for (k, h), results in found.items() if h == held_out and kind in (k, "all") for r in results]
            cells.append(_share(some))
        print(f"{kind:18} {cells[0]:>34} {cells[1]:>34}")


def faker_sensitivity(files: list[Path], each: int) -> None:
    """Print what share of Faker's values the rules see, bare and after a label."""
    rng = random.Random(SEED)
    pool = [text for file in files for text in texts(file) if len(text) > 80]
    found: dict[tuple[str, str, bool], list[bool]] = defaultdict(list)
    for locale, form in from_faker(each, SEED):
        result = seen(form, rng.choice(pool), rng)
        for where in (locale, "all"):
            found[form.kind, where, form.held_out].append(result)
    print(f"{'kind':18} {'country':8} {'bare':>32} {'after a label':>32}")
    for kind, where in sorted({(kind, where) for kind, where, _ in found}):
        cells = [_share(found[kind, where, labelled]) for labelled in (False, True)]
        print(f"{kind:18} {where:8} {cells[0]:>32} {cells[1]:>32}")


def _share(results: list[bool]) -> str:
    if not results:
        return ""
    low, high = wilson(sum(results) / len(results), len(results))
    return f"{100 * sum(results) / len(results):5.1f}% ({100 * low:.1f} to {100 * high:.1f}) of {len(results):5,}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--plant", type=int, default=0, metavar="N", help="plant each form into N texts")
    parser.add_argument("--faker", type=int, default=0, metavar="N", help="plant N of Faker's values of each kind")
    parser.add_argument("--missed", action="store_true", help="with --plant: list the forms that are missed")
    parser.add_argument("--hits", type=Path, help="write all finds to this file, in random order")
    args = parser.parse_args()
    files = find_task_files(args.paths)
    if args.plant:
        sensitivity(files, args.plant, args.missed)
        return
    if args.faker:
        faker_sensitivity(files, args.faker)
        return
    lines = rates(files)
    if args.hits:
        random.Random(SEED).shuffle(lines)
        args.hits.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
