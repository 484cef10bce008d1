"""The readers of articles, reviews, claims and translations, on invented files of the published formats."""

from __future__ import annotations

import csv
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.corpora import BuildOptions, RawFolder, load_corpus
from medsins.corpora._formats.reviews import review_records

from .conftest import FIXTURES, Built

Build = Callable[..., Built]


def copied(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / name, tmp_path / "raw"))


def test_the_studies_of_a_review_are_gathered(built: Build) -> None:
    result = built("rct_text")
    assert result.pairs[0] == (
        'Title: Trial of an invented drug\nAbstract: It helped, "a lot".\n\n'
        "Title: A later trial\nAbstract: It did not help.",
        "Evidence is mixed.",
    )
    assert result.pairs[1] == ("Title: A second trial", "Nothing is known.")
    assert [i["split"] for i in result.instances] == ["train", "train", "validation"]
    assert [d["reason"] for d in result.dropped] == ["the review has no target (held back by the owners)"]


def test_a_review_with_background_begins_with_it(built: Build) -> None:
    first, second = built("ms2").pairs
    assert first[0].startswith("Background: Nobody knew.\n\nTitle: Trial of an invented drug\n")
    assert second[0] == "Title: A second trial"


def test_reviews_may_stay_in_the_archive_of_the_shared_task(built: Build, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    with tarfile.open(raw / "mslr_data.tar.gz", "w:gz") as archive:
        for name, part in (("ms2", FIXTURES / "ms2" / "ms2"), ("cochrane", FIXTURES / "rct_text")):
            archive.add(part, f"mslr_data/{name}")
    for name in ("ms2", "rct_text"):
        assert built(name, raw=raw).pairs == built(name).pairs


def test_the_two_collections_of_reviews_are_not_mixed_up(built: Build, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(FIXTURES / "rct_text", raw / "mslr_data" / "cochrane")
    with pytest.raises(InvalidFile, match=r"has no ms2/train-inputs\.csv"):
        built("ms2", raw=raw)
    with pytest.raises(InvalidFile, match=r"has no ms2/train-reviews-info\.csv"):
        built("ms2", raw=raw / "mslr_data" / "cochrane")


def test_a_missing_part_of_the_reviews_is_noted(built: Build, tmp_path: Path) -> None:
    raw = copied("rct_text", tmp_path)
    (raw / "dev-inputs.csv").unlink()
    result = built("rct_text", raw=raw)
    assert [i["split"] for i in result.instances] == ["train", "train"]
    assert "no dev-inputs.csv in the raw folder: its part of the release is left out" in result.provenance["notes"]
    with pytest.raises(InvalidFile, match=r"has no cochrane/dev-inputs\.csv"):
        built("rct_text", raw=raw, split="validation")


cells = st.text(alphabet='aé ,"\n.', min_size=1, max_size=12)


@given(st.lists(st.tuples(st.sampled_from("ABC"), cells, cells), min_size=1, max_size=8))
def test_every_study_stays_with_its_review(
    tmp_path_factory: pytest.TempPathFactory, studies: list[tuple[str, str, str]]
) -> None:
    def write(path: Path, *rows: tuple[str, ...]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8", newline="")

    path = tmp_path_factory.mktemp("reviews")
    write(
        path / "train-inputs.csv",
        ("", "ReviewID", "PMID", "Title", "Abstract"),
        *((str(n), review, "1", title, abstract) for n, (review, title, abstract) in enumerate(studies)),
    )
    write(path / "train-targets.csv", ("", "ReviewID", "Target"), *(("0", name, f"of {name}") for name in "ABC"))
    records = list(review_records(RawFolder(path, load_corpus("ms2").CORPUS), "ms2", "task109", BuildOptions()))
    assert [r.instance.reference for r in records if r.instance] == [
        f"of {name}" for name in dict.fromkeys(review for review, _, _ in studies)
    ]
    for record in records:
        assert record.instance
        mine = [s for s in studies if f"of {s[0]}" == record.instance.reference]
        assert record.instance.input == "\n\n".join(f"Title: {t}\nAbstract: {a}" for _, t, a in mine)


def test_clinical_questions_and_the_evidence_for_each_answer(built: Build) -> None:
    questions = built("ebms")
    assert questions.pairs == [("Does an invented drug help?", "It helps & is safe. It is cheap.")]
    assert questions.dropped[0]["place"] == "ClinicalInquiries.xml: record 8"
    evidence = built("ebms", "task100")
    assert evidence.pairs == [
        ("It helps & is safe.", "One trial showed it."),
        ("It helps & is safe.", "Another trial\nshowed it too."),
    ]
    assert [d["reason"] for d in evidence.dropped] == ["the statement or its evidence has no text"]


@pytest.mark.parametrize(
    ("text", "message"), [("<records><record>", "not well-formed XML"), ("<html/>", "no <record> elements")]
)
def test_another_xml_file_is_refused(text: str, message: str, built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "ClinicalInquiries.xml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile, match=message):
        built("ebms", raw=tmp_path / "raw")


def test_abstracts_lose_the_marks_of_their_sentences(built: Build) -> None:
    result = built("pubmed_summarization")
    assert result.pairs == [("first invented sentence .\nsecond sentence .", "short . shorter ."), ("a .", "b .")]
    assert [d["reason"] for d in result.dropped] == ["the article or its abstract is empty"]


def test_articles_may_be_named_by_their_own_folder(built: Build, tmp_path: Path) -> None:
    folder = copied("pubmed_summarization", tmp_path) / "pubmed-dataset"
    assert built("pubmed_summarization", raw=folder).pairs == built("pubmed_summarization").pairs


def test_the_sister_collection_of_arxiv_is_told(built: Build, tmp_path: Path) -> None:
    folder = copied("pubmed_summarization", tmp_path) / "pubmed-dataset"
    arxiv = (folder / "train.txt").read_text(encoding="utf-8").replace("PMC1", "1001.0001")
    (folder / "train.txt").write_text(arxiv, encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"article 1001\.0001, which is not of PubMed Central"):
        built("pubmed_summarization", raw=folder)


def test_a_line_that_was_cut_off_is_refused(built: Build, tmp_path: Path) -> None:
    raw = copied("pubmed_summarization", tmp_path)
    path = raw / "pubmed-dataset" / "train.txt"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidFile, match=r"train\.txt: line 2.*ends too early"):
        built("pubmed_summarization", raw=raw)


def test_headings_with_commas_stay_whole(built: Build) -> None:
    result = built("pubmed_mesh")
    assert result.pairs == [
        ("An invented title.\nAn abstract,\nin two lines.", "Humans; Diabetes Mellitus, Type 2; Crohn Disease")
    ]
    assert [d["reason"] for d in result.dropped] == ["the article has no text or no headings"]


def test_topics_are_written_as_words(built: Build) -> None:
    result = built("litcovid", split="train")
    assert [answer for _, answer in result.pairs] == ["general", "case report, treatment"]
    assert built("litcovid", split="test").pairs == [("U\n\nForecast.", "forecasting")]


def test_a_topic_of_another_release_is_refused(built: Build, tmp_path: Path) -> None:
    raw = copied("litcovid", tmp_path)
    path = raw / "LitCovid.train.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",general,", ",long_covid,"), encoding="utf-8")
    with pytest.raises(InvalidFile, match="topic 'long covid', which is none of the eight"):
        built("litcovid", raw=raw)


def test_a_plain_summary_is_taken_out_of_its_article(built: Build) -> None:
    assert built("plos_readability", split="train").pairs == [
        ("An invented study\nAbstract.  Then we stopped.", "We saw things.")
    ]
    assert built("plos_readability", split="test").pairs == [("Another\nLong text.", "Short.")]


def test_claims_are_judged_written_and_explained(built: Build) -> None:
    judged = built("healthfact", "task16", split="train")
    assert judged.pairs == [
        ('Paragraph: "The text says ""yes"". Claim: "An invented claim."', "2"),
        ("Paragraph: The text says no. Claim: A false claim.", "0"),
        ("Paragraph: Mixed text. Claim: A mixed claim", "1"),
    ]
    assert [d["reason"] for d in judged.dropped] == ["the label is 'unproven'", "the line is malformed"]
    assert built("healthfact", "task17", split="train").pairs == [
        ('Paragraph: "The text says ""yes"".', '"An invented claim."')
    ]
    assert [answer for _, answer in built("healthfact", "task18", split="train").pairs] == [
        "It is so.",
        "It is not so.",
        "Because.",
    ]


def test_the_numbered_lines_of_the_test_claims_are_understood(built: Build) -> None:
    assert built("healthfact", "task16", split="test").pairs == [("Paragraph: Test text. Claim: A test claim", "2")]


def test_claims_may_stay_in_their_zip_or_lie_bare(built: Build, tmp_path: Path) -> None:
    folder = FIXTURES / "healthfact" / "PUBHEALTH"
    raw = tmp_path / "raw"
    raw.mkdir()
    with zipfile.ZipFile(raw / "PUBHEALTH.zip", "w") as bundle:
        for path in sorted(folder.iterdir()):
            bundle.write(path, f"PUBHEALTH/{path.name}")
    whole = built("healthfact").pairs
    assert built("healthfact", raw=raw).pairs == whole
    assert built("healthfact", raw=folder).pairs == whole


def test_claims_with_other_columns_are_refused(built: Build, tmp_path: Path) -> None:
    raw = copied("healthfact", tmp_path)
    (raw / "PUBHEALTH" / "train.tsv").write_text("id\tclaim\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"lacks the columns claim_id.*found id, claim"):
        built("healthfact", raw=raw)


def test_translations_are_paired_where_both_languages_are_there(built: Build) -> None:
    assert built("ecdc_tm", "task19").pairs == [("Wash your hands & rest.", "Tvätta händerna och vila.")]
    assert built("ecdc_tm", "task20").pairs == [
        ("Wash your hands & rest.", "Hände waschen und ruhen."),
        ("Only English", "und Deutsch"),
    ]
    back = built("ecdc_tm", "task21")
    assert back.pairs == [("Lavez-vous les mains et reposez-vous.", "Wash your hands & rest.")]
    assert back.document["Input_language"] == ["French"]
    assert len(back.dropped) == 1


def test_a_translation_memory_in_utf_16_is_read_as_well(built: Build, tmp_path: Path) -> None:
    text = (
        (FIXTURES / "ecdc_tm" / "ECDC.tmx").read_text(encoding="utf-8").replace('encoding="UTF-8"', 'encoding="UTF-16"')
    )
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "ECDC.tmx").write_text(text, encoding="utf-16")
    assert built("ecdc_tm", "task20", raw=tmp_path / "raw").pairs == built("ecdc_tm", "task20").pairs


def test_concepts_are_matched_named_and_explained(built: Build) -> None:
    assert built("biolord", "task50").pairs[0] == (
        "Concept: invented concept 0",
        "the thing number 0, described at length",
    )
    assert built("biolord", "task49").pairs[0][1] == "invented concept 0"
    for text, answer in built("biolord", "task48").pairs:
        choices = text.partition("\nConcepts: ")[2].split("; ")
        assert answer in choices
        assert len(set(choices)) == len(choices) == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs.csv", "concept,description\nan invented one,its meaning\n"),
        ("pairs.tsv", "name\tdefinition\nan invented one\tits meaning\n"),
        ("pairs.jsonl", '{"set": ["an invented one", "its meaning"]}\n'),
    ],
)
def test_pairs_of_concepts_may_come_in_several_layouts(name: str, text: str, built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / name).write_text(text, encoding="utf-8")
    assert built("biolord", "task50", raw=tmp_path / "raw").pairs == [("Concept: an invented one", "its meaning")]


def test_pairs_without_a_definition_are_refused(built: Build, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "pairs.jsonl").write_text('{"name": "a", "cui": "C1"}\n', encoding="utf-8")
    with pytest.raises(InvalidFile, match="lacks the keys definition; found name, cui"):
        built("biolord", raw=tmp_path / "raw")


@pytest.mark.parametrize("size", [3, 40])
def test_the_sample_of_concepts_is_drawn_from_the_seed(
    size: int, built: Build, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(load_corpus("biolord"), "SAMPLE", size)
    (tmp_path / "raw").mkdir()
    lines = [f'{{"name": "n{i}", "definition": "d{i}"}}\n' for i in range(30)]
    (tmp_path / "raw" / "pairs.jsonl").write_text("".join(lines), encoding="utf-8")
    drawn = [tuple(built("biolord", "task49", raw=tmp_path / "raw", seed=seed).pairs) for seed in (1, 1, 2)]
    assert len(drawn[0]) == min(size, 30)
    assert drawn[0] == drawn[1]
    assert (drawn[0] == drawn[2]) == (size >= 30)
    numbers = [int((answer or "").removeprefix("n")) for _, answer in drawn[0]]
    assert numbers == sorted(set(numbers))
