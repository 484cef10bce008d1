"""``medsins instructions`` as users and scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsins.cli.main import main
from medsins.core import Card, Instance
from medsins.instructions import Variant, read_variants, wording_digest, write_variants
from medsins.tasks import open_writer, read_task

BEDS = 'Say whether the bed in the note is "free" or "taken".'
GOOD = 'Read the note and tell whether its bed is "taken" or "free".'
LOST = "Say whether the bed in the note has somebody in it."


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["instructions", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def card_file(path: Path, *definition: str, rows: range = range(30)) -> Path:
    card = Card(categories=("Natural Language Inference",), definition=definition, extra={"Access": "open"})
    with open_writer(path, card) as writer:
        writer.write([Instance(f"i{n}", f"Is bed {n} free?", ("free",)) for n in rows])
    return path


@pytest.fixture
def beds(tmp_path: Path) -> Path:
    return card_file(tmp_path / "tasks" / "beds.json", BEDS)


@pytest.fixture
def variants(tmp_path: Path) -> Path:
    path = tmp_path / "mine.variants.jsonl"
    write_variants(path, [Variant("beds", text) for text in (BEDS, GOOD, LOST, GOOD.upper())])
    return path


def test_import_of_several_sources(
    tmp_path: Path, beds: Path, variants: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "all.variants.jsonl"
    code, out, err = run(capsys, "import", beds.parent, variants, "-o", output)
    assert (code, out) == (0, f"{output}: 5 wordings of 1 tasks\n")
    assert "2 repeat another wording" in err
    assert "not in the catalogue: beds" in err
    assert [variant.text for variant in read_variants(output)] == [BEDS, BEDS, GOOD, LOST, GOOD.upper()]
    code, out, _ = run(capsys, "import", variants, "-o", output, "--json")
    told = json.loads(out)
    assert (told["wordings"], told["tasks"], told["repeats"]) == (4, {"beds": 4}, 1)
    assert run(capsys, "import", output, "-o", output)[0] == 0  # onto itself: read before it is written
    assert len(list(read_variants(output))) == 4


def test_import_of_the_published_file(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "all.variants.jsonl"
    code, out, _ = run(capsys, "import", shared / "data" / "rewrite_definitions.json", "-o", output, "--json")
    told = json.loads(out)
    assert (code, len(told["tasks"]), told["wordings"] - len(told["tasks"])) == (0, 122, 18_996)


def test_check(tmp_path: Path, variants: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean = tmp_path / "good.variants.jsonl"
    code, out, _ = run(capsys, "check", variants, "--clean", clean)
    assert code == 1
    assert "2 of 4 wordings are good" in out
    assert [variant.text for variant in read_variants(clean)] == [BEDS, GOOD]
    dropped = [json.loads(line) for line in Path(f"{clean}.dropped.jsonl").read_text().splitlines()]
    assert [list(line["dropped"]) for line in dropped] == [["lost"], ["repeat"]]
    code, out, err = run(capsys, "check", clean)
    assert (code, err) == (0, "")
    assert "2 of 2 wordings are good" in out


def test_check_for_scripts_and_in_full(variants: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", variants, "--json")
    told = json.loads(out)
    assert (code, told["wordings"], told["kept"]) == (1, 4, 2)
    assert {rule: count for rule, count in told["rules"].items() if count} == {"lost": 1, "repeat": 1}
    assert told["tasks"]["beds"]["dropped"][0]["text"] == LOST
    assert 0 < told["tasks"]["beds"]["diversity"]["similarity"] < 1
    _, _, err = run(capsys, "check", variants, "-v")
    assert f"beds: lost: label 'free', label 'taken': {LOST}" in err


def test_check_against_the_cards(tmp_path: Path, beds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loose.variants.jsonl"
    write_variants(path, [Variant("beds", LOST)])
    assert run(capsys, "check", path)[0] == 0  # held against itself
    code, out, _ = run(capsys, "check", path, "--tasks", beds, "--json")
    assert (code, json.loads(out)["rules"]["lost"]) == (1, 1)


def test_added_wordings_are_those_that_prompts_take(
    tmp_path: Path, beds: Path, variants: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "add", variants, beds.parent, "-o", tmp_path / "out")
    written = tmp_path / "out" / "beds.json"
    assert (code, out) == (0, f"{written}: 4 wordings\n")
    task = read_task(written)
    assert task.card.definition == (BEDS, GOOD, LOST, GOOD.upper())
    assert task.instances == read_task(beds).instances
    for number, text in enumerate(task.card.definition, start=1):
        assert main(["prompt", str(written), "--protocol", f"strict:shots=0,wording={number}"]) == 0
        assert text in capsys.readouterr().out
    code, out, _ = run(capsys, "add", variants, beds, "-o", tmp_path / "again", "--json")
    assert json.loads(out) == {str(tmp_path / "again" / "beds.json"): 4}


def sampled(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, str]:
    code, out, _ = run(capsys, "sample", *words, "--limit", 30, "--json")
    assert code == 0
    return {row["instance_id"]: row["text"] for row in json.loads(out)}


def test_a_sample_hangs_on_seed_task_and_instance_alone(
    tmp_path: Path, beds: Path, variants: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = sampled(capsys, beds, "--variants", variants)
    assert set(drawn.values()) == {BEDS, GOOD, LOST, GOOD.upper()}
    assert sampled(capsys, beds, "--variants", variants) == drawn
    assert sampled(capsys, beds, "--variants", variants, "--seed", 1) != drawn
    turned = card_file(tmp_path / "turned" / "beds.json", BEDS, rows=range(29, 9, -1))
    fewer = sampled(capsys, turned, "--variants", variants)
    assert fewer == {name: drawn[name] for name in fewer}
    assert len(fewer) == 20
    run(capsys, "add", variants, beds, "-o", tmp_path / "out")
    assert sampled(capsys, tmp_path / "out") == drawn


def test_a_sample_for_reading(beds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "sample", beds, "--limit", 2)
    assert (code, out) == (0, f"beds  i0  1  {BEDS}\nbeds  i1  1  {BEDS}\n")
    _, out, _ = run(capsys, "sample", beds, "--limit", 1, "--json")
    assert json.loads(out)[0]["digest"] == wording_digest(BEDS)
    bare = card_file(beds.parent / "bare.json")
    code, out, err = run(capsys, "sample", bare)
    assert (code, out) == (0, "")
    assert "bare has no wording" in err


def test_rewriting_says_what_is_short_and_resumes(
    tmp_path: Path, beds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new.variants.jsonl"
    words = ("rewrite", beds, "--model", f"mock:say={GOOD}", "-o", output)
    code, _, err = run(capsys, *words, "-n", 2)
    assert code == 1
    assert "1 of 1 tasks have fewer than 2 new wordings: beds" in err
    assert [variant.text for variant in read_variants(output)] == [BEDS, GOOD]
    answers = Path(f"{output}.answers.jsonl").read_bytes()
    code, _, err = run(capsys, *words, "-n", 1)
    assert code == 0
    assert "8 answers are there already" in err
    assert Path(f"{output}.answers.jsonl").read_bytes() == answers
    code, _, err = run(capsys, *words, "-n", 1, "--seed", 7)
    assert code == 1
    assert "begun with other settings" in err
    assert Path(f"{output}.answers.jsonl").read_bytes() == answers


def test_rewriting_with_a_failing_model(tmp_path: Path, beds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new.variants.jsonl"
    code, _, err = run(capsys, "rewrite", beds, "--model", "mock:error", "-n", 1, "-o", output)
    assert code == 1
    assert "beds: the mock backend was asked to fail" in err
    assert [variant.text for variant in read_variants(output)] == [BEDS]
    code, _, err = run(capsys, "rewrite", beds, "--model", "mock:empty", "-n", 1, "-o", tmp_path / "e.variants.jsonl")
    assert code == 1
    assert "fewer than 1 new wordings" in err


def wrong_inputs() -> list[tuple[list[str], int, str]]:
    rewriting = ["rewrite", "tasks", "-o", "new.jsonl", "--model"]
    return [
        (["import", "none.json", "-o", "x.jsonl"], 2, "no such file or folder"),
        (["import", "notes.txt", "-o", "x.jsonl"], 2, "not a task file"),
        (["import", "tasks"], 2, "-o"),
        (["import", "tasks", "-o", "tasks"], 2, "is a folder"),
        (["check", "bad.variants.jsonl"], 1, "bad.variants.jsonl: line 2"),
        (["check", "array.variants.jsonl"], 1, "must be an object, found list"),
        (["check", "mine.variants.jsonl", "--tasks", "none"], 2, "no such file or folder"),
        (["add", "none.variants.jsonl", "tasks", "-o", "out"], 2, "no such variants file"),
        (["add", "mine.variants.jsonl", "tasks", "-o", "tasks"], 2, "would be overwritten"),
        (["add", "mine.variants.jsonl", "tasks", "-o", "notes.txt"], 2, "is a file"),
        (["sample", "empty"], 2, "no task files in this folder"),
        (["sample", "tasks", "--seed", "many"], 2, "many"),
        (["sample", "tasks", "--variants", "none"], 2, "no such variants file"),
        ([*rewriting, "mock:say=x", "--task", "bedz"], 2, "bedz"),
        ([*rewriting, "mock:say=x", "-n", "0"], 2, "-n takes 1 or more"),
        ([*rewriting, "nobody:x"], 2, "nobody"),
        (["wash", "tasks"], 2, "wash"),
    ]


@pytest.mark.parametrize(("words", "code", "told"), wrong_inputs(), ids=lambda value: str(value)[:60])
def test_wrong_inputs_are_told(
    words: list[str], code: int, told: str, beds: Path, variants: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "bad.variants.jsonl").write_text('{"task_id": "beds", "text": "x"}\n{"task_id": "beds"}\n')
    (tmp_path / "array.variants.jsonl").write_text("[]\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    try:
        found = main(["instructions", *words])
    except SystemExit as stop:
        found = int(str(stop.code))
    err = capsys.readouterr().err
    assert (found, told in err) == (code, True), err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in before} == before
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path not in before]
