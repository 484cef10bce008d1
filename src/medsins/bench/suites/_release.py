"""Write the ``suite.json`` of a bundled suite: its version and the digest of every test task.

python -m medsins.bench.suites._release mini 1
"""

from __future__ import annotations

import sys
from pathlib import Path

from medsins.core import write_json
from medsins.tasks import read_tasks


def release(folder: Path, version: str) -> int:
    """Pin the test tasks of ``folder`` as they are now; returns how many."""
    tasks = sorted(read_tasks([folder / "test"]), key=lambda task: task.id)
    write_json(folder / "suite.json", {"version": version, "tasks": {task.id: task.digest for task in tasks}})
    return len(tasks)


if __name__ == "__main__":
    name, version = sys.argv[1:]
    print(release(Path(__file__).parent / name, version), "tasks")
