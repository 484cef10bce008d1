"""The entry point: exit codes, hints, what a failing machine and a leaving reader get to see."""

from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import medsins
from medsins.cli import _common, catalog
from medsins.cli.main import GROUPS, build_parser, main, run
from medsins.core import InvalidFile, Problem, RefusedByPolicy, RunError, UsageError

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let ``medsins catalog categories`` fail in a chosen way."""

    def use(error: BaseException) -> None:
        def handler(args: argparse.Namespace) -> int:
            sys.stdout.write("")
            raise error

        monkeypatch.setattr(catalog, "_categories", handler)

    return use


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_has_help_with_an_example(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr()
    assert f"example:\n  medsins {name}" in shown.out
    assert shown.err == ""


def test_every_verb_takes_the_shared_options_and_shows_an_example() -> None:
    def leaves(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
        children = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        return [leaf for a in children for child in a.choices.values() for leaf in leaves(child)] or [parser]

    found = leaves(build_parser())
    assert len(found) > 20
    for leaf in found:
        options = {option for action in leaf._actions for option in action.option_strings}
        assert {"--json", "-q", "--quiet", "-v", "--verbose", "--debug"} <= options, leaf.prog
        assert callable(leaf.get_default("handler"))
        assert f"  {leaf.prog}" in (leaf.epilog or "")
        assert all(action.help for action in leaf._actions), leaf.prog


def test_only_the_asked_group_is_built_in_full() -> None:
    parser = build_parser(["catalog"])
    (choices,) = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    assert list(choices) == list(GROUPS)
    built = [name for name, child in choices.items() if child._subparsers or child.get_default("handler")]
    assert built == ["catalog"]


def test_nothing_asked_shows_the_help_and_is_wrong_usage(capsys: Capture) -> None:
    assert main([]) == 2
    shown = capsys.readouterr().out
    assert all(name in shown and summary.split(",")[0] in shown for name, summary in GROUPS.items())


def test_the_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"medsins {medsins.__version__}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["bench"], "the following arguments are required: VERB"),
        (["catalog", "task"], "did you mean tasks?"),
        (["catlog"], "did you mean catalog?"),
        (["zzz"], "see medsins --help"),
        (["catalog", "tasks", "--categroy", "NER"], "did you mean --category?"),
        (["catalog", "tasks", "--cat", "NER"], "unrecognized arguments: --cat"),  # no abbreviations
        (["catalog", "tasks", "stray"], "see medsins catalog tasks --help"),
        (["score", "x.csv", "--profile", "strct"], "did you mean strict?"),
        (["score", "x.csv", "--resamples", "9"], "must be from 10 to 1,000,000"),
        (["score", "x.csv", "--resamples", "many"], "'many' is no whole number"),
        (["score"], "required: FILE.csv"),
        (["bench", "run", "--model", "mock:echo", "--suite", "mini", "-o", "r", "--limit", "1.5"], "'1.5' is no whole"),
        (["bench", "run", "--model", "mock:echo", "--suite", "mini", "-o", "r", "--window", "-2"], "not be negative"),
        (["bench", "run", "--model", "m", "--suite", "mini", "-o", "r", "--precision", "float8"], "float16"),
        (["demo", "stray"], "unrecognized arguments: stray"),
        (["prompt", "t", "--format", "lama3"], "did you mean llama3?"),
        (["pull"], "required: NAME"),
        (["corpora", "build", "pico"], "required: --raw, -o/--out"),
        (["tasks", "split", "x.json", "--test", "tenth"], "--test"),
    ],
)
def test_wrong_usage_is_explained_in_two_lines(words: list[str], expected: str, capsys: Capture) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert expected in shown.err
    assert shown.err.startswith("error: ")
    assert len(shown.err.splitlines()) == 2
    assert "_" not in shown.err  # no name from inside the program


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidFile(Problem("bad", "a.json", "mend it"), "worse"), 1),
        (RunError("locked"), 1),
        (UsageError("no"), 2),
        (RefusedByPolicy("never"), 3),
    ],
)
def test_exit_codes_and_all_problems_at_once(
    failing: Callable[[BaseException], None], error: Any, code: int, capsys: Capture
) -> None:
    failing(error)
    assert main(["catalog", "categories", "--json", "-q"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "".join(f"error: {problem}\n" for problem in error.problems)


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.ENOENT, "check the path"),
        (errno.EIO, ""),
    ],
)
def test_a_failing_machine_is_named_with_file_and_remedy(
    failing: Callable[[BaseException], None], number: int, hint: str, capsys: Capture
) -> None:
    failing(OSError(number, os.strerror(number), "/data/runs"))
    assert main(["catalog", "categories"]) == 1
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == f"error: /data/runs: {os.strerror(number)}"
    assert hint in "".join(rest)
    assert len(rest) == bool(hint)


def test_an_os_error_without_number_is_still_a_message(
    failing: Callable[[BaseException], None], capsys: Capture
) -> None:
    failing(OSError("the socket fell over"))
    assert main(["catalog", "categories"]) == 1
    assert capsys.readouterr().err == "error: the socket fell over\n"


def test_an_interrupt(failing: Callable[[BaseException], None], capsys: Capture) -> None:
    failing(KeyboardInterrupt())
    assert main(["catalog", "categories"]) == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


@pytest.mark.parametrize(("error", "code"), [(UsageError("x"), 2), (OSError(2, "x"), 1), (KeyboardInterrupt(), 130)])
def test_debug_shows_the_traceback_and_keeps_the_exit_code(
    failing: Callable[[BaseException], None], capsys: Capture, error: BaseException, code: int
) -> None:
    failing(error)
    assert main(["catalog", "categories", "--debug"]) == code
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert type(error).__name__ in shown


@pytest.mark.parametrize("words", [["--debug", "catalog", "nothing"], ["catalog", "--debug", "nothing"]])
def test_debug_may_stand_before_the_verb(capsys: Capture, words: list[str]) -> None:
    assert main(words) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_mistake_of_ours_is_never_dressed_up(failing: Callable[[BaseException], None]) -> None:
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["catalog", "categories"])


def test_the_console_script_ends_with_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "argv", ["medsins", "catalog", "tasks", "--category", "Poetry"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "unknown category 'Poetry'" in capsys.readouterr().err


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("words", [["--version"], ["catalog", "categories"], ["catalog", "tasks", "--json"]])
def test_a_reader_that_leaves_is_no_error(words: list[str], buffered: bool) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, *([] if buffered else ["-u"]), "-m", "medsins", *words],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_an_error(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "medsins", "catalog", "categories", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "\ud800"}, {"a": "?"}),
        (["é", float("nan"), (float("inf"), 1.5)], ["é", None, [None, 1.5]]),
        ({"deep": [{"x": -float("inf")}]}, {"deep": [{"x": None}]}),
        ("x\ny", "x\ny"),
        (None, None),
    ],
)
def test_a_json_document_is_always_readable(
    value: Any, expected: Any, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    _common.print_json(value)
    text = capsysbinary.readouterr().out.decode("utf-8")
    assert text.endswith("\n")
    assert json.loads(text) == expected
    assert "\\u00e9" not in text


def test_quiet_silences_stderr_and_only_that(capsys: Capture) -> None:
    quiet = argparse.Namespace(quiet=True)
    _common.err_console(quiet).print("progress")
    _common.err_console(argparse.Namespace(quiet=False)).print("notice")
    _common.err_console().print("problem")
    _common.out_console().print("result 12")
    shown = capsys.readouterr()
    assert shown.out == "result 12\n"
    assert shown.err == "notice\nproblem\n"


def test_a_parser_without_example_has_no_epilog() -> None:
    assert _common.Parser(prog="x").epilog is None
    assert _common.Parser(prog="x", example="a\nb").epilog == "example:\n  a\n  b"
