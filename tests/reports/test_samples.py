from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import Completion, Prediction
from medsins.reports.figures import read_sheet
from medsins.reports.rundata import Judgement, Usage, load_run, predictions, read_judgements
from medsins.reports.samples import BLOCK, OUTCOMES, outcome, pack, pack_samples


def unpack(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def row(index: int, text: str = "answer", task: str = "task1") -> Prediction:
    done = Completion(text, prompt_tokens=10 + index, completion_tokens=2, latency=float(index))
    return Prediction(task, index, f"id{index}", f"question {index}", f"prompt {index}", ("a", "b"), done, 1, 2)


@given(st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_packed_values_come_back_and_need_no_escaping_in_html(value: Any) -> None:
    text = pack(value)
    assert unpack(text) == value
    assert not set(text) & set("<>&\"' \n")
    assert pack(value) == text


@pytest.mark.parametrize(
    ("judgement", "expected"),
    [
        (None, "not scored yet"),
        (Judgement({"accuracy": 1.0}), "right"),
        (Judgement({"accuracy": 0.0}), "wrong"),
        (Judgement({"other": 1.0, "accuracy": 0.5}), "partial"),
        (Judgement({"other": 1.0}), "right"),
        (Judgement({}), "unscored"),
        (Judgement({"accuracy": 0.0}, "refused"), "unscored"),
    ],
)
def test_outcomes(judgement: Judgement | None, expected: str) -> None:
    assert outcome(judgement, "accuracy") == expected


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_blocks_hold_every_row_once_in_order(rows: int) -> None:
    packed = pack_samples(((k, row(k)) for k in range(rows)), {}, read_sheet({"profiles": {"strict": {}}}))
    texts = [sample for block in packed.texts for sample in unpack(block)]
    assert [sample["id"] for sample in texts] == [f"id{k}" for k in range(rows)]
    assert [p for block in packed.prompts for p in unpack(block)] == [f"prompt {k}" for k in range(rows)]
    index = unpack(packed.index)
    assert len(index["task"]) == len(index["outcome"]["strict"]) == packed.rows == rows
    assert index["row"] == list(range(rows))
    assert all(len(unpack(block)) <= BLOCK for block in packed.texts)


def test_judgements_join_by_row_and_profile(run_dir: Path) -> None:
    run, judged = load_run(run_dir), read_judgements(run_dir)
    packed = pack_samples(predictions(run_dir), judged, run.sheet)
    index = unpack(packed.index)
    texts = [sample for block in packed.texts for sample in unpack(block)]
    for line in (run_dir / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        metrics, unscored, _ = texts[sample["row"]]["judged"][sample["profile"]]
        assert (metrics, unscored) == (sample["metrics"], sample["unscored"])
        assert index["tasks"][index["task"][sample["row"]]] == sample["task_id"]
        named = OUTCOMES[index["outcome"][sample["profile"]][sample["row"]]]
        assert (named == "unscored") == bool(sample["unscored"] or not sample["metrics"])


def test_rows_of_an_unfinished_run_keep_their_numbers() -> None:
    judged = {7: {"strict": Judgement({"accuracy": 1.0})}}
    sheet = read_sheet({"profiles": {"strict": {"tasks": {"task1": {"primary": "accuracy"}}}}})
    index = unpack(pack_samples([(2, row(2)), (7, row(7))], judged, sheet).index)
    assert index["row"] == [2, 7]
    assert [OUTCOMES[code] for code in index["outcome"]["strict"]] == ["not scored yet", "right"]


def test_lines_that_are_no_judgement_are_left_out(tmp_path: Path) -> None:
    good = {"row": 0, "profile": "strict", "metrics": {"f1": 0.5, "x": None}, "unscored": None, "extracted": ["a"]}
    lines = ["", "{", "[1]", '{"row": "0"}', '{"row": 1}', json.dumps(good)]
    (tmp_path / "samples.jsonl").write_text("\n".join(lines))
    assert read_judgements(tmp_path) == {0: {"strict": Judgement({"f1": 0.5}, "", '["a"]')}}


def test_usage_counts_tokens_seconds_and_what_did_not_fit() -> None:
    usage = Usage("task1")
    for k in range(1, 101):
        usage.add(row(k))
    assert (usage.rows, usage.median_latency, usage.p95_latency, usage.longest_prompt) == (100, 50.5, 95.0, 110)
    assert (usage.shots_dropped, usage.prompts_short_of_shots) == (100, 100)
    assert (usage.prompts_cut, usage.characters_cut) == (100, 200)
    both = Usage("")
    both.merge(usage)
    both.merge(usage)
    assert both.rows == 200
    assert both.characters_cut == 400
    assert Usage("none").p95_latency == 0.0
