"""``medsins prompt``: exactly what will be sent, what it holds, and what to do where it cannot be built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medsins.cli.main import main
from medsins.core import Card, Instance, Task
from medsins.tasks import write_task


def _write(path: Path, start: int, count: int, first: str = "") -> Path:
    pairs = [(first or f"Patient {start} coughs.", "no")]
    pairs += [(f"Patient {n} coughs.", "yes" if n % 2 else "no") for n in range(start + 1, start + count)]
    instances = tuple(Instance(f"i{n}", question, (answer,)) for n, (question, answer) in enumerate(pairs))
    card = Card(definition=("Is it pneumonia?",), categories=("Diagnosis",))
    path.parent.mkdir(exist_ok=True)
    write_task(Task("task900", card, instances, "Diagnosis"), path)
    return path


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    _write(tmp_path / "train" / "task900_cough.json", 50, 6)
    return _write(tmp_path / "test" / "task900_cough.json", 0, 6)


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["prompt", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_prompt_is_on_stdout_and_the_counts_on_stderr(task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, str(task_file), "--index", "2")
    assert code == 0
    assert out.startswith("[system]\nIs it pneumonia?\n[user]\nPatient 5")
    assert out.endswith("[user]\nPatient 2 coughs.\n\n")
    assert out.count("[assistant]") == 3
    assert "\x1b" not in out
    assert "task900 #2: 3 shots from the train split, 0 dropped;" in err
    assert f"{len(out) - 1:,} characters" in err


@pytest.mark.parametrize("name", ["llama3", "chatml", "internlm2", "mistral"])
def test_each_chat_format_is_shown(name: str, task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, str(task_file), "--format", name)
    assert {"llama3": "<|eot_id|>", "mistral": "[/INST]"}.get(name, "<|im_end|>") in out
    assert "Patient 0 coughs." in out


@pytest.mark.parametrize(
    ("model", "family"), [("meta-llama/Meta-Llama-3-8B-Instruct", "llama3"), ("epfl-llm/meditron-7b", "plain")]
)
def test_a_model_with_a_preset_names_its_format(
    model: str, family: str, task_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, named, _ = _run(capsys, str(task_file), "--format", model)
    _, expected, _ = _run(capsys, str(task_file), "--format", family)
    assert named == expected


def test_json_is_one_document_with_the_same_prompt(task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = _run(capsys, str(task_file), "--format", "llama3")
    _, out, _ = _run(capsys, str(task_file), "--format", "llama3", "--json")
    document = json.loads(out)
    assert document["text"] + "\n" == text
    assert [message["role"] for message in document["messages"]][-1] == "user"
    assert document["task_id"] == "task900"
    assert document["characters"] == len(document["text"])
    assert len(document["shots"]) == 3
    assert document["shots_source"] == "train"
    _, plain, _ = _run(capsys, str(task_file), "--json")
    assert "text" not in json.loads(plain)
    _, exact, _ = _run(capsys, str(task_file), "--protocol", "official-code:model_type=Llama 3", "--json")
    assert json.loads(exact)["text"].startswith("<|begin_of_text|>")


def test_the_seed_and_a_named_file_decide_the_shots(task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digests = set()
    for seed in ("0", "1", "2", "3"):
        _, out, _ = _run(capsys, str(task_file), "--seed", seed, "--json")
        digests.add(json.loads(out)["shots_digest"])
    assert len(digests) > 1
    named = _write(task_file.parent.parent / "other.json", 80, 5, first="Patient 3 coughs.")
    _, out, err = _run(capsys, str(task_file), "--shots-from", str(named), "--json")
    document = json.loads(out)
    assert document["shots_source"] == "named"
    assert document["leaked_candidates"] == 1
    assert "1 left out as test inputs" in err


def test_a_task_without_any_source_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = _write(tmp_path / "task900.json", 0, 4)
    code, out, err = _run(capsys, str(alone))
    assert code == 0
    assert out.count("[user]") == 1
    assert "0 shots (no train split, named file or Positive Examples)" in err
    assert "0 shots, 0 dropped" in _run(capsys, str(alone), "--protocol", "strict:shots=0")[2]


def test_quiet_leaves_stderr_empty(task_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, str(task_file), "-q")
    assert (code, err) == (0, "")
    assert out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--index", "6"], "--index takes 0 to 5"),
        (["--index", "-1"], "--index takes 0 to 5"),
        (["--protocol", "papper"], "did you mean paper"),
        (["--protocol", "strict:shots=9"], "9 shots needed, 6 found in the train split"),
        (["--format", "lama3"], "did you mean llama3"),
        (["--shots-from", "absent.json"], "no such file"),
    ],
)
def test_wrong_usage_is_told_without_traceback(
    words: list[str], message: str, task_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = _run(capsys, str(task_file), *words)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("name", "code"), [("no_such_task", 2), ("absent.json", 2)])
def test_a_task_that_is_not_there(name: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    found, _, err = _run(capsys, name)
    assert found == code
    assert name in err


def test_a_terminal_gets_colours_and_no_control_characters_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path / "test" / "task900.json", 0, 4, first="Patient \x1b]0;owned\x07 coughs.")
    _write(tmp_path / "train" / "task900.json", 50, 4)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    _, out, _ = _run(capsys, str(path))
    assert "\x1b[1;33mPatient \\x1b]0;owned\\x07 coughs.\x1b[0m" in out
    assert "\x1b[36mPatient 5" in out
    monkeypatch.setenv("NO_COLOR", "1")
    _, plain, _ = _run(capsys, str(path))
    assert "\x1b" not in plain
    monkeypatch.delenv("FORCE_COLOR")
    _, raw, _ = _run(capsys, str(path))
    assert "Patient \x1b]0;owned\x07 coughs." in raw


def test_a_bundled_task_is_found_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    from medsins.bench.suites import load_suite, names

    assert names()
    for task in load_suite(names()[0]).tasks:
        code, out, _ = _run(capsys, task.id, "-q")
        assert code == 0
        assert task.instances[0].input in out
