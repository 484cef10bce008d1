"""How long the corpora take to build whose raw files are at hand, and how fast records are converted.

    python benchmarks/corpora_build.py DOWNLOADS [--jobs 2]

DOWNLOADS holds one folder for each downloaded release, under any name; each corpus takes the folder in which most of
its files are found.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from medsins.core import MedsinsError
from medsins.corpora import BuildReport, RawFolder, build_many, corpus_names, load_corpus


def find_folder(name: str, downloads: Path) -> Path | None:
    """The folder with most of the corpus's files; of several, the smallest."""
    corpus = load_corpus(name).CORPUS
    candidates = []
    for folder in sorted(path for path in downloads.iterdir() if path.is_dir()):
        raw = RawFolder(folder, corpus)
        found = sum(bool(raw.glob(pattern)) for pattern in corpus.files)
        if found:
            candidates.append((-found, sum(1 for _ in folder.rglob("*")), folder))
    return min(candidates)[2] if candidates else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("downloads", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    folders = {name: find_folder(name, args.downloads.resolve()) for name in corpus_names()}
    names = [name for name, folder in folders.items() if folder]
    with tempfile.TemporaryDirectory() as scratch:
        raw, out = Path(scratch, "raw"), Path(scratch, "out")
        raw.mkdir()
        for name in names:
            (raw / name).symlink_to(folders[name], target_is_directory=True)
        start, processor = time.perf_counter(), os.times()
        instances = built = 0
        print(f"{'corpus':<22}{'instances':>10}{'done after s':>14}")
        for name, outcome in build_many(names, raw, out, jobs=args.jobs):
            taken = time.perf_counter() - start
            if isinstance(outcome, MedsinsError):  # a pattern of it matched the files of another corpus
                print(f"{name:<22}{'none':>10}{taken:>14.1f}")
                continue
            assert isinstance(outcome, BuildReport)
            number = sum(counts.instances for counts in outcome.written)
            instances, built = instances + number, built + 1
            print(f"{name:<22}{number:>10,}{taken:>14.1f}")
        wall = time.perf_counter() - start
        size = sum(path.stat().st_size for path in out.rglob("*.json")) / 1e6
        after = os.times()
        spent = sum(after[i] - processor[i] for i in range(4))
    print(f"{built} corpora, {instances:,} instances, {size:.0f} MB in {wall:.1f} s ({args.jobs} jobs)")
    print(f"processor time {spent:.1f} s; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
