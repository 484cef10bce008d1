"""The registry with packages made on the spot, with third-party entries, and the texts of every error."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsins.core import (
    AssetUnavailable,
    InvalidFile,
    MedsinsError,
    MissingExtra,
    Problem,
    RefusedByPolicy,
    Registry,
    RunError,
    UsageError,
    registry,
    unknown_name,
)

module_names = st.from_regex(r"_?[a-z][a-z_]{0,8}[a-z]", fullmatch=True)


def make_package(parent: Path, name: str, modules: dict[str, str]) -> Path:
    package = parent / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    for module, source in modules.items():
        (package / f"{module}.py").write_text(source)
    return package


@settings(max_examples=25, deadline=None)
@given(modules=st.sets(module_names, max_size=6))
def test_every_public_module_is_an_entry_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, modules: set[str]
) -> None:
    parent = tmp_path_factory.mktemp("site")
    name = f"made_{parent.name.replace('-', '_')}"
    package = make_package(parent, name, {module: f"NAME = {module!r}" for module in modules})
    (package / "data").mkdir()
    (package / "notes.txt").write_text("")
    sys.path.insert(0, str(parent))
    try:
        entries = Registry(name, "thing")
        public = {module for module in modules if not module.startswith("_")}
        assert entries.names() == sorted(module.replace("_", "-") for module in public)
        assert {entries.load(entry).NAME for entry in entries.names()} == public
        for module in modules - public:
            with pytest.raises(UsageError):
                entries.load(module)
    finally:
        sys.path.remove(str(parent))
        for loaded in [loaded for loaded in sys.modules if loaded.startswith(name)]:
            del sys.modules[loaded]


def test_a_package_that_is_not_there_has_no_entries() -> None:
    entries = Registry("medsins_has_no_such_room", "thing")
    assert entries.names() == []
    with pytest.raises(UsageError, match="known: none"):
        entries.load("x")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import medsins.no_such_module", ModuleNotFoundError),  # our own mistake is no missing extra
        ("raise RuntimeError('broken')", RuntimeError),
        ("import nobody_has_this", MissingExtra),
    ],
)
def test_only_a_missing_package_is_a_missing_extra(
    tmp_path: Path, source: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"room_of_{error.__name__.lower()}"
    make_package(tmp_path, name, {"entry": source})
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(error) as caught:
        Registry(name, "thing", extras={"entry": "more"}).load("entry")
    assert type(caught.value) is error
    if error is MissingExtra:
        assert "thing entry needs" in str(caught.value)
        with pytest.raises(ModuleNotFoundError):
            Registry(name, "thing").load("entry")


def test_third_party_entries_stand_beside_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_package(tmp_path, "room_of_ours", {"own_one": "VALUE = 'own'", "shared": "VALUE = 'own'"})
    (tmp_path / "their_module.py").write_text("VALUE = 'theirs'")
    monkeypatch.syspath_prepend(str(tmp_path))
    theirs = tuple(EntryPoint(name, "their_module", "medsins.gadget") for name in ("extra-one", "shared"))
    monkeypatch.setattr(registry, "_third_party", lambda kind: theirs if kind == "gadget" else ())
    entries = Registry("room_of_ours", "gadget")
    assert entries.names() == ["extra-one", "own-one", "shared"]
    assert [entries.load(name).VALUE for name in entries.names()] == ["theirs", "own", "theirs"]
    assert Registry("room_of_ours", "other").names() == ["own-one", "shared"]


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=12), max_size=8))
def test_an_unknown_name_always_lists_what_is_known_in_order(name: str, known: list[str]) -> None:
    (problem,) = unknown_name("suite", name, known).problems
    assert f"'{name}'" in problem.what
    assert problem.mend.endswith(f"known: {', '.join(sorted(known)) or 'none'}")


def test_suggestions_are_the_nearest_and_at_most_three() -> None:
    (problem,) = unknown_name("task", "task11", [f"task1{n}" for n in range(9)] + ["zebra"]).problems
    hint, _, _ = problem.mend.partition("?")
    assert hint.startswith("did you mean task11")
    assert hint.count(" or ") == 2
    assert "zebra" not in hint
    assert "did you mean" not in str(unknown_name("task", "qqqq", ["task1"]))


@pytest.mark.parametrize(
    ("error", "code"),
    [(MedsinsError, 1), (InvalidFile, 1), (AssetUnavailable, 1), (RunError, 1), (UsageError, 2), (RefusedByPolicy, 3)],
)
def test_every_error_has_its_exit_code_and_keeps_all_problems(error: type[MedsinsError], code: int) -> None:
    raised = error(Problem("a", "here", "do"), "b")
    assert raised.exit_code == code
    assert [problem.what for problem in raised.problems] == ["a", "b"]
    assert str(raised) == "here: a\n    do\nb"
    assert isinstance(raised, MedsinsError)


def test_a_missing_extra_is_wrong_usage() -> None:
    error = MissingExtra("reading X", "more")
    assert error.exit_code == 2
    assert str(error) == "reading X needs packages that are not installed\n    pip install 'medsins[more]'"


@given(st.text(), st.text(), st.text())
def test_a_problem_shows_all_its_parts(what: str, place: str, mend: str) -> None:
    text = str(Problem(what, place, mend))
    assert text.startswith(place)
    assert what in text
    assert text.endswith(mend)
    assert hash(Problem(what, place, mend)) == hash(Problem(what, place, mend))
