"""Exports: every row joins back to its instance, no shot is a test instance, and nothing is half written."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.cli.main import main
from medsins.core import InvalidFile, Task, UsageError
from medsins.prompts import find_pool, get_protocol
from medsins.tasks import read_task
from medsins.tasks.card import About
from medsins.tasks.export import FORMATS, Asked, Exported, Options, export_tasks
from medsins.tasks.export._letters import ANSWER_LETTER, letters_of

CARD: dict[str, Any] = {
    "Categories": ["Diagnosis"],
    "Definition": ["Name it: {{ input }}", "Say what it is.", "What is it?"],
    "Source": ["made up"],
    "Output_language": ["English"],
    "License": "MIT",
    "Access": "open",
}


def rows(start: int, count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"n{n}", "input": f"Patient {n} coughs.\n\n{{% raw %}}", "output": [f"cold {n % 3}", "a cold"]}
        for n in range(start, start + count)
    ]


def put(path: Path, instances: list[dict[str, Any]], **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**CARD, **changes, "Instances": instances}), encoding="utf-8")
    return path


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    put(tmp_path / "in" / "train" / "cough.json", rows(100, 8))
    put(tmp_path / "in" / "test" / "cough.json", rows(0, 5))
    return tmp_path / "in"


def options(protocol: str = "strict", seed: int = 0, shots_from: Path | None = None) -> Options:
    chosen = get_protocol(protocol)

    def ask(task: Task) -> Asked:
        pool = find_pool(task, shots_from)
        return Asked(chosen.spec, lambda: chosen.build(task, pool, seed), chosen.max_new_tokens(task.category))

    return Options(ask, About("cough notes"), seed)


def export(paths: list[Path], name: str, folder: Path, **changes: Any) -> Exported:
    return export_tasks(paths, name, folder, options(**changes))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


# every format


@pytest.mark.parametrize("name", FORMATS.names())
def test_the_files_are_named_and_there_and_the_same_again(tasks: Path, tmp_path: Path, name: str) -> None:
    exported = export([tasks / "test"], name, tmp_path / "out")
    assert exported.files
    assert {path for path in (tmp_path / "out").rglob("*") if path.is_file()} == {
        tmp_path / "out" / path for path in exported.files
    }
    export([tasks / "test"], name, tmp_path / "again")
    for path in exported.files:
        assert (tmp_path / "out" / path).read_bytes() == (tmp_path / "again" / path).read_bytes()


@pytest.mark.parametrize("name", FORMATS.names())
def test_a_faulty_file_leaves_nothing_behind_and_all_problems_are_told(tasks: Path, tmp_path: Path, name: str) -> None:
    put(tasks / "test" / "bad.json", [{"input": "q"}])
    put(tasks / "test" / "worse.json", rows(0, 2), Categories=["Nonsense"])
    with pytest.raises(InvalidFile) as caught:
        export([tasks / "test"], name, tmp_path / "out")
    assert len(caught.value.problems) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("name", FORMATS.names())
def test_restricted_tasks_are_pointed_out(tasks: Path, tmp_path: Path, name: str) -> None:
    put(tasks / "test" / "held.json", rows(0, 4), Access="credentialed")
    exported = export([tasks / "test"], name, tmp_path / "out", shots_from=tasks / "train" / "cough.json")
    assert any("restricted" in notice and "held" in notice for notice in exported.notices)


def test_a_folder_in_use_is_not_touched(tasks: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        export([tasks], "trl", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="did you mean lm-eval"):
        export([tasks], "lm_evl", tmp_path / "new")


# the hub


def test_the_hubs_table_holds_every_instance_in_its_order(tasks: Path, tmp_path: Path) -> None:
    export([tasks], "hub", tmp_path / "out")
    for split in ("train", "test"):
        (path,) = (tmp_path / "out" / "data").glob(f"{split}-*.parquet")
        assert path.name == f"{split}-00000-of-00001.parquet"
        task = read_task(tasks / split / "cough.json")
        found = parquet.read_table(path).to_pylist()
        assert [(row["id"], row["input"], row["output"]) for row in found] == [
            (i.id, i.input, list(i.outputs)) for i in task.instances
        ]
        assert {row["instruction"] for row in found} == {CARD["Definition"][0]}
        assert {(row["task_id"], row["license"], row["access"]) for row in found} == {("cough", "MIT", "open")}
    front = yaml.safe_load((tmp_path / "out" / "README.md").read_text().split("---\n")[1])
    assert [entry["split"] for entry in front["configs"][0]["data_files"]] == ["train", "test"]


def test_large_tables_come_in_shards(tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medsins.tasks.export.hub.SHARD_CHARACTERS", 200)
    monkeypatch.setattr("medsins.tasks.export.hub.ROW_GROUP", 2)
    put(tasks / "train" / "held.json", rows(200, 2), Access="private")
    export([tasks / "train"], "hub", tmp_path / "out")
    shards = sorted((tmp_path / "out" / "data").iterdir())
    assert len(shards) > 2
    assert [path.name for path in shards] == [f"train-{n:05}-of-{len(shards):05}.parquet" for n in range(len(shards))]
    found = [row["id"] for path in shards for row in parquet.read_table(path).to_pylist()]
    assert found == [f"n{n}" for n in [*range(100, 108), 200, 201]]
    croissant = json.loads((tmp_path / "out" / "croissant.json").read_text())
    files = [part for part in croissant["distribution"] if part["@type"] == "cr:FileObject"]
    assert [file["contentUrl"] for file in files] == [f"data/{path.name}" for path in shards]
    assert files[0]["usageInfo"]["name"] == "Access: open"
    assert files[-1]["usageInfo"]["name"] == "Access: private"


def test_croissants_own_library_reads_the_table(tasks: Path, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant checks the Croissant description")
    export([tasks], "hub", tmp_path / "out")
    dataset = mlcroissant.Dataset(str(tmp_path / "out" / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    found = [record["test/id"].decode() for record in dataset.records("test")]
    assert found == [f"n{n}" for n in range(5)]


# lm-eval


def test_a_task_of_lm_eval_never_draws_shots_from_its_test_split(tasks: Path, tmp_path: Path) -> None:
    export([tasks / "test"], "lm-eval", tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "medsins_cough.yaml").read_text())
    assert config["fewshot_split"] == "train"
    assert config["fewshot_config"]["sampler"] == "first_n"
    assert config["generation_kwargs"]["until"] == []
    files = config["dataset_kwargs"]["data_files"]
    shots, test = (lines(tmp_path / "out" / files[split]) for split in ("train", "test"))
    assert len(shots) == config["num_fewshot"] == 3
    assert not {row["prompt"] for row in shots} & {row["prompt"] for row in test}


def test_lm_eval_is_given_the_protocols_prompt_piece_by_piece(tasks: Path, tmp_path: Path) -> None:
    export([tasks / "test"], "lm-eval", tmp_path / "out", seed=3)
    task = read_task(tasks / "test" / "cough.json")
    config = yaml.safe_load((tmp_path / "out" / "medsins_cough.yaml").read_text())
    shots = lines(tmp_path / "out" / "data" / "medsins_cough.train.jsonl")
    test = lines(tmp_path / "out" / "data" / "medsins_cough.test.jsonl")
    assert [row["id"] for row in test] == [instance.id for instance in task.instances]
    built = get_protocol("strict").build(task, find_pool(task), 3)
    for row, prompt, instance in zip(test, built, task.instances, strict=True):
        turns = [("system", row[config["description"]])]
        for shot in shots:
            turns += [("user", shot["prompt"]), ("assistant", shot[config["fewshot_config"]["doc_to_target"]])]
        turns.append(("user", row[config["doc_to_text"]]))
        assert turns == [(message.role, message.content) for message in prompt.messages]
        assert row[config["doc_to_target"]] == list(instance.outputs)


def test_prompts_whose_shots_differ_are_sent_whole(tasks: Path, tmp_path: Path) -> None:
    exported = export([tasks / "test"], "lm-eval", tmp_path / "out", protocol="paper")
    config = yaml.safe_load((tmp_path / "out" / "medsins_cough.yaml").read_text())
    test = lines(tmp_path / "out" / "data" / "medsins_cough.test.jsonl")
    assert config["num_fewshot"] == 0
    assert all(row["prompt"].startswith("Case1: ") for row in test)
    assert len({row["prompt"].split("\n")[0] for row in test}) > 1
    assert any("placeholder" in notice for notice in exported.notices)
    (shot,) = lines(tmp_path / "out" / "data" / "medsins_cough.train.jsonl")
    assert shot["answer"] == ""


def test_groups_and_metrics_follow_the_kind_of_answer(tasks: Path, tmp_path: Path) -> None:
    put(tasks / "test" / "brief.json", rows(0, 2), Categories=["Text Summarization"])
    put(tasks / "test" / "brief 2.json", rows(0, 2), Categories=["Text Summarization"])
    export([tasks / "test"], "lm-eval", tmp_path / "out", shots_from=tasks / "train" / "cough.json")
    read = {path.name: yaml.safe_load(path.read_text()) for path in (tmp_path / "out").glob("*.yaml")}
    assert read["_group.yaml"]["task"] == ["medsins-closed", "medsins-open"]
    assert read["_closed.yaml"]["task"] == ["medsins_cough"]
    assert read["_open.yaml"]["task"] == ["medsins_brief_2", "medsins_brief"]
    assert [m["metric"] for m in read["medsins_cough.yaml"]["metric_list"]] == ["exact_match"]
    assert [m["metric"] for m in read["medsins_brief.yaml"]["metric_list"]] == ["bleu", "chrf"]
    row = lines(tmp_path / "out" / "data" / "medsins_brief.test.jsonl")[0]
    assert row["gold"] == "cold 0"


# multiple choice


def choice(tmp_path: Path, *answers: str) -> Task:
    instances = [{"id": str(n), "input": f"q{n}", "output": [text]} for n, text in enumerate(answers)]
    return read_task(put(tmp_path / "mc.json", instances, Categories=["MCQA"]))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["A: Rest", "The right answer is C: Bed"], ["A", "C"]),
        (["B", "D."], ["B", "D"]),
        (["(A) rest"], ["A"]),
        (["A: Rest\nC: Bed"], None),
        (["A: Rest", "rest"], None),
        (["Vitamin: C"], None),
    ],
)
def test_letters_only_where_every_reference_has_one(tmp_path: Path, answers: list[str], expected: Any) -> None:
    assert letters_of(choice(tmp_path, *answers)) == expected


def test_letters_only_of_multiple_choice(tasks: Path) -> None:
    assert letters_of(read_task(tasks / "test" / "cough.json")) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("C: Bed rest", "C"),
        ("The answer is B.", "B"),
        ("answer: (D) rest", "D"),
        ("**B**", "B"),
        ("A patient should rest", ""),
        ("Because", ""),
        ("I'd say A", ""),
    ],
)
def test_the_letter_other_tools_are_told_to_take(said: str, expected: str) -> None:
    found = re.search(ANSWER_LETTER, said)
    assert (next(filter(None, found.groups())) if found else "") == expected


# inspect


def test_inspect_samples_hold_the_whole_prompt(tasks: Path, tmp_path: Path) -> None:
    export([tasks / "test"], "inspect", tmp_path / "out", seed=5)
    task = read_task(tasks / "test" / "cough.json")
    built = get_protocol("strict").build(task, find_pool(task), 5)
    samples = lines(tmp_path / "out" / "data" / "cough.jsonl")
    for sample, prompt, instance in zip(samples, built, task.instances, strict=True):
        assert sample["input"] == [{"role": m.role, "content": m.content} for m in prompt.messages]
        assert sample["target"] == list(instance.outputs)
        assert (sample["metadata"]["task_id"], sample["metadata"]["instance_id"]) == ("cough", instance.id)


def test_inspects_task_file_is_python_whatever_the_tasks_are_called(tasks: Path, tmp_path: Path) -> None:
    for name in ("7 days.json", "sev-en.json", "sev en.json"):
        put(tasks / "test" / name, rows(0, 2))
    export([tasks / "test"], "inspect", tmp_path / "out", shots_from=tasks / "train" / "cough.json")
    code = (tmp_path / "out" / "medsins_tasks.py").read_text()
    compile(code, "medsins_tasks.py", "exec")
    functions = re.findall(r"^def (\w+)\(\):", code, re.MULTILINE)
    assert functions == ["task_7_days", "cough", "sev_en", "sev_en_"]
    assert {path.stem for path in (tmp_path / "out" / "data").iterdir()} == set(functions)


def test_repeated_ids_stay_apart_in_inspect(tasks: Path, tmp_path: Path) -> None:
    put(tasks / "test" / "cough.json", [{**row, "id": "same"} for row in rows(0, 3)])
    export([tasks / "test"], "inspect", tmp_path / "out")
    samples = lines(tmp_path / "out" / "data" / "cough.jsonl")
    assert [sample["id"] for sample in samples] == ["same#0", "same#1", "same#2"]
    assert [sample["metadata"]["index"] for sample in samples] == [0, 1, 2]


def test_inspect_loads_the_task_file(tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins for inspect_ai's names: what the file asks of them is all it needs."""
    export([tasks / "test"], "inspect", tmp_path / "out")
    calls: list[dict[str, Any]] = []
    modules = {
        "inspect_ai": {"Task": lambda **kw: calls.append(kw) or kw, "task": lambda function: function},
        "inspect_ai.dataset": {"json_dataset": lambda path, name: Path(path)},
        "inspect_ai.model": {"GenerateConfig": lambda **kw: kw},
        "inspect_ai.scorer": {"exact": lambda: "exact"},
        "inspect_ai.solver": {"generate": lambda: "generate"},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("medsins_tasks", tmp_path / "out" / "medsins_tasks.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    loaded.cough()
    assert calls[0]["dataset"].is_file()
    assert calls[0]["scorer"] == "exact"
    assert calls[0]["config"] == {"temperature": 0.0, "max_tokens": 256}


# tuning


def answers_of(name: str, row: dict[str, Any]) -> tuple[str, str, str]:
    """(instruction, input, answer) of a row in any of the three shapes."""
    if name == "trl":
        return row["prompt"][0]["content"], row["prompt"][1]["content"], row["completion"][0]["content"]
    if name == "axolotl":
        assert [m["role"] for m in row["messages"]] == ["system", "user", "assistant"]
        return tuple(m["content"] for m in row["messages"])  # type: ignore[return-value]
    assert [m["from"] for m in row["conversations"]] == ["human", "gpt"]
    return row["system"], row["conversations"][0]["value"], row["conversations"][1]["value"]


@pytest.mark.parametrize("name", ["trl", "axolotl", "llama-factory"])
def test_conversations_join_back_to_their_instances(tasks: Path, tmp_path: Path, name: str) -> None:
    put(tasks / "train" / "mute.json", [{"id": "x", "input": "q", "output": []}, *rows(0, 1)])
    exported = export([tasks], name, tmp_path / "out", seed=1)
    by_id = {(t.id, i.id): i for p in (tasks / "train").iterdir() for t in [read_task(p)] for i in t.instances}
    found = lines(tmp_path / "out" / "data" / "train.jsonl")
    assert len(found) == 9
    wordings = set()
    for row in found:
        instance = by_id[row["task_id"], row["id"]]
        instruction, asked, answer = answers_of(name, row)
        assert (asked, answer) == (instance.input, instance.reference)
        wordings.add(instruction)
    assert wordings <= set(CARD["Definition"])
    assert len(wordings) > 1
    assert len(lines(tmp_path / "out" / "data" / "test.jsonl")) == 5
    assert any("1 instances without a reference" in notice for notice in exported.notices)


def test_the_wording_follows_the_seed_and_the_instance_not_the_order(tasks: Path, tmp_path: Path) -> None:
    export([tasks / "train"], "trl", tmp_path / "a", seed=1)
    put(tasks / "train" / "cough.json", rows(100, 8)[::-1])
    export([tasks / "train"], "trl", tmp_path / "b", seed=1)
    export([tasks / "train"], "trl", tmp_path / "c", seed=2)
    one, two, other = (
        {row["id"]: row["prompt"] for row in lines(tmp_path / name / "data" / "train.jsonl")} for name in "abc"
    )
    assert one == two
    assert one != other


def test_what_axolotl_and_llama_factory_are_told(tasks: Path, tmp_path: Path) -> None:
    export([tasks], "axolotl", tmp_path / "a")
    config = yaml.safe_load((tmp_path / "a" / "axolotl.yaml").read_text())
    assert config["datasets"][0]["path"] == "data/train.jsonl"
    assert config["datasets"][0]["roles_to_train"] == ["assistant"]
    assert config["test_datasets"][0]["path"] == "data/test.jsonl"
    assert config["excess_length_strategy"] == "drop"
    export([tasks], "llama-factory", tmp_path / "l")
    info = json.loads((tmp_path / "l" / "dataset_info.json").read_text())
    assert set(info) == {"medsins_train", "medsins_test"}
    for entry in info.values():
        assert (tmp_path / "l" / entry["file_name"]).is_file()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
instances = st.lists(
    st.fixed_dictionaries({"id": texts.filter(bool), "input": texts, "output": st.lists(texts, max_size=2)}),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row["id"],
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(generated=instances, name=st.sampled_from(["lm-eval", "inspect", "trl", "hub"]))
def test_every_text_survives_every_format(
    tmp_path_factory: pytest.TempPathFactory, generated: list[dict[str, Any]], name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    put(folder / "test" / "any.json", generated)
    export([folder / "test"], name, folder / "out", protocol="strict:shots=0")
    if name == "hub":
        table = parquet.read_table(folder / "out" / "data" / "test-00000-of-00001.parquet").to_pylist()
        found = [(row["id"], row["input"]) for row in table]
    elif name == "lm-eval":
        found = [(r["id"], r["prompt"]) for r in lines(folder / "out" / "data" / "medsins_any.test.jsonl")]
    elif name == "inspect":
        found = [(r["id"], r["input"][-1]["content"]) for r in lines(folder / "out" / "data" / "any.jsonl")]
    else:
        path = folder / "out" / "data" / "test.jsonl"
        generated = [row for row in generated if row["output"] and row["output"][0].strip()]
        found = [(r["id"], r["prompt"][-1]["content"]) for r in lines(path)] if path.exists() else []
    assert found == [(row["id"], row["input"]) for row in generated]


# on the command line


def test_the_commands_write_and_say_what_they_wrote(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["tasks", "export", str(tasks / "test"), "--to", "lm-eval", "-o", str(out), "--protocol", "strict:shots=2"]
    assert main([*words, "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert {Path(path) for path in told["files"]} == {path for path in out.rglob("*") if path.is_file()}
    assert "note: run inside the folder" in captured.err
    assert yaml.safe_load((out / "medsins_cough.yaml").read_text())["num_fewshot"] == 2
    assert main(["tasks", "card", str(tasks), "--name", "Coughs"]) == 0
    assert capsys.readouterr().out.split() == [str(tasks / "README.md"), str(tasks / "croissant.json")]


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--to", "lmeval", "-o", "OUT"], 2, "did you mean lm-eval"),
        (["--to", "trl", "-o", "IN"], 2, "not an empty folder"),
        (["--to", "inspect", "-o", "OUT", "--protocol", "strikt"], 2, "did you mean strict"),
        (["--to", "inspect", "-o", "OUT", "--protocol", "strict:shots=50"], 2, "50 shots needed"),
    ],
)
def test_wrong_usage_is_told_without_a_traceback(
    tasks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, expected: str
) -> None:
    named = [{"OUT": str(tmp_path / "out"), "IN": str(tasks)}.get(word, word) for word in words]
    assert main(["tasks", "export", str(tasks / "test"), *named]) == code
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
