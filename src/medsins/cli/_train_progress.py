"""Progress of a tuning: a bar on a terminal, a plain line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ._progress import PLAIN_INTERVAL, clock
from ._train_common import size

if TYPE_CHECKING:
    from rich.console import Console

    from medsins.training.trainer import Step

SMOOTH = 0.1
"""Weight of the newest step in the loss that is shown."""


class TrainProgress:
    """Shows the loss, tokens per second, the memory at its highest and the time left."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self.console = console
        self.printed, self.loss = time.monotonic(), 0.0
        name, told = TextColumn("{task.description}"), TextColumn("{task.fields[told]}")
        columns = (name, BarColumn(), MofNCompleteColumn(), told)
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("loading the model", total=None, told="")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def step(self, step: Step) -> None:
        """Take in an optimizer step."""
        self.loss = step.loss if not self.loss else SMOOTH * step.loss + (1 - SMOOTH) * self.loss
        parts = [f"loss {self.loss:.3f}", f"{step.pace:,.0f} tokens/s", size(memory())]
        parts += [f"{clock(step.seconds_left)} left"] if step.step < step.steps else []
        told, now = ", ".join(parts), time.monotonic()
        self.bar.update(self.task, description="tuning", total=step.steps, completed=step.step, told=told)
        due = step.step == step.steps or now - self.printed >= PLAIN_INTERVAL
        if not self.console.is_terminal and due:
            self.printed = now
            self.console.print(f"step {step.step}/{step.steps}: {told}", soft_wrap=True)

    def judged(self, step: int, scores: Mapping[str, float]) -> None:
        """Take in an evaluation."""
        if scores:
            mean = sum(scores.values()) / len(scores)
            line = f"after step {step}: mean of {len(scores)} categories {mean:.1f}"
            self.console.print(line, soft_wrap=True)


def memory() -> float:
    """The most memory taken so far, in bytes: the device's where there is one, else this process's."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)
