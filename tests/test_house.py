"""The house rules as tests: who may import whom, budgets, docstrings, start-up time, documented options."""

from __future__ import annotations

import argparse
import ast
import importlib
import io
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsins.cli._docs import reference
from medsins.cli.main import GROUPS, build_parser

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "medsins"
MODULES = sorted(SOURCE.rglob("*.py"))

# Besides core, which everyone may import. The command line may import every room.
MAY_IMPORT = {
    "core": set(),
    "catalog": set(),
    "tasks": {"catalog"},
    "corpora": {"tasks", "catalog"},
    "instructions": {"tasks", "catalog"},
    "audit": {"tasks", "catalog"},
    "prompts": {"tasks", "instructions"},
    "models": set(),
    "metrics": set(),
    "bench": {"catalog", "tasks", "prompts", "models", "metrics"},
    "reports": {"catalog", "metrics", "bench"},
    "training": {"catalog", "tasks", "instructions", "prompts"},
    "leaderboard": {"catalog", "bench", "metrics", "reports"},
}

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS = 400, 60, 8


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module of the package that a file imports, at any depth, as a dotted name."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "medsins")
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *((node.module or "").split(".") if node.module else [])])
            if name.split(".")[0] == "medsins":
                for alias in node.names:
                    full = f"{name}.{alias.name}"
                    yield full if full in NAMES else name


NAMES = {module_name(path) for path in MODULES}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_rooms_import_only_what_the_table_allows() -> None:
    wrong = [
        f"{module_name(path)} imports {target}"
        for path in MODULES
        if room(module_name(path)) in MAY_IMPORT
        for target in imports(path)
        if room(target) not in {"", "core", room(module_name(path)), *MAY_IMPORT[room(module_name(path))]}
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms - {"cli"} <= set(MAY_IMPORT)


def test_no_import_cycles() -> None:
    graph = {module_name(path): {t for t in imports(path) if t in NAMES} for path in MODULES}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name) == 2:
            return
        assert state.get(name) != 1, " -> ".join((*trail[trail.index(name) :], name))
        state[name] = 1
        for target in sorted(graph[name]):
            # A package's __init__ gathers its own modules; they do not import it back by its name.
            visit(target, (*trail, name))
        state[name] = 2

    for name in sorted(graph):
        visit(name, ())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_budgets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE
    for node in functions(ast.parse(text)):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"
        assert parameters(node) <= MAX_PARAMETERS, f"{node.name} has {parameters(node)} parameters"


def public_definitions() -> Iterator[tuple[str, bool]]:
    """(name, has a docstring) of every public module, class and function."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield module_name(path), bool(ast.get_docstring(tree)) or not tree.body
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{module_name(path)}.{node.name}", bool(ast.get_docstring(node))


def test_public_docstrings() -> None:
    found = list(public_definitions())
    without = [name for name, documented in found if not documented]
    assert len(without) <= 0.05 * len(found), without


def code_lines(path: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            prose.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    layout = {getattr(tokenize, kind) for kind in ("COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER")}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in layout:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - prose)


def test_test_lines_keep_up_with_code_lines() -> None:
    tests = sum(map(code_lines, (ROOT / "tests").rglob("*.py")))
    source = sum(map(code_lines, MODULES))
    assert tests >= 0.8 * source, f"{tests} lines of tests for {source} lines of code"


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, medsins, medsins.cli.main as m; m.build_parser(()); print(' '.join(sys.modules))"
    loaded = {name.split(".")[0] for name in run_python(code).split()}
    assert not loaded & {"torch", "transformers", "pandas", "numpy", "nltk", "rich", "jinja2", "httpx"}


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_every_group_loads_nothing_heavy(group: str) -> None:
    code = f"import sys, medsins.cli.main as m; m.build_parser([{group!r}]); print(' '.join(sys.modules))"
    loaded = {name.split(".")[0] for name in run_python(code).split()}
    assert not loaded & {"torch", "transformers", "pandas", "nltk", "jinja2", "httpx"}


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    children = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not children:
        yield name, parser
    for action in children:
        for child, subparser in action.choices.items():
            yield from commands(subparser, f"{name} {child}")


ALL_COMMANDS = list(commands(build_parser(), "medsins"))


@pytest.mark.parametrize(("name", "parser"), ALL_COMMANDS, ids=[name for name, _ in ALL_COMMANDS])
def test_every_command_and_option_is_documented(name: str, parser: argparse.ArgumentParser) -> None:
    docs = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    assert name in docs
    for action in parser._actions:
        for option in action.option_strings:
            assert option in docs, f"{name} {option}"


def test_the_command_reference_is_up_to_date() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m medsins.cli._docs > docs/commands.md"


@pytest.mark.parametrize(("name", "parser"), ALL_COMMANDS, ids=[name for name, _ in ALL_COMMANDS])
def test_every_command_has_an_example_and_help_for_every_option(name: str, parser: argparse.ArgumentParser) -> None:
    assert "example:" in parser.format_help()
    assert name in (parser.epilog or "")
    assert all(action.help for action in parser._actions)


def test_every_module_imports() -> None:
    light = [name for name in NAMES if not name.startswith(("medsins.training", "medsins.leaderboard"))]
    for name in light:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != "vllm":  # it lives in an environment of its own
                raise
