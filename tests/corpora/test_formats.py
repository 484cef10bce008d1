"""The shapes corpora come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFile, RawFolder, load_corpus
from medsins.corpora._formats.brat import Document, Relation, documents
from medsins.corpora._formats.iob import Sentence, entities, join_tokens, ner_answer, sentences
from medsins.corpora._formats.mcqa import WORDINGS, answer_text, lettered, question_text, rationale_text
from medsins.corpora._formats.obo import terms, unescape
from medsins.corpora._formats.xlsx import sheet_rows
from medsins.corpora._formats.xml import parse_xml, stream_xml, text_of

CORPUS = load_corpus("pico").CORPUS
MakeFile = Callable[[str], RawFile]


@pytest.fixture
def file(tmp_path: Path) -> MakeFile:
    def make(text: str) -> RawFile:
        (tmp_path / "a.txt").write_text(text, encoding="utf-8", newline="")
        return RawFolder(tmp_path, CORPUS).file("a.txt")

    return make


def test_iob_sentences_end_at_blank_lines_and_at_the_end(file: MakeFile) -> None:
    found = list(sentences(file("\n\nA\tO\n \t \n\nB B-X\nC\tI-X")))
    assert found == [Sentence(("A",), ("O",), 3), Sentence(("B", "C"), ("B-X", "I-X"), 6)]


def test_iob_columns_and_skipped_lines(file: MakeFile) -> None:
    text = "-DOCSTART- -X- O\n\nA NN x O\nB NN x B-Y\n"
    found = list(sentences(file(text), columns=4, skip="-DOCSTART-"))
    assert found == [Sentence(("A", "B"), ("O", "B-Y"), 3)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A O\nB\n", "line 2: has 1 columns where 2"),
        ("A NN O\n", "line 1: has 3 columns"),
        ("A X-1\n", "the tag 'X-1'"),
    ],
)
def test_iob_lines_that_are_none(file: MakeFile, text: str, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        list(sentences(file(text)))


def test_entities_follow_the_first_letter_of_the_tag() -> None:
    tokens = tuple("abcdefg")
    tags = ("I-X", "B-X", "I-Y", "B-X", "O", "I-X", "B-Z")
    assert entities(Sentence(tokens, tags, 1)) == [("b c", "X"), ("d", "X"), ("g", "Z")]


def test_join_tokens_closes_up_six_marks_only() -> None:
    assert join_tokens(["a", ",", "b", "(", "c", ")", "-", "d", ":", "!", ".5", "."]) == "a, b ( c ) - d:! .5."
    assert join_tokens([".", "a"]) == ". a"


TOKENS = st.lists(st.text("ab,.;:?!()", min_size=1, max_size=4), min_size=1)


@given(TOKENS)
def test_joined_tokens_lose_nothing_but_blanks(tokens: list[str]) -> None:
    assert join_tokens(tokens).replace(" ", "") == "".join(tokens)


@given(st.lists(st.tuples(st.text("ab", min_size=1), st.sampled_from(["O", "B-X", "I-X"])), min_size=1))
def test_as_many_entities_as_b_tags(tagged: list[tuple[str, str]]) -> None:
    tokens, tags = zip(*tagged, strict=True)
    found = entities(Sentence(tokens, tags, 1))
    assert len(found) == tags.count("B-X")
    assert sum(len(text.split()) for text, _ in found) <= sum(tag != "O" for tag in tags)


def test_ner_answer() -> None:
    assert ner_answer(["a", "b , c"], BuildOptions()) == "a, b , c."
    assert ner_answer([], BuildOptions()) == "There is no related enetity."
    assert ner_answer([], BuildOptions(empty_answer="converter")) == "There is no related entity."


def test_multiple_choice_wordings() -> None:
    options = lettered(["one", "two"])
    assert question_text("English", "Which?", options) == "Question: Which?\nOptions: A: one\tB: two"
    assert answer_text("English", options, ["B"]) == "The right answer is B: two"
    assert answer_text("Spanish", options, ["A"]) == "La respuesta correcta es: A: one"
    assert rationale_text("French", "Q", options, ["A", "B"]) == (
        "Question: Q\nOptions: A: one\tB: two\t\nLes bonnes réponses sont A: one, B: two."
    )
    assert rationale_text("French", "Q", options, ["A"]).endswith("La bonne réponse est A: one.")


@pytest.mark.parametrize("language", WORDINGS)
@given(texts=st.lists(st.text(min_size=1), min_size=1, max_size=6))
def test_options_with_braces_and_tabs_stand_as_they_are(language: str, texts: list[str]) -> None:
    options = lettered(texts)
    assert f"A: {texts[0]}" in answer_text(language, options, ["A"])
    assert all(
        f"{letter}: {text}\t" in rationale_text(language, "?", options, ["A"]) for letter, text in options.items()
    )


def test_obo_terms(file: MakeFile) -> None:
    text = (
        "format-version: 1.2\n\n[Term]\nid: X:1\nname: a\\: b\n"
        'def: "It says \\"no\\"\\nhere." [x:"y"]\nsynonym: "s" EXACT []\nsynonym: "t" []\n'
        "is_a: X:2 {a=b} ! parent\nis_obsolete: true\n\n[Typedef]\nid: Z:1\n"
    )
    (term,) = terms(file(text))
    assert (term.id, term.name, term.obsolete, term.parents) == ("X:1", "a: b", True, ["X:2"])
    assert term.definition == 'It says "no"\nhere.'
    assert term.synonyms == [("s", "EXACT"), ("t", "RELATED")]


def test_obo_files_that_are_none(file: MakeFile) -> None:
    with pytest.raises(InvalidFile, match="no OBO file"):
        list(terms(file("<html>")))
    with pytest.raises(InvalidFile, match="line 3: has a quoted text that does not end"):
        list(terms(file('format-version: 1.2\n[Term]\ndef: "never ends\n')))


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_obo_escapes_are_undone(text: str) -> None:
    escaped = "".join(f"\\{c}" if c in '\\":,(){}[]!' else c for c in text)
    assert unescape(escaped) == text


def test_xml_streams_and_keeps_text(file: MakeFile) -> None:
    text = "<r><p>one <b>two</b> three</p><q/><p>four</p></r>"
    assert [text_of(p) for p in stream_xml(file(text), "p")] == ["one two three", "four"]
    assert text_of(parse_xml(file(text), "r").find("q")) == ""
    with pytest.raises(InvalidFile, match="root element <r> where <x>"):
        parse_xml(file(text), "x")
    with pytest.raises(InvalidFile, match="line 1, column"):
        list(stream_xml(file(text[:-4]), "p"))


def test_sheets(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    second = book.create_sheet("data")
    for row in (["id", "text"], [1, " x "], [None, None], [2.5, None]):
        second.append(row)
    book.save(tmp_path / "a.xlsx")
    raw = RawFolder(tmp_path, CORPUS)
    assert list(sheet_rows(raw.file("a.xlsx"), "text", sheet="data")) == [
        ("a.xlsx: row 2", {"id": "1", "text": " x "}),
        ("a.xlsx: row 4", {"id": "2.5", "text": ""}),
    ]
    with pytest.raises(InvalidFile, match="not a whole Excel workbook"):
        list(sheet_rows(raw.file("a.xlsx"), sheet="nowhere"))


def brat(folder: Path, text: str, annotations: str) -> list[Document]:
    (folder / "a.txt").write_bytes(text.encode())
    (folder / "a.ann").write_text(annotations, encoding="utf-8")
    return list(documents(RawFolder(folder, CORPUS)))


def test_brat_documents(tmp_path: Path) -> None:
    text = "Größe of\r\nleft and right kidney.\n\nEnd"
    annotations = (
        "T2\tOrgan 19 31\tright kidney\nT1\tOrgan 10 14;25 31\tleft kidney\nR1\tPair Arg1:T1 Arg2:T2\n"
        "E1\tCut:T1 Theme:T2\nA1\tNegated T1\n#1\tNote T1\tunsure\n*\tEquiv T1 T2\n"
    )
    (document,) = brat(tmp_path, text, annotations)
    assert [(m.id, m.pieces) for m in document.mentions] == [("T1", ((10, 14), (25, 31))), ("T2", ((19, 31),))]
    assert document.relations == (Relation("Pair", "T1", "T2"),)
    assert [(part, [m.id for m in found]) for part, found in document.parts()] == [
        ("Größe of\r", []),
        ("left and right kidney.", ["T1", "T2"]),
        ("End", []),
    ]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("T1\tX 0 4\tkidn", r"a\.ann: line 1: says 'kidn' stands at 0 4, where the text has 'Left'"),
        ("T1\tX 0 four\tLeft", "which are not start and end"),
        ("R1\tPair T1 T2", "line 1: is no relation"),
    ],
)
def test_brat_annotations_that_do_not_fit(tmp_path: Path, annotations: str, message: str) -> None:
    with pytest.raises(InvalidFile, match=message):
        brat(tmp_path, "Left kidney", annotations)


def test_a_brat_text_needs_its_annotations(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("alone")
    with pytest.raises(InvalidFile, match=r"b\.txt: has no annotation file b\.ann"):
        brat(tmp_path, "x", "")


@given(text=st.text(st.sampled_from("aé \n𝄞"), min_size=1, max_size=30), data=st.data())
def test_brat_mentions_are_found_where_they_stand(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    given_text = text[start:end].replace("\n", " ")
    (document,) = brat(tmp_path_factory.mktemp("brat"), text, f"T1\tX {start} {end}\t{given_text}\n")
    assert (document.mentions[0].start, document.mentions[0].end) == (start, end)
    inside = [m for part, found in document.parts() for m in found]
    assert len(inside) == (("\n" not in text[start:end]) and bool(given_text.strip() or _line(text, start).strip()))


def _line(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, at) + 1 :].split("\n")[0]
