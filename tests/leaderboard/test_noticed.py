"""What was noticed in a file, in words."""

from __future__ import annotations

from typing import Any

import pytest

from medsins.leaderboard.noticed import noticed


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({}, []),
        ({"rows": 1_234}, ["1,234 rows were taken"]),
        (
            {"rows": 12, "matched_by": {"id": 2, "prompt": 10}},
            ["12 rows were taken: 2 by instance_id, 10 by the question their prompt ends with"],
        ),
        (
            {"missing": {"count": 2, "tasks": {"b": 2}}, "empty": 3, "truncated": 1_000},
            [
                "2 instances have no row and count as wrong (b: 2)",
                "3 answers are empty",
                "1,000 answers were cut at their length limit",
            ],
        ),
        (
            {"missing": {"count": 78, "tasks": {f"t{i}": i for i in range(1, 13)}}},
            [
                "78 instances have no row and count as wrong (t12: 12, t11: 11, t10: 10, t9: 9, t8: 8, t7: 7, t6: 6, "
                "t5: 5, t4: 4, t3: 3 and 2 more tasks)"
            ],
        ),
        (
            {"references_changed": {"count": 12, "rows": list(range(12))}},
            ["12 references differ from the board's, which alone count (rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)"],
        ),
        (
            {"nul": 1, "equal_questions": 4},
            [
                "1 answers held NUL characters, which were replaced",
                "4 rows ask what several instances ask, and were shared out among them",
            ],
        ),
        ({"missing": {"count": 0}, "references_changed": {"count": 0}, "empty": 0}, []),
        ({"missing": [1, 2], "references_changed": [3]}, []),
    ],
)
def test_what_was_noticed_in_words(report: dict[str, Any], said: list[str]) -> None:
    assert noticed(report) == said
