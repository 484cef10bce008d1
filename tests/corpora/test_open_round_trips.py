"""Invented records written in the published format of the open corpora come back from their readers as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from medsins.corpora import BuildOptions, RawFolder, Record, load_corpus
from medsins.corpora.hoc import HALLMARKS, hallmarks

Fresh = pytest.TempPathFactory
few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)

words = st.text(alphabet="aé Z.,'\"<&>;", min_size=1, max_size=16).map(str.strip).filter(bool)
tokens = st.text(alphabet="aéZ.,;:?!()-", min_size=1, max_size=5)
japanese = st.text(alphabet="心不全の治療\n ", min_size=1, max_size=12)


def records(name: str, raw: Path, task: str, **options: Any) -> list[Record]:
    module = load_corpus(name)
    found = module.read(RawFolder(raw, module.CORPUS), BuildOptions(tasks=(task,), **options))
    return [record for record in found if record.task_id == task]


def pairs(name: str, raw: Path, task: str, **options: Any) -> list[tuple[str, str]]:
    made = [record.instance for record in records(name, raw, task, **options)]
    return [(instance.input, instance.reference) for instance in made if instance]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


# IOB: entities are drawn as runs of tokens, so that what must come back is known without reading any tag.
runs = st.lists(st.tuples(st.booleans(), st.lists(tokens, min_size=1, max_size=3)), min_size=1, max_size=6)


def iob_lines(sentence: Sequence[tuple[bool, list[str]]]) -> str:
    lines = []
    for is_entity, run in sentence:
        tags = ["B-X", *["I-X"] * (len(run) - 1)] if is_entity else ["O"] * len(run)
        lines += [f"{token}\t{tag}\n" for token, tag in zip(run, tags, strict=True)]
    return "".join(lines) + "\n"


@few
@given(st.lists(runs, min_size=1, max_size=4), st.sampled_from(["released", "converter"]))
def test_tagged_sentences(
    tmp_path_factory: Fresh, sentences: list[list[tuple[bool, list[str]]]], spelling: str
) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write(raw / "BC2GM-IOB" / "test.tsv", "".join(map(iob_lines, sentences)))
    found = pairs("bc2gm", raw, "task_bc2gm", split="test", empty_answer=spelling)
    assert len(found) == len(sentences)
    for (text, answer), sentence in zip(found, sentences, strict=True):
        every = [token for _, run in sentence for token in run]
        assert text.replace(" ", "") == "".join(every)
        assert not re.search(r" [.,;:?!]( |$)", text[1:])
        names = [" ".join(run) for is_entity, run in sentence if is_entity]
        empty = "There is no related enetity." if spelling == "released" else "There is no related entity."
        assert answer == (", ".join(names) + "." if names else empty)


@few
@given(st.lists(runs, min_size=1, max_size=4))
def test_one_entity_of_each_sentence(tmp_path_factory: Fresh, sentences: list[list[tuple[bool, list[str]]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    write(raw / "NCBI-disease-IOB" / "test.tsv", "".join(map(iob_lines, sentences)))
    found = records("ncbi_disease", raw, "task27", split="test")
    for record, sentence in zip(found, sentences, strict=True):
        names = [" ".join(run) for is_entity, run in sentence if is_entity]
        assert bool(record.dropped) == (not names)
        if record.instance:
            assert set(record.instance.outputs) == set(names)
            assert record.instance.input.split() == [token for _, run in sentence for token in run]


marked = st.lists(st.tuples(st.text("ab,", min_size=1, max_size=4), st.lists(st.booleans(), min_size=3, max_size=3)))


@few
@given(st.lists(marked.filter(bool), min_size=1, max_size=4))
def test_crowd_marks(tmp_path_factory: Fresh, sentences: list[list[tuple[str, list[bool]]]]) -> None:
    """Participants and outcomes are runs, interventions single tokens; agreement is what all three workers marked."""
    raw = tmp_path_factory.mktemp("raw")
    texts = {f"{number}:0": " ".join(token for token, _ in sentence) for number, sentence in enumerate(sentences)}
    write(raw / "data" / "sentences.json", json.dumps(texts))
    marks = {
        f"{number}:0": {"annotations": [[int(worker[i]) for _, worker in sentence] for i in range(3)]}
        for number, sentence in enumerate(sentences)
    }
    for element in ("participants", "interventions", "outcomes"):
        write(raw / "data" / "annotations" / f"{element}_sensupport.json", json.dumps(marks))
    spans, singles = pairs("pico", raw, "task1"), pairs("pico", raw, "task2")
    assert spans == pairs("pico", raw, "task3")
    for sentence, span, single in zip(sentences, spans, singles, strict=True):
        agreed = "".join("1" if all(worker) else "0" for _, worker in sentence)
        every = [sentence[m.start()][0] for m in re.finditer("1", agreed)]
        found = [sentence[m.start() : m.end()] for m in re.finditer("1+", agreed) if m.start() > 0]
        joined = [" ".join(token for token, _ in run) for run in found]
        assert single[1] == (", ".join(every).replace(" ,", ",") or "not found")
        assert span[1] == (", ".join(joined).replace(" ,", ",") or "not found")


choices = st.lists(japanese, min_size=1, max_size=8)


@few
@given(st.lists(st.tuples(japanese, choices, st.data()), min_size=1, max_size=4))
def test_examination_problems(tmp_path_factory: Fresh, problems: list[tuple[str, list[str], st.DataObject]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    lines, expected = [], []
    for number, (question, options, data) in enumerate(problems):
        right = sorted(data.draw(st.sets(st.integers(0, len(options) - 1), min_size=1, max_size=3)))
        answer = [chr(ord("a") + position) for position in right]
        problem = {"problem_id": f"1A{number}", "problem_text": question, "choices": options, "answer": answer}
        lines.append(json.dumps({**problem, "text_only": True, "points": "1"}, ensure_ascii=False))
        listed = "\t".join(f"{chr(ord('A') + n)}: {option}" for n, option in enumerate(options))
        chosen = ", ".join(f"{chr(ord('A') + n)}: {options[n]}" for n in right)
        expected.append((f"質問: {question}\nオプション: {listed}", f"正しい答えは {chosen} です"))
    write(raw / "2030" / "124-C.jsonl", "\n".join(lines))
    assert pairs("igakuqa", raw, "task59") == expected


@few
@given(st.lists(st.tuples(words, words), min_size=1, max_size=5))
def test_health_pages(tmp_path_factory: Fresh, asked: list[tuple[str, str]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    body = "".join(
        f"<QAPair pid={quoteattr(str(n))}><Question qid='1-{n}' qtype='x'>{escape(q)}</Question>"
        f"<Answer>\n {escape(a)} \n</Answer></QAPair>"
        for n, (q, a) in enumerate(asked)
    )
    write(raw / "9_CDC_QA" / "0000001.xml", f"<Document id='1'><QAPairs>{body}</QAPairs></Document>")
    assert pairs("medquad", raw, "task_medquad") == asked


@few
@given(st.lists(st.tuples(words, st.lists(words, max_size=3)), min_size=1, max_size=4))
def test_consumer_questions(tmp_path_factory: Fresh, asked: list[tuple[str, list[str]]]) -> None:
    raw = tmp_path_factory.mktemp("raw")
    body = ""
    for number, (message, answers) in enumerate(asked):
        references = "".join(f"<RefAnswer><ANSWER>{escape(answer)}</ANSWER></RefAnswer>" for answer in answers)
        body += (
            f"<NLM-QUESTION qid='TQ{number}'><Original-Question><SUBJECT>s</SUBJECT>"
            f"<MESSAGE>{escape(message)}</MESSAGE></Original-Question><ReferenceAnswers>{references}</ReferenceAnswers></NLM-QUESTION>"
        )
    write(raw / "TREC-2017-LiveQA-Medical-Test.xml", f"<Set>{body}</Set>")
    found = records("liveqa", raw, "task62", split="test")
    assert [(r.instance.input, r.instance.reference) for r in found if r.instance] == [
        (message, answer) for message, answers in asked for answer in answers
    ]
    assert sum(bool(r.dropped) for r in found) == sum(not answers for _, answers in asked)


@few
@given(
    st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3), words, st.sampled_from(["yes", "no", "maybe"])))
)
def test_abstract_questions(tmp_path_factory: Fresh, asked: list[tuple[str, list[str], str, str]]) -> None:
    assume(asked)
    raw = tmp_path_factory.mktemp("raw")
    keys = ("QUESTION", "CONTEXTS", "LONG_ANSWER", "final_decision")
    write(raw / "ori_pqal.json", json.dumps({str(n): dict(zip(keys, row, strict=True)) for n, row in enumerate(asked)}))
    assert pairs("pubmedqa", raw, "task123") == [
        (f"Context: {' '.join(contexts)}\nQuestion: {question}", decision) for question, contexts, _, decision in asked
    ]
    assert pairs("pubmedqa", raw, "task12") == [
        (f"Question: {question}\nAnswer: {answer}", decision)
        for question, _, answer, decision in asked
        if decision != "maybe"
    ]


labels = st.lists(
    st.tuples(st.sampled_from(HALLMARKS), st.sampled_from(["", "--Finer", "--Finer--Finest"])), max_size=4
)


@given(st.lists(labels, min_size=1, max_size=5), st.sampled_from([" AND ", "AND", " AND"]), st.sampled_from(["", " "]))
def test_label_files(sentences: list[list[tuple[str, str]]], between: str, blank: str) -> None:
    parts = [between.join(name + finer for name, finer in sentence) or "NULL" for sentence in sentences]
    text = blank + "".join(f"<{blank}{part}{blank}" for part in parts)
    assert hallmarks(text) == [{name for name, _ in sentence} for sentence in sentences]


@few
@given(st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_sheets_of_questions(tmp_path_factory: Fresh, rows: list[tuple[str, str]]) -> None:
    assume(all(not text.startswith("=") for row in rows for text in row))  # which a workbook takes for a formula
    raw = tmp_path_factory.mktemp("raw")
    book = openpyxl.Workbook()
    book.active.append(["File", "CHQ", "Summary"])
    for question, summary in rows:
        book.active.append(["1.txt", question, summary])
    book.save(raw / "MeQSum_ACL2019_BenAbacha_Demner-Fushman.xlsx")
    assert pairs("meqsum", raw, "task114") == rows


@st.composite
def trials(draw: st.DrawFn) -> dict[str, dict[int, tuple[list[str], list[tuple[int, int]]]]]:
    """Trial to line to (tokens, spans)."""
    names = draw(st.sets(st.integers(1, 9), min_size=1, max_size=3))
    found: dict[str, dict[int, tuple[list[str], list[tuple[int, int]]]]] = {}
    for name in sorted(names):
        lines = {}
        for number in draw(st.sets(st.integers(0, 4), min_size=1, max_size=3)):
            row = draw(st.lists(tokens, min_size=1, max_size=4))
            spans = draw(st.lists(st.integers(0, len(row) - 1).map(lambda n: (n, n + 1)), max_size=3))
            lines[number] = (row, spans)
        found[f"NCT{name:08}"] = lines
    return found


@few
@given(trials())
def test_eligibility_criteria(
    tmp_path_factory: Fresh, drawn: dict[str, dict[int, tuple[list[str], list[tuple[int, int]]]]]
) -> None:
    raw = tmp_path_factory.mktemp("raw")
    annotations = []
    for trial, lines in drawn.items():
        write(raw / "docs" / "brat" / "batch1" / f"{trial}.txt", f"Criteria of {trial}\n - é")
        for number, (row, spans) in lines.items():
            entities = [{"type": "X", "start": start, "end": end} for start, end in spans]
            pair = [{"type": "Same", "head": 0, "tail": len(spans) - 1}] if spans else []
            line = {"orig_id": f"{number}_{trial}", "tokens": row, "entities": entities, "relations": pair}
            annotations.append(line)
    write(raw / "spert" / "test.json", json.dumps(annotations))
    found = pairs("clinical_trials", raw, "task77", split="test")
    assert [text for text, _ in found] == [f"Criteria of {trial}\n - é" for trial in drawn]
    for (_, output), lines in zip(found, drawn.values(), strict=True):
        answer = json.loads(output)
        assert list(answer) == [f"Line{number}" for number in range(max(lines) + 1)]
        for number, (row, spans) in lines.items():
            entities = [{row[start]: "X"} for start, _ in spans]
            assert answer[f"Line{number}"]["Entities"] == entities
            pair = [[entities[0], entities[-1], "Same"]] if entities else []
            assert answer[f"Line{number}"]["Relations"] == pair
        unannotated = [line for name, line in answer.items() if int(name[4:]) not in lines]
        assert all(line == {"Entities": [], "Relations": []} for line in unannotated)


@st.composite
def ontologies(draw: st.DrawFn) -> list[tuple[str, list[int], list[str]]]:
    """Terms as (name, positions of parents among the terms before, exact synonyms)."""
    size = draw(st.integers(1, 12))
    return [
        (
            f"term {n}",
            draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True)) if n else [],
            draw(st.lists(st.sampled_from(["s1", "s2"]), max_size=2, unique=True)),
        )
        for n in range(size)
    ]


@few
@given(ontologies(), st.integers(0, 3))
def test_word_relations_hold_in_the_ontology(
    tmp_path_factory: Fresh, drawn: list[tuple[str, list[int], list[str]]], seed: int
) -> None:
    raw = tmp_path_factory.mktemp("raw")
    text = "format-version: 1.2\n"
    for number, (name, parents, synonyms) in enumerate(drawn):
        text += f"\n[Term]\nid: DOID:{number}\nname: {name}\n"
        text += "".join(f'synonym: "{name} {synonym}" EXACT []\n' for synonym in synonyms)
        text += "".join(f"is_a: DOID:{parent} ! term {parent}\n" for parent in parents)
    write(raw / "doid.obo", text)
    above: dict[int, set[int]] = {}
    for number, (_, parents, _) in enumerate(drawn):
        above[number] = set(parents).union(*(above[parent] for parent in parents))
    found = pairs("disease_ontology", raw, "task47", seed=seed)
    counted = dict.fromkeys(("synonym", "parent", "child", "unrelated"), 0)
    for pair, label in found:
        first, second = re.fullmatch(r"Word1:(.*)\nWord2:(.*)", pair).groups()  # type: ignore[union-attr]
        counted[label] += 1
        if label == "synonym":
            assert second.startswith(first)
            continue
        one, other = int(first.split()[1]), int(second.split()[1])
        assert (other in drawn[one][1]) == (label == "parent")
        assert (one in drawn[other][1]) == (label == "child")
        if label == "unrelated":
            assert one != other
            assert one not in above[other]
            assert other not in above[one]
    links = sum(len(parents) for _, parents, _ in drawn)
    assert (counted["parent"], counted["child"]) == (links, links)
    assert counted["synonym"] == sum(len(synonyms) for *_, synonyms in drawn)
    assert found == pairs("disease_ontology", raw, "task47", seed=seed)
