"""Recipes: those that come with the package, and everything that can be wrong with one, told at once."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import InvalidFile, MedsinsError, UsageError
from medsins.training.recipe import OPTIONAL, REQUIRED, TABLES, bundled, bundled_text, read_recipe

ROOT = Path(__file__).resolve().parents[2]
HEAD = 'model = "m"\ntasks = ["tasks"]\noutput = "out"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tasks", "meds-ins"):
        (tmp_path / name).mkdir()
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "r.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(bundled()))
def test_bundled_recipes_are_sound(name: str, folder: Path) -> None:
    recipe = read_recipe(written(folder, bundled_text(name)))
    assert recipe.folder == folder / "tuned" / name
    assert recipe.training.save_steps > 0
    for line in bundled_text(name).splitlines():
        if "=" in line and not line.startswith(("#", "learning_rate")):
            assert "# " in line, f"{line} does not say what it is"


def test_the_recipe_of_the_article(folder: Path) -> None:
    recipe = read_recipe(written(folder, bundled_text("full-fsdp-8b")))
    chosen = recipe.training
    assert (recipe.packing.capacity, chosen.rows_per_step, chosen.learning_rate, chosen.epochs) == (2048, 128, 1e-5, 5)
    assert (chosen.precision, chosen.gradient_checkpointing, chosen.shard_weights, chosen.devices) == (
        "bfloat16", True, True, 32,
    )  # fmt: skip
    assert recipe.adapter.rank == 0


def test_what_is_not_said_has_the_records_defaults(folder: Path) -> None:
    recipe = read_recipe(written(folder, HEAD))
    for name, record in TABLES.items():
        assert getattr(recipe, name) == record()


MISTAKES = {
    "a misspelt field": ("[training]\nlerning_rate = 1\n", "r.toml:5", "did you mean learning_rate?"),
    "a misspelt table": ("[trainin]\nepochs = 1\n", "r.toml:4", "did you mean training?"),
    "a field of another table": ("[training]\ncapacity = 1\n", "r.toml:5", "it belongs to [packing]"),
    "a text for a number": ('[training]\nlearning_rate = "1e-5"\n', "r.toml:5", "a number, without quotes"),
    "a broken number": ("[training]\nrows_per_step = 2.5\n", "r.toml:5", "a whole number"),
    "a number for a truth": ("[packing]\nshare = 1\n", "r.toml:5", "true or false"),
    "a truth for a number": ("[adapter]\nrank = true\n", "r.toml:5", "a whole number"),
    "no number": ("[training]\nclip = nan\n", "r.toml:5", "a number, without quotes"),
    "a rate of 0": ("[training]\nlearning_rate = 0\n", "r.toml:5", "above 0"),
    "a share above 1": ("[mixture]\nfew_shot = 1.5\n", "r.toml:5", "0 to 1"),
    "quotas that are none": ("[mixture]\nlanguages = [1]\n", "r.toml:5", "English = 0.5"),
    "a quota above 1": ("[mixture.languages]\nEnglish = 7\n", "r.toml:4", "languages.English is 7"),
    "rows that do not divide": ("[training]\nrows_per_step = 3\ndevices = 2\n", "r.toml:5", "multiple of the 2"),
    "an unknown schedule": ('[training]\nschedule = "cosin"\n', "r.toml:5", "known: cosine"),
    "an unknown protocol": ('[evaluation]\nprotocol = "strikt"\n', "r.toml:5", "did you mean strict"),
    "4 bits without adapter": ("[adapter]\nquantized = true\n", "r.toml:5", "choose a rank above 0"),
    "patience without suite": ("[evaluation]\npatience = 2\n", "r.toml:5", "name the suite"),
    "a table that is none": ("training = 3\n", "r.toml:4", "write [training]"),
    "one checkpoint": ("[training]\nkeep_checkpoints = 1\n", "r.toml:5", "2 or more"),
    "a tiny row": ("[packing]\ncapacity = 8\n", "r.toml:5", "32 or more"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_with_their_line(name: str, folder: Path) -> None:
    text, place, told = MISTAKES[name]
    with pytest.raises(UsageError) as caught:
        read_recipe(written(folder, HEAD + text))
    message = str(caught.value)
    assert place in message
    assert told in message


def test_all_mistakes_come_at_once_in_order(folder: Path) -> None:
    text = 'modl = "m"\ntasks = ["nowhere"]\noutput = ""\n[training]\nepochs = -1\nseed = "x"\n[packing]\nwindow = 3\n'
    with pytest.raises(UsageError) as caught:
        read_recipe(written(folder, text))
    lines = [int(problem.place.rpartition(":")[2]) for problem in caught.value.problems if ":" in problem.place]
    assert lines == sorted(lines)
    message = str(caught.value)
    for told in ("did you mean model", "model is missing", "nowhere", "output is empty", "epochs is -1", "seed is 'x'"):
        assert told in message
    assert "[packing] unknown field 'window'" in message


@pytest.mark.parametrize("text", ["model = x", 'model = "a\n', "model"])
def test_what_is_no_toml_names_the_place(text: str, folder: Path) -> None:
    with pytest.raises(InvalidFile, match=r"is not TOML: .*(at line 1|at end of document)"):
        read_recipe(written(folder, text))


def test_recipes_that_are_not_there(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"medsins train recipe tiny-cpu > no\.toml"):
        read_recipe(folder / "no.toml")
    with pytest.raises(UsageError, match="is a folder"):
        read_recipe(folder)
    (folder / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidFile, match="UTF-8"):
        read_recipe(folder / "b.toml")
    with pytest.raises(UsageError, match="did you mean tiny-cpu"):
        bundled_text("tiny-gpu")


def test_an_output_that_is_a_file(folder: Path) -> None:
    (folder / "out").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="output is a file"):
        read_recipe(written(folder, HEAD))


def test_the_digest_is_of_what_is_said(folder: Path) -> None:
    first = read_recipe(written(folder, HEAD + "[training]\nepochs = 2\n"))
    spaced = read_recipe(written(folder, "# why\n" + HEAD.replace(" = ", "=") + "\n\n[training]\nepochs = 2 # twice\n"))
    moved = read_recipe(written(folder, HEAD.replace('"out"', '"elsewhere"') + "[training]\nepochs = 2\n"))
    other = read_recipe(written(folder, HEAD + "[training]\nepochs = 3\n"))
    assert first.digest == spaced.digest == moved.digest
    assert first.digest != other.digest


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*REQUIRED, *OPTIONAL, *TABLES, "x"]),
        st.one_of(
            st.booleans(), st.integers(-3, 3), st.text(max_size=3), st.lists(st.text(max_size=2), max_size=2),
            st.dictionaries(
                st.sampled_from(sorted({one.name for record in TABLES.values() for one in fields(record)})),
                st.one_of(st.booleans(), st.integers(-2, 3), st.floats(), st.sampled_from(["", "cosine", "strict"])),
                max_size=4,
            ),
        ),
    )
)  # fmt: skip
def test_any_recipe_is_read_or_refused(folder: Path, document: dict[str, object]) -> None:
    path = written(folder, "".join(f"{name} = {toml(value)}\n" for name, value in document.items()))
    try:
        recipe = read_recipe(path)
    except MedsinsError:  # anything else is a traceback for a user
        return
    assert recipe.model
    assert all(not getattr(recipe, name).problems() for name in TABLES)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(item)}" for name, item in value.items()) + " }"
    return repr(value)


def test_every_field_is_in_the_guide() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    names = [one.name for name, record in TABLES.items() if name != "mixture" for one in fields(record)]
    for name in (*REQUIRED, *OPTIONAL, *names):
        assert f"`{name}`" in page, name
