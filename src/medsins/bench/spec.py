"""What a run is: one frozen description, and the manifest that says all its results depend on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medsins import __version__
from medsins.core import Problem, RunError, UsageError, canonical_json, digest, write_json
from medsins.models import BackendOptions
from medsins.prompts import Protocol

from .suites import Suite, load_suite, suite_of_files

MANIFEST = "manifest.json"
ELSEWHERE = ("endpoint", "remote", "prices")
"""What is said of a model and its answers do not depend on."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything a user chooses for a run.

    ``suite`` names a bundled suite, else ``tasks`` lists task files. ``limit`` keeps the first instances of every task
    (0: all). ``protocol`` may carry settings (``strict:shots=5``). ``precision`` and what follows it as in
    ``BackendOptions``.
    """

    model: str
    suite: str = ""
    tasks: tuple[str, ...] = ()
    protocol: str = "strict"
    shots_from: str = ""
    limit: int = 0
    seed: int = 0
    precision: str = "auto"
    batch_size: int = 0
    window: int = 0
    concurrency: int = 0
    reasoning: str = ""

    @property
    def options(self) -> BackendOptions:
        """The backend's part."""
        return BackendOptions(
            precision=self.precision,
            batch_size=self.batch_size,
            window=self.window,
            concurrency=self.concurrency,
            reasoning=self.reasoning,
        )

    def load_suite(self) -> Suite:
        """The tasks to run and the pools of their shots. Errors as in ``suites``."""
        return load_suite(self.suite) if self.suite else suite_of_files([Path(task) for task in self.tasks])


def build_manifest(
    spec: RunSpec, suite: Suite, model: Mapping[str, Any], protocol: Protocol, tasks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The manifest of a run. Its digest covers what answers depend on, not when and where they were made.

    Args:
        spec: the user's choices.
        suite: the tasks.
        model: all that the answers depend on (``ModelInfo`` as a dictionary).
        protocol: how prompts are built.
        tasks: one entry a task, with the description of its shots.
    """
    depends = {
        "model": {key: value for key, value in model.items() if key not in ELSEWHERE},
        "suite": suite.digest,
        "protocol": protocol.digest,
        "tasks": [[entry["id"], entry["digest"], entry["instances"], entry["shots"]["digest"]] for entry in tasks],
        "seed": spec.seed,
    }
    key = digest(depends)
    return {
        "format": 1,
        "medsins": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "digest": key,
        "signature": _signature(spec, suite, model, protocol, tasks, key),
        "model": {"spec": spec.model, **model},
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "tasks": [dict(entry) for entry in tasks],
        "protocol": {"spec": protocol.spec, "digest": protocol.digest, **protocol.description()},
        "seed": spec.seed,
        "limit": spec.limit,
        "spec": _portable(spec),
    }


def _portable(spec: RunSpec) -> dict[str, Any]:
    values = asdict(spec)
    values["tasks"] = [str(Path(task).resolve()) for task in spec.tasks]
    values["shots_from"] = str(Path(spec.shots_from).resolve()) if spec.shots_from else ""
    return values


def _signature(
    spec: RunSpec,
    suite: Suite,
    model: Mapping[str, Any],
    protocol: Protocol,
    tasks: Sequence[Mapping[str, Any]],
    key: str,
) -> str:
    shots = digest([task["shots"]["digest"] for task in tasks])[:8]
    limit = f"first{spec.limit}" if spec.limit else "all"
    parts = [
        f"suite:{suite.label}#{suite.digest[:8]}/{limit}",
        f"protocol:{protocol.spec}#{protocol.digest[:8]}",
        f"shots:{shots}",
        f"model:{model['name']}#{model['weights'][:8]}",
        f"precision:{model['precision']}",
        f"engine:{model['engine']}",
        f"seed:{spec.seed}",
        f"run:{key[:12]}",
        f"medsins:{__version__}",
    ]
    return "|".join(part.replace("|", "/") for part in parts)


def read_manifest(run_dir: Path) -> dict[str, Any]:
    """The manifest of a run directory.

    Raises:
        UsageError: there is none.
        RunError: it is damaged.
    """
    path = run_dir / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest, dict) or not isinstance(manifest.get("spec"), dict):
            raise ValueError("it is not the JSON object a run writes")
    except FileNotFoundError as error:
        raise UsageError(
            Problem("is no run directory (it has no manifest.json)", str(run_dir), "check the path")
        ) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise RunError(Problem(f"cannot be read: {error}", str(path), "choose another run directory")) from error
    return manifest


def spec_of(manifest: Mapping[str, Any]) -> RunSpec:
    """The choices that made a run, from its manifest.

    Raises:
        RunError: the run was imported from another tool, which alone could go on with it.
    """
    if tool := manifest.get("imported"):
        mend = f"run {tool} again and import its log into a new directory"
        raise RunError(Problem(f"was imported from {tool} and cannot be resumed here", mend=mend))
    known = {field.name for field in fields(RunSpec)}
    values = {key: value for key, value in manifest["spec"].items() if key in known}
    values["tasks"] = tuple(values.get("tasks", ()))
    return RunSpec(**values)


def bind_manifest(run_dir: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a new run, or check that an existing run directory belongs to the same run.

    Raises:
        RunError: the directory holds another run (says what differs), or other files.
    """
    path = run_dir / MANIFEST
    if not path.exists():
        strangers = [p.name for p in run_dir.iterdir() if p.name not in (".lock", "run.sqlite", "run.sqlite-journal")]
        if strangers:
            mend = "choose a new or an empty folder with -o"
            raise RunError(
                Problem(f"is not empty and holds no run ({', '.join(sorted(strangers)[:3])})", str(run_dir), mend)
            )
        write_json(path, manifest)
        return
    before = read_manifest(run_dir)
    if before.get("digest") == manifest["digest"]:
        return
    differences = _differences(before, manifest)
    mend = "choose another directory with -o, or repeat the choices of that run (medsins bench resume does)"
    what = f"holds another run; different: {'; '.join(differences)}"
    raise RunError(Problem(what, str(run_dir), mend))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    now = json.loads(canonical_json(now))
    found = []
    for part in ("model", "suite", "protocol"):
        old, new = before.get(part) or {}, now[part]
        for key in new:
            if key not in ("spec", "digest", *ELSEWHERE) and old.get(key) != new[key]:
                found.append(f"{part} {key} ({_short(old.get(key))} there, {_short(new[key])} now)")
    for key in ("seed", "limit"):
        if before.get(key) != now[key]:
            found.append(f"{key} ({before.get(key)} there, {now[key]} now)")
    return found or ["prompts or shots"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"
