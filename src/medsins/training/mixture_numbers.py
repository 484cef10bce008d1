"""Numbers of 64 bits that stand for instances and decide every draw, the same on every machine and in every order.

What an instance gets depends on the seed, its task and its texts alone: not on the other instances or tasks, nor on the
order in which they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsins.core import derive_seed
from medsins.prompts._shots import folded_words, words_key
from medsins.tasks.stats import estimated_tokens, words_in

U64 = NDArray[np.uint64]

Rows = NDArray[Any]
"""Instances as numbers, entries of ``ROW``."""

ROW = np.dtype(
    [("input", "<u8"), ("own", "<u8"), ("words", "<u4"), ("tokens", "<u4"), ("answer_tokens", "<u4"), ("state", "u1")]
)
"""An instance: the number of its input (the same in every task), its own (of its task and the seed), the words and
estimated tokens of input and answer together, the tokens of the answer, and why it is not used (0: it may be).
"""

# What a number is drawn for: draws for different things are unrelated.
ORDER, SHARE, SHOTS, POOL = (np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64) for salt in (1, 2, 3, 4))
_STEP = np.uint64(0xD1342543DE82EF95)


def scramble(values: U64, salt: np.uint64) -> U64:
    """Numbers that look random, one for each of ``values``, for one purpose (Steele et al. 2014, SplitMix64)."""
    x = values ^ salt
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def series(values: U64, columns: int, salt: np.uint64) -> U64:
    """So many numbers for each of ``values``, shape [values, columns]."""
    return scramble(values[:, None] + _STEP * np.arange(1, columns + 1, dtype=np.uint64), salt)


def unit(values: U64) -> NDArray[np.float64]:
    """Numbers of 64 bits as shares in [0, 1)."""
    return (values >> np.uint64(11)).astype(np.float64) * 2.0**-53


def repeated(numbers: U64, repeats: NDArray[np.int64]) -> U64:
    """The numbers of samples: those of their instances, another for each time that one is used (from 0)."""
    return scramble(numbers + _STEP * repeats.astype(np.uint64), np.uint64(0))


class Numbers:
    """Numbers the instances of a task."""

    def __init__(self, seed: int, task: str) -> None:
        self.salt = np.uint64(derive_seed(seed, task, "mixture"))
        self._key = int(self.salt).to_bytes(8, "big")

    def of(self, inputs: Sequence[str], outputs: Sequence[str]) -> Rows:
        """The numbers of instances. Inputs that differ only in case, blanks or Unicode form count as one."""
        rows = np.zeros(len(inputs), ROW)
        keys, own, words = [], [], []
        for asked, answer in zip(inputs, outputs, strict=True):
            folded, said = folded_words(asked), answer.split()
            key = words_key(folded)
            instance = key + " ".join(said).encode("utf-8", "surrogatepass")
            keys.append(key)
            own.append(hashlib.blake2b(instance, digest_size=8, key=self._key).digest())
            words.append(len(folded) if asked.isascii() else words_in(asked))
            words[-1] += len(said) if answer.isascii() else words_in(answer)
        rows["input"], rows["own"] = input_numbers(keys), np.frombuffer(b"".join(own), "<u8")
        rows["words"], rows["answer_tokens"] = words, estimated_tokens(outputs)
        rows["tokens"] = rows["answer_tokens"] + np.array(estimated_tokens(inputs), np.uint32)
        return rows


def input_numbers(keys: Sequence[bytes]) -> U64:
    """The numbers of inputs from their ``text_key``."""
    return np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)[:, 0].astype(np.uint64)
