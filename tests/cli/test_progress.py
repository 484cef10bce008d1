"""Progress where there is no terminal, with a clock of our own; and on one."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from medsins.bench.runner import Progress
from medsins.cli import _file_progress, _progress
from medsins.cli._file_progress import SHOWN_FROM, file_progress
from medsins.cli._progress import RunProgress, dollars
from medsins.cli._progress import clock as _clock


class Clock:
    """Stands where a module has ``time``; goes on only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(_progress, "time", made)
    monkeypatch.setattr(_file_progress, "time", made)
    return made


def plain() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, highlight=False, width=40), text


def at(done: int, asked: int, failed: int = 0, total: int = 100, task: str = "task1") -> Progress:
    return Progress(total=total, done=done, failed=failed, asked=asked, task_id=task)


def test_rate_and_time_left_count_this_sessions_answers_only(clock: Clock) -> None:
    console, text = plain()
    with RunProgress(console) as progress:
        progress.update(at(done=60, asked=0))  # 60 were there before
        clock.now += 20
        progress.update(at(done=70, asked=10))  # 10 in 20 s: 30 left at 0.5 a second
    assert text.getvalue().splitlines() == [
        "60/100 done, task1",
        "70/100 done, 0.50 samples/s, 1:00 left, task1",
    ]


def test_a_line_every_ten_seconds_and_at_the_end(clock: Clock) -> None:
    console, text = plain()
    with RunProgress(console) as progress:
        for second in range(26):
            progress.update(at(done=second, asked=second, total=26))
            clock.now += 1
        progress.update(at(done=26, asked=26, total=26))
    lines = text.getvalue().splitlines()
    assert [line.split("/")[0] for line in lines] == ["0", "10", "20", "26"]
    assert "left" not in lines[-1]
    assert "1.00 samples/s" in lines[-1]


def test_failures_are_counted_out_and_names_stay_on_one_line(clock: Clock) -> None:
    console, text = plain()
    name = "task_with_a_name_longer_than_the_line_of_a_narrow_log"
    with RunProgress(console) as progress:
        progress.say("2 tasks have no shots")
        progress.update(at(done=4, asked=4, failed=3, total=4, task=name))
    assert text.getvalue().splitlines() == ["2 tasks have no shots", f"4/4 done, 3 failed, {name}"]


def test_before_the_first_answer_nothing_is_divided_by(clock: Clock) -> None:
    console, text = plain()
    with RunProgress(console) as progress:
        progress.update(at(done=0, asked=0, total=0, task=""))
    assert text.getvalue() == "0/0 done\n"


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 100)), min_size=1, max_size=20))
def test_any_course_of_a_run_gives_sane_lines(steps: list[tuple[int, float]]) -> None:
    clock, (console, text) = Clock(), plain()
    total = sum(amount for amount, _ in steps)
    before, _progress.time = _progress.time, clock  # type: ignore[assignment]
    try:
        with RunProgress(console) as progress:
            done = 0
            for amount, seconds in steps:
                clock.now += seconds
                done += amount
                progress.update(at(done=done, asked=done, total=total))
    finally:
        _progress.time = before
    lines = text.getvalue().splitlines()
    assert lines[-1].startswith(f"{total}/{total} done")
    assert all(re.fullmatch(r"\d+/\d+ done(, \d+\.\d\d samples/s)?(, [\d:]+ left)?, task1", line) for line in lines)


def test_a_terminal_gets_a_bar_and_no_lines(clock: Clock) -> None:
    text = io.StringIO()
    with RunProgress(Console(file=text, force_terminal=True, width=120)) as progress:
        progress.update(at(done=0, asked=0))
        clock.now += 10
        progress.update(at(done=50, asked=50, failed=2))
    shown = text.getvalue()
    for part in ("task1", "50/100", "5.00 samples/s", "2 failed"):
        assert part in shown
    assert "done" not in shown


def test_an_error_goes_through_and_the_bar_is_taken_down() -> None:
    progress = RunProgress(plain()[0])

    def fail() -> None:
        with progress:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not progress.bar.live.is_started


@given(st.integers(0, 400_000))
def test_the_clock_reads_back(seconds: int) -> None:
    text = _clock(seconds)
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    assert total == seconds
    assert re.fullmatch(r"([1-9]\d*:[0-5]\d|[0-5]?\d):[0-5]\d", text)


def test_the_clock_rounds_into_the_next_minute() -> None:
    assert [_clock(value) for value in (59.4, 59.6, 3599.6, 0.2)] == ["0:59", "1:00", "1:00:00", "0:00"]


def test_bytes_of_a_large_file_are_said_every_ten_seconds(clock: Clock) -> None:
    console, text = plain()
    with file_progress(console, "task78.json") as advance:
        for done in range(0, 101, 4):
            advance(done * 1_000_000, 100_000_000)
            clock.now += 2
    assert text.getvalue().splitlines() == [f"task78.json: {share}%, 2 MB/s" for share in (20, 40, 60, 80, 100)]


def test_small_files_pass_in_silence(clock: Clock) -> None:
    console, text = plain()
    with file_progress(console, "task1.json") as advance:
        clock.now += 60
        advance(10, SHOWN_FROM - 1)
        advance(0, 0)
    assert text.getvalue() == ""


def test_the_pace_of_lines_is_the_documented_one() -> None:
    for module in (_progress, _file_progress):
        assert module.PLAIN_INTERVAL == 10
        assert "every ten seconds" in (module.__doc__ or "")


def test_dollars_stand_in_the_line(clock: Clock) -> None:
    console, text = plain()
    with RunProgress(console) as progress:
        progress.update(Progress(total=4, done=4, failed=0, asked=4, task_id="task1", cost=1.234))
    assert text.getvalue() == "4/4 done, $1.23, task1\n"


@given(st.floats(0, 1e6))
def test_dollars_keep_two_digits_at_least(amount: float) -> None:
    shown = float(dollars(amount).removeprefix("$").replace(",", ""))
    assert shown == pytest.approx(amount, rel=0.05, abs=0.005 if amount >= 0.01 else 0)
