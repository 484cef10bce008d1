"""Where an answer is stated: "the answer is …", in the six languages of the benchmark."""

from __future__ import annotations

import re

_ENGLISH = (
    r"\b(?:answers?|diagnosis|treatment(?: planning| plan)?|label|class|category|relation(?:ship)?|prediction"
    r"|predicted|classification|judge?ment|verdict|conclusion|result|intent|dose|dosage"
    r"|(?:correct|right|best|final|appropriate|likely|suitable|accurate) (?:options?|choices?|statements?))"
    r"[\"']?(?: (?:option|choice|result|for this (?:case|patient|question)|to (?:the|this) question|here))?"
    r"\s*(?:(?:is|are|would be|should be|must be|will be|has to be)\b\s*"
    r"(?:likely |most likely |probably |therefore )?:?|:|=|→|->)"
    r"|\b(?:option|choice) (?:is|would be|:)"
    r"|\b(?:i(?:'d| would| will)? (?:choose|select|pick|go with|opt for|say)|classified as|diagnosed (?:with|as)"
    r"|it(?:'s| is) (?:most )?likely|my guess is|most likely(?: diagnosis)?(?: is|:)?)\s"
)
_OTHERS = (
    r"(?:答え|解答|回答|正しい選択肢|適切な選択肢)\s*(?:は|:)\s*:?|正解\s*[は:]"
    r"|(?:答案|正确选项|应?该?选(?:择|项)?(?=\s*:?\s*[A-Z]))(?:应该|应)?(?:是|为|選|选)?\s*:?"
    r"|\b(?:réponses?|bonnes? options?|options? correctes?|choix)(?: correctes?| exactes?| finales?| justes?)?"
    r"(?: à la question)?\s*(?:est|sont|serait|:)\s*:?"
    r"|\b(?:respuestas?|opci[oó]n(?:es)? correctas?|alternativas? correctas?)(?: correctas?| finale?s?| adecuadas?)?"
    r"\s*(?:es|son|sería|:)\s*:?"
    r"|\b(?:ответ(?:ы|ом)?|верный вариант|правильный вариант|правильные варианты)(?: является| будет)?"
    r"\s*(?::|-|—|–|это)\s*:?|\bответом является"
)
_LEAD = re.compile(f"(?:{_ENGLISH}|{_OTHERS})", re.IGNORECASE)
_GAP = re.compile(r"[\s\"'“”‘’«»「」『』:：(\[]*")
_REACH, _LAST = 2_000, 50


def statements(text: str) -> list[tuple[int, str]]:
    """The text after each of the last fifty phrases that announce an answer, with its place; the last one counts."""
    found = []
    for lead in list(_LEAD.finditer(text))[-_LAST:]:
        span = text[lead.end() : lead.end() + _REACH]
        if span.strip():
            found.append((lead.start(), span))
    return found


def without_statements(text: str) -> str:
    """The text without any phrase that announces an answer."""
    return _LEAD.sub(" ", text)


def after_statement(text: str) -> str:
    """The text without an opening phrase such as "The answer is:" or "Answer:", else as it is."""
    lead = _LEAD.search(text[:200])
    if lead and len(text[: lead.start()].split()) <= 4 and "\n" not in text[: lead.start()]:
        return text[lead.end() + len(_GAP.match(text[lead.end() :]).group()) :]  # type: ignore[union-attr]
    return text
