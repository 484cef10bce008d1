"""Splitting, counting and showing task files, and the contributor's template."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.catalog import categories
from medsins.core import Card, Instance, InvalidFile, UsageError
from medsins.tasks import open_reader, open_writer, read_task, show_instance, split_task, task_stats, write_template
from medsins.tasks.stats import estimated_tokens, words_in

from .samples import CARD, content, plain, read_all, write_json


def written(path: Path, rows: list[Instance]) -> Path:
    with open_writer(path, CARD) as writer:
        writer.write(rows)
    return path


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(
    inputs=st.lists(st.sampled_from(["a", "A ", "b", "c", "c  d", "C d", "e", "f", "g", "h"]), min_size=2, max_size=40),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 5),
)
def test_no_input_stands_on_both_sides(tmp_path: Path, inputs: list[str], share: float, seed: int) -> None:
    rows = [Instance(f"i{number}", text, ("x",)) for number, text in enumerate(inputs)]
    path = written(tmp_path / "drugs.jsonl", rows)
    if len(set(map(folded, inputs))) == 1:
        with pytest.raises(UsageError, match="cannot be split"):
            split_task(path, tmp_path, test_share=share, seed=seed)
        return
    done = split_task(path, tmp_path, test_share=share, seed=seed)
    train, test = read_all(done.train), read_all(done.test)
    assert not {folded(one.input) for one in train} & {folded(one.input) for one in test}
    assert sorted(one.id for one in train + test) == sorted(one.id for one in rows)
    assert (len(train), len(test)) == (done.train_instances, done.test_instances)
    assert train
    assert test
    order = {one.id: number for number, one in enumerate(rows)}
    for part in (train, test):
        assert [order[one.id] for one in part] == sorted(order[one.id] for one in part)


def test_one_tenth_is_for_test_and_the_seed_decides(tmp_path: Path) -> None:
    path = written(tmp_path / "task46_terms.json", plain(2000, size=60))
    done = split_task(path, tmp_path / "a")
    assert (done.train_instances, done.test_instances) == (1800, 200)
    assert (done.train.name, done.test.name) == ("task46_terms.train.json", "task46_terms.test.json")
    again = split_task(path, tmp_path / "b")
    other = split_task(path, tmp_path / "c", seed=1)
    assert done.test.read_bytes() == again.test.read_bytes()
    assert done.test.read_bytes() != other.test.read_bytes()
    assert open_reader(done.test).card.split_type == "Test"
    assert open_reader(done.train).card.split_type == "Train"


def test_a_split_does_not_depend_on_the_format_or_the_order(tmp_path: Path) -> None:
    rows = plain(500, size=60)
    one = split_task(written(tmp_path / "drugs.parquet", rows), tmp_path / "a", seed=3)
    two = split_task(written(tmp_path / "drugs.json", rows[::-1]), tmp_path / "b", seed=3)
    assert one.test.suffix == ".parquet"
    assert {row.id for row in read_all(one.test)} == {row.id for row in read_all(two.test)}


def test_patients_stay_together(tmp_path: Path) -> None:
    rows = [Instance(f"i{n}", f"note {n}", ("x",), True, {"patient": n // 10}) for n in range(400)]
    rows.append(Instance("without", "note without", ("x",)))
    done = split_task(written(tmp_path / "notes.json", rows), tmp_path, group="patient")
    sides = [{row.extra.get("patient") for row in read_all(part)} - {None} for part in (done.train, done.test)]
    assert not sides[0] & sides[1]
    assert 30 <= done.test_instances <= 50
    with pytest.raises(UsageError, match="no instance has the key 'ward'"):
        split_task(tmp_path / "notes.json", tmp_path, group="ward")


def test_shares_and_files_that_cannot_be(tmp_path: Path) -> None:
    path = written(tmp_path / "drugs.json", plain(10))
    for share in (0, 1, -3, 1.5):
        with pytest.raises(UsageError, match="between 0 and 1"):
            split_task(path, tmp_path, test_share=share)
    path.write_text('{"Instances": [{"input": []}]}')
    with pytest.raises(InvalidFile):
        split_task(path, tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["drugs.json"]


def test_counts(tmp_path: Path) -> None:
    rows = [Instance("a", "one two three", ("yes", "ja")), Instance("b", "患者は four", ("yes",))]
    rows.append(Instance("c", "", ()))
    stats = task_stats(written(tmp_path / "drugs.json", rows))
    assert (stats.task_id, stats.category, stats.instances, stats.references) == (
        "drugs",
        "Named Entity Recognition",
        3,
        3,
    )
    assert stats.lengths["input"]["words"].total == 3 + 4
    assert stats.lengths["input"]["words"].longest == 4
    assert stats.lengths["output"]["characters"].mean == 2.0
    assert stats.lengths["output"]["characters"].median == 3.0
    assert stats.labels == {"yes": 2}
    assert stats.tokens_estimated


def test_counts_of_a_large_file_agree_with_plain_python(tmp_path: Path) -> None:
    rows = plain(5000)
    stats = task_stats(written(tmp_path / "drugs.jsonl", rows))
    assert stats.lengths["input"]["words"].total == sum(words_in(row.input) for row in rows)
    assert stats.lengths["output"]["words"].total == sum(words_in(row.reference) for row in rows)
    assert stats.labels == dict(Counter(row.reference for row in rows).most_common(20))


def test_an_empty_file_has_no_lengths(tmp_path: Path) -> None:
    assert task_stats(written(tmp_path / "drugs.json", [])).lengths["input"]["tokens"].longest == 0


def test_tokens_of_a_tokenizer(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra 'local' is not installed")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "pain": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    path = written(tmp_path / "drugs.json", [Instance("a", "pain, no pain", ("pain",))])
    stats = task_stats(path, tmp_path / "tokenizer.json")
    assert (stats.lengths["input"]["tokens"].total, stats.lengths["output"]["tokens"].total) == (4, 1)
    assert not stats.tokens_estimated
    (tmp_path / "other.json").write_text("{}")
    for name in ("other.json", "none.json"):
        with pytest.raises(UsageError, match="tokenizer"):
            task_stats(path, tmp_path / name)


@given(st.text())
def test_words_and_tokens_are_never_negative(text: str) -> None:
    assert 0 <= words_in(text) <= len(text)
    assert 0 <= estimated_tokens([text])[0] <= max(1, len(text))


@pytest.mark.parametrize("suffix", [".json", ".jsonl.gz", ".parquet", ".xlsx"])
def test_showing_an_instance(tmp_path: Path, suffix: str) -> None:
    rows = plain(3000, size=100)
    path = written(tmp_path / f"drugs{suffix}", rows)
    for index in (0, 1234, 2999):
        shown = show_instance(path, index)
        assert content([shown.instance]) == content([rows[index]])
    assert (shown.category, shown.language, shown.access) == ("Named Entity Recognition", "English", "unknown")
    for index in (3000, -1):
        with pytest.raises(UsageError, match="0 to 2999"):
            show_instance(path, index)


def test_showing_reads_no_further_than_it_has_to(tmp_path: Path) -> None:
    path = write_json(tmp_path / "drugs.json", plain(9000))
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - 1000] + b"broken")
    assert show_instance(path, 3).instance.id == "i3"
    with pytest.raises(InvalidFile):
        show_instance(path, 8999)


def rules(sheet: Any) -> dict[str, Any]:
    return {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}


def test_the_template_offers_what_the_catalogue_knows(tmp_path: Path) -> None:
    write_template(tmp_path / "drugs.xlsx", "Diagnosis")
    book = openpyxl.load_workbook(tmp_path / "drugs.xlsx")
    assert book.sheetnames == ["Basic Information", "Instances", "Lists", "Example"]
    assert book["Lists"].sheet_state == "hidden"
    information = book["Basic Information"]
    labels = {row[0].value: row[0].row for row in information.iter_rows() if row[0].value}
    assert information.cell(labels["Categories"], 2).value == "Diagnosis"
    found = rules(information)
    for label, row in labels.items():
        if label == "Task Card":
            continue
        assert found[f"B{row}"].prompt
        assert information.cell(row, 1).comment.text
    listed = found[f"B{labels['Categories']}"].formula1
    assert listed.startswith("Lists!$A$1:$A$")
    offered = [cell.value for (cell,) in book["Lists"][listed.split("!")[1].replace("$", "")]]
    assert offered == list(categories())
    assert {book["Instances"].column_dimensions[letter].number_format for letter in "AB"} == {"@"}


def test_the_example_sheet_is_not_read(tmp_path: Path) -> None:
    write_template(tmp_path / "drugs.xlsx")
    with pytest.raises(InvalidFile, match="has no instances"):
        read_task(tmp_path / "drugs.xlsx")
    assert open_reader(tmp_path / "drugs.xlsx").card == Card()


def test_the_example_is_a_sound_task(tmp_path: Path) -> None:
    write_template(tmp_path / "drugs.xlsx")
    book = openpyxl.load_workbook(tmp_path / "drugs.xlsx")
    information, samples = book["Basic Information"], book["Instances"]
    labels = {row[0].value: row[0].row for row in information.iter_rows() if row[0].value}
    for label, value in book["Example"].iter_rows(min_row=3, max_row=13, values_only=True):
        information.cell(labels[label], 2, value)
    for text, expected in book["Example"].iter_rows(min_row=16, values_only=True):
        samples.append([text, expected])
    book.save(tmp_path / "drugs.xlsx")
    task = read_task(tmp_path / "drugs.xlsx")
    assert len(task.instances) == 3
    assert task.category == "Named Entity Recognition"
    assert json.loads(json.dumps(task.card.extra)) == {"Access": "open", "Licence": "CC0"}
