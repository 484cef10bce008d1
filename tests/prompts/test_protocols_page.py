"""``docs/protocols.md``: its examples are what the command prints, its tables what the protocols have."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from medsins.cli.main import main
from medsins.prompts import FORMATS, PROTOCOLS, get_protocol

PAGE = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`(\S+)`:\n\n```json\n(.*?)```$", PAGE, flags=re.MULTILINE | re.DOTALL)
EXAMPLES = re.findall(r"^```console\n\$ medsins (prompt .*?)\n(.*?)\n```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_page_has_examples_of_every_protocol() -> None:
    assert len(FILES) == 2
    for name in PROTOCOLS.names():
        assert f"\n## {name}\n" in PAGE
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_examples_are_what_the_command_prints(
    command: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out.rstrip() == printed


def test_the_reproduced_leak_is_in_its_example() -> None:
    _, printed = next(example for example in EXAMPLES if "official-code" in example[0])
    assert printed.count("Ear 38.4 °C, flushed, asks for water.") == 2


def test_every_setting_and_format_is_on_the_page() -> None:
    table = PAGE.split("## Settings")[1].split("\n## ")[0]
    for name in PROTOCOLS.names():
        for setting in get_protocol(name).settings:
            assert f"`{setting}`" in table
    assert all(f"`{name}`" in PAGE for name in FORMATS)
