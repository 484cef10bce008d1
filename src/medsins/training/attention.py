"""Who may look at whom in a packed row, and which state predicts which token."""

from __future__ import annotations

import numpy as np

from .records import Bools, Ints, Row


def visible(row: Row) -> Bools:
    """(tokens, tokens): whether the token of the first axis attends to that of the second. See ``Row``."""
    same_group = row.group[:, None] == row.group[None, :]
    reachable = (row.part[None, :] == 0) | (row.part[:, None] == row.part[None, :])
    causal = np.tri(len(row), dtype=np.bool_)
    allowed: Bools = same_group & reachable & causal
    return allowed


def predictors(row: Row) -> tuple[Ints, Ints]:
    """(places whose state predicts a token with loss, those tokens' ids), both of as many entries as tokens with loss.

    The state before a token is that of the token before it, or of the prefix's last where it opens its part. A sample
    without prompt has no state before its first token, which then bears no loss.
    """
    places = np.flatnonzero(row.loss)
    before = places - 1
    opens = (before < 0) | (row.part[before] != row.part[places]) | (row.group[before] != row.group[places])
    groups = row.group[places]  # in ascending order, and so are those of all tokens
    start, end = np.searchsorted(row.group, groups), np.searchsorted(row.group, groups, side="right")
    shared = np.concatenate([[0], np.cumsum(row.part == 0)])
    last = start + shared[end] - shared[start] - 1
    before = np.where(opens, last, before)
    known = before < places
    return before[known].astype(np.int32), row.ids[places[known]]
