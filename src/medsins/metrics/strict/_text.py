"""Text as the scorers compare it: one Unicode form, no markup, spelling variants folded."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

EXCERPT = 20_000
"""Answers are searched in their first and last 20,000 characters; an answer elsewhere in a longer text is none."""

_OPENING_THOUGHT = re.compile(r"<(?:think|thinking|reasoning)>", re.IGNORECASE)
_CLOSING_THOUGHT = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_CHAT_TOKEN = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>")
_BOXED = re.compile(r"\$?\\boxed\{(?:\\text\{)?([^{}]{0,200})\}?\}\$?")
_ANSWER_TAG = re.compile(r"<answer>(.{0,400}?)</answer>", re.DOTALL | re.IGNORECASE)
_EMPHASIS = re.compile(r"\*{1,3}|__|`+|^[ \t]*#{1,6}[ \t]+|^[ \t]*>[ \t]?", re.MULTILINE)
_NEXT_TURN = re.compile(
    r"\n\s*(?:Input|Question|Case\s?\d+|User|Human|Sentence\s?1|Context|问题|質問|Вопрос|Pregunta)\s*[:：]",
    re.IGNORECASE,
)
_SPELLINGS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"tumour", "tumor"),
        (r"signalling", "signaling"),
        (r"aemi", "emi"),
        (r"haem", "hem"),
        (r"oedem", "edem"),
        (r"oesoph", "esoph"),
        (r"paed", "ped"),
        (r"gynaec", "gynec"),
        (r"leukaem", "leukem"),
        (r"diarrhoea", "diarrhea"),
        (r"dyspnoea", "dyspnea"),
        (r"is(e|ed|ing|ation)\b", r"iz\1"),
        (r"\bgenome instability", "genomic instability"),
    )
)


def visible(text: str) -> str:
    """The answer proper: without reasoning between think tags, chat tokens and Markdown emphasis; NFKC; at most the
    first and last ``EXCERPT`` characters, so that reading takes bounded time.
    """
    text = _without_thoughts(text) if "<" in text else text
    if len(text) > 2 * EXCERPT:
        text = f"{text[:EXCERPT]}\n{text[-EXCERPT:]}"
    text = _CHAT_TOKEN.sub("\n", text) if "<" in text or "[" in text else text
    if "</" in text:
        text = _ANSWER_TAG.sub(r" answer: \1 ", text)
    if "\\boxed" in text:
        text = _BOXED.sub(r" answer: \1 ", text)
    return unicodedata.normalize("NFKC", _EMPHASIS.sub("", text)).strip()


def _without_thoughts(text: str) -> str:
    """What stands after the last reasoning, or, where nothing does, before the first. Reasoning that was never closed
    reached no answer.
    """
    first = _OPENING_THOUGHT.search(text)
    closed = [mark.end() for mark in _CLOSING_THOUGHT.finditer(text)]
    rest = text[closed[-1] :] if closed else text
    reopened = _OPENING_THOUGHT.search(rest)
    rest = rest[: reopened.start()] if reopened else rest
    return rest if rest.strip() or not first else text[: first.start()]


def own_turn(text: str) -> str:
    """The text up to where a base model goes on with the next case of its own making."""
    found = _NEXT_TURN.search(text)
    return text[: found.start()] if found and text[: found.start()].strip() else text


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower case, Latin letters without accents, British and American spellings alike; punctuation is kept."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii():
        text = "".join(map(_plain_letter, text))
    for pattern, plain in _SPELLINGS:
        text = pattern.sub(plain, text)
    return " ".join(text.split())


def key(text: str) -> str:
    """What two labels are compared by: folded words without punctuation, else the text as it is."""
    return " ".join(re.findall(r"\w+", fold(text))) or " ".join(text.split())


def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFD", letter)[:1]
    return base if base.isascii() and base.isalpha() else letter
