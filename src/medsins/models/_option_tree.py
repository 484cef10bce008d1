"""Options as a tree of tokens: what has to be asked so that each option's log-probability is known.

Options that begin alike share the questions about their beginning ("The answer is A", "The answer is B").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Path = tuple[int, ...]
"""Tokens after the prompt."""


def option_tree(options: Sequence[Sequence[int]]) -> dict[Path, list[int]]:
    """After each path the tokens whose log-probability is needed; the empty path is the prompt itself."""
    tree: dict[Path, list[int]] = {}
    for option in options:
        for i, token in enumerate(option):
            wanted = tree.setdefault(tuple(option[:i]), [])
            if token not in wanted:
                wanted.append(token)
    return tree


def option_sums(options: Sequence[Sequence[int]], odds: Mapping[Path, Mapping[int, float]]) -> tuple[float, ...]:
    """The log-probability of each option: the sum over its tokens."""
    return tuple(sum(odds[tuple(option[:i])][token] for i, token in enumerate(option)) for option in options)
