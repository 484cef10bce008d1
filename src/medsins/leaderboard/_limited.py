"""A child process for hostile files: bounded memory, processor time, output and time, no network, no secrets.

The limits are set by a small program that then becomes the command, because a server with threads must not run
Python between fork and exec. It has a network namespace of its own, in which there is nothing; where the system allows
none, Python refuses every socket instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsins.core.assets import cache_folder

MEGABYTE = 1_000_000
BEAT = 0.5  # seconds
NICE = 15
"""Readers of pages go before files that are read and scored."""
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER (unshare(2))
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG (prctl(2))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a child may use: megabytes of memory and of each file it writes, seconds of processor and of wall clock."""

    memory_mb: int = 2_000
    output_mb: int = 16
    cpu_seconds: int = 30
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended: its exit code (negative: the signal), whether it ran out of time, what it printed."""

    code: int
    late: bool
    output: bytes


def run_limited(
    command: Sequence[str], folder: Path, bounds: Bounds, beat: Callable[[], None] = lambda: None
) -> Finished:
    """Run a command in a folder of its own, whose files are all it should touch, and wait for it. ``beat`` is called
    about twice a second; what it raises ends the child.
    """
    limits = [str(os.getpid()), str(bounds.memory_mb), str(bounds.output_mb), str(bounds.cpu_seconds)]
    own = [sys.executable, "-m", "medsins.leaderboard._limited", *limits, *command]
    with tempfile.TemporaryFile(dir=folder) as output:
        child = subprocess.Popen(
            own,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        late, end = False, time.monotonic() + bounds.seconds
        try:
            while child.poll() is None and not late:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(min(BEAT, bounds.seconds))
                late = child.returncode is None and time.monotonic() >= end
                beat()
        finally:
            _end(child)
        output.seek(0)
        return Finished(child.returncode, late, output.read(bounds.output_mb * MEGABYTE))


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of this process's environment but what Python needs to start, and where fetched assets lie."""
    passed = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "MEDSINS_ASSETS", "NLTK_DATA")
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    own = {"HOME": str(folder), "TMPDIR": str(folder), "MEDSINS_CACHE": str(cache_folder())}
    return {**kept, **own, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def die_with_parent(parent: int = 0) -> None:
    """End this process when the one that started it ends, whatever ends that; at once where it is not ``parent`` any
    more. Where the system cannot do this (only Linux can), a child ends at its limits.
    """
    if prctl := getattr(ctypes.CDLL(None), "prctl", None):
        prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if parent and os.getppid() != parent:
        sys.exit(1)


def _become(parent: str, memory_mb: str, output_mb: str, cpu_seconds: str, *command: str) -> None:
    die_with_parent(int(parent))
    bounds = {
        resource.RLIMIT_AS: int(memory_mb) * MEGABYTE,
        resource.RLIMIT_FSIZE: int(output_mb) * MEGABYTE,
        resource.RLIMIT_CPU: int(cpu_seconds),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))
    os.nice(NICE)
    if not _leave_network() and command[1] == "-m":
        sys.addaudithook(_refuse_sockets)
        sys.argv = list(command[2:])
        runpy.run_module(command[2], run_name="__main__", alter_sys=True)
    else:
        os.execv(command[0], command)


def _leave_network() -> bool:
    """Move into a network namespace of one's own; whether the system lets one."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER))


def _refuse_sockets(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError("no network here")


if __name__ == "__main__":
    _become(*sys.argv[1:])
