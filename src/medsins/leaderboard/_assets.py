"""Files from outside that scoring needs, kept with the board: the children that score have no network."""

from __future__ import annotations

import os
import shutil

from medsins.core.assets import PUNKT, punkt

from ._scratch import scratch
from .settings import ASSETS, Settings


def keep_assets(settings: Settings) -> None:
    """Put what scoring needs into the board's folder, fetched first where it must be.

    Raises:
        AssetUnavailable: it could not be had; says what was tried, and where to put it.
    """
    target = settings.folder / ASSETS / PUNKT.name
    if target.is_dir():
        return
    found = punkt()
    with scratch(settings.folder / ASSETS) as made:
        for name in PUNKT.files:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found / name, made / name)
        made.chmod(0o755)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was as quick
                raise


def use_assets(settings: Settings) -> None:
    """Let the children of this process find them. Errors as in ``keep_assets``."""
    keep_assets(settings)
    os.environ.setdefault("MEDSINS_ASSETS", str(settings.folder / ASSETS))
