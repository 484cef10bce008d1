"""Invented identifiers of people who do not exist, in the many ways that records write them.

The forms come from how hospitals, registries and letters write, not from the rules that look for them. Every third form
of a kind is held out: rules are improved by what they miss among the others.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

Values = dict[str, str]


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words("Anna John Mary Peter Lucía Jürgen Chloé Igor Fatima Wei Siobhán Kwame Ingrid Tomasz Priya Ben")
_LAST = _words(
    "Kowalska Smith O'Neill García Müller Dubois Ivanov Haddad Nguyen Okafor Lindqvist Rossi Patel Brown-Lee"
)
_RUSSIAN = _words("Иванов Петрова Смирнов Кузнецова Соколов")
_RUSSIAN_FIRST = _words("Иван Ольга Сергей Анна Дмитрий")
_CHINESE = _words("张伟 李娜 王秀英 刘洋 陈建国 欧阳静")
_JAPANESE = _words("山田太郎 佐藤花子 鈴木一郎 高橋美咲")
_MONTHS = _words("January February March April May June July August September October November December")
_SPANISH = _words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_FRENCH = _words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
_RUSSIAN_MONTHS = _words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")


_LABELS = {
    "en_US": ("Phone: ", "SSN: ", "Patient name: "),
    "en_GB": ("Telephone: ", "National Insurance number: ", "Patient name: "),
    "de_DE": ("Tel.: ", "", "Name: "),
    "fr_FR": ("Tél. : ", "", "Name : "),
    "es_ES": ("Teléfono: ", "", "Sr. "),
    "ru_RU": ("Телефон: ", "", "Пациент: "),
    "zh_CN": ("电话：", "身份证号：", "患者姓名："),
    "ja_JP": ("電話：", "", "氏名："),
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write an identifier: ``text`` with the identifier itself between ``<`` and ``>``."""

    kind: str
    text: str
    held_out: bool

    def fill(self, values: Values) -> tuple[str, int, int]:
        """The words of one invented person, and where in them the identifier begins and ends."""
        text = self.text.format(**values)
        start, end = text.index("<"), text.index(">")
        return text.replace("<", "").replace(">", ""), start, end - 1


_FORMS = {
    "birth date": """
DOB: <{us}>|D.O.B <{dmon}>|date of birth <{iso}>|born <{long}>|b. <{dots}>|DOB <{digits}>|Birthdate: <{words}>
Geb. <{dots}>|geboren am <{dots}>|fecha de nacimiento: <{eu}>|né le <{french}>|née le <{eu}>|nacido el <{spanish}>
Дата рождения: <{dots}>|родился <{russian}>|出生日期：<{han}>|生年月日 <{slashes}>|生于<{han}>|(DOB <{usshort}>)
DOB/Age: <{us}> / 61|Date of Birth (dd/mm/yyyy): <{eu}>|birthday is <{words}>|born on the <{ordinal}>|DOB-<{us}>
""",
    "visit date": """
Admission Date: <{us}>|admitted on <{long}>|Date of admission: <{dmon}>|Discharged <{usshort}>
Discharged home on <{us}>
seen in clinic on <{words}>|DOS <{iso}>|Adm: <{us}>|Fecha de ingreso: <{eu}>|Дата поступления: <{dots}>
поступил в клинику <{dots}>|入院日期：<{han}>|入院日 <{slashes}>|date d'entrée : <{eu}>|operated on <{long}>
underwent surgery on <{words}>|Date of service: <{iso}>|presented to the ED on <{us}>|Visit: <{iso} 14:20>
hospitalisé le <{french}>|ingresó el <{spanish}>|Report date <{us}>|Specimen collected: <{us} 08:15>
follow-up on <{long}>
transferred from the ICU on <{us}>|was readmitted <{usshort}>|Date/Time of exam: <{us} 1420>|died <{long}>
""",
    "record number": """
MRN <{n8}>|MRN: <{n4}-{n2}-{n1}>|Med Rec #: <{n6}>|Patient ID <{letter}{n7}>|Acct No: <{n10}>|Account number <{n9}>
Chart #<{n7}>|Case No. <S{n2}-{n5}>|Accession: <{n2}-SP-{n5}>|NHS number <{n3} {n3b} {n4}>|Hospital No: <{letter}{n6}>
Unit No: <{n3}-{n2}-{n2b}>|病历号：<{n8}>|住院号 <{n7}>|门诊号:<{n9}>|カルテ番号：<{n6}>|患者ID：<{n7}>
Historia clínica: <{n6}>|NHC: <{n6}>|N° dossier : <{n7}>|История болезни № <{n5}>|Fall-Nr.: <{n8}>
Encounter ID: <{n9}>
Medical record <{n7}>|Visit number: <{n8}>|Pt ID#<{n6}>|hospital number <{n7}>
Medicare ID: <1{letter}{n1}4-TE{n1}-MK{n2}>
""",
    "identity number": """
SSN <{ssn}>|SSN: <{ssnblank}>|SSN {n1}: <{ssn}>|social security number <{ssn}>|Social Security No. <{ssnplain}>
身份证号：<{chinese}>|身份证 <{chinese}>|(ID <{chinese}>)|DNI <{n8}{letter}>|NIE: <X{n7}{letter}>
СНИЛС <{n3}-{n3b}-{n3} {n2}>
NIR <1 {n2} 03 75 116 {n3} {n2b}>|National Insurance no. <QQ{n6}C>|passport <{letter}{n8}>
Passport No: <{letter}{letter}{n7}>
""",
    "phone": """
Phone <({area}) 555-{n4}>|<{area}-555-{n4}> (home)|<{area}.555.{n4}>|<+1 {area} 555 {n4}>|tel <{area} 555{n4}>
<+44 20 7946 {n4}>|Tel: <020 7946 {n4}>|<+86 138 {n4} {n4b}>|手机：<138{n8}>|联系电话 <138{n8}>|電話 <03-{n4}-{n4b}>
<+7 (495) {n3}-{n2}-{n2b}>|тел. <8 (495) {n3}-{n2}-{n2b}>|Tél. <01 23 {n2} {n2b} 89>|cell: <{area} 555 {n4}>
mob. <07700 900{n3}>
telephone number is <{area}/555-{n4}>|call her at <{area}-555-{n4}>|fax <{area}-555-{n4}>|Tfno: <91 {n3} {n2} {n2b}>
contact no. <{area}5550{n3}>|pager <{n5}>|WhatsApp <+34 6{n2} {n3} {n3b}>|daughter's number: <{area}-555-{n4}>
""",
    "e-mail": """
<{mail}@example.org>|E-mail: <{mail}@example.com>|<{mail}_{n2}@hospital.example>
email <{mail}.{n2}@mail.example.co.uk>
<{MAIL}@EXAMPLE.NET>|mailto:<{mail}+{n2}@example.org>|correo: <{mail}@example.es>|写信到<{mail}@example.cn>
<{mail}@clinic-{n2}.example>
""",
    "name": """
Mr. <{first} {last}>|Mrs <{last}>|Ms. <{last}>|Miss <{last}>|Dr. <{first} {last}>|Patient: <{LAST}, {FIRST}>
Name: <{first} {last}>
patient name <{last}, {first} A.>|Mr <{LAST}>|Señora <{last}>|Sr. <{last}>|Sra. <{first} {last}>|Mme <{last}>
Madame <{last}>
Herr <{last}>|Frau <{first} {last}>|г-н <{russian_last}>|Пациент: <{russian_last} {russian_first} Иванович>
患者姓名：<{chinese_name}>
患者：<{chinese_name}>，|姓名 <{chinese_name}>|氏名：<{japanese_name}>|<{japanese_name}>様
<{first} {last}> is a 54-year-old man
Signed: <{first} {last}>, MD|Electronically signed by <{first} {last}>|attending physician <{first} {last}, M.D.>
my name is <{first} {last}>|Pt name: <{first} {last}>|Surname: <{last}>|Referring: <{first} {last}, MD>
Mother: <{first} {last}>
Patient Name: <{first} {last}>|PATIENT: <{LAST}, {FIRST}>|Dear Mr. <{last}>|under the care of Dr <{LAST}>
cc: Dr. <{first} {last}>
""",
}


def forms() -> list[Form]:
    """All forms."""
    found = []
    for kind, lines in _FORMS.items():
        texts = [text for line in lines.strip().splitlines() for text in line.split("|")]
        found += [Form(kind, text, number % 3 == 2) for number, text in enumerate(texts)]
    return found


def person(rng: random.Random) -> Values:
    """The details of one invented person and stay."""
    day = date(1930, 1, 1) + timedelta(days=rng.randrange(30_000))
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    digits: Callable[[int], str] = lambda n: "".join(rng.choice("0123456789") for _ in range(n))  # noqa: E731
    values = {f"n{n}": digits(n) for n in range(1, 11)}
    values |= {"n2b": digits(2), "n3b": digits(3), "n4b": digits(4)}
    area, group = rng.randrange(201, 899), rng.randrange(10, 99)
    ssn = (f"{rng.randrange(101, 665)}", f"{group}", f"{rng.randrange(1000, 9999)}")
    values |= {
        "area": str(area if area % 100 != 11 else area + 1),
        "letter": rng.choice("ABCDEFGHKMPRTXYZ"),
        "ssn": "-".join(ssn),
        "ssnblank": " ".join(ssn),
        "ssnplain": "".join(ssn),
        "chinese": _chinese_id(rng, day),
        "first": first, "last": last, "FIRST": first.upper(), "LAST": last.upper(),
        "mail": "".join(c for c in f"{first[0]}.{last}".lower() if c.isascii() and (c.isalpha() or c == ".")) or "a.b",
        "russian_last": rng.choice(_RUSSIAN), "russian_first": rng.choice(_RUSSIAN_FIRST),
        "chinese_name": rng.choice(_CHINESE), "japanese_name": rng.choice(_JAPANESE),
    }  # fmt: skip
    values["MAIL"] = values["mail"].upper()
    return values | _dates(day)


def _dates(day: date) -> Values:
    month = day.month - 1
    suffix = "th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return {
        "us": f"{day:%m/%d/%Y}",
        "usshort": f"{day.month}/{day.day}/{day:%y}",
        "eu": f"{day:%d/%m/%Y}",
        "iso": f"{day:%Y-%m-%d}",
        "dots": f"{day:%d.%m.%Y}",
        "digits": f"{day:%m%d%Y}",
        "slashes": f"{day.year}/{day.month}/{day.day}",
        "dmon": f"{day.day}-{_MONTHS[month][:3]}-{day.year}",
        "long": f"{day.day} {_MONTHS[month]} {day.year}",
        "words": f"{_MONTHS[month]} {day.day}, {day.year}",
        "ordinal": f"{day.day}{suffix} of {_MONTHS[month]} {day.year}",
        "spanish": f"{day.day} de {_SPANISH[month]} de {day.year}",
        "french": f"{day.day} {_FRENCH[month]} {day.year}",
        "russian": f"{day.day} {_RUSSIAN_MONTHS[month]} {day.year}",
        "han": f"{day.year}年{day.month}月{day.day}日",
    }


def _chinese_id(rng: random.Random, day: date) -> str:
    """Seventeen digits and the check digit of GB 11643."""
    body = f"110105{day:%Y%m%d}{rng.randrange(1000):03d}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def from_faker(each: int, seed: int) -> Iterator[tuple[str, Form]]:
    """Values that the package Faker invents for eight countries, after a label of the country's language and bare, with
    the language and a word for what is planted. Its formats are others' work, unlike the forms above.
    """
    from faker import Faker

    for locale, (phone, number, name) in _LABELS.items():
        fake = Faker(locale)
        fake.seed_instance(seed)
        for _ in range(each):
            values = {"phone": fake.phone_number(), "e-mail": fake.email(), "name": fake.name()}
            labels = {"phone": phone, "e-mail": "", "name": name}
            if number:
                values["identity number"], labels["identity number"] = fake.ssn(), number
            for kind, value in values.items():
                plain = value.translate({ord(sign): None for sign in "{}<>"})
                yield locale, Form(kind, f"<{plain}>", held_out=False)
                if labels[kind]:
                    yield locale, Form(kind, f"{labels[kind]}<{plain}>", held_out=True)
