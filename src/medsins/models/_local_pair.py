"""Two decoders side by side on a processor: while one is between products, the other multiplies.

Each has its own thread, its own half of the processor and its own attention switch; the weights are the same memory.
"""

from __future__ import annotations

import copy
import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from ._local_decode import Decoder, Line
from ._local_job import Job


def crew_of(first: Decoder) -> list[Decoder]:
    """A decoder, and a second one where that helps: on a processor with more than one thread, where answers do not
    depend on who shares a batch.
    """
    if not first.exact or first.device.type != "cpu" or torch.get_num_threads() < 2:
        return [first]
    return [first, Decoder(_twin(first.model), first.exact)]


def _twin(model: Any) -> Any:
    """The same weights in a model of its own, which may attend in another way."""
    same = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, same)


def side_by_side(crew: Sequence[Decoder], jobs: Sequence[Job], rows: int) -> Iterator[list[Job]]:
    """Answer requests with all decoders at once: one takes them from the front, the other from the back, so that both
    go on to the end and split one shared beginning at most.
    """
    if len(crew) == 1:
        yield from crew[0].together(Line(deque(jobs)), rows)
        return
    threads_in_all = torch.get_num_threads()
    rows = min(rows, -(-len(jobs) // 2))  # else the first would take all of a few short ones
    waiting = deque(jobs)
    lines = [Line(waiting, back) for back in (False, True)]
    answers: queue.SimpleQueue[list[Job] | BaseException | None] = queue.SimpleQueue()

    def work(decoder: Decoder, line: Line) -> None:
        torch.set_num_threads(threads_in_all // 2)
        try:
            for group in decoder.together(line, rows):
                answers.put(group)
            answers.put(None)
        except BaseException as error:  # raised again where the answers are awaited
            answers.put(error)
        finally:
            torch.set_num_threads(threads_in_all)

    workers = [threading.Thread(target=work, args=pair, daemon=True) for pair in zip(crew, lines, strict=True)]
    for worker in workers:
        worker.start()
    try:
        running = len(workers)
        while running:
            match answers.get():
                case None:
                    running -= 1
                case BaseException() as error:
                    raise error
                case group:
                    yield group
    finally:
        for line in lines:
            line.stopped = True
        for worker in workers:
            worker.join()
