"""Multiple-choice questions as the released files spell them, in six languages.

Two wordings exist: the question files (``question_text``, ``answer_text``) and the rationale files
(``rationale_text``), which end every option with a TAB and put the answer into the input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase


@dataclass(frozen=True, slots=True)
class Wording:
    """The fixed words of one language. ``one`` and ``many`` take the right options; ``rationale_*`` likewise."""

    question: str
    options: str
    one: str
    many: str
    rationale_one: str
    rationale_many: str


WORDINGS: Mapping[str, Wording] = {
    "English": Wording(
        "Question",
        "Options",
        "The right answer is {}",
        "The right answer is {}",
        "The right answer is {}.",
        "The right answer is {}.",
    ),
    "French": Wording(
        "Question",
        "Options",
        "Les bonnes réponses est {}",
        "Les bonnes réponses est {}",
        "La bonne réponse est {}.",
        "Les bonnes réponses sont {}.",
    ),
    "Russian": Wording(
        "Вопрос",
        "Варианты",
        "Правильные ответ: {}",
        "Правильные ответ: {}",
        "Правильный ответ: {}.",
        "Правильный ответ: {}.",
    ),
    "Japanese": Wording(
        "質問",
        "オプション",
        "正しい答えは {} です",
        "正しい答えは {} です",
        "正しい答えは {} です。",
        "正しい答えは {} です。",
    ),
    "Spanish": Wording(
        "Pregunta",
        "Opciones",
        "La respuesta correcta es: {}",
        "La respuesta correcta es: {}",
        "La respuesta correcta es {}.",
        "La respuesta correcta es {}.",
    ),
    "Chinese": Wording("问题", "选项", "正确答案是 {}", "正确答案是 {}", "正确答案是 {}。", "正确答案是 {}。"),
}


def lettered(options: Sequence[str]) -> dict[str, str]:
    """Options by their letters, A first."""
    return dict(zip(ascii_uppercase, options, strict=False))


def question_text(language: str, question: str, options: Mapping[str, str]) -> str:
    """The input of a question file: ``Question: …\\nOptions: A: …\\tB: …``; no TAB after the last option."""
    words = WORDINGS[language]
    return f"{words.question}: {question}\n{words.options}: " + "\t".join(f"{k}: {v}" for k, v in options.items())


def answer_text(language: str, options: Mapping[str, str], right: Sequence[str]) -> str:
    """The output of a question file; several right options are joined with a comma.

    Raises:
        KeyError: a letter that is no option.
    """
    words = WORDINGS[language]
    chosen = ", ".join(f"{letter}: {options[letter]}" for letter in right)
    return (words.one if len(right) == 1 else words.many).format(chosen)


def rationale_text(language: str, question: str, options: Mapping[str, str], right: Sequence[str]) -> str:
    """The input of a rationale file: question, options each followed by a TAB, and the answer sentence."""
    words = WORDINGS[language]
    chosen = ", ".join(f"{letter}: {options[letter]}" for letter in right)
    answer = (words.rationale_one if len(right) == 1 else words.rationale_many).format(chosen)
    choices = "".join(f"{k}: {v}\t" for k, v in options.items())
    return f"{words.question}: {question}\n{words.options}: {choices}\n{answer}"
