"""Logs of other harnesses become runs: every answer at its instance, nothing taken on trust."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.bench.imports import find_logs, import_logs
from medsins.bench.spec import RunSpec, read_manifest
from medsins.bench.store import read_rows
from medsins.cli.main import main
from medsins.core import InvalidFile, MedsinsError, RunError, UsageError
from medsins.tasks import read_task

STAMP = "2026-02-03T04-05-06.789"
CARD = {"Categories": ["Diagnosis"], "Definition": ["Name it."], "Access": "open"}


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks"
    folder.mkdir()
    for name, count in (("cough", 4), ("rash", 2)):
        rows = [{"id": f"{name}{n}", "input": f"{name} {n}", "output": [f"it is {n}"]} for n in range(count)]
        (folder / f"{name}.json").write_text(json.dumps({**CARD, "Instances": rows}))
    return folder


def sample(task: str, n: int, said: str, **changes: Any) -> dict[str, Any]:
    """A line of lm-eval's samples file."""
    return {
        "doc_id": n,
        "doc": {"id": f"{task}{n}", "task_id": task, "index": n, "prompt": f"{task} {n}", "gold": [f"it is {n}"]},
        "arguments": {"gen_args_0": {"arg_0": f"Name it.\n{task} {n}", "arg_1": {"until": []}}},
        "resps": [[said]],
        "filtered_resps": [said[:1]],
        "filter": "answer",
        **changes,
    }


def lm_eval(folder: Path, task: str, rows: list[Any], model: str = "org/model", **config: Any) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"samples_medsins_{task}_{STAMP}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    results = {
        "lm_eval_version": "0.4.13",
        "model_source": "hf",
        "model_name": model,
        "config": {"model": "hf", "model_dtype": "torch.float32", "model_sha": "abc", **config},
        "configs": {f"medsins_{task}": {"metadata": {"medsins_task": task, "medsins_digest": "not this one"}}},
    }
    (folder / f"results_{STAMP}.json").write_text(json.dumps(results))
    return path


def inspect_document(task: str, said: list[str], **sample_changes: Any) -> dict[str, Any]:
    """inspect's log, as far as it matters."""
    samples = [
        {
            "id": f"{task}{n}",
            "epoch": 1,
            "input": [{"role": "system", "content": "Name it."}, {"role": "user", "content": f"{task} {n}"}],
            "target": f"it is {n}",
            "output": {
                "model": "openai/some",
                "choices": [{"message": {"role": "assistant", "content": text}, "stop_reason": "stop"}],
                "usage": {"input_tokens": 12, "output_tokens": 3},
                "time": 0.25,
            },
            "metadata": {"task_id": task, "instance_id": f"{task}{n}", "index": n},
            **sample_changes,
        }
        for n, text in enumerate(said)
    ]
    described = {"eval_id": "x", "task": task, "model": "openai/some", "packages": {"inspect_ai": "0.3.285"}}
    return {"version": 2, "status": "success", "eval": {**described, "config": {}}, "samples": samples}


def eval_file(path: Path, document: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for one in document["samples"]:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        archive.writestr("header.json", json.dumps({k: v for k, v in document.items() if k != "samples"}))
    return path


def zstandard_eval_file(path: Path, document: dict[str, Any]) -> Path:
    """The same with the compression inspect uses (method 93), which Python's zipfile cannot write."""
    members = {f"samples/{one['id']}_epoch_1.json": json.dumps(one) for one in document["samples"]}
    members["header.json"] = json.dumps({k: v for k, v in document.items() if k != "samples"})
    body, directory = b"", b""
    for name, text in members.items():
        packed = pa.compress(text.encode(), codec="zstd", asbytes=True)
        shared = b"\x3f\0\0\0\x5d\0" + bytes(4) + bytes(4) + len(packed).to_bytes(4, "little")
        shared += len(text.encode()).to_bytes(4, "little") + len(name).to_bytes(2, "little")
        offset = len(body)
        extra = b"\x99\x99\x02\0ab"  # an extra field of the local header alone
        body += b"PK\x03\x04" + shared + len(extra).to_bytes(2, "little") + name.encode() + extra + packed
        directory += b"PK\x01\x02\x3f\0" + shared + bytes(2) + bytes(10) + offset.to_bytes(4, "little") + name.encode()
    count = len(members).to_bytes(2, "little")
    end = b"PK\x05\x06" + bytes(4) + count + count + len(directory).to_bytes(4, "little")
    path.write_bytes(body + directory + end + len(body).to_bytes(4, "little") + bytes(2))
    return path


def take(logs: list[Path], tasks: Path, run: Path) -> tuple[Any, dict[int, Any]]:
    imported = import_logs(logs, RunSpec(model="", tasks=(str(tasks),)), run)
    return imported, dict(read_rows(run))


# lm-eval


def test_lm_eval_answers_are_put_at_their_instances(tasks: Path, tmp_path: Path) -> None:
    log = lm_eval(tmp_path / "out", "rash", [sample("rash", 1, "one"), sample("rash", 0, "zero")])
    imported, rows = take([log], tasks, tmp_path / "run")
    assert imported.answers == 2
    assert {number: (p.instance_id, p.completion.text, p.references) for number, p in rows.items()} == {
        0: ("rash0", "zero", ("it is 0",)),
        1: ("rash1", "one", ("it is 1",)),
    }
    assert rows[0].prompt == "Name it.\nrash 0"
    assert rows[0].input == "rash 0"


def test_the_manifest_says_where_the_answers_come_from(tasks: Path, tmp_path: Path) -> None:
    log = lm_eval(tmp_path / "out", "rash", [sample("rash", n, "x") for n in range(2)])
    imported, _ = take([log], tasks, tmp_path / "run")
    manifest = read_manifest(tmp_path / "run")
    assert manifest["model"]["name"] == "org/model"
    assert manifest["model"]["engine"] == "lm-eval 0.4.13 (hf)"
    assert (manifest["model"]["precision"], manifest["model"]["weights"]) == ("float32", "abc")
    assert manifest["protocol"]["name"] == "lm-eval"
    assert [entry["id"] for entry in manifest["tasks"]] == ["rash"]
    assert manifest["tasks"][0]["digest"] == read_task(tasks / "rash.json").digest
    assert any("left out: cough" in notice for notice in imported.notices)
    assert any("not the one that was exported" in notice for notice in imported.notices)


def test_other_prompts_are_another_run(tasks: Path, tmp_path: Path) -> None:
    rows = [sample("rash", n, "x") for n in range(2)]
    take([lm_eval(tmp_path / "out", "rash", rows)], tasks, tmp_path / "run")
    take([tmp_path / "out"], tasks, tmp_path / "run")  # the same again is the same run
    rows[1]["arguments"]["gen_args_0"]["arg_0"] = "Name it, please."
    with pytest.raises(RunError, match="holds another run"):
        take([lm_eval(tmp_path / "out", "rash", rows)], tasks, tmp_path / "run")


def test_filters_repeat_a_document_and_chat_prompts_come_in_lists(tasks: Path, tmp_path: Path) -> None:
    chat = {"gen_args_0": {"arg_0": ['[{"role": "user"}]']}}
    rows = [sample("rash", n, "x", filter=name, arguments=chat) for name in ("letter", "none") for n in range(2)]
    imported, found = take([lm_eval(tmp_path / "out", "rash", rows)], tasks, tmp_path / "run")
    assert imported.answers == 2
    assert found[0].prompt == '[{"role": "user"}]'


@pytest.mark.parametrize(("limit", "expected"), [(2, 2), (None, 4)])
def test_a_limited_log_asks_for_no_more(tasks: Path, tmp_path: Path, limit: int | None, expected: int) -> None:
    rows = [sample("cough", n, "x") for n in range(2)]
    take([lm_eval(tmp_path / "out", "cough", rows, limit=limit)], tasks, tmp_path / "run")
    assert read_manifest(tmp_path / "run")["tasks"][0]["instances"] == expected


def test_missing_answers_in_the_middle_are_missing_whatever_the_limit(tasks: Path, tmp_path: Path) -> None:
    rows = [sample("cough", n, "x") for n in (0, 3)]
    logs = [lm_eval(tmp_path / "a", "cough", rows, limit=2), lm_eval(tmp_path / "b", "rash", [sample("rash", 1, "y")])]
    _, found = take(logs, tasks, tmp_path / "run")
    assert sorted(found) == [0, 3, 5]
    assert [entry["instances"] for entry in read_manifest(tmp_path / "run")["tasks"]] == [4, 2]


# inspect


@pytest.mark.parametrize("form", ["json", "eval", "zstandard"])
def test_inspect_logs_in_every_form(tasks: Path, tmp_path: Path, form: str) -> None:
    document = inspect_document("rash", ["zero", "one"])
    path = tmp_path / ("log.json" if form == "json" else "log.eval")
    if form == "json":
        path.write_text(json.dumps(document))
    else:
        (zstandard_eval_file if form == "zstandard" else eval_file)(path, document)
    imported, rows = take([path], tasks, tmp_path / "run")
    assert imported.answers == 2
    assert [p.completion.text for p in rows.values()] == ["zero", "one"]
    completion = rows[0].completion
    assert (completion.prompt_tokens, completion.completion_tokens, completion.latency) == (12, 3, 0.25)
    assert rows[0].prompt == "[system]\nName it.\n\n[user]\nrash 0"
    assert read_manifest(tmp_path / "run")["model"]["engine"] == "inspect_ai 0.3.285 (openai)"


@pytest.mark.parametrize(
    ("output", "status", "text"),
    [
        ({"choices": [{"message": {"content": "so far"}, "stop_reason": "max_tokens"}]}, "truncated", "so far"),
        ({"choices": [{"message": {"content": ""}, "stop_reason": "content_filter"}]}, "refused", ""),
        ({"choices": []}, "error", ""),
        ({"choices": [], "error": "no such model"}, "error", ""),
        (
            {
                "choices": [
                    {
                        "message": {
                            "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "yes"}]
                        }
                    }
                ]
            },
            "ok",
            "yes",
        ),
        ({"choices": [{"message": {"content": "attachment://a1"}, "stop_reason": "stop"}]}, "ok", "a long text"),
    ],
)
def test_how_an_inspect_sample_ended(tasks: Path, tmp_path: Path, output: Any, status: str, text: str) -> None:
    document = inspect_document("rash", ["x", "x"], output=output, attachments={"a1": "a long text"})
    (tmp_path / "log.json").write_text(json.dumps(document))
    _, rows = take([tmp_path / "log.json"], tasks, tmp_path / "run")
    assert {(p.completion.status, p.completion.text) for p in rows.values()} == {(status, text)}
    assert all(p.completion.error for p in rows.values()) == (status == "error")


def test_only_the_first_epoch_counts(tasks: Path, tmp_path: Path) -> None:
    document = inspect_document("rash", ["first", "first"])
    document["samples"] += [{**one, "epoch": 2} for one in inspect_document("rash", ["later"] * 2)["samples"]]
    (tmp_path / "log.json").write_text(json.dumps(document))
    _, rows = take([tmp_path / "log.json"], tasks, tmp_path / "run")
    assert {p.completion.text for p in rows.values()} == {"first"}


# what is refused


def test_every_problem_of_every_log_at_once(tasks: Path, tmp_path: Path) -> None:
    faulty = [
        sample("rash", 0, "x"),
        sample("rash", 0, "y", doc_id=7),
        sample("rash", 9, "x"),
        sample("fever", 1, "x"),
        sample("rash", 1, "x", doc={"question": "q"}, doc_id=8),
    ]
    lm_eval(tmp_path / "out", "rash", faulty)
    lm_eval(tmp_path / "out", "cough", [sample("cough", 0, "x", resps=[[[-1.5, False]]])])
    with pytest.raises(InvalidFile) as caught:
        take([tmp_path / "out"], tasks, tmp_path / "run")
    text = str(caught.value)
    for expected in ("answers too", "no instance 'rash9'", "unknown task 'fever'", "which task", "generate_until"):
        assert expected in text
    assert text.count("line 2") == 1
    assert not (tmp_path / "run").exists()


def test_two_models_are_two_runs(tasks: Path, tmp_path: Path) -> None:
    logs = [lm_eval(tmp_path / m, "rash", [sample("rash", n, "x")], model=m) for n, m in enumerate(["a", "b"])]
    with pytest.raises(UsageError, match="one model at a time"):
        take(logs, tasks, tmp_path / "run")


def test_what_is_no_log(tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        find_logs([tmp_path / "none", tmp_path / "empty", tasks / "rash.json"])
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (f"samples_x_{STAMP}.jsonl", b'{"doc_id": 1', "line 1"),
        ("log.json", b'{"version": 2, "eval": {"eval_id": 1}, "samples": [', "not JSON"),
        ("log.eval", b"PK\x03\x04 and no more", "no whole .eval"),
    ],
)
def test_damaged_logs(tasks: Path, tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidFile, match=expected):
        take([tmp_path / name], tasks, tmp_path / "run")


def test_an_eval_file_that_claims_too_much_is_refused(
    tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsins.bench.imports_inspect.MAX_MEMBER", 200)
    path = eval_file(tmp_path / "log.eval", inspect_document("rash", ["x" * 1000]))
    with pytest.raises(InvalidFile, match="member of"):
        take([path], tasks, tmp_path / "run")


def test_an_evaluation_that_did_not_end_is_told(tasks: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr("samples/a_epoch_1.json", "{}")
    with pytest.raises(InvalidFile, match="did not end"):
        take([tmp_path / "log.eval"], tasks, tmp_path / "run")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(start=st.integers(0, 3000), length=st.integers(0, 60), new=st.binary(max_size=6), form=st.sampled_from("jlez"))
def test_a_mutated_log_is_read_or_refused_but_never_a_traceback(
    tasks: Path, tmp_path_factory: pytest.TempPathFactory, start: int, length: int, new: bytes, form: str
) -> None:
    folder = tmp_path_factory.mktemp("log")
    document = inspect_document("rash", ["zero", "one"])
    if form == "l":
        path = lm_eval(folder, "rash", [sample("rash", n, "x") for n in range(2)])
    elif form == "z":
        path = zstandard_eval_file(folder / "log.eval", document)
    elif form == "e":
        path = eval_file(folder / "log.eval", document, zipfile.ZIP_STORED)
    else:
        path = folder / "log.json"
        path.write_text(json.dumps(document))
    raw = path.read_bytes()
    path.write_bytes(raw[:start] + new + raw[start + length :])
    problems = []
    try:
        take([path], tasks, folder / "run")
    except MedsinsError as error:
        problems = list(error.problems)
    assert all(problem.place for problem in problems)


def test_the_command_scores_what_it_read(tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [sample("rash", 0, "it is 0"), sample("rash", 1, "it is 0")]
    lm_eval(tmp_path / "out", "rash", rows)
    run = tmp_path / "run"
    assert main(["bench", "import", str(tmp_path / "out"), "--tasks", str(tasks), "-o", str(run), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["rows"] == 2
    assert scores["profiles"]["strict"]["tasks"]["rash"]["metrics"]["accuracy"] == 50.0
    assert (run / "report.html").is_file()
    assert main(["bench", "resume", str(run)]) == 1
    assert "imported from lm-eval 0.4.13" in capsys.readouterr().err
