"""Dataset cards: what the hub reads, what Croissant's own library reads, and that both say what the files hold."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import Card, InvalidFile
from medsins.tasks import find_task_files
from medsins.tasks.card import About, write_card
from medsins.tasks.card_facts import TaskFacts, split_of, survey
from medsins.tasks.card_hub import readme
from medsins.tasks.card_terms import ORDER, is_non_commercial, licence_url, spdx, strictest, usage_info
from medsins.tasks.card_yaml import to_yaml

CARD: dict[str, Any] = {
    "Contributors": ["N. Nightingale"],
    "Source": ["Ward round notes, made up"],
    "URL": ["https://example.org/ward"],
    "Categories": ["Named Entity Recognition"],
    "Reasoning": [],
    "Definition": ["List the drugs | with *commas*.", "Which drugs are named?"],
    "Input_language": ["English"],
    "Output_language": ["French"],
    "Instruction_language": ["English"],
    "Domains": ["clinical texts"],
    "Positive Examples": [],
    "Negative Examples": [],
    "License": "CC BY-SA 4.0",
    "Access": "open",
}
ROWS = [
    {"id": "a", "input": "She takes digoxin\nand water.", "output": ["digoxin", "the digoxin"]},
    {"id": "007", "input": "Nothing.", "output": ["none"]},
]


def put(path: Path, rows: Any = ROWS, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {**CARD, **changes}
    if ".jsonl" in path.name:
        text = "\n".join(map(json.dumps, [document, *rows]))
    else:
        text = json.dumps({**document, "Instances": rows})
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def front_matter(folder: Path) -> dict[str, Any]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    front: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return front


def croissant_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    return document


# YAML

texts = st.text(max_size=30)
scalars = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6) | texts
maps = st.dictionaries(texts, scalars, max_size=3)
documents = st.dictionaries(texts, scalars | st.lists(scalars | maps, max_size=4) | maps, max_size=5)


def without_surrogates(value: Any) -> Any:
    """YAML has no word for half a character; what it stands for cannot be in a task file."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return list(map(without_surrogates, value)) if isinstance(value, list) else value


@settings(deadline=None)
@given(document=documents.map(without_surrogates))
def test_yaml_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    again = yaml.safe_load(to_yaml(document)) or {}
    assert again == document
    assert all(math.copysign(1, v) == math.copysign(1, again[k]) for k, v in document.items() if isinstance(v, float))


@pytest.mark.parametrize(
    "word", ["no", "y", "null", "1e3", "07", "2026-01-01", "a: b", "- a", "#", "'", "\x85", "\u2028"]
)
def test_words_that_yaml_reads_as_something_else_stay_texts(word: str) -> None:
    assert yaml.safe_load(to_yaml({word: word, "list": [word]})) == {word: word, "list": [word]}


# access terms and licences


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0"),
        ("Creative Commons BY-ND 3.0", "CC-BY-ND-3.0"),
        ("CC0", "CC0-1.0"),
        ("CC0-1.0", "CC0-1.0"),
        ("Apache Licence 2.0", "Apache-2.0"),
        ("mit", "MIT"),
        ("ask the hospital", ""),
        ("", ""),
    ],
)
def test_licences_as_people_write_them(written: str, expected: str) -> None:
    assert spdx(written) == expected
    assert licence_url(written) == (f"https://spdx.org/licenses/{expected}.html" if expected else written or "unknown")


def test_the_stricter_access_wins() -> None:
    assert strictest("open", "credentialed", "unknown") == "credentialed"
    assert strictest("open") == "open"
    assert strictest() == "unknown"
    assert [strictest(a, b) for a, b in pairwise(ORDER)] == list(ORDER[1:])


def test_usage_info_names_terms_of_the_data_use_ontology() -> None:
    held = usage_info("credentialed", "CC BY-NC 4.0")
    constraints = {entry["odrl:rightOperand"]["@id"] for entry in held["odrl:permission"]["odrl:constraint"]}
    assert constraints == {"duo:0000026", "duo:0000046"}
    assert held["odrl:prohibition"]["odrl:action"] == {"@id": "odrl:distribute"}
    free = usage_info("open", "MIT")
    assert free["odrl:permission"]["odrl:action"]["@id"] == "duo:0000004"
    assert "odrl:prohibition" not in free
    assert "odrl:permission" not in usage_info("unknown")
    assert is_non_commercial("cc-by-nc-4.0")
    assert not is_non_commercial("nclicence")


# what is gathered of a file


@pytest.mark.parametrize(
    ("name", "split_type", "expected"),
    [
        ("test/task1.json", "", "test"),
        ("train/task1.json", "Test", "train"),
        ("task77.dev.json", "", "validation"),
        ("notes_test.jsonl.gz", "", "test"),
        ("task1.json", "Test", "test"),
        ("task1.json", "Train/Test", "train"),
        ("contest.json", "", "train"),
    ],
)
def test_the_split_of_a_file(name: str, split_type: str, expected: str) -> None:
    assert split_of(Path("some") / name, Card(split_type=split_type)) == expected


def test_a_survey_of_a_file(tmp_path: Path) -> None:
    facts = survey(put(tmp_path / "test" / "drugs.json"))
    assert (facts.id, facts.category, facts.language, facts.access, facts.split, facts.instances) == (
        "drugs", "Named Entity Recognition", "French", "open", "test", 2,
    )  # fmt: skip
    assert facts.documented
    assert facts.named
    assert facts.licence == "CC BY-SA 4.0"


def test_bent_files_are_noticed(tmp_path: Path) -> None:
    assert not survey(put(tmp_path / "a.json", [{"id": "x", "input": "q", "output": "text"}])).documented
    nameless = survey(put(tmp_path / "b.json", [{"input": 'the word "id"', "output": ["x"]}]))
    assert nameless.documented
    assert not nameless.named
    own = survey(put(tmp_path / "c.json", [{"id": "c-0", "input": "q", "output": ["x"]}]))
    assert own.named  # an id that looks like one the reader gives
    assert survey(put(tmp_path / "d.json.gz", [{"id": "d-0", "input": "q", "output": ["x"]}])).named


def test_the_licence_of_a_catalogued_corpus_where_the_card_has_none(tmp_path: Path) -> None:
    assert survey(put(tmp_path / "task127_x.json", License="")).licence == "CC BY 4.0"
    assert survey(put(tmp_path / "task127_y.json", License="MIT")).licence == "MIT"
    assert survey(put(tmp_path / "own.json", License="")).licence == ""


def test_a_file_without_definition_is_described_with_the_catalogues(tmp_path: Path) -> None:
    assert "entity" in survey(put(tmp_path / "a.json", Definition=[])).card.definition[0]


# the card


def test_the_hubs_card(tmp_path: Path) -> None:
    put(tmp_path / "test" / "drugs.json")
    put(tmp_path / "test" / "held.json", Access="private", License="", Categories=["Diagnosis"])
    report = write_card([tmp_path], tmp_path, About("My ward: notes"))
    front = front_matter(tmp_path)
    assert front["pretty_name"] == "My ward: notes"
    assert front["license"] == "cc-by-sa-4.0"
    assert front["language"] == ["en", "fr"]
    assert front["task_categories"] == ["text-generation", "token-classification"]
    assert front["size_categories"] == ["n<1K"]
    assert "private" in front["extra_gated_prompt"]
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for path in (tmp_path / "test").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    for words in ("with \\*commas\\*", "(1 more wordings", "https://example.org/ward"):
        assert words in text
    assert not report.notices


def test_an_open_card_is_not_gated_and_an_unknown_licence_says_so(tmp_path: Path) -> None:
    put(tmp_path / "drugs.json", License="")
    report = write_card([tmp_path / "drugs.json"], tmp_path, About())
    front = front_matter(tmp_path)
    assert front["license"] == "unknown"
    assert front["pretty_name"] == "drugs"
    assert not any(key.startswith("extra_gated") for key in front)
    assert any("--license" in notice for notice in report.notices)
    write_card([tmp_path / "drugs.json"], tmp_path, About(licence="House rules"))
    assert front_matter(tmp_path)["license"] == "other"
    assert front_matter(tmp_path)["license_name"] == "house-rules"


def test_markdown_in_texts_stays_text() -> None:
    facts = TaskFacts("a|b", Card(definition=("<script>x</script>\n# no",)), "Diagnosis", "English", "open", "test", 1)
    from medsins.tasks.card_facts import Dataset

    text = readme(Dataset("<b>", (facts,), date(2026, 1, 2)), ())
    assert "a\\|b" in text
    assert "<script" not in text.replace("\\<script", "")
    assert "\n# no" not in text


def test_croissant_says_what_the_files_hold(tmp_path: Path) -> None:
    path = put(tmp_path / "test" / "drugs.json", Access="credentialed")
    os.utime(path, (1767225600, 1767225600))  # 2026-01-01
    write_card([tmp_path], tmp_path, About(url="https://example.org/set", version="2.1.0"))
    document = croissant_of(tmp_path)
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert document["datePublished"] == "2026-01-01"
    assert (document["version"], document["url"]) == ("2.1.0", "https://example.org/set")
    (file,) = document["distribution"]
    assert file["contentUrl"] == "test/drugs.json"
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    for part in (document, file, document["recordSet"][0]):
        assert part["usageInfo"]["name"] == "Access: credentialed"


@pytest.mark.parametrize("name", ["test/drugs.json", "drugs.json.gz", "drugs.jsonl"])
def test_croissants_own_library_reads_the_records(tmp_path: Path, name: str) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant checks the Croissant description")
    rows = [{**row, "id": f"n{row['id']}"} for row in ROWS]  # its JSON Lines reader takes "007" for a number
    path = put(tmp_path / name, rows)
    if path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, [{**CARD, **rows[0]}, *rows[1:]])), encoding="utf-8")
    write_card([path], tmp_path, About())
    dataset = mlcroissant.Dataset(str(tmp_path / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    (records,) = dataset.metadata.record_sets
    found = [{key.split("/")[1]: value for key, value in record.items()} for record in dataset.records(records.id)]
    assert [
        {k: [x.decode() for x in v] if isinstance(v, list) else v.decode() for k, v in row.items()} for row in found
    ] == rows


def test_a_changed_file_no_longer_fits_its_description(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="pip install mlcroissant checks the Croissant description")
    path = put(tmp_path / "drugs.json")
    write_card([path], tmp_path, About())
    path.write_text(path.read_text().replace("digoxin", "digitoxin"))
    with pytest.raises(Exception, match="Download"):
        list(mlcroissant.Dataset(str(tmp_path / "croissant.json")).records("drugs-json"))


def test_files_that_other_tools_cannot_read_have_no_record_set(tmp_path: Path) -> None:
    put(tmp_path / "drugs.json", [{"id": "x", "input": "q", "output": "text"}])
    report = write_card([tmp_path], tmp_path, About())
    assert croissant_of(tmp_path)["recordSet"] == []
    assert any("tasks convert" in notice for notice in report.notices)


def test_a_card_elsewhere_says_that_the_files_are_not_with_it(tmp_path: Path) -> None:
    put(tmp_path / "data" / "drugs.json")
    report = write_card([tmp_path / "data"], tmp_path / "card", About())
    assert croissant_of(tmp_path / "card")["distribution"][0]["contentUrl"] == "../data/drugs.json"
    assert any("outside" in notice for notice in report.notices)


def test_the_card_is_no_task_file_and_is_the_same_when_made_again(tmp_path: Path) -> None:
    put(tmp_path / "drugs.json")
    write_card([tmp_path], tmp_path, About())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert [path.name for path in find_task_files([tmp_path])] == ["drugs.json"]
    write_card([tmp_path], tmp_path, About())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_all_problems_of_all_files_and_no_card(tmp_path: Path) -> None:
    put(tmp_path / "a.json", [{"input": "q"}])
    put(tmp_path / "b.json", [], Categories=["Nonsense"])
    put(tmp_path / "c.json")
    with pytest.raises(InvalidFile) as caught:
        write_card([tmp_path], tmp_path, About())
    assert {Path(problem.place.split(":")[0]).name for problem in caught.value.problems} == {"a.json", "b.json"}
    assert not (tmp_path / "README.md").exists()
