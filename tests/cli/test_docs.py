"""The command reference, made from an invented parser and from the real ones."""

from __future__ import annotations

import argparse
import shlex

import pytest

from medsins.cli import _docs
from medsins.cli._common import Parser, add_verb
from medsins.cli.main import GROUPS, build_parser


@pytest.fixture
def ward() -> Parser:
    parser = Parser(prog="ward", description="a ward")
    groups = parser.add_subparsers(parser_class=Parser)
    verbs = groups.add_parser("beds", example="ward beds count").add_subparsers(parser_class=Parser)
    count = add_verb(verbs, "count", lambda args: 0, "count the beds", "ward beds count 3\nward beds count 4 -n 2")
    count.add_argument("floor", help="which floor")
    count.add_argument("rooms", nargs="*", metavar="ROOM", help="a|b")
    count.add_argument("-n", "--nurses", type=int, default=7, help="how many (default %(default)s)")
    count.add_argument("--side", choices=["left", "right"], help="one side")
    count.add_argument("--kind", choices=["x", "y"], metavar="K", help="some kind")
    count.add_argument("--free", action="store_true", help="only free ones, 100 % sure")
    count.add_argument("--pair", nargs=2, metavar=("FROM", "TO"), help="a range")
    count.add_argument("--silent")
    add_verb(verbs, "list", lambda args: 0, "list the beds", "ward beds list")
    return parser


def test_verbs_are_found_at_any_depth(ward: Parser) -> None:
    assert [name for name, _ in _docs._commands(ward, "ward")] == ["ward beds count", "ward beds list"]
    assert [name for name, _ in _docs._commands(Parser(prog="one"), "one")] == ["one"]


def test_a_section_has_every_kind_of_argument(ward: Parser) -> None:
    sections = dict(_docs._commands(ward, "ward"))
    assert _docs._section("ward beds count", sections["ward beds count"]).splitlines() == [
        "## `ward beds count`",
        "",
        "Count the beds.",
        "",
        "| argument | meaning |",
        "|---|---|",
        "| `FLOOR` | which floor |",
        "| `ROOM` | a\\|b |",
        "| `-n, --nurses NURSES` | how many (default 7) |",
        "| `--side {left,right}` | one side |",
        "| `--kind K` | some kind |",
        "| `--free` | only free ones, 100 % sure |",
        "| `--pair FROM TO` | a range |",
        "| `--silent SILENT` |  |",
        "",
        "```console",
        "$ ward beds count 3",
        "$ ward beds count 4 -n 2",
        "```",
    ]


def test_without_arguments_there_is_no_table(ward: Parser) -> None:
    text = _docs._section("ward beds list", dict(_docs._commands(ward, "ward"))["ward beds list"])
    assert "argument" not in text
    assert "$ ward beds list" in text


@pytest.mark.parametrize(("text", "sentence"), [("", ""), ("a thing", "A thing."), ("NER only", "NER only.")])
def test_a_description_becomes_a_sentence(text: str, sentence: str) -> None:
    assert _docs._sentence(text) == sentence


def test_the_page_names_every_command_and_option_once() -> None:
    page = _docs.reference()
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings)) > 20
    for group in GROUPS:
        assert any(heading.startswith(f"## `medsins {group}") for heading in headings), group
    for name, parser in _docs._commands(build_parser(), "medsins"):
        section = page.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        for action in parser._actions:
            for option in set(action.option_strings) - {"-h", "-q", "-v", *_docs.SHARED}:
                assert section.count(f"{option}`") + section.count(f"{option},") + section.count(f"{option} ") >= 1
        assert f"$ {name}" in section
        assert "%(" not in section


def test_rows_of_the_page_have_two_cells() -> None:
    rows = [line for line in _docs.reference().splitlines() if line.startswith("| ")]
    assert rows
    for row in rows:
        assert row.replace("\\|", "").count("|") == 3 or "{" in row.split("`")[1] or "|" in row.split("`")[1], row


def test_the_examples_of_the_page_can_be_parsed() -> None:
    parser = build_parser()
    examples = [line[2:] for line in _docs.reference().splitlines() if line.startswith("$ ")]
    assert len(examples) > 25
    for example in examples:
        command, *words = shlex.split(example.partition(" > ")[0])
        assert command == "medsins"
        args = parser.parse_args(words)
        assert isinstance(args, argparse.Namespace)
        assert callable(args.handler), example
