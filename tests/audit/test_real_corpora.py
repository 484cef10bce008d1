"""The three checks on real corpora: findings that are known by other means."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from medsins.audit.duplicates import audit_duplicates
from medsins.audit.identifiers import audit_identifiers
from medsins.audit.labels import audit_labels
from medsins.cli.main import main

RAW = {
    "pico": "pico_annotation",
    "clinical_trials": "clinical_trials_gov_data",
    "pubmedqa": "pubmedqa",
    "meqsum": "meqsum",
    "hoc": "hallmarks_of_cancer",
    "rumedbench": "rumedbench_danet",
}


@pytest.fixture(scope="module")
def built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    for name, raw in RAW.items():
        assert main(["corpora", "build", name, "--raw", str(shared / "data/raw" / raw), "-o", str(folder), "-q"]) == 0
    return folder


def instances(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["Instances"]
    return found


def test_a_split_that_parts_documents(built: Path) -> None:
    section = audit_duplicates([built / "task77.json"])
    by_split: dict[str, list[str]] = defaultdict(list)
    for instance in instances(built / "task77.json"):
        by_split[instance["split"]].append(" ".join(instance["input"].split()).casefold())
    known = sum(text in set(by_split["validation"]) for text in by_split["test"])
    (finding,) = [f for f in section.findings if "is in validation too" in f.what]
    told = int(finding.what.split()[0])
    assert known <= told <= known + 5
    assert told > 0.5 * len(by_split["test"])


def test_constants_score_what_the_published_scorers_say(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("task1", "task2", "task3", "task123")
    found = audit_labels([built / f"{name}.json" for name in names]).extra["tasks"]
    with (tmp_path / "constant.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task_id", "input", "GT", "output"])
        for name in names:
            for instance in instances(built / f"{name}.json"):
                writer.writerow([name, instance["input"], instance["output"][0], found[name]["constant"]["answer"]])
    capsys.readouterr()
    assert main(["score", str(tmp_path / "constant.csv"), "--profile", "official", "--json", "-q"]) == 0
    scored = json.loads(capsys.readouterr().out)["profiles"]["official"]["tasks"]
    for name in names:
        assert 100 * found[name]["baseline"]["constant"] == pytest.approx(scored[name]["metrics"]["accuracy"])


def test_kinds_of_real_tasks(built: Path) -> None:
    tasks = audit_labels([built]).extra["tasks"]
    assert {name: tasks[name]["kind"] for name in ("task1", "task106", "task114", "task123", "task77 (test)")} == {
        "task1": "spans",
        "task106": "several labels",
        "task114": "free text",
        "task123": "yes/no",
        "task77 (test)": "free text",
    }
    assert len(tasks["task106"]["labels"]) == 10
    assert {tasks[name]["kind"] for name in tasks if name.startswith("task61")} == {"multiple choice"}


def test_published_texts_hardly_name_anybody(built: Path) -> None:
    section = audit_identifiers([built])
    instances_seen = sum(task["instances"] for task in section.extra["tasks"].values())
    touched = sum(task["touched"] for task in section.extra["tasks"].values())
    assert instances_seen > 6_000
    assert touched <= 0.005 * instances_seen
    assert not any(evidence.left for evidence in section.evidence)
