"""Rows are read back as what they were made of, whatever is shared and packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.training.inspect import Reader
from medsins.training.packing import pack
from medsins.training.records import Sample
from medsins.training.tokens import Tokens

from .tiny import make_model

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import transformers

    folder = make_model(tmp_path_factory.mktemp("tiny"))
    return Tokens(transformers.AutoTokenizer.from_pretrained(folder), 400)


words = st.text("abc é\n", min_size=1, max_size=12).filter(str.strip)
samples = st.lists(
    st.builds(
        Sample, st.just("t"), st.just("1"), st.sampled_from(["Name the drug of the note.", "Yes or no?", ""]),
        words, words, st.lists(st.tuples(words, words), max_size=2).map(tuple),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples, st.booleans())
def test_every_sample_is_read_back(tokens: Any, given_samples: list[Sample], share: bool) -> None:
    """What is the question of one sample may begin another as its shot: a shared prefix has one name, the first's."""
    found = []
    reader = Reader(tokens)
    for row in pack([tokens.sample(sample) for sample in given_samples], 500, share):
        groups = reader.groups(row)
        assert sum(part.tokens for g in groups for part in ([g.prefix] if g.prefix else []) + [*g.samples]) == len(row)
        for group in groups:
            before = list(group.prefix.pieces) if group.prefix else []
            found += [texts([*before, *part.pieces]) for part in group.samples]
    wanted = [
        {
            "instruction": sample.instruction,
            "asked": "".join(asked for asked, _ in sample.shots) + sample.input,
            "shot answer": "".join(answer for _, answer in sample.shots),
            "answer": sample.output + "<|end|>",
        }
        for sample in given_samples
    ]
    assert sorted(found, key=str) == sorted(wanted, key=str)


def texts(pieces: list[Any]) -> dict[str, str]:
    names = {
        "instruction": ("instruction",),
        "asked": ("shot", "question"),
        "shot answer": ("shot answer",),
        "answer": ("answer",),
    }
    return {name: "".join(piece.text for piece in pieces if piece.kind in kinds) for name, kinds in names.items()}


def test_where_parts_begin_is_where_attention_is_cut(tokens: Any) -> None:
    from medsins.training.attention import visible

    made = [tokens.sample(Sample("t", str(n), "Name the drug of the note.", f"Bed {n}.", "aspirin")) for n in range(4)]
    (row,) = pack(made, 500, share=True)
    (group,) = Reader(tokens).groups(row)
    assert group.prefix is not None
    seen = visible(row)
    for part in group.samples:
        open_to = set(seen[part.start + part.tokens - 1].nonzero()[0].tolist())
        assert open_to == {*range(group.prefix.tokens), *range(part.start, part.start + part.tokens)}


def test_without_template_all_before_the_answer_is_the_prompt(tmp_path: Path) -> None:
    import transformers

    plain = Tokens(transformers.AutoTokenizer.from_pretrained(make_model(tmp_path / "m", template=False)), 400)
    (row,) = pack([plain.sample(Sample("t", "1", "Do it.", "x", "y", (("a", "b"),)))], 400)
    ((part,),) = (group.samples for group in Reader(plain).groups(row))
    assert [(piece.kind, piece.text) for piece in part.pieces] == [
        ("prompt", "Do it.\n\na\n\nb\n\nx\n"),
        ("answer", "y<|end|>"),
    ]


def test_a_template_without_system_role_has_the_instruction_in_the_question(tmp_path: Path) -> None:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(make_model(tmp_path / "m"))
    refuse = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    tokenizer.chat_template = refuse + tokenizer.chat_template
    tokens = Tokens(tokenizer, 400)
    assert not tokens.takes_system
    (row,) = pack([tokens.sample(Sample("t", "1", "Do it.", "x", "y", (("a", "b"),)))], 400)
    ((part,),) = (group.samples for group in Reader(tokens).groups(row))
    kinds = [(piece.kind, piece.text) for piece in part.pieces if piece.kind != "frame"]
    assert kinds == [("shot", "Do it.\n\na"), ("shot answer", "b"), ("question", "x"), ("answer", "y<|end|>")]
