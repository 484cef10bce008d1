"""How well and how fast leakage is found: planted leaks among real text, a million instances, and two other tools.

    python benchmarks/audit.py quality                        recall, precision, and the curve over changed words
    python benchmarks/audit.py scale --train 1000000          time and memory, and the slope to 13.5 million
    python benchmarks/audit.py peers --peers PYTHON           datasketch and datatrove on the same data in the same run

Real texts come from the corpora under ``MEDSINS_SHARED`` (default ``../shared``). The environment of the others, apart:
``python -m venv build/audit-peers && build/audit-peers/bin/pip install datasketch 'datatrove[processing]'``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from _audit_texts import TextMaker

CORPORA = {
    "pubmedqa": "pubmedqa", "hoc": "hallmarks_of_cancer", "medquad": "medquad",
    "clinical_trials": "clinical_trials_gov_data", "meqsum": "meqsum",
    "bc5cdr": "mtl_bioinformatics_2016", "anatem": "mtl_bioinformatics_2016",
    "bc2gm": "mtl_bioinformatics_2016", "ncbi_disease": "mtl_bioinformatics_2016", "species800": "s800",
}  # fmt: skip
LONG, SENTENCE = 60, 12  # words from which on a text is called long, and at all taken
WORD = re.compile(r"\w+")


def real_texts(scratch: Path) -> list[str]:
    """Inputs and outputs of the corpora that are here, each once, in a fixed order."""
    from medsins.core import MedsinsError
    from medsins.corpora import BuildOptions, build
    from medsins.tasks import find_task_files, open_reader

    shared = Path(os.environ.get("MEDSINS_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (shared / "data" / "raw").is_dir():
        sys.exit(f"no real corpora under {shared}: set MEDSINS_SHARED to the folder that has data/raw")
    texts: dict[str, None] = {}
    for name, folder in CORPORA.items():
        for split in ("train", "validation", "test"):
            out = scratch / name / split
            try:
                build(name, shared / "data" / "raw" / folder, out, BuildOptions(split=split))
            except MedsinsError:
                continue  # a split this copy of the corpus does not have
            for path in find_task_files([out]):
                for instance in open_reader(path):
                    texts |= dict.fromkeys(text for text in (instance.input, *instance.outputs) if text)
    return [text for text in texts if len(WORD.findall(text)) >= SENTENCE]


def apart(texts: Sequence[str]) -> list[str]:
    """The texts without those that share half of their runs of eight words with an earlier one: real duplicates would
    be counted as false finds. Plain sets of words, nothing of what is measured.
    """
    met: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: list[int] = []
    kept = []
    for text in sorted(texts, key=len, reverse=True):
        words = WORD.findall(text.lower())
        runs = {tuple(words[i : i + 8]) for i in range(max(1, len(words) - 7))}
        shared: dict[int, int] = defaultdict(int)
        for run in runs:
            for other in met.get(run, ()):
                shared[other] += 1
        if all(2 * count < min(len(runs), sizes[other]) for other, count in shared.items()):
            for run in runs:
                met[run].append(len(kept))
            sizes.append(len(runs))
            kept.append(text)
    random.Random(0).shuffle(kept)
    return kept


def changed(text: str, share: float, words: Sequence[str], rng: random.Random) -> str:
    """The text with a share of its words replaced by others."""
    places = list(re.finditer(r"\w+", text))
    chosen = sorted(rng.sample(range(len(places)), round(share * len(places))), reverse=True)
    for number in chosen:
        begin, end = places[number].span()
        text = f"{text[:begin]}{rng.choice(words)}{text[end:]}"
    return text


def punctuated(text: str, rng: random.Random) -> str:
    """The text with other punctuation and blanks."""
    text = re.sub(r"[^\w\s]", lambda found: rng.choice(["", " ", found[0], f" {found[0]} "]), text)
    return re.sub(r"\s+", lambda _: rng.choice([" ", "  ", "\n", ", "]), text)


def planted(kind: str, text: str, rng: random.Random, around: Sequence[str], words: Sequence[str]) -> str:
    """A text as a leak of some kind."""
    if kind == "re-cased":
        return rng.choice([str.upper, str.lower, str.title])(text)
    if kind == "punctuation":
        return punctuated(text, rng)
    if kind == "10 % changed":
        return changed(text, 0.1, words, rng)
    if kind == "embedded":
        return f"{rng.choice(around)}\n{text}\n{rng.choice(around)}"
    if kind == "embedded, 10 % changed":
        return f"{rng.choice(around)} {changed(text, 0.1, words, rng)} {rng.choice(around)}"
    return text


KINDS = ("exact", "re-cased", "punctuation", "10 % changed", "embedded", "embedded, 10 % changed")


def write(path: Path, texts: Sequence[str]) -> Path:
    """A task file whose inputs are the texts; the outputs say nothing."""
    from medsins.core import Card, Instance
    from medsins.tasks import open_writer

    with open_writer(path, Card(categories=("MCQA",), definition=("Answer.",))) as writer:
        writer.write([Instance(f"{path.stem}-{number}", text, ("yes",)) for number, text in enumerate(texts)])
    return path


def found_pairs(train: Path, test: Path) -> set[tuple[int, int]]:
    """(training row, test row) of every leak found."""
    from medsins.audit.leakage import find_leakage

    leakage = find_leakage([train], [test])
    return {(row, removal.leak.test) for row, removal in leakage.removals[0].items()}


def measure_quality(scratch: Path, limit: int) -> None:
    """Recall of each kind and precision over all, then the curve."""
    texts = apart(real_texts(scratch / "corpora"))[:limit]
    words = sorted({word for text in texts for word in WORD.findall(text)})
    print(f"{len(texts):,} real texts, {sum(len(WORD.findall(text)) for text in texts):,} words\n")
    heads = ("planted", "found", "recall", "false", "precision")
    print(f"{'texts':<10} {'planted as':<24}", *(f"{head:>10}" for head in heads))
    for name, chosen in pools(texts):
        tests, rest = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]
        for kind in KINDS:
            rng = random.Random(kind)
            leaks = list(range(0, len(tests), 2))
            train = [*rest, *(planted(kind, tests[leak], rng, rest, words) for leak in leaks)]
            report(scratch, name, kind, (train, tests, {(len(rest) + at, leak) for at, leak in enumerate(leaks)}))
        print()
    print("recall over the share of changed words")
    for name, chosen in pools(texts):
        tests, rest = chosen[: len(chosen) // 2][:1000], chosen[len(chosen) // 2 :]
        for share in (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
            rng = random.Random(f"{share}")
            train = [*rest, *(changed(text, share, words, rng) for text in tests)]
            truth = {(len(rest) + at, at) for at in range(len(tests))}
            report(scratch, name, f"{share:.0%} changed", (train, tests, truth))


def pools(texts: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Long texts, and sentences."""
    yield "long", [text for text in texts if len(WORD.findall(text)) >= LONG]
    yield "sentences", [text for text in texts if len(WORD.findall(text)) < LONG]


def report(scratch: Path, name: str, kind: str, case: tuple[list[str], list[str], set[tuple[int, int]]]) -> None:
    """Look for leaks in a case (training texts, test texts, true pairs), and print a line of the table."""
    train, tests, truth = case
    found = found_pairs(write(scratch / "train.jsonl", train), write(scratch / "test.jsonl", tests))
    right, wrong = len(found & truth), len(found - truth)
    recall, precision = right / len(truth), right / max(1, len(found))
    print(
        f"{name:<10} {kind:<24} {len(truth):>8,} {right:>8,} {recall:>8.4f} {wrong:>12,} {precision:>10.4f}", flush=True
    )
    for row, test in sorted(found - truth)[: int(os.environ.get("SHOW", "0"))]:
        print(f"    false: {tests[test][:200]!r}\n       in: {train[row][:200]!r}")


LEAKING = 100  # every so many training instances of the scale run one is a test instance with a tenth changed


def write_scale(scratch: Path, train: int, test: int) -> tuple[Path, Path, int]:
    """Training and test files of texts made from real ones, with leaks; the number of leaks."""
    maker = TextMaker(real_texts(scratch / "corpora"))
    words = [str(word) for word in maker.vocabulary[:: max(1, len(maker.vocabulary) // 5000)] if word != "\n"]
    tests = list(maker.texts(test, 1))
    rng = random.Random(2)
    leaks = 0
    with (scratch / "train.jsonl").open("w", encoding="utf-8") as stream:
        for row, text in enumerate(maker.texts(train, 3)):
            if row % LEAKING == 0:
                text, leaks = changed(tests[(row // LEAKING) % test], 0.1, words, rng), leaks + 1
            stream.write(json.dumps({"id": f"r{row}", "input": text, "output": ["yes"]}, ensure_ascii=False) + "\n")
    return scratch / "train.jsonl", write(scratch / "test.jsonl", tests), leaks


def measure_scale(scratch: Path, train: int, test: int) -> None:
    """Time and memory for a quarter, half and all of the training instances, and the slope."""
    path, tests, _ = write_scale(scratch, train, test)
    print(
        f"{test:,} test instances; one in {LEAKING} training instances leaks; {os.cpu_count()} processors, {load()}\n"
    )
    heads = ("training", "MB", "seconds", "cpu s", "rows/s", "peak MB", "leaks", "found")
    print(*(f"{head:>10}" for head in heads))
    times = []
    for part in (4, 2, 1):
        rows = train // part
        some = path if part == 1 else head_of(path, scratch / "part.jsonl", rows)
        found = run_measured([sys.executable, __file__, "find", str(some), str(tests)])
        size, leaks = some.stat().st_size / 1e6, -(-rows // LEAKING)
        figures = (
            f"{found.seconds:.1f}",
            f"{found.cpu:.1f}",
            f"{rows / found.seconds:,.0f}",
            f"{found.peak / 1e6:,.0f}",
        )
        print(
            *(f"{text:>10}" for text in (f"{rows:,}", f"{size:,.0f}", *figures, f"{leaks:,}", found.output)), flush=True
        )
        times.append((rows, found.seconds))
    (few, short), (many, long) = times[0], times[-1]
    slope = (long - short) / (many - few)
    whole = long + slope * (13_500_000 - many)
    print(
        f"\nslope: {1e6 * slope:.1f} s a million training instances; 13.5 million: {whole / 60:.0f} minutes; {load()}"
    )


def measure_peers(scratch: Path, peers: Path | None, limit: int) -> None:
    """Time, memory, recall by kind and precision of three tools on the same files, one after the other."""
    if peers is None or not peers.exists():
        sys.exit("name the Python of the others' environment with --peers; the top of this file says how to make it")
    texts = apart(real_texts(scratch / "corpora"))[:limit]
    words = sorted({word for text in texts for word in WORD.findall(text)})
    tests, rest = texts[: len(texts) // 3], texts[len(texts) // 3 :]
    rng = random.Random(4)
    leaks = [(kind, number) for number in range(0, len(tests), 2) for kind in [KINDS[number // 2 % len(KINDS)]]]
    train = [*rest, *(planted(kind, tests[number], rng, rest, words) for kind, number in leaks)]
    kinds = {len(rest) + at: kind for at, (kind, _) in enumerate(leaks)}
    files = [str(write(scratch / "train.jsonl", train)), str(write(scratch / "test.jsonl", tests))]
    print(f"{len(train):,} training texts, {len(tests):,} test texts, {len(kinds):,} leaks; {load()}\n")
    print(
        f"{'':<12}",
        *(f"{head:>10}" for head in ("seconds", "cpu s", "peak MB", "precision", "recall")),
        *KINDS,
        sep="  ",
    )
    other = str(Path(__file__).with_name("_audit_peers.py"))
    commands = {"medsins": [sys.executable, __file__, "rows"]}
    commands |= {name: [str(peers), other, name] for name in ("datasketch", "datatrove")}
    for name, command in commands.items():
        found = run_measured([*command, *files])
        rows = set(json.loads(found.output))
        by_kind = [sum(row in rows for row in kinds if kinds[row] == kind) for kind in KINDS]
        counts = [sum(kinds[row] == kind for row in kinds) for kind in KINDS]
        shares = (len(rows & set(kinds)) / max(1, len(rows)), sum(by_kind) / len(kinds))
        figures = (
            f"{found.seconds:.1f}",
            f"{found.cpu:.1f}",
            f"{found.peak / 1e6:,.0f}",
            *(f"{s:.4f}" for s in shares),
        )
        cells = [
            f"{part / max(1, whole):{len(kind)}.3f}" for kind, part, whole in zip(KINDS, by_kind, counts, strict=True)
        ]
        print(f"{name:<12}", *(f"{text:>10}" for text in figures), *cells, sep="  ", flush=True)


def load() -> str:
    """What else the machine does."""
    return f"load {os.getloadavg()[0]:.1f}"


def head_of(path: Path, target: Path, rows: int) -> Path:
    """The first rows of a file of lines."""
    with path.open("rb") as source, target.open("wb") as stream:
        stream.writelines(islice(source, rows))
    return target


@dataclass(frozen=True)
class Measured:
    """A finished command: ``peak`` is the memory (bytes, shared pages counted once) of it and all it started."""

    seconds: float
    cpu: float
    peak: int
    output: str


def run_measured(command: list[str]) -> Measured:
    """Run a command; its last line of output, time and memory."""
    before, started = os.times(), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.3):
            peak[0] = max(peak[0], sum(map(memory, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    stop.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Measured(time.monotonic() - started, cpu, peak[0], (out.strip().splitlines() or [""])[-1])


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def memory(pid: int) -> int:
    """Bytes of a process; pages shared with others in equal parts."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Command line."""
    if sys.argv[1:2] == ["find"]:
        print(len(found_pairs(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    if sys.argv[1:2] == ["rows"]:
        print(json.dumps(sorted({row for row, _ in found_pairs(Path(sys.argv[2]), Path(sys.argv[3]))})))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quality", "scale", "peers"))
    parser.add_argument("--limit", type=int, default=10**9, help="real texts used for quality (all)")
    parser.add_argument("--train", type=int, default=1_000_000, help="training instances of the scale run")
    parser.add_argument("--test", type=int, default=50_000, help="test instances of the scale run")
    parser.add_argument("--peers", type=Path, help="Python of an environment with datasketch and datatrove")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        scratch = Path(folder)
        if args.what == "quality":
            measure_quality(scratch, args.limit)
        elif args.what == "scale":
            measure_scale(scratch, args.train, args.test)
        else:
            measure_peers(scratch, args.peers, args.limit)


if __name__ == "__main__":
    main()
