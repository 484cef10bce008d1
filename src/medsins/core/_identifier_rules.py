"""The rules for identifiers as data: what each looks for, and the cheap test that most texts fail.

English first; German, French, Spanish, Russian, Chinese and Japanese where records of these languages have a label.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["birth date", "visit date", "record number", "identity number", "phone", "e-mail", "name"]

Match = re.Match[str]


def any_match(match: Match) -> bool:
    """Every match is a find."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """What is tried only on texts that hold one of the strings of ``needs`` (``exact``: in this case, else lower-cased;
    none: any text) and something that ``gate`` finds, both of which are quick. ``pattern`` has the group ``hit``, or
    ``hit2``, … in its alternatives; ``accepts`` has the last word.
    """

    kind: Kind
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    accepts: Callable[[Match], bool] = any_match
    gate: re.Pattern[str] | None = None
    exact: bool = False


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_MONTHS_ABROAD = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre|janvier|février"
    r"|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|januar|februar|märz|april|juni|juli|august"
    r"|september|oktober|november|dezember|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября"
    r"|декабря)"
)
_DAY, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:(?:19|20)\d\d|\d\d)"
_DATE = (
    rf"(?:{_DAY}[/.-](?:0?[1-9]|1[0-2])[/.-]{_YEAR}|(?:0?[1-9]|1[0-2])[/.-]{_DAY}[/.-]{_YEAR}"
    rf"|(?:19|20)\d\d[/.-](?:0?[1-9]|1[0-2])[/.-]{_DAY}|{_DAY}[-/.]{_MONTH}[-/.]{_YEAR}"
    rf"|{_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+(?:19|20)\d\d|{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d"
    rf"|{_DAY}(?:er|\.)?\s(?:de\s)?{_MONTHS_ABROAD}\s(?:de\s)?(?:19|20)\d\d"
    r"|(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)(?![\d/-])"
)
_GAP = r"[\s:：,=#()*-]{0,6}"
_WAS = r"(?:\s+(?:was|is|on|the|at|le|el|am))*"

_BIRTH = (
    r"(?:\bd\.?o\.?b\.?(?:\s?/\s?age)?|\bdate of birth(?:\s\([dmy/.-]{4,12}\))?|\bbirth\s?(?:date|day)|\bborn(?:\s+on)?"
    r"|\bb\.(?=\s\d)|\bgeb\.|\bgeboren|\bgeburtsdatum|\bfecha de nacimiento|\bf\. ?nac\.|\bnacid[oa]"
    r"|\bné(?:e|\(e\))?(?=\sle)|\bdate de naissance|\bдата рождения|\bродил(?:ся|ась)"
    r"|出生日期|出生于|出生年月|生于|生年月日)"
    rf"{_WAS}{_GAP}(?P<hit>{_DATE}|\b(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d\d\b)"
)
_BIRTH_BEHIND = r"(?P<hit>(?:19|20)\d\d年\d{1,2}月\d{1,2}日)(?=\s?(?:生まれ|生(?![\u4e00-\u9fff])|出生))"
_VISIT = (
    r"(?:\b(?:admission|discharge|admit|visit|service|exam(?:ination)?|encounter|procedure|surgery|operation|collection"
    r"|report|dictation) date|\bdate(?:/time)? of (?:admission|discharge|visit|service|exam(?:ination)?|surgery"
    r"|operation|death|procedure|consultation)|\b(?:was |were )?(?:re)?(?:admitted|discharged|hospitali[sz]ed)"
    r"(?: (?:to|home|from)\b[^.\n]{0,40}?)?(?: on)?|\bseen (?:in [^.\n]{0,30}? )?on|\btransferred [^.\n]{0,40}?on"
    r"|\b(?:underwent [^.\n]{1,40}?|operated|follow-up(?: visit)?|presented [^.\n]{1,40}?) on"
    r"|\b(?:passed away|died|expired|deceased)(?: on)?|\bd\.?o\.?[sa]\.?(?=[\s:])|\badm(?:\.|:|\.:)"
    r"|\bspecimen collected|\bvisit(?=:)|\bfecha de (?:ingreso|alta|visita|consulta|cirugía)|\bingres(?:ó|ad[oa])"
    r"|\bdad[oa] de alta"
    r"|\bdate d['’](?:entrée|admission|hospitalisation)|\bdate de (?:sortie|consultation)|\bhospitalisée?"
    r"|\badmise?(?= le)|\b(?:aufnahme|entlassung)(?:sdatum|datum)?|\b(?:aufgenommen|entlassen)(?= am)"
    r"|\bдата (?:поступления|выписки|осмотра|операции|госпитализации|смерти)|\bпоступил[аи]?(?: в [а-яё ]{1,30})?"
    r"|\bвыписан[аы]?|入院日期?|出院日期|就诊日期|手术日期|退院日|受診日|手術日)"
    rf"{_WAS}{_GAP}(?P<hit>{_DATE})"
)
_STAMP = (
    r"(?<![\d/.-])(?P<hit>(?:(?:19|20)\d\d-\d\d-\d\d|\d{1,2}/\d{1,2}/(?:19|20)\d\d)[ T]"
    r"(?:\d\d?:\d\d(?::\d\d)?|[0-2]\d[0-5]\d)\b)(?![:\d]|Z|[+-]\d\d:?\d\d)"
)
_NUMBERED = r"(?:number|no\.?|n[ro]\.?|#|id|identifier)"
_RECORD = (
    rf"\b(?:mrn|med(?:ical|\.)? rec(?:ord|\.)?(?: {_NUMBERED})?"
    rf"|(?:patient|pt|hospital|chart|record|encounter|case file|visit|unit|nhs|acct|account)\.?\s?{_NUMBERED}"
    r"|historia clínica|nhc|n[°º](?: de)? dossier|dossier n[°º]|история болезни|медицинская карта"
    r"|(?:fall|patienten)-?(?:nr|nummer|id))"
    r"(?:\s+(?:is|was))?[\s:：=#№°.-]{0,5}(?P<hit>[a-z]{0,3}-?\d(?:[ -]?\d){4,11}\b)"
)
_SPECIMEN = (
    r"\b(?:case|accession|specimen|path(?:ology)?)\b[^\w\n]{0,3}(?:(?:no|number|#)\W{0,3})?"
    r"(?P<hit>S\d\d-\d{3,6}|\d\d-[A-Z]{1,2}-\d{3,6})\b"
)
_MEDICARE = r"(?<![\w-])(?P<hit>[1-9][A-Z][A-Z\d]\d-[A-Z][A-Z\d]\d-[A-Z]{2}\d\d)(?![\w-])"
_RECORD_HAN = (
    r"(?:病历号|病案号|住院号|门诊号|登记号|就诊号|医保号|カルテ番号|患者番号|患者ID|診察券番号)"
    r"[\s:：#]{0,4}(?P<hit>[a-z]{0,3}\d{5,12})"
)
_SSN = r"(?<![\d-])(?P<hit>(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\d-])"
_SSN_LABELLED = (
    r"\b(?:ssn|social security(?: (?:number|no\.?|#))?)[\s:#.]{0,4}(?P<hit>(?!000|666|9\d\d)\d{3}[ -]?\d\d[ -]?\d{4})\b"
)
_CHINESE_ID = r"(?<!\d)(?P<hit>[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx])(?![\da-z])"
_OTHER_ID = (
    r"(?:\b(?:dni|nif|nie)\b[\s:№.-]{0,4}(?P<hit>[xyz]?-?\d{7,8}-?[a-z])\b"
    r"|\b(?:national insurance|nino|ni)\b(?: (?:number|no\.?))?[\s:.]{0,3}(?P<hit2>[a-z]{2} ?(?:\d\d ?){3}[a-z])\b"
    r"|\b(?:passport|reisepass|pasaporte|passeport)\b(?: (?:number|no\.?|n[°º]))?[\s:.]{0,3}"
    r"(?P<hit3>[a-z]{0,2}\d{6,9})\b)"
)
_SNILS = r"(?<![\d-])(?P<hit>\d{3}-\d{3}-\d{3} \d\d)(?!\d)"
_NIR = r"(?<!\d)(?P<hit>[12] \d\d (?:0[1-9]|1[0-2]) \d\d \d{3} \d{3}(?: \d\d)?)(?!\d)"
_EXTENSION = r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?"
_NUMBER = rf"\+?\(?\d(?:[\s()./-]{{0,2}}\d){{6,14}}{_EXTENSION}\b"
_PHONE = (
    r"(?:\b(?:tel(?:ephone)?|tél(?:éphone)?|tel[ée]fono|tfno|tlf|telefon|phone|mob(?:ile)?|cell(?: ?phone)?|handy|fax"
    r"|pager|whatsapp|contact (?:no|number)|тел(?:ефон)?|моб|call(?: (?:him|her|me|us))?(?: (?:at|on))?"
    r"|(?:daughter|son|wife|husband|mother|father|home|work)['’]?s? number)\b"
    rf"|电话|手机|電話|携帯)(?:\s+(?:number|no\.?|is|was))*[\s:：#.]{{0,4}}(?P<hit>{_NUMBER})"
)
_PAGER = r"\b(?:pager|beeper)[\s:#]{1,3}(?P<hit>\d{4,6})\b"
_US_PHONE = (
    r"(?<![\w.-])(?P<hit>(?:\+?1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4}"
    rf"{_EXTENSION})(?![\w-])"
)
_WORLD_PHONE = r"(?<![\w+.-])(?P<hit>\+[1-9](?:[ ()-]{0,2}\d){8,13})(?![\w-]|\.\d)"
_EMAIL = r"(?<![a-zA-Z0-9_.+-])(?P<hit>[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12})(?![\w-])"

_UPPER, _LOWER = r"[A-Z\u00c0-\u00de\u0141\u015a\u0160\u017d\u010c]", r"[a-z\u00df-\u00ff\u0101-\u017f]"
_ONE = rf"(?:(?:[OD]['’]|Mc|Mac)?{_UPPER}{_LOWER}+)"
_PERSON = rf"{_ONE}(?:-{_ONE})?"
_CAPITALS = r"[A-Z\u00c0-\u00de]{2,}(?:['’-][A-Z\u00c0-\u00de]{2,})?"
_TITLED = (
    r"\b(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mme|Mlle)(?:\.\s?|\s)|(?:Sr|Sra|Srta)\.\s"
    r"|(?:Señora?|Señorita|Madame|Monsieur|Herrn?|Frau)\s)"
    rf"(?P<hit>(?:[A-Z]\.\s?){{0,2}}(?:{_PERSON}(?:\s{_PERSON})?|(?:O['’])?{_CAPITALS}(?![a-z])))"
    r"(?!\s+(?:et al|syndrome|disease|method|test|criteria|classification|scale|score|sign|stain))"
)
_LABELLED = (
    r"(?:\b(?:Patient(?:'s)?(?: [Nn]ame)?|PATIENT(?: NAME)?|(?:[Pp]t )?[Nn]ame|NAME|Pt|Mother|Father|Next of kin"
    r"|Referring|Attending|Signed|Dictated by)\s?[:：]"
    r"|\b(?:[Pp]atient name|[Ss]igned by|[Mm]y name is|[Aa]ttending physician)\b)\s?"
    rf"(?P<hit>{_PERSON},?\s(?:[A-Z]\.\s)?{_PERSON}|{_CAPITALS},\s{_CAPITALS})(?![a-z])"
)
_SURNAME = rf"\b(?:Surname|Last name|Family name|Nachname|Apellidos?)\s?[:：]\s?(?P<hit>{_PERSON}(?:\s{_PERSON})?)"
_DESCRIBED = rf"\b(?P<hit>{_PERSON}\s(?:[A-Z]\.\s)?{_PERSON})(?= (?:is|was) an? \d{{1,3}}[- ]year)"
_DOCTOR = rf"\b(?P<hit>{_PERSON}\s(?:[A-Z]\.\s)?{_PERSON})(?=,\s(?:M\.D\.|MD\b(?!\s*,?\s(?:\d{{5}}|U\.?S))))"
_RUSSIAN = r"[А-ЯЁ][а-яё]+"
_PATRONYMIC = r"[А-ЯЁ][а-яё]+(?:вич|вна|ична)"
_NAME_RUSSIAN = (
    rf"(?:\b(?:г-н|г-жа|господин|госпожа)\s(?P<hit>{_RUSSIAN}(?:\s{_RUSSIAN})?)"
    rf"|(?P<hit2>{_RUSSIAN}\s{_RUSSIAN}\s{_PATRONYMIC}|{_RUSSIAN}\s{_PATRONYMIC}\s{_RUSSIAN})\b"
    rf"|(?:Пациент(?:ка)?|Больн(?:ой|ая)|ФИО|Ф\.\s?И\.\s?О\.)\s?:\s?(?P<hit3>{_RUSSIAN}\s{_RUSSIAN}(?:\s{_PATRONYMIC})?))"
)
_SURNAMES_HAN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋"
    "蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏"
)
_HAN = r"[\u4e00-\u9fff]"
_NAME_HAN = (
    rf"(?:(?:患者|病人)?姓名|患者氏名|氏名)\s?[:：]\s?"
    rf"(?P<hit>{_HAN}{{1,3}}[ \u3000](?:{_HAN}|[ぁ-ん]){{1,4}}|{_HAN}{{2,5}})(?!{_HAN})"
    rf"|(?:患者|病人|姓名)[:：\s]\s?(?P<hit2>(?:[{_SURNAMES_HAN}]|欧阳|司马|诸葛){_HAN}{{1,2}})(?!{_HAN})"
)


def _id_checks(match: Match) -> bool:
    """Chinese identity numbers end in a check digit (GB 11643, ISO 7064 MOD 11-2)."""
    text = match["hit"].lower()
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(text[:17]))
    return text[17] == "10x98765432"[total % 11]


_PERIOD = re.compile(r"\b(?:between|from|since|until|through)\b(?:[^\w]*$|.*\d{4})", re.IGNORECASE | re.DOTALL)
_TO_DATE = re.compile(rf",?\s(?:to|through|until)\s+{_DATE}", re.IGNORECASE)


def _is_visit(match: Match) -> bool:
    """The bounds of a period (admitted between … and …) are those of a study."""
    label = match.string[match.start() : match.start("hit")]
    return not _PERIOD.search(label) and not _TO_DATE.match(match.string, match.end("hit"))


_FREE_CALL = re.compile(r"[(+\s]*(?:1[ .)-]*)?\(?8(?:00|33|44|55|66|77|88)\)?[ .-]?\d")


def _is_private(match: Match) -> bool:
    """Numbers that are free to call are those of institutions."""
    return not _FREE_CALL.match(match["hit"])


_ROLES = re.compile(
    r"(?:info|contact|help|support|admin|office|webmaster|press|service|\d+@)|[^@]*info@", re.IGNORECASE
)


def _is_personal(match: Match) -> bool:
    """Addresses of roles (info@, contact@) are those of institutions."""
    return not _ROLES.match(match["hit"])


# What follows a label or title in headings and sentences without being a name.
_STARTS = """
The This That These Those A An He She It They We Is Was Has Had Not No Unknown Male Female Adult Child Age Aged History
Presents Presented Complains Please Data Group Population Reported Outcome Global Visual Health Symptom Physician Does
Did Do Says Said Told Quality Satisfaction Number Total Unit Other None All Any Doctor And Or In Of For With
Silver Chevy Severna College Ellicott MRI WHO FDA MALE FEMALE ADULT CHILD
"""
_NO_NAMES = frozenset(_STARTS.split())
_VERB_MISS = re.compile(
    r"\b(?:we|you|they|i|to|not|never|will|would|can|could|may|might|should|don['’]t|did|do)\s$", re.IGNORECASE
)


def _is_person(match: Match) -> bool:
    hit = next(text for name, text in match.groupdict().items() if text)
    before = match.string[max(0, match.start() - 8) : match.start()]
    return hit.split()[0].strip(",") not in _NO_NAMES and not (
        match[0].startswith("Miss") and _VERB_MISS.search(before)
    )


_BIRTH_WORDS = (
    *("birth", "born", "dob", "d.o.b", "b. ", "geb", "nac", "né", "naissance", "рожд", "родил"),
    *("出生", "生于", "生年月日"),
)
_VISIT_WORDS = (
    *("date", "admi", "discharge", "hospitali", "seen ", "passed", "died", "expired", "deceased", "transferred"),
    *("underwent", "operated", "follow-up", "presented", "dos", "doa", "d.o", "adm", "specimen", "visit", "fecha"),
    *("ingres", "alta", "aufn", "entl", "aufg", "дата", "поступил", "выписан", "入院", "出院", "就诊", "手术", "退院"),
    *("受診", "手術"),
)
_RECORD_WORDS = (
    *(
        "mrn",
        "med rec",
        "med. rec",
        "medical rec",
        "patient",
        "pt ",
        "hospital",
        "chart",
        "record",
        "encounter",
        "case",
    ),
    *("visit", "unit", "nhs", "acct", "account", "historia", "nhc", "dossier", "истори", "карта", "fall", "patienten"),
)
_PASSPORT_WORDS = ("dni", "nif", "nie", "insurance", "nino", "passport", "reisepass", "pasaporte", "passeport")
_PHONE_WORDS = (
    *(
        "tel",
        "tél",
        "tfno",
        "tlf",
        "phone",
        "mob",
        "cell",
        "handy",
        "fax",
        "pager",
        "whatsapp",
        "contact n",
        "тел",
        "моб",
    ),
    *("call", "number", "电话", "手机", "電話", "携帯"),
)
_TITLES = (
    *("Mr", "Ms.", "Ms ", "Miss ", "Dr.", "Dr ", "Prof.", "Prof ", "Mme", "Mlle", "Sr.", "Sra.", "Srta.", "Señor"),
    *("Madame", "Monsieur", "Herr", "Frau"),
)
_SURNAME_WORDS = ("urname", "ast name", "amily name", "Nachname", "Apellido")
_LABELS = (
    *(
        "patient:",
        "patient：",
        "patient name",
        "patient's",
        "name:",
        "name ",
        "name：",
        "pt:",
        "mother:",
        "father:",
        "kin:",
    ),
    *("referring", "attending", "signed", "dictated by", "name is"),
)
_I = re.IGNORECASE

_DATED = re.compile(
    r"\d[/.-](?:\d{1,2}|[A-Za-z]{3,9})[/.-]\d"
    r"|\d(?:st|nd|rd|th|er)?[.,]?\s(?:(?:of |de )?[^\W\d]{3,10}[.,]{0,2}\s(?:de )?)?(?:19|20)\d\d|\d年"
    r"|\b[01]\d[0-3]\d(?:19|20)\d\d\b"
)
_LONG = re.compile(r"\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d")
_LONGER = re.compile(r"\d(?:[\s()./-]{0,2}\d){6}")

RULES: tuple[Rule, ...] = (
    Rule("birth date", _BIRTH_WORDS, re.compile(_BIRTH, _I), gate=_DATED),
    Rule("birth date", ("日生", "日 生", "日出生"), re.compile(_BIRTH_BEHIND)),
    Rule("visit date", _VISIT_WORDS, re.compile(_VISIT, _I), _is_visit, _DATED),
    Rule("visit date", (), re.compile(_STAMP), gate=re.compile(r"\d[ T]\d\d?:?\d\d")),
    Rule("record number", _RECORD_WORDS, re.compile(_RECORD, _I), gate=_LONG),
    Rule("record number", ("case", "accession", "specimen", "path"), re.compile(_SPECIMEN, _I),
         gate=re.compile(r"\d-[A-Z]|S\d\d-\d")),
    Rule("record number", ("-",), re.compile(_MEDICARE), gate=re.compile(r"\d-[A-Z]")),
    Rule("record number", ("号", "番号", "患者id"), re.compile(_RECORD_HAN, _I)),
    Rule("identity number", ("-",), re.compile(_SSN), gate=re.compile(r"\d-\d\d-\d")),
    Rule("identity number", ("ssn", "social sec"), re.compile(_SSN_LABELLED, _I)),
    Rule("identity number", ("19", "20"), re.compile(_CHINESE_ID, _I), _id_checks, re.compile(r"\d{17}")),
    Rule("identity number", _PASSPORT_WORDS, re.compile(_OTHER_ID, _I), gate=_LONG),
    Rule("identity number", ("-",), re.compile(_SNILS), gate=re.compile(r"\d-\d{3} \d")),
    Rule("identity number", (), re.compile(_NIR), gate=re.compile(r"[12] \d\d \d\d \d\d ")),
    Rule("phone", _PHONE_WORDS, re.compile(_PHONE, _I), _is_private, _LONGER),
    Rule("phone", ("pager", "beeper"), re.compile(_PAGER, _I)),
    Rule("phone", (), re.compile(_US_PHONE), _is_private, re.compile(r"\d[.-]\d{4}")),
    Rule("phone", ("+",), re.compile(_WORLD_PHONE), _is_private),
    Rule("e-mail", ("@",), re.compile(_EMAIL, _I), _is_personal),
    Rule("name", _TITLES, re.compile(_TITLED), _is_person, exact=True),
    Rule("name", _LABELS, re.compile(_LABELLED), _is_person),
    Rule("name", _SURNAME_WORDS, re.compile(_SURNAME), _is_person, exact=True),
    Rule("name", (" is a", " was a"), re.compile(_DESCRIBED), _is_person, re.compile(r" an? \d{1,3}[- ]year")),
    Rule("name", (", MD", ", M.D."), re.compile(_DOCTOR), _is_person, exact=True),
    Rule("name", ("г-н", "г-жа", "господин", "госпожа", "вич", "вна", "ична", "пациент", "больн", "фио", "ф."),
         re.compile(_NAME_RUSSIAN)),
    Rule("name", ("姓名", "氏名", "患者", "病人"), re.compile(_NAME_HAN)),
)  # fmt: skip
