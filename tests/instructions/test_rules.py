"""Each quality rule, on invented definitions: what breaks it, and what must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.instructions import ALL_RULES, RULES, Variant, check_task, check_variants, cleaned, diversity, judge
from medsins.instructions.anchors import KINDS, added, anchors, missing, plain
from medsins.instructions.near import NEAR, bag_of, jaccard
from medsins.instructions.rules import content, shared, words

ROOM = 'Sort the ward note into "Urgent" or "Routine".'
LISTED = "Assign the finding to one of the following: Benign, Uncertain, or Malignant."
SHORT = "Does the letter mention an allergy? Answer yes, no or maybe."
COUNT = "List at most 3 symptoms that the note names, each below 20 characters."
SLOTS = "Fill {{patient}} and <ward> of the letter, then close with [SIGNATURE]."
TABLE = "Return the doses of the prescription as JSON."
TONGUE = "Turn the French leaflet about tablets into a Spanish leaflet about tablets."
FORBID = "Write the referral letter for the patient. Do not mention the name of the nurse."
PLAIN = "Write the referral letter for the patient with the findings of the ward round."
RENDER = "Translate the leaflet about cough syrup for the patient."
DIGEST = "Summarize the radiology letter for the ward nurse."

GOOD = [
    (ROOM, 'Decide whether the ward note is "Routine" or "Urgent", and sort it so.'),
    (ROOM, "Sort the note of the ward: “Urgent” or “Routine”."),
    (LISTED, "Choose what the finding is: Malignant, Benign, Uncertain."),
    (SHORT, "State if the letter mentions an allergy with no, maybe, or YES."),
    (COUNT, "Name up to three symptoms of the note; each takes fewer than 20 characters."),
    (SLOTS, "In the letter, fill <ward> and {{patient}} and end it with [SIGNATURE]."),
    (TABLE, "Give all doses in the prescription in json form."),
    (TONGUE, "Write a Spanish leaflet about tablets out of the French leaflet."),
    (FORBID, "Compose the patient's referral letter, avoiding the nurse's name."),
    (FORBID, "Compose the patient's referral letter and disregard the nurse's name."),
    (FORBID, "Steer clear of the nurse's name in the patient's referral letter."),
    (FORBID, "Write the patient's referral letter; it leaves the nurse unnamed."),
    (FORBID, "Write the patient's referral letter, but don’t name the nurse."),
    (PLAIN, "Using the findings of the ward round, compose the patient's referral letter."),
    (RENDER, "Render the leaflet on cough syrup in the patient's language."),
    (DIGEST, "Condense the radiology letter into what the ward nurse needs."),
    ("根据病历判断患者是否发热。", "请判断病历中的患者是否发热。"),
]
BAD = [
    (ROOM, "Sort the ward note by how soon it must be seen.", "lost", "label 'Urgent'"),
    (LISTED, "Say whether the finding is Benign or Malignant.", "lost", "label 'Uncertain'"),
    (SHORT, "Say whether the letter mentions an allergy: yes or not.", "lost", "label 'no'"),
    (COUNT, "List symptoms that the note names, each below 20 characters.", "lost", "number '3'"),
    (SLOTS, "Fill the patient and <ward> of the letter, then close with [SIGNATURE].", "lost", "{{patient}}"),
    (TABLE, "Return the doses of the prescription.", "lost", "format 'JSON'"),
    (TONGUE, "Turn the leaflet about tablets into a Spanish leaflet.", "lost", "language 'French'"),
    (COUNT, "List at most 3 symptoms of the note, below 20 characters, in 5 lines.", "added", "number '5'"),
    (PLAIN, "Write the referral letter for {name} with the findings of the ward round.", "added", "{name}"),
    (PLAIN, "Write the referral letter with the findings of the ward round as XML.", "added", "format 'XML'"),
    (PLAIN, "Write the German referral letter with the findings of the ward round.", "added", "language 'German'"),
    (FORBID, "Write the referral letter for the patient with the nurse's name.", "negation", "the wording nothing"),
    (PLAIN, "Write the referral letter for the patient. Do not give findings.", "negation", "the definition nothing"),
    (FORBID, "Write the referral letter under the patient's disease, until discharge.", "negation", "wording nothing"),
    (FORBID, "Discuss and display the patient's unit and name the nurse in the letter.", "negation", "wording nothing"),
    (PLAIN, "Write the patient's referral letter. Don’t give findings.", "negation", "the definition nothing"),
    (RENDER, "Read the leaflet about cough syrup to the patient.", "action", "does not ask to translate"),
    (PLAIN, "Translate the referral letter of the ward round for the patient.", "action", "asks to translate"),
    (DIGEST, "Read the radiology letter to the ward nurse.", "action", "does not ask to summarise"),
    (PLAIN, "Name the vitamin that oranges hold.", "drift", "0% of its content words"),
    (PLAIN, "Write.", "length", "0.07 times the words"),
    (PLAIN, " ".join([PLAIN] * 5), "length", "5.00 times the words"),
    (PLAIN, "Напишите выписное письмо для пациента.", "script", "the definition in Latin"),
    (PLAIN, "12 + 30", "script", "is in no script"),
    (PLAIN, f"Sure! {PLAIN}", "answer", "is an answer around a wording"),
    (PLAIN, f"Here is the rephrased text: {PLAIN}", "answer", "is an answer around a wording"),
    (PLAIN, f"{PLAIN} Rephrase this instruction.", "answer", "repeats the request"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "wording"), GOOD)
def test_a_wording_that_says_the_same_is_good(definition: str, wording: str) -> None:
    assert judge(definition, wording) == []


@pytest.mark.parametrize(("definition", "wording", "rule", "why"), BAD)
def test_a_wording_that_does_not_is_told_why(definition: str, wording: str, rule: str, why: str) -> None:
    told = {fault.rule: fault.what for fault in judge(definition, wording)}
    assert why in told[rule]


def test_every_rule_has_a_wording_that_breaks_it() -> None:
    assert {rule for _, _, rule, _ in BAD} == set(RULES)
    assert set(ALL_RULES) - set(RULES) == {"repeat", "near-duplicate"}


@pytest.mark.parametrize("definition", [definition for definition, _ in GOOD])
def test_a_definition_is_a_good_wording_of_itself(definition: str) -> None:
    assert judge(definition, f"  {definition.upper()}\n") == []
    assert missing(definition, definition) == added(definition, definition) == []


@pytest.mark.parametrize(
    ("text", "kind", "items"),
    [
        ("Use `first line` or 「第二」.", "label", ("first line", "第二")),
        ("The patient's and nurse's 'day list'", "label", ("day list",)),
        ("Code it in ICD-10:\n1. find it\n2. give 1,5 or 38.5 of it", "number", ("1,5", "38.5")),
        ("Put {a}, <b c>, [NAME], %s and ____ there", "placeholder", ("{a}", "<b c>", "[NAME]", "%s", "____")),
        ("A bulleted list, separated by commas, in capital letters", "format", ("comma", "bullet", "upper case")),
        ("from Polish into Dutch and Polish", "language", ("Polish", "Dutch")),
    ],
)
def test_what_must_survive(text: str, kind: str, items: tuple[str, ...]) -> None:
    assert anchors(text)[kind] == items
    assert tuple(anchors(text)) == KINDS


def test_a_label_must_stand_as_a_word() -> None:
    definition = 'Answer "no" where the scan shows nothing.'
    assert missing(definition, "Say not or note where the scan is clear") == [("label", "no")]
    assert missing(definition, "Say NO where the scan is clear") == []


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_breaks_the_rules(definition: str, wording: str) -> None:
    assert {fault.rule for fault in judge(definition, wording)} <= set(RULES)
    assert judge(definition, definition) == []
    assert 0 <= shared(definition, wording) <= 1


@given(st.text(max_size=120))
def test_comparing_texts_is_stable(text: str) -> None:
    assert plain(f" {plain(text)} ") == plain(plain(text))
    assert len(bag_of(text)) == len(words(text))
    assert jaccard(bag_of(text), bag_of(text)) == 1


@given(st.frozensets(st.sampled_from("abcdef")), st.frozensets(st.sampled_from("abcdef")))
def test_jaccard_is_symmetric_and_bounded(a: frozenset[str], b: frozenset[str]) -> None:
    assert jaccard(a, b) == jaccard(b, a)
    assert (jaccard(a, b) == 1) == (a == b)
    assert (jaccard(a, b) == 0) == (not a & b and bool(a | b))


def test_words_and_what_they_stand_for() -> None:
    assert words("The nurse's follow-up, twice") == ("the", "nurse's", "follow-up", "twice")
    assert words("发热吗") == ("发热", "热吗")
    assert content("Respond to the query") == content("answer questions")
    assert content("the of 12 please") == frozenset()


def made(*texts: str) -> list[Variant]:
    return [Variant("letters", text) for text in texts]


def test_repeats_and_near_duplicates_are_dropped_in_order() -> None:
    long = f"{PLAIN} Use the words of a colleague who knows the patient well and keeps to the point."
    other = "Using the findings of the ward round, compose the patient's referral letter."
    check = check_task("letters", PLAIN, made(PLAIN, f" {PLAIN.upper()} ", long, long.replace("well", "best"), other))
    assert [tuple(fault.rule for fault in item.faults) for item in check.judged] == [
        (), ("repeat",), (), ("near-duplicate",), (),
    ]  # fmt: skip
    assert [variant.text for variant in check.kept] == [PLAIN, long, other]
    assert check.rules == {"repeat": 1, "near-duplicate": 1}
    assert jaccard(bag_of(long), bag_of(long.replace("well", "best"))) >= NEAR > jaccard(bag_of(PLAIN), bag_of(other))
    assert "dropped" in check.judged[1].document()


def test_a_dropped_wording_does_not_drop_others() -> None:
    bad = "Name the vitamin that oranges hold."
    check = check_task("letters", PLAIN, made(PLAIN, bad, bad))
    assert [[fault.rule for fault in item.faults] for item in check.judged[1:]] == [["drift"], ["drift"]]


def test_the_first_wording_or_a_card_decides() -> None:
    variants = [*made(RENDER, "Render the leaflet on cough syrup for the patient."), Variant("other", f"  {DIGEST} ")]
    checks = list(check_variants(variants))
    assert [(check.task_id, check.definition.strip(), len(check.kept)) for check in checks] == [
        ("letters", RENDER, 2),
        ("other", DIGEST, 1),
    ]
    assert [variant.text for variant in cleaned(checks)] == [variants[0].text, variants[1].text, DIGEST]
    held = list(check_variants(variants, {"letters": f"{RENDER} Take 4 words."}))
    assert held[0].rules == {"lost": 2}


def test_diversity() -> None:
    alike, mixed = diversity([PLAIN, PLAIN]), diversity([PLAIN, RENDER, DIGEST])
    assert (alike.similarity, alike.wordings) == (1, 2)
    assert alike.distinct_1 < mixed.distinct_1 <= 1
    assert alike.distinct_2 == 0.5
    assert mixed.similarity < 0.5
    nothing = diversity([])
    assert nothing.distinct_1 != nothing.distinct_1
    assert nothing.similarity != nothing.similarity
    many = diversity([f"{PLAIN} {number}" for number in range(120)])
    assert many.similarity == pytest.approx(mean_of_two(), abs=0.01)


def mean_of_two() -> float:
    return jaccard(bag_of(f"{PLAIN} 1"), bag_of(f"{PLAIN} 2"))
