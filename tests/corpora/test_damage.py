"""Damaged raw files of every corpus that has fixtures: always a plain message, never a traceback or silent nonsense."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medsins.core import InvalidFile, UsageError
from medsins.corpora import BuildOptions, RawFolder, Record, build, load_corpus
from medsins.tasks import read_task

from .conftest import FIXTURES

NAMES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
PARTED = ("mednli", "seer", "ddxplus", "rct_text", "litcovid", "healthfact", "plos_readability", "radiopaedia_ner")


def records(name: str, raw: Path) -> list[Record]:
    module = load_corpus(name)
    return list(module.read(RawFolder(raw, module.CORPUS), BuildOptions(tasks=module.CORPUS.all_tasks)))


def outcome(name: str, raw: Path) -> tuple[list[Record], str]:
    """The records, or the message of the refusal; any other exception is a fault."""
    try:
        return records(name, raw), ""
    except InvalidFile as error:
        return [], str(error)


def files(name: str) -> list[Path]:
    return sorted(path.relative_to(FIXTURES / name) for path in (FIXTURES / name).rglob("*") if path.is_file())


def used_files(name: str) -> list[Path]:
    """The files of a fixture that its reader opens."""
    module = load_corpus(name)
    raw = RawFolder(FIXTURES / name, module.CORPUS)
    list(module.read(raw, BuildOptions(tasks=module.CORPUS.all_tasks)))
    return sorted(path.relative_to(FIXTURES / name) for path in raw.used)


def damaged(name: str, tmp_path: Path, change: Callable[[bytes], bytes]) -> Iterator[tuple[Path, Path]]:
    """(file, raw folder) for each file of a fixture, that one file changed."""
    for number, file in enumerate(used_files(name)):
        raw = Path(shutil.copytree(FIXTURES / name, tmp_path / str(number)))
        path = raw / file
        path.write_bytes(change(path.read_bytes()))
        yield file, raw


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_gives_records_with_a_place_each(name: str) -> None:
    found = records(name, FIXTURES / name)
    assert found
    for record in found:
        assert record.task_id in load_corpus(name).CORPUS.all_tasks
        assert (record.instance is None) == bool(record.dropped)
        assert record.place or record.instance is not None


@pytest.mark.parametrize("name", NAMES)
def test_reading_twice_gives_the_same(name: str) -> None:
    assert records(name, FIXTURES / name) == records(name, FIXTURES / name)


@pytest.mark.parametrize("name", NAMES)
def test_a_re_encoded_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    whole = records(name, FIXTURES / name)
    for file, raw in damaged(name, tmp_path, lambda content: content + b"\xe4\xe9\n"):
        found, message = outcome(name, raw)
        assert file.name in message or found == whole  # a document that is dropped anyway is not read
        assert load_corpus(name).CORPUS.title in message or not message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.7])
def test_a_file_cut_off_is_refused_or_gives_less(name: str, keep: float, tmp_path: Path) -> None:
    whole = records(name, FIXTURES / name)
    for _, raw in damaged(name, tmp_path, lambda content: content[: int(len(content) * keep)]):
        found, message = outcome(name, raw)
        assert load_corpus(name).CORPUS.title in message or not message
        assert len(found) <= len(whole)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_refused_or_its_part_left_out(name: str, tmp_path: Path) -> None:
    whole = records(name, FIXTURES / name)
    for number, file in enumerate(used_files(name)):
        raw = Path(shutil.copytree(FIXTURES / name, tmp_path / str(number)))
        (raw / file).unlink()
        found, message = outcome(name, raw)
        assert found != whole
        assert not message or load_corpus(name).CORPUS.how_to_get in message


@pytest.mark.parametrize("name", NAMES)
def test_random_bytes_are_refused(name: str, tmp_path: Path) -> None:
    noise = bytes((number * 7919) % 251 for number in range(997))
    whole = records(name, FIXTURES / name)
    for file, raw in damaged(name, tmp_path, lambda _: noise):
        found, message = outcome(name, raw)
        assert file.name in message or found == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_file_in_place_of_the_folder_is_told(name: str) -> None:
    file = FIXTURES / name / files(name)[0]
    with pytest.raises(UsageError, match="name the folder it lies in"):
        RawFolder(file, load_corpus(name).CORPUS)


@pytest.mark.parametrize("name", PARTED)
def test_the_parts_make_up_the_whole(name: str, tmp_path: Path) -> None:
    task = load_corpus(name).CORPUS.tasks[0]
    build(name, FIXTURES / name, tmp_path / "all", BuildOptions(tasks=(task,)))
    whole = [(i.id, i.input, i.outputs) for i in read_task(tmp_path / "all" / f"{task}.json").instances]
    parts: list[tuple[str, str, tuple[str, ...]]] = []
    for split in ("train", "validation", "test"):
        with contextlib.suppress(InvalidFile):  # a fixture without this part
            build(name, FIXTURES / name, tmp_path / split, BuildOptions(tasks=(task,), split=split))
            parts += [(i.id, i.input, i.outputs) for i in read_task(tmp_path / split / f"{task}.json").instances]
    assert sorted(parts) == sorted(whole)
    assert len({name for name, _, _ in whole}) == len(whole)
