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
OPERATIONAL = ("concurrency", "stream", "price", "budget", "cache", "engine")
"""Choices of a ``RunSpec`` that say how a run is carried out; a resumed run may change them."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything a user chooses for a run.

    ``suite`` names a bundled suite, else ``tasks`` lists task files. ``limit`` keeps the first instances of every task
    (0: all). ``protocol`` may carry settings (``strict:shots=5``). ``precision`` and what follows it as in
    ``BackendOptions``. ``likelihood``: the options of closed questions are compared by their log-probabilities too.
    ``price`` in US dollars for a million prompt and completion tokens overrides the model's own (zeros: the model's).
    ``budget`` in US dollars is never exceeded (0: none). ``cache``: earlier answers count. ``engine``: ``local``, or
    ``ray`` for a cluster.
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
    stream: bool = False
    reasoning: str = ""
    likelihood: bool = False
    price: tuple[float, float] = (0.0, 0.0)
    budget: float = 0.0
    cache: bool = True
    engine: str = "local"

    @property
    def options(self) -> BackendOptions:
        """The backend's part."""
        return BackendOptions(
            precision=self.precision,
            batch_size=self.batch_size,
            window=self.window,
            concurrency=self.concurrency,
            stream=self.stream,
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
        **_extras(spec),
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
        **_extras(spec),
        "spec": _portable(spec),
    }


def _extras(spec: RunSpec) -> dict[str, str | bool]:
    """Choices that are named only where they were made."""
    extras: dict[str, str | bool] = {"reasoning": spec.reasoning, "likelihood": spec.likelihood}
    return {name: value for name, value in extras.items() if value}


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
        *(f"{name}:{value}".lower() for name, value in _extras(spec).items()),
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
    values["price"] = tuple(values.get("price", (0.0, 0.0)))
    return RunSpec(**values)


def bind_manifest(run_dir: Path, manifest: Mapping[str, Any], decided: Mapping[str, Any] | None = None) -> None:
    """Write the manifest of a new run, or check that an existing run directory belongs to the same run.

    ``decided`` is the guard's record of this session; the manifest lists those of all sessions, equal ones once.

    Raises:
        RunError: the directory holds another run (says what differs), or other files.
    """
    path = run_dir / MANIFEST
    guard = [dict(decided)] if decided else []
    if not path.exists():
        strangers = [p.name for p in run_dir.iterdir() if p.name not in (".lock", "run.sqlite", "run.sqlite-journal")]
        if strangers:
            mend = "choose a new or an empty folder with -o"
            raise RunError(
                Problem(f"is not empty and holds no run ({', '.join(sorted(strangers)[:3])})", str(run_dir), mend)
            )
        write_json(path, {**manifest, **({"guard": guard} if guard else {})})
        return
    before = read_manifest(run_dir)
    if before.get("digest") != manifest["digest"]:
        differences = _differences(before, manifest)
        mend = "choose another directory with -o, or repeat the choices of that run (medsins bench resume does)"
        what = f"holds another run; different: {'; '.join(differences)}"
        raise RunError(Problem(what, str(run_dir), mend))
    _update(path, before, manifest, guard)


def _update(
    path: Path, before: Mapping[str, Any], manifest: Mapping[str, Any], guard: Sequence[Mapping[str, Any]]
) -> None:
    """Take in what may change from session to session."""
    known = [entry["decisions"] for entry in before.get("guard", [])]
    fresh = [entry for entry in guard if entry["decisions"] not in known]
    now = json.loads(canonical_json(manifest))
    model = {**before["model"], **{key: now["model"][key] for key in ("spec", *ELSEWHERE) if key in now["model"]}}
    chosen = {**before["spec"], "model": now["spec"]["model"], **{key: now["spec"][key] for key in OPERATIONAL}}
    updated = {**before, "model": model, "spec": chosen}
    if fresh:
        updated["guard"] = [*before.get("guard", []), *fresh]
    if updated != before:
        write_json(path, updated)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    now = json.loads(canonical_json(now))
    found = []
    for part in ("model", "suite", "protocol"):
        old, new = before.get(part) or {}, now[part]
        for key in new:
            if key not in ("spec", "digest", *ELSEWHERE) and old.get(key) != new[key]:
                found.append(f"{part} {key} ({_short(old.get(key))} there, {_short(new[key])} now)")
    for key in ("seed", "limit", "reasoning", "likelihood"):
        if before.get(key) != now.get(key):
            found.append(f"{key} ({before.get(key)} there, {now.get(key)} now)")
    return found or ["prompts or shots"]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"
