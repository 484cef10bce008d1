"""The guard before ``medsins instructions rewrite``: terms on a card count, and no socket opens where it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medsins.catalog import tasks as catalogued
from medsins.cli.main import main
from medsins.instructions import Variant, read_variants, write_variants

TaskFile = Callable[..., Path]
FREE = next(name for name, entry in catalogued().items() if entry.access == "open")
REASON = "approved by the data officer on 2 March, zero retention"
SECRET = "Say whether the drawer of ward nine holds iron tablets."


def rewriting(server: Any, output: Path, *words: object, host: str = "llm.test") -> list[str]:
    model = f"openai:served@http://{host}:{server.port}/v1"
    options = ["--model", model, "-n", "1", "-o", output]
    return [str(word) for word in ("instructions", "rewrite", *words, *options)]


@pytest.mark.parametrize(
    "terms",
    [
        {"Access": "private"},
        {"Access": "credentialed"},
        {"Access": "Private "},
        {"Access": "opne"},
        {"May_leave": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", [FREE, FREE.upper()])
def test_a_card_can_close_what_the_catalogue_leaves_open(
    name: str,
    terms: dict[str, Any],
    server: Any,
    sockets: list[object],
    task_file: TaskFile,
    tmp_path: Path,
    capsys: Any,
) -> None:
    path = task_file(name, Definition=[SECRET], **terms)
    output = tmp_path / "out" / "new.variants.jsonl"
    assert main(rewriting(server, output, path)) == 3
    assert (sockets, server.connections) == ([], 0)
    assert name.lower() in capsys.readouterr().err
    assert not output.parent.exists()


@pytest.mark.parametrize("terms", [{"Access": "private"}, {"Access": "unknown"}, {}, {"May_leave": True}], ids=str)
def test_a_task_the_catalogue_does_not_know_needs_terms_on_its_card(
    terms: dict[str, Any], server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    assert main(rewriting(server, tmp_path / "new.jsonl", task_file("ward1", **terms))) == 3
    assert (sockets, server.connections) == ([], 0)


def test_one_private_card_in_a_folder_holds_all_back(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path, capsys: Any
) -> None:
    task_file("ward1", Access="open")
    private = task_file("ward2", Access="private")
    assert main(rewriting(server, tmp_path / "new.jsonl", private.parent)) == 3
    assert (sockets, server.connections) == ([], 0)
    told = capsys.readouterr().err
    assert "ward2 is private" in told
    assert "ward1 is" not in told
    assert main(rewriting(server, tmp_path / "new.jsonl", private.parent, "--task", "ward1")) in (0, 1)
    assert server.bodies


def test_the_strictest_of_two_cards_of_a_task_decides(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    free = task_file("ward1.dev", Access="open")
    closed = task_file("ward1.test", folder="more", Access="private")
    assert main(rewriting(server, tmp_path / "new.jsonl", free, closed)) == 3
    assert (sockets, server.connections) == ([], 0)


def test_a_private_card_beside_its_variants_file_counts(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    loose = tmp_path / "loose.variants.jsonl"
    write_variants(loose, [Variant(FREE, SECRET)])
    card = task_file(FREE, Definition=[SECRET], Access="private")
    assert main(rewriting(server, tmp_path / "new.jsonl", loose, card)) == 3
    assert (sockets, server.connections) == ([], 0)


def test_wordings_without_a_card_go_by_the_catalogue(
    server: Any, sockets: list[object], tmp_path: Path, capsys: Any
) -> None:
    loose = tmp_path / "loose.variants.jsonl"
    write_variants(loose, [Variant("ward1", SECRET)])
    assert main(rewriting(server, tmp_path / "new.jsonl", loose)) == 3
    assert (sockets, server.connections) == ([], 0)
    assert "unlabelled" in capsys.readouterr().err


def test_on_this_machine_a_private_task_may_be_reworded(server: Any, task_file: TaskFile, tmp_path: Path) -> None:
    server.answer = lambda text: "Tell whether iron tablets lie in ward nine's drawer."
    path, output = task_file("ward1", Definition=[SECRET], Access="private"), tmp_path / "new.variants.jsonl"
    assert main(rewriting(server, output, path, host="127.0.0.1")) == 0
    assert [variant.origin for variant in read_variants(output)] == ["human", "rewritten"]
    assert SECRET in server.asked[0]


def test_an_open_card_may_leave(server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path) -> None:
    main(rewriting(server, tmp_path / "new.jsonl", task_file("ward1", Definition=[SECRET], Access="open")))
    assert ("name", "llm.test") in sockets
    assert SECRET in server.asked[0]


def test_an_override_needs_a_reason(server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path) -> None:
    path = task_file("ward1", Definition=[SECRET], Access="private")
    assert main(rewriting(server, tmp_path / "new.jsonl", path, "--allow-restricted", "yes")) == 2
    assert (sockets, server.connections) == ([], 0)
    main(rewriting(server, tmp_path / "new.jsonl", path, "--allow-restricted", REASON))
    assert SECRET in json.dumps(server.bodies)


def test_the_reason_of_an_override_stands_with_what_it_led_to(
    server: Any, sockets: list[object], task_file: TaskFile, tmp_path: Path
) -> None:
    server.answer = lambda text: "Tell whether iron tablets lie in ward nine's drawer."
    closed = task_file("ward1", Definition=[SECRET], Access="private")
    free = task_file("ward2", Definition=[SECRET], Access="open")
    output = tmp_path / "new.variants.jsonl"
    main(rewriting(server, output, closed, free, "--allow-restricted", REASON))
    made = {variant.task_id: variant for variant in read_variants(output) if variant.origin == "rewritten"}
    assert {task: (one.access, one.override) for task, one in made.items()} == {
        "ward1": ("private", REASON),
        "ward2": ("open", ""),
    }
    journal = Path(f"{output}.answers.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    assert {(line["task_id"], line["override"]) for line in map(json.loads, journal)} == {
        ("ward1", REASON),
        ("ward2", ""),
    }


@pytest.mark.parametrize(("access", "code"), [("private", 3), ("credentialed", 3), ("unknown", 3), ("open", 1)])
def test_wordings_carry_their_terms_away_from_their_card(
    server: Any, sockets: list[object], tmp_path: Path, access: Any, code: int
) -> None:
    loose = tmp_path / "loose.variants.jsonl"
    write_variants(loose, [Variant("ward1", SECRET, access=access), Variant("ward1", f"{SECRET} Again.")])
    assert main(rewriting(server, tmp_path / "new.jsonl", loose)) == code
    assert bool(server.connections) == (code != 3)
