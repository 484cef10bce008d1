"""What every strict scorer returns, and the answers that are none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from medsins.core.records import Score

from .._types import Row, TaskSpec
from ..stats import RowTable

UNSCORED = ("empty", "truncated", "refused", "unparsed", "missing", "error")
"""Why a row has no judgement. Such rows count as wrong in every main number."""

_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial|large language|language model)"
    r"|\bi(?:'m| am) (?:sorry|unable|not able)\b|\bi apologi[sz]e"
    r"|\bi (?:cannot|can't|can not|won't|do not feel able to) "
    r"(?:answer|provide|give|assist|help|diagnose|make|determine|offer)"
    r"|\bje (?:ne peux|suis désolé|ne suis pas en mesure)|\bno puedo\b|\blo siento\b|\bне могу\b|\bизвините\b"
    r"|作为.{0,8}(?:ai|人工智能|语言模型)|无法(?:回答|提供|确定)|抱歉|申し訳|お答えできません|回答できません",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Scored:
    """One task scored: the statistics of its rows, and each row's own score, both in the order of the rows."""

    table: RowTable
    scores: tuple[Score, ...]
    primary: str


Scorer = Callable[[Sequence[Row], TaskSpec], Scored]


def absent(row: Row) -> str:
    """Why there is no text to judge; empty when there is one."""
    if row.status in ("missing", "error", "refused"):
        return row.status
    if row.output is None:
        return "missing"
    if not row.output.strip():
        return "truncated" if row.status == "truncated" else "empty"
    return ""


def refuses(text: str) -> bool:
    """Whether the text says that it will not answer."""
    return _REFUSAL.search(text) is not None


def unreadable(row: Row, text: str) -> str:
    """Why a text that is there gave no answer."""
    if refuses(text):
        return "refused"
    return "truncated" if row.status == "truncated" else "unparsed"


def row_score(row: Row, metrics: Mapping[str, float], unscored: str = "", extracted: str = "") -> Score:
    """A row's own score; ``extracted`` is cut at 2,000 characters, it is there to be read by people."""
    return Score(row.row, row.task_id, metrics, unscored, extracted[:2000])
