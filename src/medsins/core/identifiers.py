"""Rules that find what may name a patient: dates of birth and of visits, record numbers, identity numbers, phones,
e-mail addresses, names after a title.

A lint, not a de-identification: rules see the usual forms and miss the others. Placeholders of de-identified text
(``___``, ``[**2151-7-16**]``) are no hits. Rates on published text are in docs/restricted-data.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["birth date", "visit date", "record number", "identity number", "phone", "e-mail", "name"]

KINDS: tuple[Kind, ...] = (
    "birth date", "visit date", "record number", "identity number", "phone", "e-mail", "name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """One find: characters ``start`` to ``end`` (exclusive) of the text."""

    kind: Kind
    start: int
    end: int


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:(?:19|20)\d\d|\d\d)"
_DATE = (
    rf"(?:{_DAY}[/.-](?:0?[1-9]|1[0-2])[/.-]{_YEAR}|(?:0?[1-9]|1[0-2])[/.-]{_DAY}[/.-]{_YEAR}"
    rf"|(?:19|20)\d\d[/.-](?:0?[1-9]|1[0-2])[/.-]{_DAY}"
    rf"|{_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+(?:19|20)\d\d|{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    r"|(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)(?![\d/-])"
)
_GAP = r"[\s:：,=#()*-]{0,6}"
_WAS = r"(?:\s+(?:was|is|on|the|at))*"

_BIRTH = (
    r"(?:\bd\.?o\.?b\.?|\bdate of birth|\bbirth\s?date|\bborn(?:\s+on)?|出生日期|出生于|生年月日)"
    rf"{_GAP}(?P<hit>{_DATE})"
)
_VISIT = (
    r"(?:\b(?:admission|discharge|admit|visit|service|exam(?:ination)?|encounter|procedure|surgery|collection) date"
    r"|\bdate of (?:admission|discharge|visit|service|exam(?:ination)?|surgery|death|procedure|consultation)"
    r"|\b(?:was |were )?(?:admitted|discharged|hospitali[sz]ed|readmitted)(?: to [^.\n]{0,40}?)? on"
    r"|\bseen (?:in [^.\n]{0,30}? )?on|\b(?:passed away|died|expired|deceased) on|入院日期|出院日期|就诊日期)"
    rf"{_WAS}{_GAP}(?P<hit>{_DATE})"
)
_STAMP = r"(?<![\d/.-])(?P<hit>(?:(?:19|20)\d\d-\d\d-\d\d|\d{1,2}/\d{1,2}/(?:19|20)\d\d)[ T]\d\d?:\d\d(?::\d\d)?\b)"
_RECORD = (
    r"\b(?:mrn|medical record(?: (?:number|no\.?|#))?|(?:patient|hospital|chart|record|encounter|case file)"
    r" (?:id|identifier|number|no\.?|nr\.?|#)|unit (?:number|no\.?)|nhs (?:number|no\.?))"
    r"(?:\s+(?:is|was))?[\s:：=#.-]{0,5}(?P<hit>[a-z]{0,3}-?\d(?:[ -]?\d){4,11}\b)"
)
_RECORD_HAN = r"(?:病历号|住院号|门诊号|登记号|カルテ番号|患者番号|患者ID)[\s:：#]{0,4}(?P<hit>[a-z]{0,3}\d{5,12})"
_SSN = r"(?<![\d-])(?P<hit>(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\d-])"
_CHINESE_ID = r"(?<!\d)(?P<hit>[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx])(?![\da-z])"
_NUMBER = r"\+?\(?\d(?:[\s().-]{0,2}\d){6,14}\b"
_PHONE = (
    r"(?:\b(?:tel(?:ephone)?|phone|mobile|cell(?: ?phone)?|fax|pager|call(?: (?:him|her|me|us))?(?: (?:at|on))?)\b"
    rf"|电话|手机|電話)(?:\s+(?:number|no\.?|is|was))*[\s:：#.]{{0,4}}(?P<hit>{_NUMBER})"
)
_US_PHONE = r"(?<![\w.-])(?P<hit>(?:\+?1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4})(?![\w-])"
_EMAIL = r"(?<![\w.+-])(?P<hit>[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12})(?![\w-])"
_PERSON = r"[A-Z\u00c0-\u00de][a-z\u00df-\u00ff'’]+(?:-[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]+)?"
_TITLED = (
    rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)(?:\.\s?|\s)(?P<hit>(?:[A-Z]\.\s?){{0,2}}{_PERSON}(?:\s{_PERSON})?)"
    r"(?!\s+(?:et al|syndrome|disease|method|test|criteria|classification|scale|score|sign|stain))"
)
_LABELLED = (
    rf"\b(?:Patient(?:'s)?(?: [Nn]ame)?|PATIENT(?: NAME)?|[Nn]ame|NAME|Pt)\s?[:：]\s?"
    rf"(?P<hit>{_PERSON},?\s(?:[A-Z]\.\s)?{_PERSON})\b"
)
_NAME_HAN = r"(?:(?:患者)?姓名|患者氏名|氏名)\s?[:：]\s?(?P<hit>[\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff])"


def _any(match: re.Match[str]) -> bool:
    return True


def _id_checks(match: re.Match[str]) -> bool:
    """Chinese identity numbers end in a check digit (GB 11643, ISO 7064 MOD 11-2)."""
    text = match["hit"].lower()
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(text[:17]))
    return text[17] == "10x98765432"[total % 11]


def _is_person(match: re.Match[str]) -> bool:
    return match["hit"].split()[0] not in _NO_NAMES


# What follows a label or title in headings and sentences without being a name.
_STARTS = """
The This That These Those A An He She It They We Is Was Has Had Not No Unknown Male Female Adult Child Age Aged History
Presents Presented Complains Please Data Group Population Reported Outcome Global Visual Health Symptom Physician Does
Did Do Says Said Told Quality Satisfaction Number Total Unit Other None All Any Doctor And Or In Of For
"""
_NO_NAMES = frozenset(_STARTS.split())


@dataclass(frozen=True, slots=True)
class _Rule:
    """``needs``: lower-case strings of which a text must hold one, so that most texts never meet the pattern."""

    kind: Kind
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    accepts: Callable[[re.Match[str]], bool] = _any


_VISIT_WORDS = ("date", "admitted", "discharge", "hospitali", "seen ", "passed", "died", "expired", "deceased", "日期")
_RECORD_WORDS = ("mrn", "record", " id", "identifier", "number", " no", "#")
_RULES = (
    _Rule("birth date", ("birth", "born", "dob", "d.o.b", "出生", "生年月日"), re.compile(_BIRTH, re.IGNORECASE)),
    _Rule("visit date", _VISIT_WORDS, re.compile(_VISIT, re.IGNORECASE)),
    _Rule("visit date", (":",), re.compile(_STAMP)),
    _Rule("record number", _RECORD_WORDS, re.compile(_RECORD, re.IGNORECASE)),
    _Rule("record number", ("号", "番号", "患者id"), re.compile(_RECORD_HAN, re.IGNORECASE)),
    _Rule("identity number", ("-",), re.compile(_SSN)),
    _Rule("identity number", ("19", "20"), re.compile(_CHINESE_ID, re.IGNORECASE), _id_checks),
    _Rule("phone", ("tel", "phone", "mobile", "cell", "fax", "pager", "call", "电话", "手机", "電話"),
          re.compile(_PHONE, re.IGNORECASE)),
    _Rule("phone", ("-", "."), re.compile(_US_PHONE)),
    _Rule("e-mail", ("@",), re.compile(_EMAIL, re.IGNORECASE)),
    _Rule("name", ("mr", "ms", "miss", "dr", "prof"), re.compile(_TITLED), _is_person),
    _Rule("name", (":", "："), re.compile(_LABELLED), _is_person),
    _Rule("name", ("姓名", "氏名"), re.compile(_NAME_HAN)),
)  # fmt: skip


def find_identifiers(text: str) -> list[Hit]:
    """What may name a person in a text, in order and without overlaps: of two finds at one place the earlier rule's."""
    found: list[Hit] = []
    for hit in sorted(_hits(text), key=lambda hit: (hit.start, KINDS.index(hit.kind))):
        if not found or hit.start >= found[-1].end:
            found.append(hit)
    return found


def _hits(text: str) -> Iterator[Hit]:
    lowered = text.lower()
    for rule in _RULES:
        if any(word in lowered for word in rule.needs):
            for match in rule.pattern.finditer(text):
                if rule.accepts(match):
                    yield Hit(rule.kind, match.start("hit"), match.end("hit"))
