"""What ``deploy/`` says can be done: its files are well formed, and their commands work as they stand."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from medsins.leaderboard.settings import Settings

from ._postgres import Cluster
from .processes import free_port
from .service import bearer

yaml = pytest.importorskip("yaml")

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_services_have_what_they_name(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"database", "server", "worker"}
    for service in services.values():
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", {})) <= set(services)
        if "build" in service:
            context = (DEPLOY / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert services["worker"]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])


def test_the_environment_names_settings(compose: dict[str, Any]) -> None:
    for service in ("server", "worker"):
        names = {name.removeprefix("MEDSINS_BOARD_").lower() for name in compose["services"][service]["environment"]}
        assert names <= set(Settings.__dataclass_fields__)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_well_formed_and_run_a_command_that_is_there(unit: Path) -> None:
    from medsins.cli.main import build_parser

    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    program, *words = shlex.split(parser["Service"]["ExecStart"])
    assert program.endswith("/bin/medsins")
    told = build_parser().parse_args(words)
    assert str(told.dir) == "/srv/board"
    assert "/srv/board" in parser["Service"]["ReadWritePaths"]


class Services:
    """The compose file's services as processes of this machine: its commands and environment, other places."""

    def __init__(self, compose: dict[str, Any], folder: Path, database: str) -> None:
        self._compose, self._folder, self.port = compose, folder, free_port()
        self._given = {"BOARD_URL": f"http://127.0.0.1:{self.port}", "BOARD_PASSWORD": "none"}
        self._database = database

    def environment(self, service: str) -> dict[str, str]:
        told = self._compose["services"][service]["environment"]
        found = {name: self._filled(value) for name, value in told.items()}
        own = {"MEDSINS_BOARD_DATABASE": self._database, "MEDSINS_BOARD_PORT": str(self.port)}
        if service == "worker":  # it reaches nothing, so all it needs must be in the board's folder
            own["MEDSINS_CACHE"] = str(self._folder / "empty")
        return {**os.environ, **found, **own, "MEDSINS_BOARD_HOST": "127.0.0.1"}

    def words(self, command: list[str]) -> list[str]:
        program = {"medsins": [sys.executable, "-m", "medsins"], "python": [sys.executable]}[command[0]]
        places = {"/srv/board": str(self._folder), ":8000/": f":{self.port}/"}
        said = command[1:]
        for place, here in places.items():
            said = [word.replace(place, here) for word in said]
        return [*program, *said]

    def run(self, service: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(command), env=self.environment(service), capture_output=True, text=True, check=False
        )

    @contextmanager
    def up(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        words = self.words(self._compose["services"][service]["command"])
        log = self._folder / f"{service}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(words, env=self.environment(service), stderr=stream)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text()

    def _filled(self, text: str) -> str:
        """Variables as compose fills them in."""
        return re.sub(r"\$\{(\w+)(?::[?-][^}]*)?\}", lambda found: self._given[found[1]], text)


@pytest.mark.slow
def test_the_services_work_together(compose: dict[str, Any], postgres: Cluster, tmp_path: Path) -> None:
    """Makes the board, starts the server and both workers, submits, and ends all politely."""
    url = postgres.fresh()
    services = Services(compose, tmp_path, url)
    made = services.run("server", ["medsins", "board", "init", "--dir", "/srv/board"])
    assert made.returncode == 0, made.stderr
    maintainer = made.stdout.strip()
    team = services.run("server", ["medsins", "board", "team", "add", "Ward", "--dir", "/srv/board"])
    assert team.returncode == 0, team.stderr
    token = services.run("server", ["medsins", "board", "token", "add", "ward", "--dir", "/srv/board"]).stdout.strip()
    health = compose["services"]["server"]["healthcheck"]["test"]
    assert health[0] == "CMD"
    board = f"http://127.0.0.1:{services.port}"
    with services.up("server"), services.up("worker"), services.up("worker"), httpx.Client(timeout=600) as client:
        until = time.monotonic() + 600
        while services.run("server", health[1:]).returncode and time.monotonic() < until:
            time.sleep(0.5)
        (version,) = client.get(f"{board}/api/v1/versions").json()
        path = f"/versions/{version['id']}/instances"
        lines = client.get(f"{board}/api/v1{path}", headers=bearer(maintainer)).text.splitlines()
        assert len(lines) == sum(task["rows"] for task in version["tasks"])
        rows = "task_id,input,output,instance_id\n" + "".join(
            f"{one['task_id']},x,A,{one['instance_id']}\n" for one in map(json.loads, lines)
        )
        sent = client.post(
            f"{board}/api/v1/submissions",
            headers=bearer(token),
            data={"version": version["id"], "name": "Constant"},
            files={"file": ("p.csv", rows.encode())},
        )
        assert sent.status_code == 201, sent.text
        address = f"{board}/api/v1/submissions/{sent.json()['id']}"
        while client.get(address).json()["state"] in ("queued", "scoring") and time.monotonic() < until + 600:
            time.sleep(0.5)
        assert client.get(address).json()["state"] == "scored"
        assert "Constant" in client.get(f"{board}/api/v1/models").text
    checked = services.run("server", ["medsins", "board", "verify", "--dir", "/srv/board"])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    postgres.give_back(url)
