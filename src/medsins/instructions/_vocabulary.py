"""Words by which the rules tell what an instruction asks for."""

from __future__ import annotations

import re

STOP = frozenset(
    word
    for words in (
        "a an the this that these those you your i we it its they them their he she be is are was were been being will",
        "would shall should can could may might must do does did have has had of in on at to for from by with as and",
        "or if then than so such into about which who whom what when where there here please given give next following",
        "based on using use each any some all one two also need needs make sure not no only task goal provided provide",
    )
    for word in words.split()
)

# Words that instructions put for one another.
SYNONYMS = (
    "question query inquiry enquiry",
    "answer respond response reply address",
    "drug medication medicine pharmaceutical",
    "option choice alternative",
    "doctor physician clinician practitioner clinical medical health healthcare",
    "sentence phrase statement",
    "text passage paragraph document article content context",
    "correct right accurate accuracy proper factual fact",
    "explain explanation justification rationale reason reasoning elucidation clarify",
    "generate create produce construct compose develop craft formulate write",
    "entity term concept name",
    "summary summarize brief concise conclusion condense short",
    "detailed comprehensive thorough elaborate long",
    "identify recognize determine detect pinpoint ascertain find",
    "classify categorize label sort category",
    "image imaging scan",
    "error mistake wrong incorrect",
)

# Said around a wording instead of being one.
PREAMBLE = re.compile(
    r"\s*(?:sure|certainly|of course|absolutely|okay|got it|understood|i(?:'m| am) ready|i understand|thank you|"
    r"here(?:'s| is| are)(?: \w+){0,3} (?:re-?(?:writ|word|phras)|version|instruction)|"
    r"(?:the )?(?:rewritten|reworded|rephrased|revised)\b[^.]{0,40}:|i'?m sorry|i cannot|as an ai\b|"
    r"output:|instruction:|definition:)",
    re.IGNORECASE,
)
# The request to reword, given back.
ABOUT_ITSELF = re.compile(
    r"\b(?:re-?phras\w*|re-?writ\w*|re-?word\w*|paraphras\w*)\b[^.\n]{0,60}"
    r"\b(?:instruction|definition|wording|sentence above|task description)\b",
    re.IGNORECASE,
)

# Forbidding something, as an order; and any word that may stand for it in another wording.
FORBIDS = re.compile(
    r"\b(?:(?:do|must|should|may|can|shall|need) ?not|never|without|avoid|refrain)\b|n['’]t\b", re.IGNORECASE
)
_UN = r"un(?!der|i[fioqtv]|til|animous)\w{4,}"  # unclear, unrelated; not under, union, until
_DIS = (  # disregard, dissimilar; not disease, display
    r"dis(?:regard|allow|agree|approv|believ|card|continu|count|courag|crepan|like|miss|parit|prov|pute|qualif"
    r"|similar)\w*"
)
NEGATIVE = re.compile(
    r"\b(?:not?|none|never|without|nor|neither|cannot|except|exclu\w+|avoid\w*|refrain\w*|unless|only|free from|"
    rf"{_UN}|{_DIS}|steer clear|maintain\w*|preserv\w*|retain\w*|"
    r"in(?:correct|valid|accurate|appropriate|consisten|formal)\w*|contra\w+|absen\w+|lack\w*|"
    r"fail\w*|wrong\w*|false\w*|mistak\w*|error\w*|oppos\w+|missing|omit\w*|ignor\w+|rather than|instead of|"
    r"consisten\w+)\b|n['’]t\b",
    re.IGNORECASE,
)

# Tasks that are told by their words: the beginnings of those that name them, and of those that may stand for them.
ACTIONS = {
    "translate": (
        re.compile(r"\btranslat", re.IGNORECASE),
        re.compile(r"\b(?:render|convert|transform)", re.IGNORECASE),
    ),
    "summarise": (
        re.compile(r"\bsummar(?:i[sz]|y|ies)", re.IGNORECASE),
        re.compile(
            r"\b(?:condens|distil|abstract|shorten|conclu|synthesi|overview|brief|recap|simplif|concise|short|succinct|"
            r"title|outline|digest|encapsulat|captur|compress|streamlin|review)",
            re.IGNORECASE,
        ),
    ),
}
