"""Replaying: the answers of a run or of a file, held against the prompts; every doubt is a named error."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench.runner import run
from medsins.bench.scoring import score_run
from medsins.bench.spec import RunSpec, read_manifest
from medsins.bench.store import read_predictions
from medsins.core import Completion, InvalidFile, Message, Prompt, Request, RunError, Sampling, UsageError
from medsins.core.chat import FORMATS, render, turns
from medsins.models import open_backend
from medsins.models._replay_run import same_prompt
from medsins.reports.tables import write_predictions

MINI = RunSpec(model="mock:echo", suite="mini", limit=3)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay") / "first"
    run(MINI, folder)
    write_predictions(folder)
    return folder


def replayed(source: Path, folder: Path, **changes: object) -> list[Completion]:
    run(replace(MINI, model=f"replay:{source}", **changes), folder)  # type: ignore[arg-type]
    return [p.completion for p in read_predictions(folder)]


def test_a_run_replayed_is_the_same_run(first: Path, tmp_path: Path) -> None:
    run(replace(MINI, model=f"replay:{first}"), tmp_path / "again")
    before, after = list(read_predictions(first)), list(read_predictions(tmp_path / "again"))
    assert [p.completion.text for p in after] == [p.completion.text for p in before]
    assert [p.prompt for p in after] == [p.prompt for p in before]
    assert [p.completion.prompt_tokens for p in after] == [p.completion.prompt_tokens for p in before]
    assert all(p.completion.cached for p in after)
    scores = [score_run(folder, 50)["profiles"]["strict"]["categories"] for folder in (first, tmp_path / "again")]
    assert scores[0] == scores[1]


def test_the_manifest_says_what_the_model_was(first: Path, tmp_path: Path) -> None:
    replayed(first, tmp_path / "again")
    before, after = read_manifest(first), read_manifest(tmp_path / "again")
    assert after["model"]["name"] == before["model"]["name"]
    assert after["model"]["engine"] == f"replay of {before['model']['engine']}"
    assert not after["model"]["remote"]
    assert after["digest"] != before["digest"]


@pytest.mark.parametrize("changes", [{"protocol": "strict:shots=1"}, {"protocol": "paper"}], ids=["shots", "protocol"])
def test_other_prompts_are_named_errors(changes: dict[str, object], first: Path, tmp_path: Path) -> None:
    found = replayed(first, tmp_path / "again", **changes)
    failed = [c for c in found if c.status == "error"]
    assert failed
    assert all("prompt is not the one" in c.error or "tokens then" in c.error for c in failed)
    assert not any(c.text for c in failed)


def test_samples_that_were_not_asked_are_named_errors(first: Path, tmp_path: Path) -> None:
    found = replayed(first, tmp_path / "again", limit=4)
    missing = [c for c in found if c.status == "error"]
    assert 0 < len(missing) < len(found)
    assert all("has no answer to sample 3 of" in c.error for c in missing)


def test_failed_samples_stay_failed(tmp_path: Path) -> None:
    run(replace(MINI, model="mock:error", limit=1), tmp_path / "first")
    found = replayed(tmp_path / "first", tmp_path / "again", limit=1)
    assert all(c.status == "error" and "failed here: the mock backend was asked to fail" in c.error for c in found)


def test_answers_of_another_length_are_no_answers(first: Path, tmp_path: Path) -> None:
    found = replayed(first, tmp_path / "again", protocol="strict:max_answer_tokens=7")
    assert all("now" in c.error and "7" in c.error for c in found)


def test_a_predictions_file_replayed_gives_its_answers(first: Path, tmp_path: Path) -> None:
    found = replayed(first / "predictions.csv", tmp_path / "again")
    assert [c.text for c in found] == [p.completion.text for p in read_predictions(first)]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return path


def test_a_file_in_the_published_format_in_any_order(first: Path, tmp_path: Path) -> None:
    rows = rows_of(first / "predictions.csv")
    path = write(tmp_path / "p.csv", rows[::-1], ("task_id", "input", "GT", "output"))
    assert [c.text for c in replayed(path, tmp_path / "again")] == [row["output"] for row in rows]


def test_missing_and_contradicting_rows_are_named_errors(first: Path, tmp_path: Path) -> None:
    rows = rows_of(first / "predictions.csv")
    double = [rows[1] | {"output": "something else"}]
    same = [rows[2]]
    path = write(tmp_path / "p.csv", rows[1:] + double + same, ("task_id", "input", "GT", "output", "instance_id"))
    found = replayed(path, tmp_path / "again")
    assert "has no row for sample 0" in found[0].error
    assert "2 rows for it that contradict" in found[1].error
    assert (found[2].status, found[2].text) == ("ok", rows[2]["output"])
    assert all(c.status == "ok" for c in found[3:])


def test_the_status_of_a_row_is_kept(first: Path, tmp_path: Path) -> None:
    rows = rows_of(first / "predictions.csv")
    rows = [
        row | {"status": status} for row, status in zip(rows, ("truncated", "refused", "error", "ok"), strict=False)
    ]
    path = write(tmp_path / "p.csv", rows, tuple(rows[0]))
    assert [c.status for c in replayed(path, tmp_path / "again")[:4]] == ["truncated", "refused", "error", "ok"]


def test_inputs_within_a_longer_prompt_are_found(tmp_path: Path) -> None:
    row = {"task_id": "task900", "input": "It rains.", "GT": "x", "output": "yes"}
    longer = row | {"input": "It rains. Does it?", "output": "no"}
    path = write(tmp_path / "p.csv", [row, longer], tuple(row))
    backend = open_backend(f"replay:{path}")
    texts = ["Answer:\nIt rains.\nOutput:", "Answer:\nIt rains. Does it?", "Answer:"]
    requests = [Request(("task900", i), Prompt(text=text), Sampling()) for i, text in enumerate(texts)]
    found = dict(next(iter(backend.generate(requests, {0}))))
    assert {i: c.text for i, c in found.items()} == {1: "no", 2: ""}
    assert found[2].status == "error"


@pytest.mark.parametrize(
    ("content", "error"),
    [("a,b\n1,2\n", "has no column task_id, input, output"), ("", "has no column"), ("\xff\xfe", "UTF-8")],
)
def test_other_files_are_refused(content: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InvalidFile, match=error):
        open_backend(f"replay:{path}")


def test_what_is_no_run_is_explained(tmp_path: Path, first: Path) -> None:
    with pytest.raises(UsageError, match="no such run"):
        open_backend(f"replay:{tmp_path / 'absent'}")
    with pytest.raises(UsageError, match="is no run directory"):
        open_backend(f"replay:{tmp_path}")
    (tmp_path / "run.sqlite").write_bytes(b"no database at all, but long enough to look like one" * 40)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match="cannot be read"):
        open_backend(f"replay:{tmp_path}")
    (tmp_path / "manifest.json").write_text(json.dumps(read_manifest(first)))
    with pytest.raises(RunError, match="run store"):
        list(open_backend(f"replay:{tmp_path}").generate([Request(("t", 0), Prompt(text="x"), Sampling())], ()))


def test_prompts_shortened_then_count_if_they_ask_the_same(first: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("manifest.json", "run.sqlite"):
        (copy / name).write_bytes((first / name).read_bytes())
    with sqlite3.connect(copy / "run.sqlite") as db:
        db.execute("UPDATE predictions SET dropped_shots = 2, prompt = '<s>' || input || '</s>' WHERE idx < 2")
        db.execute("UPDATE predictions SET prompt = 'another question' WHERE idx = 1")
    found = list(read_predictions(tmp_path / "again")) if replayed(copy, tmp_path / "again") else []
    assert {p.completion.status for p in found if p.index in (0, 2)} == {"ok"}
    assert all("asks something else" in p.completion.error for p in found if p.index == 1)


TURNS = st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5)


def conversation(texts: Sequence[str]) -> Prompt:
    """A system turn, then turns that end with a user's."""
    roles = ["system", *(["user", "assistant"] * 3)[: 2 * ((len(texts) - 1) // 2) + 1]]
    pairs = zip(roles, texts[: len(roles)], strict=False)
    messages = tuple(Message(role, text) for role, text in pairs)  # type: ignore[arg-type]
    return Prompt(messages=messages)


@given(TURNS, st.sampled_from([*FORMATS, "plain", "turns"]))
def test_a_prompt_is_the_same_in_every_known_format(texts: list[str], name: str) -> None:
    prompt = conversation(texts)
    sent = turns(prompt.messages) if name == "turns" else render(prompt, name)
    assert same_prompt(prompt, sent, {})


def framed(prompt: Prompt, mark: str = "#") -> str:
    """A template nobody knows."""
    return f"^{mark}" + "".join(f"<{m.role}{mark}>{m.content}</>" for m in prompt.messages) + f"<assistant{mark}>"


SHOTS = Prompt(messages=(Message("system", "S"), Message("user", "a"), Message("assistant", "b"), Message("user", "q")))
NONE = Prompt(messages=(Message("system", "S"), Message("user", "q")))


def test_a_prompt_in_an_unknown_template_is_recognised() -> None:
    assert same_prompt(SHOTS, framed(SHOTS), {})
    assert same_prompt(NONE, framed(NONE), {})


def test_shots_that_were_there_are_missed() -> None:
    assert not same_prompt(NONE, framed(SHOTS), {})
    assert not same_prompt(SHOTS, framed(NONE), {})
    assert not same_prompt(NONE, f"{framed(NONE)[:-12]}{'x' * 500}<assistant#>", {})


def test_a_template_is_one_template_in_a_run() -> None:
    joints: dict[tuple[str, str], str] = {}
    assert same_prompt(SHOTS, framed(SHOTS), joints)
    assert not same_prompt(SHOTS, framed(SHOTS, "!"), joints)
    assert same_prompt(SHOTS, framed(SHOTS), joints)


@given(TURNS, st.integers(0, 4))
def test_a_changed_turn_is_missed(texts: list[str], place: int) -> None:
    prompt = conversation(texts)
    sent = framed(prompt)
    messages = list(prompt.messages)
    changed = messages[place % len(messages)]
    messages[place % len(messages)] = Message(changed.role, changed.content.strip() + "\0changed")
    assert not same_prompt(Prompt(messages=tuple(messages)), sent, {})
