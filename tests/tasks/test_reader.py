"""Task files in their documented shape, in every bent shape, and broken in every way."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import InvalidFile, MedsinsError, UsageError
from medsins.tasks import find_task_files, read_task, read_tasks, write_task

CARD = {
    "Contributors": ["A. Nurse"],
    "Source": ["ward notes, invented"],
    "URL": [],
    "Categories": ["Named Entity Recognition"],
    "Reasoning": [],
    "Definition": ["List the drugs in the sentence."],
    "Input_language": ["English"],
    "Output_language": ["English"],
    "Instruction_language": ["English"],
    "Domains": ["clinical texts"],
    "Positive Examples": [{"input": "He takes aspirin.", "output": "aspirin.", "explanation": "One drug."}],
    "Negative Examples": [],
}
INSTANCES = [{"id": "a", "input": "She takes digoxin.", "output": ["digoxin."]}]


def put(folder: Path, name: str = "drugs.json", **changes: Any) -> Path:
    document = {**CARD, "Instances": INSTANCES, **changes}
    path = folder / name
    path.write_text(json.dumps({k: v for k, v in document.items() if v is not ...}), encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read_task(path)
    return [str(problem) for problem in caught.value.problems]


def test_the_documented_shape(tmp_path: Path) -> None:
    task = read_task(put(tmp_path))
    assert (task.id, task.category, task.language, task.access) == (
        "drugs",
        "Named Entity Recognition",
        "English",
        "unknown",
    )
    assert task.card.positive_examples[0].explanation == "One drug."
    assert task.instances[0].outputs == ("digoxin.",)
    assert task.instances[0].listed


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("yes", ("yes",)),
        (62, ("62",)),
        (6.5, ("6.5",)),
        (True, ("True",)),
        (["a", 3], ("a", "3")),
        (None, ()),
        ([], ()),
    ],
)
def test_outputs_as_string_number_or_list(tmp_path: Path, output: Any, expected: tuple[str, ...]) -> None:
    task = read_task(put(tmp_path, Instances=[{"input": "q", "output": output}]))
    assert task.instances[0].outputs == expected
    assert task.instances[0].listed == isinstance(output, list)
    assert task.instances[0].id == "drugs-0"


def test_strings_for_lists_and_the_reverse(tmp_path: Path) -> None:
    task = read_task(
        put(tmp_path, Definition="Say yes.", Categories="NER", Source="x", **{"Split Type": ["Train", "Test"]})
    )
    assert task.card.definition == ("Say yes.",)
    assert task.card.extra["definition_was_string"] is True
    assert task.card.split_type == "Train/Test"
    assert task.category == "Named Entity Recognition"


def test_missing_keys_and_unknown_keys(tmp_path: Path) -> None:
    absent = dict.fromkeys(["Reasoning", "Positive Examples", "Negative Examples", "Domains", "URL"], ...)
    task = read_task(put(tmp_path, **absent, Licence="CC0", Instances=[{"input": "q", "output": "a", "note": 1}]))
    assert task.card.extra["Licence"] == "CC0"
    assert task.instances[0].extra == {"note": 1}
    write_task(task, tmp_path / "again.json")
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again["Licence"] == "CC0"
    assert again["Reasoning"] == []
    assert again["Instances"] == [{"id": "drugs-0", "input": "q", "output": ["a"], "note": 1}]


def test_keys_in_other_case_and_with_underscores(tmp_path: Path) -> None:
    document = {"definition": ["d"], "categories": ["Diagnosis"], "positive_examples": [], "instances": INSTANCES}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    assert read_task(path).category == "Diagnosis"


def test_one_instance_a_line_with_or_without_a_card_line(tmp_path: Path) -> None:
    path = tmp_path / "task46_terms.jsonl"
    lines = [
        {"Definition": "Explain.", "Licence": "CC0"},
        *({"input": f"t{n}", "output": "x", "role": "q"} for n in range(3)),
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    task = read_task(path)
    assert task.id == "task46"
    assert task.category == "Explanation"
    assert task.card.definition == ("Explain.",)
    assert task.card.extra["Licence"] == "CC0"
    assert [i.input for i in task.instances] == ["t0", "t1", "t2"]
    assert task.instances[0].extra == {"role": "q"}
    packed = tmp_path / "task46.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_task(packed).digest == task.digest


def test_a_file_without_definition_gets_the_catalogues(tmp_path: Path) -> None:
    task = read_task(put(tmp_path, "task1.json", Definition=..., Categories=...))
    assert "not found" in task.card.definition[0]
    write_task(task, tmp_path / "again.json")
    assert "default_definition" not in (tmp_path / "again.json").read_text()


def test_the_catalogue_makes_a_broad_category_precise(tmp_path: Path) -> None:
    assert read_task(put(tmp_path, "task57_medqa.json", Categories=["Question Answering"])).category == "MCQA"
    assert read_task(put(tmp_path, "task57_own.json", Categories=["Diagnosis"])).category == "Diagnosis"


def test_restricted_tasks_stay_restricted_whatever_the_card_says(tmp_path: Path) -> None:
    assert read_task(put(tmp_path, "task41_nli.json", Categories=["NLI"], Access="open")).access == "credentialed"
    assert read_task(put(tmp_path, Access="Private")).access == "private"


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    one = read_task(put(tmp_path)).digest
    assert read_task(put(tmp_path, "other_name.json")).digest == one
    assert read_task(put(tmp_path, Instances=[{**INSTANCES[0], "output": ["digoxin"]}])).digest != one
    assert read_task(put(tmp_path, Definition=["Other."])).digest != one


def test_all_problems_at_once_each_with_its_place(tmp_path: Path) -> None:
    rows = [
        {"input": "q"},
        {"output": "a"},
        "text",
        {"input": ["x"], "output": {"a": 1}},
        {"input": "q", "output": [[1]]},
    ]
    found = problems(put(tmp_path, Instances=rows, Categories=["Named Entety Recognition"]))
    text = "\n".join(found)
    for place in ("[0].output", "[1].input", "[2]", "[3].input", "[4].output", "$.Categories"):
        assert f"$.Instances{place}" in text or place in text
    assert "did you mean Named Entity Recognition" in text
    assert len(found) == 6


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"Instances": [{"input": "a", "output": "b"},]}', "remove the comma"),
        (b'{"Instances": [{"input": "a"', "cut off"),
        (b"", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"Instances": [{"input": NaN, "output": "b"}]}', "NaN"),
        (b'{"Instances": [], "Instances": []}', "twice"),
        ('{"Instances": []}'.encode("utf-16"), "UTF-16"),
        ('{"Definition": "é"}'.encode("latin-1"), "not UTF-8"),
        (b'"text"', "must be one JSON object"),
        (b'{"Definition": "d"}', "$.Instances"),
        (b'{"Instances": {}}', "must be a list"),
        (b'{"Categories": ["NER"], "Instances": []}', "no instances"),
        (b'{"Instances": [{"input": "\\ud800", "output": "x"}]}', "surrogate"),
    ],
)
def test_broken_files_say_where_and_what(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(raw)
    found = problems(path)
    assert expected in "\n".join(found)
    assert all(str(path) in problem for problem in found)


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = put(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_task(path).id == "drugs"


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "task46.jsonl"
    path.write_text('{"input": "a", "output": "b"}\n{"input": "a" "output"}\n[1]\n')
    text = "\n".join(problems(path))
    assert "line 2, column 15" in text
    assert "line 3" in text


def test_finding_files(tmp_path: Path) -> None:
    put(tmp_path, "b.json")
    put(tmp_path, "a.json")
    (tmp_path / "a.stats.json").write_text("{}")
    (tmp_path / ".hidden.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("")
    assert [path.name for path in find_task_files([tmp_path])] == ["a.json", "b.json"]
    with pytest.raises(UsageError) as caught:
        find_task_files([tmp_path / "none.json", tmp_path / "notes.txt"])
    assert len(caught.value.problems) == 2


def test_two_files_of_one_task_keep_their_stems(tmp_path: Path) -> None:
    put(tmp_path, "task77.dev.json")
    put(tmp_path, "task77.test.json")
    put(tmp_path, "task1.json")
    assert sorted(task.id for task in read_tasks([tmp_path])) == ["task1", "task77.dev", "task77.test"]
    (tmp_path / "sub").mkdir()
    put(tmp_path / "sub", "task77.dev.json")
    with pytest.raises(InvalidFile, match="same task id"):
        read_tasks([tmp_path])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
instances = st.lists(
    st.fixed_dictionaries(
        {"id": texts.filter(bool), "input": texts, "output": st.lists(texts, min_size=1, max_size=3)}
    ),
    min_size=1,
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(rows=instances)
def test_what_is_written_reads_back_byte_for_byte(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    task = read_task(put(tmp_path, Instances=rows))
    write_task(task, tmp_path / "copy.json")
    copy = read_task(tmp_path / "copy.json")
    assert [(i.id, i.input, list(i.outputs)) for i in copy.instances] == [
        (r["id"], r["input"], r["output"]) for r in rows
    ]
    assert copy.digest == task.digest


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(start=st.integers(0, 900), length=st.integers(0, 60), new=st.binary(max_size=8))
def test_a_mutated_file_is_read_or_refused_but_never_a_traceback(
    tmp_path: Path, start: int, length: int, new: bytes
) -> None:
    raw = put(tmp_path).read_bytes()
    path = tmp_path / "mutated.json"
    path.write_bytes(raw[:start] + new + raw[start + length :])
    try:
        read_task(path)
    except MedsinsError as error:
        places = [problem.place for problem in error.problems]
    else:
        places = []
    assert all(str(path) in place for place in places)


def test_real_task_files(shared: Path) -> None:
    paths = [p for p in sorted((shared / "data" / "expected").glob("*.json")) if not p.name.endswith(".stats.json")]
    paths += sorted((shared / "data/raw/medsbench_example_results/derived").glob("*.json"))
    assert paths
    for path in paths:
        raw = json.loads(path.read_text(encoding="utf-8"))["Instances"]
        task = read_task(path)
        assert [i.input for i in task.instances] == [row["input"] for row in raw]
        assert task.card.definition[0].strip()
