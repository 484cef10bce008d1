"""NLTK's word tokenizer on one sentence, leaving out the substitutions that cannot match.

Every substitution needs one of a few characters; which ones run depends only on the special characters of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

Rule = Callable[[str], str]

# What each of NLTK's substitutions needs to match, group by group in their order (NLTK 3.10.4).
STARTING = ("«“‘„`", '"', "`", "\"'", "'")
PUNCTUATION = (".", ":,", ":,", ".", ";@#$%&", "\u2012\u2013\u2014\u2015", ".", "?!", "'", "*")
BRACKETS, DASHES = "[](){}<>", "-"
ENDING = ("»”’", "'", '"', "", "'", "'")
CONTRACTIONS = ("~", "'", "~", "~", "~", "~", "'", "~")
POETIC = ("'", "'")

SPECIAL = frozenset("".join((*STARTING, *PUNCTUATION, BRACKETS, DASHES, *ENDING))) - {"~"}
CONTRACTED = re.compile("cannot|gimme|gonna|gotta|lemme|wanna", re.IGNORECASE)  # stands as "~" in the table
QUOTES = frozenset("\"'")


def treebank(sentence: str) -> list[str]:
    """The tokens of one sentence by NLTK's ``NLTKWordTokenizer``."""
    present = SPECIAL.intersection(sentence)
    before, after = _plan(present | {"~"} if CONTRACTED.search(sentence) else present)
    for rule in before:
        sentence = rule(sentence)
    sentence = f" {sentence} "
    for rule in after:
        sentence = rule(sentence)
    return sentence.split()


@cache
def _plan(present: frozenset[str]) -> tuple[list[Rule], list[Rule]]:
    """The substitutions that may match a sentence with these special characters, before and after it is padded."""
    if present & QUOTES:  # straight quotes become `` and ''
        present |= {"`", "'"}
    before, after = _rules()
    return [rule for needs, rule in before if not needs or present & needs], [
        rule for needs, rule in after if not needs or present & needs
    ]


@cache
def _rules() -> tuple[list[tuple[frozenset[str], Rule]], list[tuple[frozenset[str], Rule]]]:
    from nltk import redos
    from nltk.tokenize import NLTKWordTokenizer as Nltk

    def substitution(pattern: Any, replacement: str) -> Rule:
        # NLTK gives up after 5 s; no rule takes more than linear time, so a long text may have it
        search = redos.compile(pattern, timeout=None) if isinstance(pattern, redos.TimedPattern) else pattern
        return lambda text: search.sub(replacement, text)

    def rules(needs: tuple[str, ...], group: list[tuple[Any, str]]) -> list[tuple[frozenset[str], Rule]]:
        if len(needs) != len(group):
            needs = ("",) * len(group)  # another NLTK: leave nothing out
        return [(frozenset(need), substitution(*rule)) for need, rule in zip(needs, group, strict=True)]

    def split(group: list[Any]) -> list[tuple[Any, str]]:
        return [(pattern, r" \1 \2 ") for pattern in group]

    before = rules(STARTING, Nltk.STARTING_QUOTES) + rules(PUNCTUATION, Nltk.PUNCTUATION)
    before += rules((BRACKETS, DASHES), [Nltk.PARENS_BRACKETS, Nltk.DOUBLE_DASHES])
    after = rules(ENDING, Nltk.ENDING_QUOTES)
    after += rules(CONTRACTIONS, split(Nltk.CONTRACTIONS2)) + rules(POETIC, split(Nltk.CONTRACTIONS3))
    return before, after
