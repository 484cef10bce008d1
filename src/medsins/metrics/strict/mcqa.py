"""Multiple choice, six languages: exact set of letters, read from the final explicit answer.

Right is the exact set of correct options. The letters come from the answer alone and the options of the question;
the reference is never looked at while reading, so no constant can be right more often than its letter is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medsins.core.options import parse_options

from .._types import Row, TaskSpec
from ..stats import RowTable, means
from ._letters import Letters, latin_letters, leading_letters
from ._mentions import mentions
from ._scored import Scored, absent, row_score, unreadable
from ._statements import statements, without_statements
from ._text import fold, own_turn, visible

_DEFAULT = "ABCDE"
_CORRECT = re.compile(
    r"(?<!\w)\(?((?:[A-Z]\)?\s*(?:,|\band\b|\bet\b|\by\b|\bи\b|&|と|、|和)\s*\(?){0,7}[A-Z])\)?\s*"
    r"(?:(?:is|are|would be|seems to be|appears to be) (?:both |all |definitely |clearly )?(?:the )?"
    r"(?:(?:most|only|single) )?"
    r"(?:(?:correct|right|best|true|appropriate|likely)\b(?! in)|answer)"
    r"|(?:est|sont) (?:la |les )?(?:bonnes?|correctes?|exactes?|justes?|réponses?)"
    r"|(?:es|son) (?:la |las )?(?:opci[oó]n|correctas?|respuestas?)"
    r"|(?:-|—|–|является|это)?\s*(?:правильн|верн)"
    r"|(?:が|は)(?:最も)?(?:正し(?!くな)|正解|正答|適切(?!で(?:は)?な))|(?:选项|項|选)?(?:是|为)?(?:最)?(?:正确|恰当))"
)
_ENDS = re.compile(r"[\s\"'”»」』)]*(?:\Z|[.。,;:\n!])")
_ALONE = re.compile(r"[\s\"'”»」』).。,;:!]*\Z")
_MARKED = re.compile(
    r"\(([A-Z])\)|\b(?:option|choice|选项|選択肢|вариант|opci[oó]n)\s+([A-Z])\b|[:=→]\s*([A-Z])[.\s]*\Z"
)
_COPIED = re.compile(r"[A-Z]\s?[:.)]\s?\S[^\n]*?[\s,;]B\s?[:.)]\s?\S", re.DOTALL)
_TWO_WIDE = re.compile(r"[\u2e80-\uffef]{2}")
_LETTER_ALONE = re.compile(r"(?<![A-Za-z])[A-Z](?![A-Za-z])")
_JOINING = re.compile(
    r"(?<![A-Za-z])[A-Z](?![A-Za-z])|\b(?:and|or|is|it|the|option|because|est|es|et|и)\b|です|是|[\W_]", re.IGNORECASE
)
_JOINS_AT_MOST = 200
_LISTED = re.compile(r"(?:^|,\s*)([A-Z])\s?[:.]\s*")
_REFERENCE_LEAD = re.compile(
    r"^.{0,60}?(?:\bis|\best|\bsont|\bes|\bson|ответ\w*|答えは|答案是|answer|正解は)\s*:?\s*(?=[A-Z]\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of one row: its options, the letters that exist, and the right set (None: no usable reference)."""

    options: Mapping[str, str]
    allowed: str
    right: tuple[frozenset[str], ...]


def score(rows: Sequence[Row], spec: TaskSpec) -> Scored:
    """Score one task. Metric: ``accuracy``, the share of rows whose set of letters is exactly a correct one."""
    questions = read_questions(rows)
    values = np.ones((len(rows), 2))
    scores = []
    for i, (row, question) in enumerate(zip(rows, questions, strict=True)):
        unscored, extracted, hit = absent(row), "", False
        if not unscored:
            text = visible(row.output or "")
            letters = read_answer(text, question)
            unscored = "" if letters else unreadable(row, text)
            extracted = ", ".join(sorted(letters or ()))
            hit = letters in question.right
        values[i, 0] = float(hit)
        scores.append(row_score(row, {"accuracy": float(hit)}, unscored, extracted))
    table = RowTable(values, means(("accuracy",)))
    return Scored(table.with_answered([not s.unscored for s in scores], "accuracy"), tuple(scores), "accuracy")


def read_questions(rows: Sequence[Row]) -> list[Question]:
    """The questions of a task. Where an input shows no options, the letters are A to E and all that references name."""
    options = [parse_options(row.input) for row in rows]
    right = [tuple(read_reference(ref, o) for ref in row.references) for row, o in zip(rows, options, strict=True)]
    named = {letter for answers in right for letters in answers for letter in letters}
    fallback = "".join(sorted(named | set(_DEFAULT)))
    return [
        Question(o, "".join(o) or fallback, tuple(letters for letters in answers if letters))
        for o, answers in zip(options, right, strict=True)
    ]


def read_reference(reference: str, options: Mapping[str, str]) -> frozenset[str]:
    """The correct letters of a reference in any of the released wordings ("The right answer is B: …"); may be empty."""
    text = latin_letters(unicodedata.normalize("NFKC", reference)).strip()
    lead = _REFERENCE_LEAD.match(text)
    text = text[lead.end() :] if lead else text
    if options:
        found = leading_letters(text, options, "".join(options), announced=True)
        if found and not found.hedged:
            return found.letters
        same = [letter for letter, option in options.items() if fold(option) == fold(text.rstrip(". "))]
        return frozenset(same[:1])
    listed = _LISTED.findall(text)
    found = None if listed else leading_letters(text, {}, "ABCDEFGHIJ")
    return frozenset(listed) if listed else (found.letters if found else frozenset())


def read_answer(text: str, question: Question) -> frozenset[str] | None:
    """The letters a text answers with, or None where it commits to none.

    Tried in this order: an answer that is nothing but the text of an option; the last explicit statement ("the
    answer is …", "… is correct"); letters at the beginning; letters on the last line; letters marked out in the
    prose, if they are always the same; the one option whose text is asserted.
    """
    for part in dict.fromkeys((own_turn(text), text)):
        text_in = latin_letters(part)
        for reader in (_stated, _leading, _last_line, _marked, _asserted):
            found = reader(text_in, question)
            if found:
                return None if found.hedged or contradictory(text_in, question) else found.letters
    return None


def contradictory(text: str, question: Question) -> bool:
    """Whether an answer is nothing but letters and texts of options, and a text is there whose letter is not: two
    answers, of which one may well be right.
    """
    options = {letter: option.rstrip(" .。") for letter, option in question.options.items()}
    if len(text) > sum(map(len, options.values())) + _JOINS_AT_MOST:
        return False
    texts: dict[str, set[str]] = {}
    for letter, option in options.items():
        if len(option) > 1:
            texts.setdefault(fold(option), set()).add(letter)
    rest = without_statements(text)
    for option in sorted(filter(lambda option: len(option) > 1, options.values()), key=len, reverse=True):
        rest = re.sub(re.escape(option), " ", rest, flags=re.IGNORECASE)
    letters = set(_LETTER_ALONE.findall(rest)) & set(question.allowed)
    if not letters or _JOINING.sub("", rest):
        return False
    return any(not texts[mention.phrase] & letters for mention in mentions(fold(text), tuple(texts)))


def _span(span: str, question: Question, announced: bool) -> Letters | None:
    """The letters a span begins with, or the option whose whole text it begins with."""
    own = span.lstrip(" \t\n\"'“”‘’«»「」『』:：(").lower()
    for letter, option in sorted(question.options.items(), key=lambda item: -len(item[1])):
        body = option.rstrip(" .。").lower()
        rest = own[len(body) :]
        if len(body) < 2 or not own.startswith(body) or not _ENDS.match(rest):
            continue
        if len(body) >= 4 or _ALONE.match(rest.split("\n")[0]):
            return Letters(frozenset(letter), _another(rest, question, letter))
    found = leading_letters(span, question.options, question.allowed, announced)
    if found and not announced and _COPIED.search(span) and len(question.options) == len(found.letters) > 1:
        return Letters(frozenset(), hedged=True)  # the options themselves, not a choice among them
    return found


def _another(rest: str, question: Question, letter: str) -> bool:
    """Whether a list of option texts goes on after the first ("yes, no, maybe"): no choice was made."""
    rest = rest.lstrip(" \t\n\"'”»」』).。,;:!/").lower()
    others = [option.rstrip(" .。").lower() for key, option in question.options.items() if key != letter and option]
    return any(rest.startswith(o) and not rest[len(o) : len(o) + 1].isalnum() for o in others if len(o) > 1)


def _stated(text: str, question: Question) -> Letters | None:
    found = [(at, _span(span, question, announced=True)) for at, span in statements(text)]
    for match in _CORRECT.finditer(text):
        letters = frozenset(re.findall(r"(?<![A-Za-z])[A-Z](?![A-Za-z])", match[1]))
        if letters <= set(question.allowed):
            found.append((match.start(), Letters(letters)))
    answers = [letters for _, letters in sorted(found, key=lambda item: item[0]) if letters]
    if len(question.allowed) > 2 and len({a.letters for a in answers if len(a.letters) == 1}) >= len(question.allowed):
        return Letters(frozenset(), hedged=True)  # every option was called the answer
    return answers[-1] if answers else None


def _leading(text: str, question: Question) -> Letters | None:
    return _span(text, question, announced=False)


def _last_line(text: str, question: Question) -> Letters | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return _span(lines[-1], question, announced=False) if len(lines) > 1 else None


def _marked(text: str, question: Question) -> Letters | None:
    """Letters in brackets, after "option", or at the very end after a colon; only if there is just one of them."""
    letters = {letter for groups in _MARKED.findall(text) for letter in groups if letter and letter in question.allowed}
    return Letters(frozenset(letters)) if len(letters) == 1 else None


def _asserted(text: str, question: Question) -> Letters | None:
    """The one option whose text is asserted; texts too short to be told from ordinary words do not count."""
    texts = {
        fold(option.rstrip(" .。")): letter
        for letter, option in question.options.items()
        if len(option.strip()) > 3 or _TWO_WIDE.search(option)
    }
    letters = {texts[mention.phrase] for mention in mentions(fold(text), tuple(texts))}
    return Letters(frozenset(letters)) if len(letters) == 1 else None
