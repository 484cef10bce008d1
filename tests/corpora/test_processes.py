"""Builds as processes: killed and run again, under other hash seeds, several at a time, corpora of other packages."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import FIXTURES

SMALL = 400
LARGE = 60_000


def rumedbench(folder: Path, number: int) -> Path:
    path = folder / "RuMedDaNet"
    path.mkdir(parents=True)
    for part, size in (("train", number), ("dev", 5), ("test", 5)):
        rows = ({"question": f"{part} {n}?", "answer": ("да", "нет")[n % 2], "context": "x" * 200} for n in range(size))
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (path / f"{part}_v1.jsonl").write_text(text, encoding="utf-8")
    return folder


def command(raw: Path, out: Path, *names: str) -> list[str]:
    return [sys.executable, "-m", "medsins", "corpora", "build", *names, "--raw", str(raw), "-o", str(out), "-q"]


def visible(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without what a killed process left under hidden names."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_killed_build_leaves_no_half_file_and_is_made_whole(tmp_path: Path) -> None:
    raw = rumedbench(tmp_path / "raw", LARGE)
    subprocess.run(command(raw, tmp_path / "whole", "rumedbench"), check=True, capture_output=True)
    whole = visible(tmp_path / "whole")
    assert set(whole) == {"task61.json", "task61.provenance.json"}
    chance = random.Random(7)
    out = tmp_path / "out"
    for _ in range(4):
        process = subprocess.Popen(
            command(raw, out, "rumedbench"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.2 + chance.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = visible(out) if out.exists() else {}
        assert all(content == whole[name] for name, content in left.items())
    subprocess.run(command(raw, out, "rumedbench"), check=True, capture_output=True)
    assert visible(out) == whole


@pytest.mark.parametrize("name", ["disease_ontology", "hoc", "bc5cdr"])
def test_builds_do_not_depend_on_the_hash_seed(name: str, tmp_path: Path) -> None:
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(
            command(FIXTURES / name, tmp_path / seed, name), check=True, env=environment, capture_output=True
        )
    assert visible(tmp_path / "0") == visible(tmp_path / "1") == visible(tmp_path / "2")


def test_jobs_give_the_same_files(tmp_path: Path) -> None:
    names = ["pico", "hoc", "igakuqa", "pubmedqa"]
    for jobs in ("1", "3"):
        done = subprocess.run(
            [*command(FIXTURES, tmp_path / jobs, *names), "--jobs", jobs], check=True, capture_output=True
        )
        assert b"task106.json" in done.stdout
    assert visible(tmp_path / "1") == visible(tmp_path / "3")


WEATHER = '''
"""Weather reports."""
from medsins.corpora import Corpus, OwnTask, made

CORPUS = Corpus(
    name="weather", title="Weather", url="https://example.org", licence="CC0 1.0", access="open", release="one file",
    files=("weather.txt",), how_to_get="look out of the window", tasks=("task_weather",), verified="format only",
    own_tasks={"task_weather": OwnTask("Text Classification", "Say whether it rains.", "weather")},
)


def read(raw, options):
    for number, line in raw.file("weather.txt").lines():
        yield made("task_weather", line, "dry", place=f"line {number}")
'''


def test_a_corpus_of_another_package(tmp_path: Path) -> None:
    """An entry point is enough: listed, shown and built like any other."""
    site = tmp_path / "site"
    (site / "weather-1.dist-info").mkdir(parents=True)
    (site / "weather_corpus.py").write_text(WEATHER)
    (site / "weather-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: weather\nVersion: 1\n")
    (site / "weather-1.dist-info" / "entry_points.txt").write_text("[medsins.corpus]\nweather = weather_corpus\n")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "weather.txt").write_text("sun\nclouds\n")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments: str) -> str:
        call = [sys.executable, "-m", "medsins", "corpora", *arguments]
        return subprocess.run(call, check=True, env=environment, capture_output=True, text=True).stdout

    assert {"name": "weather"} in json.loads(run("list", "--json"))
    assert "weather" in run("list")
    assert "look out of the window" in run("show", "weather")
    assert "2 instances" in run("build", "weather", "--raw", str(raw), "-o", str(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "task_weather.json").read_text())
    assert [i["input"] for i in found["Instances"]] == ["sun", "clouds"]


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """Ten times the records may not take ten times the memory: readers and writer stream."""

    def peak(size: int) -> int:
        raw = rumedbench(tmp_path / str(size), size)
        code = (
            "import resource, sys; from medsins.cli.main import main; main(sys.argv[1:]); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        words = command(raw, tmp_path / f"out{size}", "rumedbench")[3:]
        done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
        return int(done.stdout.split()[-1])

    assert peak(LARGE) < 1.5 * peak(SMALL)
