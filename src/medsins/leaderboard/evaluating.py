"""Task files of a board's version for whoever runs a model that was handed in as a link."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from medsins.core.files import write_json

UNKNOWN = "?"
"""Stands where a reference would: only the board has those."""


def write_tasks(version: Mapping[str, Any], lines: Iterable[str], folder: Path) -> list[Path]:
    """Write the instances of a version, as the API gives both, as task files without references; their paths."""
    instances: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        told = json.loads(line)
        one = {"id": told["instance_id"], "input": told["input"], "output": [UNKNOWN]}
        instances.setdefault(told["task_id"], []).append(one)
    paths = []
    for task in version["tasks"]:
        path = folder / f"{task['task_id']}.json"
        document = {
            "Categories": [task["category"]],
            "Definition": [task["definition"]],
            "Output_language": [task["language"]],
            "Split Type": "Test",
            "Instances": instances.get(task["task_id"], []),
        }
        write_json(path, document)
        paths.append(path)
    return paths
