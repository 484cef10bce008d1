"""Multiple choice: options and keys as released in six languages, and answers as models word them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.core.options import parse_options
from medsins.metrics import Row, TaskSpec
from medsins.metrics.strict import score_task
from medsins.metrics.strict.mcqa import Question, read_answer, read_questions, read_reference

SPEC = TaskSpec("t", "MCQA", "mcqa")
QUESTION = (
    "Question: Which finding fits best?\nOptions: A: Muffled heart sounds\tB: Pulsus alternans\tC: C. difficile toxin"
    "\tD: D-dimer above 500\tE: B cell lymphoma"
)


def question(text: str = QUESTION, reference: str = "The right answer is B: Pulsus alternans") -> Question:
    return read_questions([Row(0, "t", text, None, (reference,))])[0]


def letters(output: str, asked: Question | None = None) -> str | None:
    from medsins.metrics.strict._text import visible

    found = read_answer(visible(output), asked or question())
    return None if found is None else "".join(sorted(found))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("B", "B"),
        ("b", "B"),
        ("b) Pulsus", "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("B.", "B"),
        ("B: Pulsus alternans", "B"),
        ("B) Pulsus alternans", "B"),
        ("Option C", "C"),
        ("E", "E"),
        ("The answer is B", "B"),
        ("The right answer is: E", "E"),
        ("The correct answer is (E) B cell lymphoma because A is wrong", "E"),
        ("Answer: B", "B"),
        ("Answer:\n\nB", "B"),
        ("Final answer: **E: B cell lymphoma**.", "E"),
        ("Based on the murmur, the answer is C", "C"),
        ("Certainly! A is correct", "A"),
        ("I would choose E", "E"),
        ("E is the best answer", "E"),
        ("The best choice is therefore B, Pulsus alternans", "B"),
        ("\\boxed{E}", "E"),
        ('{"answer": "B"}', "B"),
        ("C, because A and B are wrong", "C"),
        ("A is wrong, B is wrong, so the answer must be E", "E"),
        ("The patient has (B).", "B"),
        ("Let me see. The options are A: one B: two.\n\nB", "B"),
        ("The answer is A. Wait, actually the answer is E.", "E"),
        ("It could be A or B, but the answer is B", "B"),
        ("<think>The answer is A</think>B", "B"),
        ("B\n\nQuestion: another one\nOptions: A: x\tB: y\nAnswer: D", "B"),
        ("The right answer is B: Pulsus alternans.\n\nA: Muffled heart sounds is wrong because", "B"),
    ],
)
def test_single_letters_in_any_wording(output: str, expected: str) -> None:
    assert letters(output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("The answer is option B.", "B"),
        ("B is the correct answer.", "B"),
        ("Correct option: D", "D"),
        ("My answer: B.", "B"),
        ("Sure! The correct answer is:\n\n**B: Pulsus alternans**\n\nIt is seen in", "B"),
        ("Answer: [B]", "B"),
        ("<answer>B</answer>", "B"),
        ("The answer should be A and not B", "A"),
        ("Either A or C, but I lean to C. Final answer: C", "C"),
        ("C - C. difficile toxin", "C"),
        ("C – C. difficile toxin", "C"),
        ("D: D-dimer above 500", "D"),
        ("B because C is wrong", "B"),
        ("e", "E"),
        ("E)", "E"),
        ("I believe the patient has pulsus alternans", "B"),
        ("Answer: Muffled heart sounds", "A"),
    ],
)
def test_more_ways_to_say_one_letter(output: str, expected: str) -> None:
    assert letters(output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Pulsus alternans", "B"),
        ("The answer is Pulsus alternans.", "B"),
        ("The most likely finding is pulsus alternans.", "B"),
        ("C. difficile toxin", "C"),
        ("The answer is C. difficile toxin", "C"),
        ("D-dimer above 500", "D"),
        ("B cell lymphoma", "E"),
        ("Muffled heart sounds is incorrect. Pulsus alternans is what I expect.", "B"),
    ],
)
def test_option_text_without_its_letter(output: str, expected: str) -> None:
    assert letters(output) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("A and D", "AD"),
        ("A, D", "AD"),
        ("AD", "AD"),
        ("Both A and C", "AC"),
        ("Correct answers: B and E", "BE"),
        ("A: Muffled heart sounds, D: D-dimer above 500", "AD"),
        ("A: Muffled heart sounds\nD: D-dimer above 500", "AD"),
        ("A, B, C, D, E", "ABCDE"),
    ],
)
def test_several_letters(output: str, expected: str) -> None:
    assert letters(output) == expected


@pytest.mark.parametrize(
    "output",
    [
        "A or B",
        "A/B",
        "A-E",
        "A, B, C, D or E",
        "Either A or C",
        "It is not B.",
        "The answer is not A",
        "The answer is A or B",
        "All options are correct",
        "B and maybe D",
        "The answer is B or possibly C",
        "None of the above",
        "The answer is none of these",
        "A B C D E",
        "Muffled heart sounds and pulsus alternans",
        "A 45-year-old man has a murmur",
        "Answer: A\nAnswer: B\nAnswer: C\nAnswer: D\nAnswer: E",
        "<think>The answer is A, or perhaps",
        "As an AI language model I cannot answer",
        QUESTION,
        QUESTION.split("Options: ")[1],
        "…",
    ],
)
def test_hedges_lists_and_other_text_are_no_answer(output: str) -> None:
    assert letters(output) is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("答案是B", "B"),
        ("正确答案是 B: Pulsus alternans", "B"),
        ("故选B。", "B"),
        ("B选项正确", "B"),
        ("正解はBです", "B"),
        ("答えは E です。", "E"),
        ("Bが正しい", "B"),
        ("選択肢B", "B"),
        ("La réponse est B", "B"),
        ("Les bonnes réponses sont A et D", "AD"),
        ("La respuesta correcta es la B", "B"),
        ("Правильный ответ: B", "B"),
        ("Ответ — E", "E"),
        ("А", "A"),  # Cyrillic
        ("В", "B"),  # Cyrillic
        ("Ｂ", "B"),  # fullwidth
        ("（Ｅ）", "E"),
        ("答え：E", "E"),
        ("解答: E", "E"),
        ("Eです。", "E"),
        ("答案：C", "C"),
        ("选C", "C"),
        ("选项D", "D"),
        ("应选择D", "D"),
        ("Réponse : D", "D"),
        ("La bonne réponse est D: D-dimer above 500", "D"),
        ("La opción correcta es la C", "C"),
        ("Respuesta: E", "E"),
        ("Ответ: Б", "B"),
        ("Вариант C", "C"),
        ("B型肝炎", None),
        ("Aが正しくない", None),
    ],
)
def test_answers_in_six_languages(output: str, expected: str | None) -> None:
    assert letters(output) == expected


RELEASED = [
    ("Question: q?\nOptions: A: heat\tB: cold", "The right answer is B: cold", "B"),
    ("问题: 何者?\n选项: A: 热\tB: 冷\tC: 干", "正确答案是 C: 干", "C"),
    ("質問: どれか。\nオプション: A: 熱\tB: 寒\tC: 風\tD: 湿", "正しい答えは B: 寒, D: 湿 です", "BD"),
    ("Question: laquelle ?\nOptions: A: chaud\tB: froid\tC: sec", "Les bonnes réponses est C: sec", "C"),
    ("Question: lesquelles ?\nOptions: A: chaud\tB: froid\tC: sec", "Les bonnes réponses est A: chaud, C: sec", "AC"),
    ("Вопрос: Тепло?\nВарианты: A: да\tB: нет", "Правильные ответ: B: нет", "B"),
    ("Pregunta: ¿cuál?\nOpciones: A: calor\tB: frío", "La respuesta correcta es: A: calor", "A"),
]


@pytest.mark.parametrize(("text", "reference", "key"), RELEASED)
def test_released_formats_give_their_key_and_score_as_right(text: str, reference: str, key: str) -> None:
    asked = question(text, reference)
    assert "".join(sorted(asked.right[0])) == key
    assert letters(reference, asked) == key
    scored = score_task([Row(0, "t", text, reference, (reference,))], SPEC)
    assert scored.scores[0].metrics == {"accuracy": 1.0}


def test_several_answers_need_the_exact_set() -> None:
    text, reference, _ = RELEASED[2]
    outputs = ["B, D", "D, B", "B", "B, C, D", "D: 湿, B: 寒"]
    rows = [Row(i, "t", text, output, (reference,)) for i, output in enumerate(outputs)]
    marks = [score.metrics["accuracy"] for score in score_task(rows, SPEC).scores]
    assert marks == [1, 1, 0, 0, 1]


def test_options_are_those_of_the_last_question_of_a_prompt() -> None:
    prompt = f"Input:\n{RELEASED[0][0]}\n\nOutput:\nA\n\n\nInput:\n{QUESTION}\nOutput:\n"
    assert list(parse_options(prompt)) == list("ABCDE")
    assert parse_options(prompt)["E"] == "B cell lymphoma"


@pytest.mark.parametrize(
    "text",
    [
        "Q?\nA. one\nB. two\nC. three",
        "Q?\n(A) one\n(B) two\n(C) three",
        "Q? Choices: A) one B) two C) three",
        "Q?\nOptions: A: one\tB: two\tC: three\t\nThe right answer is B: two.",
    ],
)
def test_other_ways_of_writing_options(text: str) -> None:
    assert dict(parse_options(text)) == {"A": "one", "B": "two", "C": "three"}


def test_an_option_may_hold_marks_of_its_own() -> None:
    text = "Question: q\nOptions: A: hepatitis B: chronic\tB: type I: mild\tC: none"
    assert dict(parse_options(text)) == {"A": "hepatitis B: chronic", "B": "type I: mild", "C": "none"}


def test_without_options_the_letters_of_the_references_exist() -> None:
    rows = [Row(0, "t", "no options shown", "E", ("E",)), Row(1, "t", "none here", "G", ("The right answer is G: x",))]
    assert [score.metrics["accuracy"] for score in score_task(rows, SPEC).scores] == [1, 1]


@given(st.text(max_size=200), st.sampled_from("ABCDE"))
def test_reading_never_looks_at_the_reference(output: str, key: str) -> None:
    keys = [read_answer(output, question(reference=f"The right answer is {letter}: x")) for letter in ("A", key)]
    assert keys[0] == keys[1]


@given(st.lists(st.text("abcdefgh ", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=8, unique=True))
def test_any_options_round_trip(texts: list[str]) -> None:
    options = {chr(65 + i): " ".join(text.split()) for i, text in enumerate(texts)}
    shown = "Question: q?\nOptions: " + "\t".join(f"{letter}: {text}" for letter, text in options.items())
    assert dict(parse_options(shown)) == options
    for letter, text in options.items():
        assert read_reference(f"The right answer is {letter}: {text}", options) == {letter}


@pytest.mark.parametrize(
    "output",
    [
        "The right answer is C: Pulsus alternans",
        "A: D-dimer above 500",
        "A. Pulsus alternans",
        "The answer is D (muffled heart sounds).",
    ],
)
def test_a_letter_with_the_text_of_another_option_is_no_answer(output: str) -> None:
    assert letters(output) is None


def test_a_letter_with_a_reworded_text_is_that_letter() -> None:
    assert letters("B: an alternating pulse") == "B"
    assert letters("The right answer is D: D-dimer") == "D"
