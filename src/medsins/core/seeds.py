"""Seeds that depend on names, not on the order of calls."""

from __future__ import annotations

import hashlib
import random


def derive_seed(seed: int, *names: str | int) -> int:
    """A 64-bit seed for (run seed, task id, instance id, …), the same on every machine."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def derive_random(seed: int, *names: str | int) -> random.Random:
    """A generator of its own for (run seed, task id, instance id, …)."""
    return random.Random(derive_seed(seed, *names))
