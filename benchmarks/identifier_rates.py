"""How often the rules for identifiers speak up on texts that name no patient, and how fast they are.

    python benchmarks/identifier_rates.py PATH...

PATH is a task file, a folder of them, or a JSON object of PubMedQA's shape (id to CONTEXTS). Prints, by file, the texts
looked at, the share with a find, and the finds by kind; the finds themselves only with ``--show``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from medsins.core.identifiers import find_identifiers


def texts(path: Path) -> Iterator[str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return
    if isinstance(document, dict) and isinstance(document.get("Instances"), list):
        yield from (str(instance.get("input", "")) for instance in document["Instances"])
    elif isinstance(document, dict):
        for entry in document.values():
            if isinstance(entry, dict) and "CONTEXTS" in entry:
                yield " ".join(entry["CONTEXTS"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--show", action="store_true", help="print the finds with what stands around them")
    args = parser.parse_args()
    files = [f for path in args.paths for f in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    total = hit = size = 0
    spent = 0.0
    print(f"{'file':32} {'texts':>7} {'with a find':>12}  kinds")
    for file in files:
        kinds: Counter[str] = Counter()
        count = found = 0
        for text in texts(file):
            started = time.process_time()
            hits = find_identifiers(text)
            spent += time.process_time() - started
            count, found, size = count + 1, found + bool(hits), size + len(text)
            kinds.update({hit.kind for hit in hits})
            for one in hits if args.show else ():
                print("   ", one.kind, repr(text[max(0, one.start - 40) : one.end + 20]))
        if count:
            print(f"{file.name:32} {count:7,} {100 * found / count:11.2f}%  {dict(kinds)}")
        total, hit = total + count, hit + found
    share = 100 * hit / total if total else 0.0
    pace = size / max(spent, 1e-9) / 1e6
    print(f"{total:,} texts, {share:.2f}% with a find; {pace:.1f} million characters in a second of processor time")


if __name__ == "__main__":
    main()
