"""The published scorers' own numbers, where the reference data are: equal to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from medsins.metrics.official import SCORERS, run_scorer

PUBLISHED_NAMES = {"macro_precision": "precision", "macro_recall": "recall", "macro_f1": "f1_score"}
ROW_KEYS = ("correct", "bleu1", "rouge_l_f", "tp", "fp", "fn", "counted", "lang", "scored")
SET_KEYS = ("gt_entities", "pred_entities", "gt_classes", "pred_classes")


@cache
def _expectations(folder: Path) -> list[tuple[Path, str, dict[str, Any]]]:
    found = []
    for path in sorted(folder.glob("*.expected.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        csv = path.with_name(path.name.replace(".expected.json", ".csv"))
        found += [
            (csv, name, want) for name, want in (document.get("scorers") or {document["scorer"]: document}).items()
        ]
    return found


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, PUBLISHED_NAMES.get(key, key)))
    else:
        yield path, value


@pytest.mark.parametrize("scorer", SCORERS)
def test_every_figure_and_row(shared: Path, scorer: str) -> None:
    expectations = [(csv, want) for csv, name, want in _expectations(shared / "golden") if name == scorer]
    assert expectations
    for csv, want in expectations:
        got = run_scorer(csv, scorer)
        assert dict(_leaves(got["results"])) == dict(_leaves(want["results"])), csv.name
        assert got["avg"] == want["avg"]
        assert got["n_rows_read"] == want["n_rows_read"]
        assert not got["would_crash"]
        assert [row["row"] for row in got["per_row"]] == [row["row"] for row in want["per_row"]]
        for mine, theirs in zip(got["per_row"], want["per_row"], strict=True):
            for key in ROW_KEYS:
                if theirs.get(key) is not None:
                    assert mine[key] == theirs[key], (csv.name, theirs, key)
            for key in SET_KEYS:
                if key in theirs:
                    assert mine[key] == sorted(theirs[key]) or mine[key] == theirs[key]


def test_rows_on_which_the_scripts_raise_are_named(shared: Path, tmp_path: Path) -> None:
    cases = json.loads((shared / "golden" / "crashes.json").read_text(encoding="utf-8"))["crashes"]
    for case in cases:
        path = tmp_path / "case_X.csv"
        path.write_bytes(case["csv_text"].encode())
        crashes = run_scorer(path, case["scorer"])["would_crash"]
        assert crashes, case["case"]
        assert crashes[0]["reason"].split(":")[0] == case["crash"].split(":")[0], case["case"]


def test_near_misses_score_as_the_scripts_score_them(shared: Path, tmp_path: Path) -> None:
    cases = json.loads((shared / "golden" / "crashes.json").read_text(encoding="utf-8"))["near_misses"]
    for case in cases:
        path = tmp_path / "case_X.csv"
        path.write_bytes(case["csv_text"].encode())
        got = run_scorer(path, case["scorer"])
        assert not got["would_crash"], case["case"]
        expected = [value for part in _as_list(case["result"]) for value in _numbers(part["X"])]
        assert [value for _, value in _leaves(got["results"])] == expected, case["case"]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def test_tokens_are_those_of_the_pinned_nltk(shared: Path) -> None:
    versions = json.loads((shared / "golden" / "nltk_versions.json").read_text(encoding="utf-8"))["versions"]
    expected = {(csv.name, name): want for csv, name, want in _expectations(shared / "golden")}
    compared = 0
    for changed in versions.values():
        for key, older in changed.items():
            csv, scorer = key.split("|")
            rows = {row["row"]: row for row in run_scorer(shared / "golden" / csv, scorer)["per_row"]}
            current = {row["row"]: row for row in expected[csv, scorer]["per_row"]}
            for row in older["rows"]:
                assert rows[row["row"]]["bleu1"] == current[row["row"]]["bleu1"] != row["bleu1"]
                compared += 1
    assert compared
