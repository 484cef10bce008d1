"""Two other tools on the data of ``audit.py peers``; runs in an environment of their own and prints the rows they find.

datasketch: MinHash of runs of five words, one LSH index of the test texts, asked for each training text. datatrove: its
n-gram decontamination filter with its own tokenizer and defaults, the index made by its indexer's own function (its
indexer as a whole needs another package and the network).
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

WORD = re.compile(r"\w+")


def inputs(path: Path) -> list[str]:
    """The inputs of a file of lines."""
    with path.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return [row["input"] for row in rows if "input" in row]


def runs(text: str, size: int = 5) -> set[bytes]:
    """Runs of words in lower case."""
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + size]).encode() for at in range(max(1, len(words) - size + 1))}


def datasketch(train: Path, test: Path) -> Iterator[int]:
    """Rows whose MinHash collides with that of a test text; a tenth of the words changed leaves a Jaccard of 0.42."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.4, num_perm=128)
    tests = MinHash.bulk([runs(text) for text in inputs(test)], num_perm=128)
    for number, signature in enumerate(tests):
        index.insert(number, signature)
    for row, signature in enumerate(MinHash.generator((runs(text) for text in inputs(train)), num_perm=128)):
        if index.query(signature):
            yield row


def datatrove(train: Path, test: Path) -> Iterator[int]:
    """Rows that hold twelve words of a test text in a row."""
    import numpy as np
    from datatrove.data import Document
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer

    config = NGramsDecontConfig(find_query_ngrams=True)
    with tempfile.TemporaryDirectory() as folder:
        NGramsDecontIndexer._requires_dependencies = []
        indexer = NGramsDecontIndexer(folder, config=config)
        hashes = {number for text in inputs(test) for number in indexer.compute_hashes(text)}
        np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(Path(folder, "test.index.hashes"))
        check = NGramsDecontFilter(folder, config)
        for row, text in enumerate(inputs(train)):
            if check.filter(Document(text=text, id=str(row))) is not True:
                yield row


if __name__ == "__main__":
    find = {"datasketch": datasketch, "datatrove": datatrove}[sys.argv[1]]
    print(json.dumps(list(find(Path(sys.argv[2]), Path(sys.argv[3])))))
