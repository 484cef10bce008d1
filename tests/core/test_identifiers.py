"""Rules for identifiers: the usual forms are found whole, science and placeholders are left alone."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core.identifiers import KINDS, find_identifiers

FOUND = [
    ("DOB: 03/14/1961, seen for cough", "birth date", "03/14/1961"),
    ("D.O.B. 14.3.1961", "birth date", "14.3.1961"),
    ("Date of birth: March 14, 1961.", "birth date", "March 14, 1961"),
    ("She was born on 14 March 1961 in Graz", "birth date", "14 March 1961"),
    ("出生日期：1961年3月14日", "birth date", "1961年3月14日"),
    ("生年月日: 1961年3月14日", "birth date", "1961年3月14日"),
    ("Admission Date: 2019-02-03", "visit date", "2019-02-03"),
    ("He was admitted on 3 Feb 2019 with fever", "visit date", "3 Feb 2019"),
    ("was admitted to the surgical ward on 02/03/2019", "visit date", "02/03/2019"),
    ("Date of Discharge:  12/02/19", "visit date", "12/02/19"),
    ("discharged on February 12th, 2019", "visit date", "February 12th, 2019"),
    ("Seen in clinic on 2/12/2019 by", "visit date", "2/12/2019"),
    ("passed away on 2 March 2020", "visit date", "2 March 2020"),
    ("[2019-02-03 14:05:11] temperature 38.2", "visit date", "2019-02-03 14:05:11"),
    ("MRN: 00482913", "record number", "00482913"),
    ("MRN 482-913-22 was", "record number", "482-913-22"),
    ("Medical Record Number: A1234567", "record number", "A1234567"),
    ("patient ID: 8812345", "record number", "8812345"),
    ("NHS number 943 476 5919", "record number", "943 476 5919"),
    ("住院号：20190233", "record number", "20190233"),
    ("SSN 219-09-9999.", "identity number", "219-09-9999"),
    ("身份证号 11010519491231002X", "identity number", "11010519491231002X"),
    ("Phone: (212) 555-0147", "phone", "(212) 555-0147"),
    ("call 415-555-0132 for results", "phone", "415-555-0132"),
    ("Tel. +44 20 7946 0958", "phone", "+44 20 7946 0958"),
    ("电话：13800138000", "phone", "13800138000"),
    ("write to anna.muster@clinic.example today", "e-mail", "anna.muster@clinic.example"),
    ("Mr. Smith reports pain", "name", "Smith"),
    ("Mrs Anna Muster-Berg was", "name", "Anna Muster-Berg"),
    ("referred by Dr. J. Doe for", "name", "J. Doe"),
    ("Patient: Anna Muster, 61 y", "name", "Anna Muster"),
    ("Patient Name: Muster, Anna", "name", "Muster, Anna"),
    ("患者姓名：张伟明，男", "name", "张伟明"),
    ("geb. 14.03.1961 in Graz", "birth date", "14.03.1961"),
    ("nacido el 14 de marzo de 1961", "birth date", "14 de marzo de 1961"),
    ("née le 14 mars 1961", "birth date", "14 mars 1961"),
    ("Дата рождения: 14.03.1961", "birth date", "14.03.1961"),
    ("DOB 03141961", "birth date", "03141961"),
    ("患者は1961年3月14日生まれ", "birth date", "1961年3月14日"),
    ("Date of admission: 3-Feb-2019", "visit date", "3-Feb-2019"),
    ("Discharged 12/2/19", "visit date", "12/2/19"),
    ("Дата поступления: 03.02.2019", "visit date", "03.02.2019"),
    ("入院日 2019/2/3", "visit date", "2019/2/3"),
    ("Acct No: 9912003381", "record number", "9912003381"),
    ("Pathology S19-48291 shows", "record number", "S19-48291"),
    ("N° dossier : 4829132", "record number", "4829132"),
    ("Medicare 1EG4-TE5-MK73 on file", "record number", "1EG4-TE5-MK73"),
    ("SSN: 219 09 9999", "identity number", "219 09 9999"),
    ("DNI 12345678Z", "identity number", "12345678Z"),
    ("СНИЛС 112-233-445 95", "identity number", "112-233-445 95"),
    ("Passport No: AB1234567", "identity number", "AB1234567"),
    ("reached at +49 (0) 4115 781565", "phone", "+49 (0) 4115 781565"),
    ("(212) 555-0147 x5938 at night", "phone", "(212) 555-0147 x5938"),
    ("тел. 8 (495) 123-45-67", "phone", "8 (495) 123-45-67"),
    ("pager 38291", "phone", "38291"),
    ("写信到anna@clinic.example", "e-mail", "anna@clinic.example"),
    ("Mr SMITH was", "name", "SMITH"),
    ("Mme Dubois", "name", "Dubois"),
    ("Mrs. O'Neill reports", "name", "O'Neill"),
    ("PATIENT: MUSTER, ANNA", "name", "MUSTER, ANNA"),
    ("Electronically signed by Anna Muster", "name", "Anna Muster"),
    ("Anna Muster is a 61-year-old woman", "name", "Anna Muster"),
    ("Seen by Anna Muster, M.D.", "name", "Anna Muster"),
    ("Больная: Иванова Анна Петровна, 61 год", "name", "Иванова Анна Петровна"),
    ("患者：张伟，男", "name", "张伟"),
    ("氏名：岡田 結衣", "name", "岡田 結衣"),
]

LEFT_ALONE = [
    "Patients were enrolled between January 2001 and March 2005 at 12 centres.",
    "The search ran to 12 December 2019 in PubMed and Embase.",
    "We included studies published from 1998-01-01 to 2004-12-31.",
    "ClinicalTrials.gov number, NCT00123456.",
    "GenBank accession number AF123456 and PDB ID 1ABC.",
    "The 95% CI was 1.2-3.4 (P = 0.001; n = 12345).",
    "CAS 50-78-2; lot 123456; doi:10.1000/182.",
    "HR 120, BP 120/80, SpO2 98 at 14:05.",
    "Admission Date: [**2151-7-16**] Discharge Date: [**2151-8-4**] MRN: [**1234567**]",
    "Admission Date:  ___  Date of Birth:  ___  Name:  ___  Mr. ___ is a ___ year old",
    "MS patients and Drosophila; Mr X and Ms A had no relapse.",
    "Patient: The patient is a 45-year-old man. Patient: Male, 45.",
    "Patient Population: Adults. Patient reported outcome: Visual Analogue.",
    "Dr. Scoring was not used.".replace("Scoring", "the scoring"),
    "ratio 1.5.2019 of 3/4; version 2.1.2019",
    "call: 100 mg; phone use of 120 min; tel. aviv",
    "The number 123456789012345678 is no identity number.",
    "a 219-09-99990 and 1219-09-9999, 000-12-3456, 666-12-3456, 912-34-5678",
    "Ratio@2.5, user@localhost, @mention",
    "discharged from hospitals between October 1, 1994, and September 30, 1995",
    "patients admitted from January 1, 1992, to March 31, 1998",
    "Poison help: call 1-800-222-1222 or (888) 463-6332.",
    "Write to info@clinic.example or support@clinic.example.",
    "made by Things Inc., Severna Park, MD, USA and sold in Bethesda, MD 20892-3655",
    "Will We Miss Cancers Following Updated Guidelines?",
    "Generated: 2015-01-01T11:03:27-05:00",
    "患者：男，61岁。患者姓名未公开",
    "+5.2 (95% CI +1.1 to +9.3) and + 12 mmHg",
    "born in 1961, admitted in 2019 and discharged after 5 days",
]


@pytest.mark.parametrize(("text", "kind", "words"), FOUND, ids=[words for _, _, words in FOUND])
def test_the_usual_forms_are_found_whole(text: str, kind: str, words: str) -> None:
    assert [(hit.kind, text[hit.start : hit.end]) for hit in find_identifiers(text)] == [(kind, words)]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_science_and_placeholders_are_left_alone(text: str) -> None:
    assert [(hit.kind, text[hit.start : hit.end]) for hit in find_identifiers(text)] == []


@given(st.lists(st.sampled_from([text for text, _, _ in FOUND] + LEFT_ALONE), max_size=6), st.sampled_from(" \n;"))
def test_hits_are_in_order_and_apart(parts: list[str], between: str) -> None:
    text = (between * 3).join(parts)
    hits = find_identifiers(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(one.end <= other.start for one, other in pairwise(hits))
    assert {hit.kind for hit in hits} <= set(KINDS)


@given(st.text(max_size=300))
def test_any_text_is_looked_at(text: str) -> None:
    for hit in find_identifiers(text):
        assert text[hit.start : hit.end].strip()


@pytest.mark.parametrize(
    "text",
    ["1" * 50_000, "Mr. " * 20_000, "a@" * 30_000, "admitted to " * 8_000, "MRN: 1-" * 10_000, "(212) " * 10_000,
     "a." * 30_000 + "@", "Tel: " + "1 " * 40_000, "X" * 40_000 + "@x.", "Name: " + "Aa-" * 20_000],
    ids=range(10),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    """Time grows with the length of a text and not with its square: doubling it does not quadruple the time."""
    started = time.process_time()
    find_identifiers(text)
    first = time.process_time() - started
    started = time.process_time()
    find_identifiers(text * 2)
    assert time.process_time() - started < 0.2 + 3 * first
