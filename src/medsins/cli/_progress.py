"""Progress of a run: a bar on a terminal, a plain line every ten seconds elsewhere; rate and time left on both."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

    from medsins.bench.runner import Progress

PLAIN_INTERVAL = 10.0  # seconds


class RunProgress:
    """Shows done, failed, samples per second, the time left and dollars. Rates count this session's answers only."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.console = console
        self.started = 0.0
        self.printed = 0.0
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("[red]{task.fields[failed]}[/]"),
            TextColumn("{task.fields[cost]}"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal, speed_estimate_period=120)
        self.task = self.bar.add_task("loading the model", total=None, rate="", failed="", cost="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def say(self, line: str) -> None:
        """Show a notice above the bar."""
        self.console.print(line)

    def update(self, progress: Progress) -> None:
        """Take in one durable group."""
        now = time.monotonic()
        self.started = self.started or now
        rate = progress.asked / (now - self.started) if progress.asked and now > self.started else 0.0
        left = (progress.total - progress.done) / rate if rate else 0.0
        failed = f"{progress.failed} failed" if progress.failed else ""
        cost = dollars(progress.cost) if progress.cost else ""
        self.bar.update(
            self.task,
            description=progress.task_id or "starting",
            total=progress.total,
            completed=progress.done,
            rate=f"{rate:.2f} samples/s" if rate else "",
            failed=failed,
            cost=cost,
        )
        finished = progress.done >= progress.total
        if not self.console.is_terminal and (finished or now - self.printed >= PLAIN_INTERVAL):
            self.printed = now
            parts = [f"{progress.done}/{progress.total} done", failed, f"{rate:.2f} samples/s" if rate else ""]
            parts += [f"{clock(left)} left" if rate and not finished else "", cost, progress.task_id]
            self.console.print(", ".join(part for part in parts if part), soft_wrap=True)


def clock(seconds: float) -> str:
    """Seconds as ``h:mm:ss`` or ``m:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def dollars(amount: float) -> str:
    """US dollars: cents, and more places below one cent."""
    return f"${amount:,.2f}" if amount >= 0.01 or not amount else f"${amount:.2g}"
