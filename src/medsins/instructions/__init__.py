"""Instruction variants of tasks: import, rewriting with a model, quality control, sampling.

A variants file is JSON Lines, one wording a line with where it comes from. What is good in it goes into the
``Definition`` of task files (``add_wordings``), the one place where prompts, exports and mixtures take wordings from.
"""

from .apply import add_wordings
from .check import ALL_RULES, Judged, TaskCheck, check_task, check_variants, cleaned
from .diversity import Diversity, diversity
from .journal import Answer, Journal
from .rewrite import Ask, Complete, Job, results, rewrite
from .rules import RULES, Fault, judge
from .sources import Found, card_access, read_cards, read_sources, source_cards, survey
from .variants import (
    ORIGINS,
    SUFFIX,
    Variant,
    by_task,
    is_variants_file,
    read_variants,
    wording_digest,
    write_variants,
)

__all__ = [
    "ALL_RULES",
    "ORIGINS",
    "RULES",
    "SUFFIX",
    "Answer",
    "Ask",
    "Complete",
    "Diversity",
    "Fault",
    "Found",
    "Job",
    "Journal",
    "Judged",
    "TaskCheck",
    "Variant",
    "add_wordings",
    "by_task",
    "card_access",
    "check_task",
    "check_variants",
    "cleaned",
    "diversity",
    "is_variants_file",
    "judge",
    "read_cards",
    "read_sources",
    "read_variants",
    "results",
    "rewrite",
    "source_cards",
    "survey",
    "wording_digest",
    "write_variants",
]
