from __future__ import annotations

import sys
from pathlib import Path

import pytest

from medsins.core import MissingExtra, Problem, Registry, UsageError, unknown_name


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    package = tmp_path / "plugins_for_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good_one.py").write_text("VALUE = 7")
    (package / "broken.py").write_text("import a_package_nobody_has")
    (package / "_private.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("plugins_for_test")]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("plugins_for_test", "thing", extras={"broken": "local"})


def test_the_folder_is_the_registry(plugins: Registry) -> None:
    assert plugins.names() == ["broken", "good-one"]
    assert plugins.load("good-one").VALUE == 7


def test_listing_imports_nothing(plugins: Registry) -> None:
    plugins.names()
    assert "plugins_for_test.good_one" not in sys.modules


def test_a_missing_extra_names_the_install_line(plugins: Registry) -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'medsins\[local\]'"):
        plugins.load("broken")


def test_an_unknown_name_gets_suggestions_then_the_list(plugins: Registry) -> None:
    with pytest.raises(UsageError, match="did you mean good-one") as caught:
        plugins.load("god-one")
    assert "known: broken, good-one" in str(caught.value)


def test_problems_say_what_where_and_what_to_do() -> None:
    error = UsageError(Problem("is empty", "a.json: line 3", "add a line"), "and another")
    assert str(error) == "a.json: line 3: is empty\n    add a line\nand another"
    assert "known: none" in str(unknown_name("suite", "x", []))
