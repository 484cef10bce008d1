"""An audit with something of everything: invented texts in several languages, every severity, tables with bars."""

from __future__ import annotations

import random
from typing import Any

from medsins.audit import Evidence, Finding, Section, Table, audit_document

LEFT = "A 58-year-old woman has had a dull ache below the ribs for three weeks and now notices dark urine."
RIGHT = "A woman, 58, notices dark urine; the dull ache below her ribs began three weeks ago."


def leakage(pairs: int = 40) -> Section:
    chance = random.Random(3)
    rows = []
    for k in range(pairs):
        rate = chance.uniform(0, 12)
        rows.append((f"task{900 + k}", f"task{k}", 100 + k, rate, max(0.0, rate - 2.0), rate + 3.0))
    return Section(
        check="leakage",
        title="Leakage",
        summary=f"{pairs} pairs of tasks share texts: 412 of 9,130 test instances (4.5 %) are in the training set.",
        findings=(
            Finding("warning", "task902 ↔ task2", "12 questions are near-duplicates of training inputs"),
            Finding("error", "task901 ↔ task1", "31 of 100 answers are in the training set", "take them out: --clean"),
            Finding("note", "task905", "the instruction itself is shared, which is no leak"),
        ),
        tables=(
            Table(
                title="Test instances in the training set",
                columns=("test task", "training task", "instances", "share", "low", "high"),
                rows=tuple(rows),
                units=("", "", "instances", "%", "%", "%"),
                note="Share of the test task's instances with a near-duplicate, 95 % interval (Wilson).",
                value="share",
                low="low",
                high="high",
            ),
        ),
        evidence=(
            Evidence("task901 / 7 / input", LEFT, "task1 / 4410 / input", RIGHT, "near-duplicate", 0.8125,
                     ("woman", "dull", "ache", "below", "ribs", "three", "weeks", "notices", "dark", "urine")),
            Evidence("task902 / 3 / input", "患者三天前开始发热，伴有干咳和乏力。", "task2 / 9 / input",
                     "三天前开始发热，干咳。", "embedded", 0.6, ("三天前开始发热", "干咳")),
            Evidence("task905 / 1 / output", "No change.", why="shown alone"),
        ),
        settings={"threshold": 0.8, "n-gram": 8, "seed": 0, "digests": {"task901": "ab12"}},
    )  # fmt: skip


def labels() -> Section:
    return Section("labels", "Labels", "All labels of 12 tasks are spread as they should be.", settings={"seed": 0})


def differences() -> Section:
    table = Table(
        title="What shots change",
        columns=("task", "points", "from", "to"),
        rows=(("task901", -4.0, -9.0, 1.0), ("task902", 6.0, 2.0, 9.5), ("task903", None, None, None)),
        units=("", "points", "points", "points"),
        value="points",
        low="from",
        high="to",
    )
    finding = Finding("warning", "task902", "moves with the order of shots", "state several orders")
    return Section("run", "What the score hides", "One of 3 tasks moves.", (finding,), (table,))


def document(*sections: Section) -> dict[str, Any]:
    """The JSON of an audit of these sections; of all of the above without any."""
    return audit_document(sections or (leakage(), labels(), differences()), ["train/", "bench/task901.json"])
