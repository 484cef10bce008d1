"""Profile ``official``: the numbers of the published MedS-Bench scorers, to the last bit, defects included."""

from __future__ import annotations

from ._records import CategoryScore, Crash, OfficialScores, RowScore, TaskScore
from .aggregate import metrics_from_sums
from .profile import absent_tasks, category_metrics, score_official
from .published import run_scorer
from .reading import OfficialTable, read_official_csv
from .scripts import SCORERS

__all__ = [
    "SCORERS",
    "CategoryScore",
    "Crash",
    "OfficialScores",
    "OfficialTable",
    "RowScore",
    "TaskScore",
    "absent_tasks",
    "category_metrics",
    "metrics_from_sums",
    "read_official_csv",
    "run_scorer",
    "score_official",
]
