"""How a model is named: backend, model and server apart; what is said where a name leads nowhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins import models
from medsins.cli.main import main
from medsins.core import InvalidFile, MissingExtra, UsageError
from medsins.models import ALIASES, BACKENDS, BackendOptions, open_backend, split_model
from medsins.models._gguf import convert_gguf

model_names = st.text("abcXYZ019./-_: é", min_size=1, max_size=20)
hosts = st.from_regex(r"https?://[a-z]{1,8}(:[0-9]{2,4})?(/v[0-9])?", fullmatch=True)


@given(st.sampled_from(["mock", "transformers"]), model_names, st.just("") | hosts)
def test_a_name_comes_apart_where_it_was_put_together(backend: str, name: str, url: str) -> None:
    assert split_model(f"{backend}:{name}{'@' * bool(url)}{url}") == (backend, name, url)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mock:say=a@b.org", ("mock", "say=a@b.org", "")),
        ("mock:user@host@http://gpu:8000/v1", ("mock", "user@host", "http://gpu:8000/v1")),
        ("transformers:C:/models/x", ("transformers", "C:/models/x", "")),
        ("transformers:org/model@revision", ("transformers", "org/model@revision", "")),
    ],
)
def test_marks_inside_a_name_are_part_of_it(text: str, parts: tuple[str, str, str]) -> None:
    assert split_model(text) == parts


@pytest.mark.parametrize("text", ["", "gpt", "org/model", "mock:", ":echo"])
def test_a_name_without_backend_or_model_is_explained(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_model(text)
    assert "transformers" in str(caught.value)
    assert text in str(caught.value)


def test_an_unknown_backend_gets_suggestions(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown backend 'transformer'") as caught:
        split_model("transformer:x")
    assert "did you mean transformers?" in str(caught.value)
    words = ["bench", "run", "--model", "mok:echo", "--suite", "mini", "-o", str(tmp_path / "run")]
    assert main(words) == 2
    assert "did you mean mock?" in capsys.readouterr().err
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_vllm_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.delitem(sys.modules, "medsins.models.vllm", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'medsins\[vllm\]'"):
        open_backend("vllm:some/model")


def test_every_alias_names_a_backend_there_is() -> None:
    for alias, full in ALIASES.items():
        assert split_model(alias) == split_model(full)
        assert split_model(alias)[0] in BACKENDS.names()
        assert ":" not in alias


def test_naming_imports_no_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "medsins.models.mock", raising=False)
    split_model("mock:echo")
    assert "medsins.models.mock" not in sys.modules
    assert {"mock", "transformers"} <= set(BACKENDS.names())
    assert not any(name.startswith(("-", "_")) for name in BACKENDS.names())


def test_the_server_is_handed_on_beside_the_other_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, BackendOptions]] = []
    fake = ModuleType("fake")
    fake.open_backend = lambda name, options: seen.append((name, options))  # type: ignore[attr-defined]
    monkeypatch.setattr(models.BACKENDS, "load", lambda name: fake)
    chosen = BackendOptions(window=99, batch_size=3)
    open_backend("mock:echo@http://gpu:1/v1", chosen)
    open_backend("mock:echo", chosen)
    open_backend("mock:echo")
    assert seen == [
        ("echo", BackendOptions(window=99, batch_size=3, base_url="http://gpu:1/v1")),
        ("echo", chosen),
        ("echo", BackendOptions()),
    ]
    assert chosen.base_url == ""


def test_a_gguf_file_needs_its_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingExtra, match=r"medsins\[local\]"):
        convert_gguf(tmp_path / "x.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 20])
def test_a_file_that_is_no_gguf_model_is_named(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("gguf")
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match="not a GGUF model") as caught:
        convert_gguf(path, tmp_path / "out")
    assert caught.value.problems[0].place == str(path)
    assert not (tmp_path / "out").exists()
