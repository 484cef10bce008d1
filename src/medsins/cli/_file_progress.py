"""Progress through the bytes of a file: a bar on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_INTERVAL = 10.0  # seconds
SHOWN_FROM = 8 << 20  # bytes; smaller files are done before anyone looks


@contextmanager
def file_progress(console: Console, name: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with the bytes done and all of them."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
    )
    started = printed = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, visible=False)

        def advance(done: int, size: int) -> None:
            nonlocal printed
            bar.update(task, completed=done, total=size, visible=size >= SHOWN_FROM)
            now = time.monotonic()
            if not console.is_terminal and size >= SHOWN_FROM and now - printed >= PLAIN_INTERVAL:
                printed = now
                rate = done / (now - started)
                console.print(f"{name}: {done / max(1, size):.0%}, {rate / 1e6:.0f} MB/s", soft_wrap=True)

        yield advance
