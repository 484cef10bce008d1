"""Opening, making and upgrading a board; what goes wrong is said in words."""

from __future__ import annotations

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from medsins.core.errors import MissingExtra, UsageError
from medsins.leaderboard import _migrate
from medsins.leaderboard._database import Database
from medsins.leaderboard._schema import REVISION, metadata
from medsins.leaderboard.interface import Store, Unavailable
from medsins.leaderboard.store import open_store, upgrade_store

from ._postgres import Cluster
from .boards import Clock, fill

NEXT = '''"""A later revision."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Two changes, so that half of it would show."""
    op.execute("CREATE TABLE later (id INTEGER PRIMARY KEY)")
    op.execute("ALTER TABLE teams ADD COLUMN later TEXT")
    {last}
'''


def test_migrations_make_the_tables_that_the_program_uses(board_url: str, store: Store) -> None:
    database = Database(board_url, Clock())
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_the_newest_migration_is_the_revision_of_the_program() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(_migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_opening_needs_a_board(board_url: str) -> None:
    with pytest.raises(UsageError, match="no board") as error:
        open_store(board_url)
    assert "medsins board init" in str(error.value)
    open_store(board_url, create=True).close()
    open_store(board_url).close()


def test_creating_again_changes_nothing(board_url: str, store: Store) -> None:
    fill(store)
    again = open_store(board_url, create=True)
    assert again.entries() == store.entries()
    again.close()


def test_several_may_create_it_at_once(board_url: str) -> None:
    def create(_: int) -> int:
        opened = open_store(board_url, create=True)
        found = opened.data_version()
        opened.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(create, range(4))) == [0] * 4


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that has one more revision than the boards that are there; the path of its file."""
    folder = tmp_path / "later"
    folder.mkdir()
    path = folder / "0002_later.py"
    path.write_text(NEXT.format(last=""), encoding="utf-8")
    folders = (*_migrate.FOLDERS, folder)
    monkeypatch.setattr(_migrate, "FOLDERS", folders)
    monkeypatch.setattr(_migrate, "REVISION", "0002")
    return path


def test_an_older_board_is_upgraded_when_asked(board_url: str, store: Store, newer: Path) -> None:
    fill(store)
    for create in (True, False):
        with pytest.raises(UsageError, match="revision 0001, this program 0002") as error:
            open_store(board_url, create=create)
        assert "board init --upgrade" in str(error.value)
    upgrade_store(board_url)
    upgraded = open_store(board_url)
    assert upgraded.entries() == store.entries()
    assert upgraded.verify() == []
    upgraded.close()
    upgrade_store(board_url)


def test_an_upgrade_that_fails_leaves_the_board_as_it_was(board_url: str, store: Store, newer: Path) -> None:
    fill(store)
    newer.write_text(NEXT.format(last='raise RuntimeError("broken off")'), encoding="utf-8")
    with pytest.raises(RuntimeError, match="broken off"):
        upgrade_store(board_url)
    database = Database(board_url, Clock())
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()
    assert store.verify() == []
    newer.write_text(NEXT.format(last=""), encoding="utf-8")
    upgrade_store(board_url)
    open_store(board_url).close()


def test_a_board_of_a_later_program_is_left_alone(board_url: str, store: Store) -> None:
    database = Database(board_url, Clock())
    with database.plain_write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    for ask in (lambda: open_store(board_url), lambda: upgrade_store(board_url)):
        with pytest.raises(UsageError, match=r"revision 9999, newer.*\n.*update medsins"):
            ask()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "board.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:secret@host/db",
        "http://u:secret@[bad",
        "://",
        "\0",
    ],
)
def test_other_urls_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"sqlite:///PATH or postgresql://") as error:
        open_store(url, create=True)
    assert "secret" not in str(error.value)


def test_files_that_are_no_board(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with pytest.raises(UsageError, match="no board here"):
        open_store(f"sqlite:///{path}")
    assert not path.exists()
    path.write_text("x" * 5000, encoding="utf-8")
    with pytest.raises(Unavailable, match="not a database"):
        open_store(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="not a database"):
        open_store(f"sqlite:///{path}", create=True)
    assert path.read_text(encoding="utf-8") == "x" * 5000
    with pytest.raises((Unavailable, OSError)):
        open_store(f"sqlite:///{tmp_path}", create=True)


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "board.sqlite"
    open_store(f"sqlite:///{path}", create=True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_servers_that_are_not_there(postgres: Cluster, tmp_path: Path) -> None:
    nowhere = f"postgresql://someone:s3cret@/board?host={tmp_path}&connect_timeout=2"
    for url in (nowhere, postgres.url("nothing"), "postgresql://u:s3cret@127.0.0.1:9/board?connect_timeout=2"):
        with pytest.raises(Unavailable) as error:
            open_store(url)
        assert "s3cret" not in str(error.value)


def test_a_server_that_was_restarted_is_found_again(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.fresh()
    store = open_store(url, create=True)
    fill(store)
    postgres.stop("immediate")
    with pytest.raises(Unavailable):
        store.versions()
    postgres.start()
    assert [version.id for version in store.versions()] == ["small@1"]
    assert store.verify() == []
    store.close()
    postgres.give_back(url)


def test_without_the_extra_its_line_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("medsins.leaderboard._")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"pip install 'medsins\[board\]'"):
        open_store(f"sqlite:///{tmp_path}/board.sqlite", create=True)
