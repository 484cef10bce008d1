"""Chinese and Japanese tokens are jieba's and janome's."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.metrics._memo import Memo
from medsins.metrics.text import segment, tokens
from medsins.metrics.text._chinese import chinese
from medsins.metrics.text._japanese import japanese

CHINESE = [
    "患者男性，65岁，因胸痛3小时入院。诊断为急性心肌梗死。",
    "血压 120/80 mmHg；体温37.5℃。\n建议：阿司匹林100mg，每日1次。",
    "南京市长江大桥",
    "乒乓球拍卖完了",
    "他来到了网易杭研大厦",
    "ＡＢＣ　全角",
    "",
    " ",
    "\r\n\n",
    "abc-def_1.5%+#&",
    "。。。",
]
JAPANESE = [
    "65歳の男性が胸痛を訴えて来院した。心電図でST上昇を認め、急性心筋梗塞と診断された。",
    "すもももももももものうち",
    "コンピューターとﾊﾝｶｸカナ、ＡＢＣと123、αβγとАБВ。",
    "  前後に空白　 ",
    "",
    "。。。",
    "一二三万四千",
    "改行\n\n二つ\r\n\r\n終わり",
    "🙂𠮷野家で食べた",
    "x" * 30,
    "ー" * 40,
]


@cache
def _janome() -> Callable[[str], tuple[str, ...]]:
    from janome.tokenizer import Tokenizer

    tokenizer = Tokenizer()
    return lambda text: tuple(token.surface for token in tokenizer.tokenize(text))


def _jieba(text: str) -> tuple[str, ...]:
    import jieba

    jieba.setLogLevel(60)
    return tuple(jieba.cut(text))


@pytest.mark.parametrize("text", CHINESE)
def test_chinese_sentences(text: str) -> None:
    assert chinese(text) == _jieba(text)


@pytest.mark.parametrize("text", JAPANESE)
def test_japanese_sentences(text: str) -> None:
    assert japanese(text) == _janome()(text)


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("患者诊断为急性心肌梗死的一二三不是在有南京市长江大桥乒乓球拍abC12.5%，。 \n-+"), max_size=60
    )
)
def test_any_chinese(text: str) -> None:
    assert chinese(text) == _jieba(text)


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("患者は急性心筋梗塞と診断されたすももカナーﾊﾝ一二三ＡＢabC12.5%、。！ \n\t・Жβ🙂"), max_size=60
    )
)
def test_any_japanese(text: str) -> None:
    assert japanese(text) == _janome()(text)


@settings(max_examples=10, deadline=None)
@given(st.text(st.sampled_from("心筋梗塞はももカナーABC、。\n"), min_size=480, max_size=2600))
def test_japanese_longer_than_one_lattice(text: str) -> None:
    assert japanese(text) == _janome()(text)


@settings(max_examples=150, deadline=None)
@given(st.text(), st.sampled_from(["zh", "ja", "en", "fr", "ru", "es", "de"]))
def test_no_text_raises(text: str, language: str) -> None:
    assert all(isinstance(token, str) for token in segment(text, language))
    assert all(token == token.lower() for token in tokens(text, language) if token.isascii())


def test_half_a_surrogate_pair_is_a_token_like_any_other() -> None:
    assert "".join(japanese("肺\ud800炎")) == "肺\ud800炎"
    assert "".join(chinese("肺\ud800炎")) == "肺\ud800炎"


def test_words_added_to_the_shared_jieba_change_nothing() -> None:
    import jieba

    text = "急性心肌梗死患者"
    jieba.setLogLevel(60)
    jieba.add_word(text)
    try:
        assert _jieba(text) == (text,)
        assert len(chinese(text)) > 1
    finally:
        jieba.del_word(text)


def test_a_cache_that_cannot_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from medsins.metrics.text import _chinese

    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder is wanted")
    monkeypatch.setenv("MEDSINS_CACHE", str(blocked))
    _chinese._tokenizer.cache_clear()
    monkeypatch.setattr(_chinese, "_blocks", Memo(entries=10, characters=60))
    assert _chinese._cut(CHINESE[0]) == _jieba(CHINESE[0])
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The Dose: 3.5 mg/kg, twice-daily!", "en", ("the", "dose", "3.5", "mg", "kg", "twice", "daily")),
        ("L'État 1,5 mg — cœur", "fr", ("l", "état", "1,5", "mg", "cœur")),
        ("Боль в груди. 37,5", "ru", ("боль", "в", "груди", "37,5")),
        ("e\u0301tat ﬁbrose", "fr", ("état", "fibrose")),
        ("snake_case 5mg", "en", ("snake", "case", "5mg")),
        ("肺炎，发热 3.5！", "zh", ("肺炎", "发热", "3.5")),
        ("肺炎です。CT", "ja", ("肺炎", "です", "ct")),
        ("… — !", "en", ()),
    ],
)
def test_strict_tokens_are_lower_cased_words(text: str, language: str, expected: tuple[str, ...]) -> None:
    assert tokens(text, language) == expected
