"""A recipe: one TOML file that says what is tuned on what, how, and where it goes.

The tables are the records that do the work (``Mixture``, ``Packing``, ``Settings``, ``Adapter``, ``Evaluation``), so a
field has one name, one default and one check. Relative paths count from the recipe's folder.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from medsins.core import InvalidFile, Problem, UsageError, digest, unknown_name
from medsins.prompts import get_protocol

from .mixture import Mixture
from .settings import Adapter, Evaluation, Settings
from .shards import Packing

BUNDLED = Path(__file__).parent / "recipes"

TABLES: Mapping[str, type] = {
    "mixture": Mixture,
    "packing": Packing,
    "training": Settings,
    "adapter": Adapter,
    "evaluation": Evaluation,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything about a tuning.

    Attributes:
        model: a folder of safetensors, an id on the hub, or ``smollm2``.
        tasks: task files, or folders of them, to train on.
        output: folder for the data, the checkpoints and the tuned model.
        suites: bundled suites, task files or folders of them whose questions must not be trained on.
        leave_out: a file of further instances that must not be (``removals.jsonl`` of an audit); empty: none.
        path: the recipe's file.
        digest: SHA-256 of what it says, apart from ``output``.
    """

    model: str
    tasks: tuple[str, ...]
    output: str
    suites: tuple[str, ...] = ()
    leave_out: str = ""
    mixture: Mixture = field(default_factory=Mixture)
    packing: Packing = field(default_factory=Packing)
    training: Settings = field(default_factory=Settings)
    adapter: Adapter = field(default_factory=Adapter)
    evaluation: Evaluation = field(default_factory=Evaluation)
    path: Path = Path("recipe.toml")
    digest: str = ""

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        return self.place(self.output)

    def place(self, name: str) -> Path:
        """A path as the recipe means it."""
        return self.path.parent / Path(name).expanduser()


REQUIRED = ("model", "tasks", "output")
OPTIONAL = ("suites", "leave_out")
NAMES = (*REQUIRED, *OPTIONAL, *TABLES)


def bundled() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.toml"))}


def bundled_text(name: str) -> str:
    """A bundled recipe, to begin one's own with.

    Raises:
        UsageError: no such recipe.
    """
    if name not in bundled():
        raise unknown_name("recipe", name, bundled())
    return bundled()[name].read_text(encoding="utf-8")


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        UsageError: no such file, or everything that is wrong with it.
        InvalidFile: it is no TOML.
    """
    text = _text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(Problem(f"is not TOML: {error}", str(path), "texts need quotes: model = 'x'")) from error
    reader = _Reader(path, text)
    recipe = reader.recipe(document)
    if reader.problems:
        raise UsageError(*sorted(reader.problems, key=_line))
    said = {name: value for name, value in document.items() if name != "output"}
    return replace(recipe, path=path, digest=digest(said))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        known = ", ".join(bundled())
        mend = f"begin one: medsins train recipe tiny-cpu > {path.name} (there are {known})"
        raise UsageError(Problem("no such recipe", str(path), mend)) from error
    except IsADirectoryError as error:
        raise UsageError(Problem("is a folder, not a recipe", str(path), "name the TOML file")) from error
    except UnicodeDecodeError as error:
        raise InvalidFile(Problem("is not UTF-8", str(path), "save it as UTF-8 text")) from error


def _line(problem: Problem) -> int:
    """The line a problem stands on; those without one come first."""
    line = problem.place.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


class _Reader:
    """Gathers problems instead of stopping at the first."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines, self.problems = path, text.splitlines(), list[Problem]()

    def recipe(self, document: Mapping[str, Any]) -> Recipe:
        hints = get_type_hints(Recipe)
        self.unknown("", document, NAMES)
        values: dict[str, Any] = {}
        for name in REQUIRED:
            if not document.get(name):
                self.add("", name, f"{name} is missing" if name not in document else f"{name} is empty", _MEND[name])
        for name in (*REQUIRED, *OPTIONAL):
            if name in document:
                values |= self.value("", name, document[name], hints[name])
        for name, record in TABLES.items():
            found = document.get(name, {})
            if isinstance(found, Mapping):
                values[name] = self.record(name, found, record)
            else:
                self.add("", name, f"{name} is no table", f"write [{name}] on a line of its own")
        complete = {"model": "", "tasks": (), "output": "", **values}
        recipe = Recipe(**complete, path=self.path)
        self.problems += self.outside(recipe)
        return recipe

    def record(self, table: str, given: Mapping[str, Any], record: type) -> Any:
        """A table as its record; what is wrong in it keeps its default meanwhile."""
        hints = get_type_hints(record)
        self.unknown(table, given, [one.name for one in fields(record)])
        values: dict[str, Any] = {}
        for name in given:
            if name in hints:
                values |= self.value(table, name, given[name], hints[name])
        made = record(**values)
        for problem in made.problems():
            self.add(table, re.split(r"[ .]", problem.what)[0], problem.what, problem.mend)
        return made

    def unknown(self, table: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in given:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                home = next((t for t, record in TABLES.items() if name in {one.name for one in fields(record)}), "")
                hint = f"did you mean {close[0]}? " if close else f"it belongs to [{home}]. " if home else ""
                self.add(table, name, f"unknown field '{name}'", f"{hint}known: {', '.join(known)}")

    def value(self, table: str, name: str, given: Any, hint: Any) -> dict[str, Any]:
        """The field with its value, or nothing and a problem."""
        wanted, accepted = _KINDS[str(getattr(hint, "__name__", hint))]
        if not accepted(given):
            self.add(table, name, f"{name} is {_shown(given)}", f"write {wanted}")
            return {}
        return {name: tuple(given) if isinstance(given, list) else given}

    def outside(self, recipe: Recipe) -> Iterator[Problem]:
        """What the recipe names and is not there, and what does not go together."""
        for name in recipe.tasks:
            if not recipe.place(name).exists():
                yield Problem(f"no such task file or folder: {name}", self.at("", "tasks"), _HERE)
        try:
            get_protocol(recipe.evaluation.protocol)
        except UsageError as error:
            for problem in error.problems:
                yield replace(problem, place=self.at("evaluation", "protocol"))
        if recipe.adapter.rank and recipe.training.frozen_layers:
            where = self.at("training", "frozen_layers")
            yield Problem("frozen_layers is set beside an adapter", where, "an adapter leaves them all: set it to 0")
        if recipe.folder.exists() and not recipe.folder.is_dir():
            yield Problem(f"output is a file: {recipe.output}", self.at("", "output"), "name a folder")

    def add(self, table: str, name: str, what: str, mend: str) -> None:
        self.problems.append(Problem(f"[{table}] {what}" if table else what, self.at(table, name), mend))

    def at(self, table: str, name: str) -> str:
        """The file with the line that a field stands on, where one is found."""
        inside, header = "", 0
        for number, line in enumerate(self.lines, start=1):
            if found := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
                inside = found[1]
                header = number if inside == table else header
            elif inside == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line):
                return f"{self.path}:{number}"
            if inside == f"{table}.{name}":
                return f"{self.path}:{number}"
            if not table and inside.partition(".")[0] == name:
                return f"{self.path}:{number}"
        return f"{self.path}:{header}" if header else str(self.path)


_HERE = "paths count from the recipe's folder"
_MEND = {
    "model": 'write model = "smollm2", a folder, or an id on the hub',
    "tasks": 'write tasks = ["folder-of-task-files"]',
    "output": 'write output = "folder"',
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # TOML knows nan


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _are_shares(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_is_number(one) for one in value.values())


_KINDS: Mapping[str, tuple[str, Any]] = {
    "int": ("a whole number, without quotes", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": ("a number, without quotes", _is_number),
    "bool": ("true or false, without quotes", lambda value: isinstance(value, bool)),
    "str": ("a text in quotes", lambda value: isinstance(value, str)),
    "tuple": ('a list of texts: ["a", "b"]', _are_texts),
    "Mapping": ("a table of names and shares: { English = 0.5 }", _are_shares),
}


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
