"""Option letters at the beginning of a span: "B", "(B)", "B: text", "A and D", "A: text, D: text"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Letters of other scripts that look like Latin capitals, and Russian letters that can only mean a place in the list.
_LOOKALIKES = str.maketrans("АВСЕНΑΒΕΗБГД", "ABCEHABEHBDE")

_OPENING = re.compile(
    r"[\s\"'“”‘’«»「」『』【】(\[{<•\-–—:=>.]*"
    r"(?:(?:选项|选择|選択肢|(?:both|only|all of|options?|choices?|letters?|answers?|statements?|вариант[аы]?"
    r"|ответ[аы]?|opci[oó]n(?:es)?|letras?|lettres?|réponses?|les|las?|the|clearly|definitely|probably)\b)[\s\"'(\[:]*){0,3}",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[(\[{\"'“‘«「『【]*([A-Za-z])(?![A-Za-z0-9_'’°%]|[-‐–]\w)[)\]}\"'”’»」』】]*")
_MARK = re.compile(r"\s*[:.．、)\-–—]+\s*|\s+")
_RANGE = re.compile(r"\s*(?:[-–—~〜/]|\b(?:to|through|thru|hasta|до)\b|から|至|到)\s*[(\[]*[A-Z](?![A-Za-z])")
_OR = re.compile(
    r"[\s,、]*(?:\b(?:or|OR|ou|o|u|или|либо|vs)\b|/|または|もしくは|或者?|か(?=[A-Z])"
    r"|\band (?=maybe|perhaps|possibly))\s*(?:(?:maybe|perhaps|possibly|even)\s+)?"
)
_AND = re.compile(
    r"\s*(?:(?:[,;、&+]|,?\s*\b(?:and|AND|et|y|e|и)\b|と|和|及び?|および|以及|並びに)\s*(?:\b(?:and|et|y|e|и|also)\b\s*)?"
    r"|[\n\t]\s*|\s+(?=[A-Z]\s?[:.)]))"
)
_BETWEEN = re.compile(r"\s*[:.．、)\]\-–—]*\s*")
_WORD = re.compile(r"[^\W\u2e80-\uffef]")
_TAIL = re.compile(r"(?:\s*(?:です|である)|[.。;)\]\"'”])*")
_STOP = re.compile(r"\s*(?:\Z|[,.;:!?、。，；！？)\]\n(–—\-])")
_GOES_ON = re.compile(
    r"\s*(?:because|since|as\b|due to|which|for the|,|\("
    r"|is (?:the )?(?:(?:most|only) )?(?:\w+ )?(?:correct|right|best|answer|true|appropriate)"
    r"|are (?:the )?(?:both |all )?(?:correct|right|true)|car\b|parce|est (?:la )?(?:bonne|correct|exact|juste)"
    r"|porque|ya que|es (?:la )?(?:correct|respuesta)|потому|так как|является"
    r"|选项|选|项|正确|因为|是正|選択肢|です|である|だ|が正|が適|が最|を選|の)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\s*(?:and [A-Z] )?(?:(?:is|are|was|were|seems?|est|sont|es|son)\s+)?"
    r"(?:not\b|in(?:correct|appropriate)|wrong|false\b|excluded|ruled out|n'est|ne sont|no (?:es|son)"
    r"|не\b|неверн|неправильн|は(?:誤|間違|正しくな|不適)|が(?:誤|間違|正しくな|適切でな|不適)|不正确|错|不对|是错)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters a span gives; ``hedged`` when it leaves the choice open ("A or B", "A-D")."""

    letters: frozenset[str]
    hedged: bool = False


def latin_letters(text: str) -> str:
    """The text with lone Cyrillic and Greek letters that stand for an option written in Latin."""
    if text.isascii():
        return text
    return re.sub(r"(?<!\w)[АВСЕНΑΒΕΗБГД](?!\w)", lambda m: m[0].translate(_LOOKALIKES), text)


def leading_letters(span: str, options: Mapping[str, str], allowed: str, announced: bool = False) -> Letters | None:
    """The letters a span begins with, or None.

    Args:
        span: text in NFKC; may go on after the letters.
        options: letter to text of this question, empty if unknown.
        allowed: the letters that exist.
        announced: the span follows "the answer is", so a letter needs no mark after it.
    """
    at = _OPENING.match(span).end()  # type: ignore[union-attr]
    first = _LETTER.match(span, at)
    if not first:
        return _joined(span[at:], allowed)
    found: list[str] = []
    hedged = False
    while first:
        letter = first[1]
        if letter.islower() and (found or not re.match(r"\s*(?:\Z|[).:])", span[first.end(1) :])):
            break
        letter = letter.upper()
        marked = first.end() > first.end(1)  # a closing bracket or quote
        end = _after_item(span, first.end(), letter, options, marked or (announced and not found))
        if letter not in allowed or end is None:
            break
        found.append(letter)
        if _contradicts(span, first.end(), letter, options):
            return Letters(frozenset(found), hedged=True)
        if end == first.end() and _RANGE.match(span, end):
            return Letters(frozenset(found), hedged=True)
        either, both = _OR.match(span, end), _AND.match(span, end)
        separator = either if either and either.end() > end else both
        first = _LETTER.match(span, separator.end()) if separator else None
        hedged = hedged or bool(first and separator is either and first[1].upper() in allowed)
    return Letters(frozenset(found), hedged) if found else None


def _after_item(span: str, end: int, letter: str, options: Mapping[str, str], certain: bool) -> int | None:
    """Where the item "letter, mark, option text" ends; None if the letter is no item but the start of other words."""
    mark = _MARK.match(span, end)
    text = options.get(letter, "").rstrip(" .。;")
    begin = mark.end() if mark else end
    if text and span[begin : begin + len(text)].lower() == text.lower():
        end = _TAIL.match(span, begin + len(text)).end()  # type: ignore[union-attr]
        return None if _DENIED.match(span, end) else end
    if _DENIED.match(span, end):
        return None
    if _STOP.match(span, end) or _GOES_ON.match(span, end) or _OR.match(span, end) or _AND.match(span, end):
        return end
    return end if certain else None


def _contradicts(span: str, end: int, letter: str, options: Mapping[str, str]) -> bool:
    """Whether the letter is followed by the text of another option ("C: <text of A>"): two answers, so none."""
    begin = _BETWEEN.match(span, end).end()  # type: ignore[union-attr]
    whole = span[begin : begin + 2_000].lower()
    rest = whole.lstrip("([\"'“«「 ")
    texts = {key: text.rstrip(" .。;").lower() for key, text in options.items()}
    own = texts.get(letter) or "\0"
    if begin == end or whole.startswith(own) or rest.startswith(own):
        return False
    others = [text for key, text in texts.items() if key != letter and len(text) > 1]
    return any(rest.startswith(text) and not _WORD.match(rest[len(text) :]) for text in others)


def _joined(span: str, allowed: str) -> Letters | None:
    """Letters written together, "BD"."""
    run = re.match(r"([A-Z]{2,8})(?![\w'’-])", span)
    if not run or len(set(run[1])) < len(run[1]) or not set(run[1]) <= set(allowed) or list(run[1]) != sorted(run[1]):
        return None
    return Letters(frozenset(run[1]))
