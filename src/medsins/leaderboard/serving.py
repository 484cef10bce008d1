"""The processes of a running board: one or more servers, and workers beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from medsins.core.errors import AssetUnavailable

from ._assets import use_assets
from ._scratch import sweep
from .app import FOLDER_VARIABLE, create_app
from .interface import Store
from .observe import log, log_to_stderr
from .settings import CACHE, ENVIRONMENT, Settings

PARENT_VARIABLE = "MEDSINS_BOARD_PARENT"
"""Set for a worker that ends when its standard input does: with the process that started it."""
GRACE_SECONDS = 20
"""How long requests under way may take when the server is asked to end."""
RESTART_SECONDS = 5.0
"""How long a worker that died stays dead, at least."""


def serve(store: Store, settings: Settings, processes: int, workers: int) -> None:
    """Answer until the process is asked to end (SIGINT, SIGTERM); requests under way are finished."""
    import uvicorn

    log_to_stderr()
    for root in (settings.incoming, settings.folder / CACHE):
        sweep(root)
    given = options(settings)
    with _workers(settings, workers):
        if processes == 1:
            uvicorn.Server(uvicorn.Config(create_app(store, settings), **given)).run()
        else:
            os.environ[FOLDER_VARIABLE] = str(settings.folder)
            os.environ[f"{ENVIRONMENT}HOST"], os.environ[f"{ENVIRONMENT}PORT"] = settings.host, str(settings.port)
            uvicorn.run("medsins.leaderboard.app:from_environment", factory=True, workers=processes, **given)


def options(settings: Settings) -> dict[str, Any]:
    """How uvicorn serves a board."""
    from ._protocol import PatientProtocol

    return {
        "host": settings.host,
        "port": settings.port,
        "http": PatientProtocol,
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,  # trusted_proxies decides, see security.py
        "server_header": False,
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }


@contextmanager
def _workers(settings: Settings, count: int) -> Iterator[None]:
    """So many worker processes, started again when they die, ended with this one whatever ends it."""
    ending = threading.Event()
    keepers = [threading.Thread(target=_keep_worker, args=(settings, ending), daemon=True) for _ in range(count)]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        ending.set()
        for keeper in keepers:
            keeper.join(GRACE_SECONDS)


def _keep_worker(settings: Settings, ending: threading.Event) -> None:
    command = [sys.executable, "-m", "medsins", "board", "worker", "--quiet", "--dir", str(settings.folder)]
    while not ending.is_set():
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, PARENT_VARIABLE: "1"})
        assert process.stdin is not None
        while process.poll() is None and not ending.wait(0.2):
            pass
        process.stdin.close()  # asks it to end
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not ending.is_set():
            log("worker died", code=process.returncode)
            ending.wait(RESTART_SECONDS)


def listening(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings with another address; port 0 becomes one that is free now."""
    settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    return settings if settings.port else replace(settings, port=_free_port(settings.host))


def _free_port(host: str) -> int:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def end_with_parent(stop: threading.Event) -> None:
    """Where the process that started this one said so: set ``stop`` as soon as it is gone."""
    if os.environ.get(PARENT_VARIABLE):

        def watch() -> None:
            while sys.stdin.buffer.read(4096):
                pass
            stop.set()

        threading.Thread(target=watch, daemon=True).start()


def work(store: Store, settings: Settings, stop: threading.Event) -> None:
    """Score what is queued until ``stop`` is set."""
    from .worker import WorkerSettings, run_worker

    log_to_stderr()
    delay = timedelta(days=settings.private_delay_days)
    sweep(settings.folder / CACHE)
    try:
        use_assets(settings)
    except AssetUnavailable as error:
        log("scoring of some tasks will fail", said=str(error))
    run_worker(store, stop, WorkerSettings(settings.folder / CACHE, private_delay=delay))
