"""Contributed task files: looked at in a limited child by the same check as ``medsins tasks validate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._limited import Bounds, run_limited
from .replies import Halt
from .uploads import Upload

SUFFIXES = (".json", ".jsonl", ".xlsx", ".parquet", ".json.gz", ".jsonl.gz", ".json.zst", ".jsonl.zst")
BOUNDS = Bounds(memory_mb=2_000, output_mb=8, cpu_seconds=60, seconds=90)
MOST_PROBLEMS = 200


def findings(upload: Upload) -> Mapping[str, Any]:
    """What is wrong with a task file: instances, errors, warnings, and the problems one by one.

    Raises:
        Halt: no file, no kind of file that is known (422), or it took too much (413).
    """
    suffix = next((end for end in SUFFIXES if upload.name.lower().endswith(end)), "")
    if upload.path is None or not suffix:
        raise Halt(422, f"send one task file; its name must end in one of {', '.join(SUFFIXES)}")
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in upload.name[: -len(suffix)])[:80] or "task"
    path = upload.path.rename(upload.path.with_name(f"{stem}{suffix}"))
    command = [sys.executable, "-m", "medsins", "tasks", "validate", str(path), "--json", "--quiet"]
    done = run_limited(command, path.parent, BOUNDS)
    try:
        told = json.loads(done.output)
    except ValueError:
        raise Halt(
            413, "this file takes more to check than the board gives; check it with medsins tasks validate"
        ) from None
    problems = [_problem(one, path) for one in told["problems"][:MOST_PROBLEMS]]
    return {key: told[key] for key in ("instances", "errors", "warnings")} | {"problems": problems}


def _problem(found: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A problem with the file under its own name instead of where it lay."""
    told = {key: found.get(key, "") for key in ("level", "kind", "what", "place", "mend", "more")}
    for key in ("what", "place", "mend"):
        told[key] = str(told[key]).replace(str(path), path.name).replace(str(path.parent), "")
    return told
