"""Which script a text is written in and, for the commonest languages, which language: enough to notice a mix-up.

Scripts are told by Unicode ranges, languages of the Latin script by their function words. No model, no download.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_RANGES = {
    "Han": "\u3400-\u4dbf\u4e00-\u9fff",
    "Kana": "\u3040-\u30ff",
    "Hangul": "\uac00-\ud7af\u1100-\u11ff",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Hebrew": "\u0590-\u05ff",
    "Devanagari": "\u0900-\u097f",
    "Bengali": "\u0980-\u09ff",
    "Tamil": "\u0b80-\u0bff",
    "Thai": "\u0e00-\u0e7f",
    "Latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
}
_SIGNS = {name: re.compile(f"[{signs}]") for name, signs in _RANGES.items()}

SCRIPTS_OF = {
    "Chinese": {"Han"},
    "Japanese": {"Han", "Kana"},
    "Korean": {"Hangul", "Han"},
    "Russian": {"Cyrillic"},
    "Ukrainian": {"Cyrillic"},
    "Bulgarian": {"Cyrillic"},
    "Greek": {"Greek"},
    "Arabic": {"Arabic"},
    "Persian": {"Arabic"},
    "Urdu": {"Arabic"},
    "Hebrew": {"Hebrew"},
    "Hindi": {"Devanagari"},
    "Marathi": {"Devanagari"},
    "Bengali": {"Bengali"},
    "Tamil": {"Tamil"},
    "Thai": {"Thai"},
    **{
        name: {"Latin"}
        for name in (
            *(
                "English",
                "French",
                "Spanish",
                "German",
                "Italian",
                "Portuguese",
                "Dutch",
                "Catalan",
                "Basque",
                "Polish",
            ),
            *("Polish", "Czech", "Slovak", "Slovenian", "Croatian", "Romanian", "Hungarian", "Finnish", "Swedish"),
            *(
                "Danish",
                "Norwegian",
                "Estonian",
                "Latvian",
                "Lithuanian",
                "Turkish",
                "Vietnamese",
                "Indonesian",
                "Malay",
            ),
            *("Swahili", "Maltese", "Irish", "Icelandic", "Galician", "Latin"),
        )
    },
}

_WORDS = {
    "English": "the of and to in is that was with for are on as by be this from which not have or it at",
    "French": "le la les des et est une du dans que qui pour sur par au avec ce pas sont plus ne aux",
    "Spanish": "el la los las de que y en un una por con para del se su al como es más no lo",
    "German": "der die das und ist ein eine von mit den im zu des auf für dem nicht sich bei als auch",
    "Italian": "il di che la e è un una per con del della dei non sono nel alla gli come più da",
    "Portuguese": "o a os as de que e do da em um uma para com não no na por dos é mais ao",
    "Dutch": "de het een van en in is dat op te voor met niet zijn die aan er bij ook als om",
    "Catalan": "el la els les de que i en un una per amb del no és al més com dels aquest",
}
_FUNCTION_WORDS = {
    language: frozenset(word for word in words.split() if len(word) > 1) for language, words in _WORDS.items()
}
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 200  # words from which a guess is worth anything
_DIFFERENT = 6  # function words that have to be among them: a label that comes again and again tells nothing


def script_of(text: str) -> str:
    """The script most letters of a text are in; empty where there are no letters. Looks at 1,000 characters."""
    text = text[:1000]
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    counts = {name: len(signs.findall(text)) for name, signs in _SIGNS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else ""


def fits(script: str, languages: Iterable[str]) -> bool:
    """Whether a script may be that of one of the languages; True where a language is not known."""
    known = [SCRIPTS_OF.get(language) for language in languages]
    return not script or not known or any(scripts is None or script in scripts for scripts in known)


def guess_language(texts: Iterable[str]) -> str:
    """The language of most of some texts as an English name; empty where it cannot be told."""
    scripts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for text in texts:
        script = script_of(text)
        scripts[script] += 1
        if script == "Latin":
            words.update(_WORD.findall(text[:1000].lower()))
    del scripts[""]
    if not scripts:
        return ""
    script = scripts.most_common(1)[0][0]
    if script != "Latin":
        if scripts["Kana"] and script in ("Han", "Kana"):
            return "Japanese"
        return {"Han": "Chinese", "Hangul": "Korean", "Cyrillic": "Russian", "Devanagari": "Hindi"}.get(script, script)
    total = sum(words.values())
    shares = {language: sum(words[word] for word in own) / max(1, total) for language, own in _FUNCTION_WORDS.items()}
    first, second, *_ = sorted(shares, key=shares.__getitem__, reverse=True)
    different = sum(word in words for word in _FUNCTION_WORDS[first])
    sure = total >= _ENOUGH and different >= _DIFFERENT and shares[first] >= max(0.12, 1.5 * shares[second])
    return first if sure else ""
