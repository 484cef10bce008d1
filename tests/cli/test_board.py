"""``medsins board`` without a server: making a board, teams, tokens, versions, moderation, and what keeps it safe."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the extra board is not installed")

from medsins.cli.main import main
from medsins.core import Card, Instance, Task
from medsins.leaderboard.interface import NewSubmission, Quota, Store
from medsins.leaderboard.records import ModelCard, Submission
from medsins.leaderboard.store import open_store
from medsins.tasks import write_task

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Task files of a ward that asks ten questions."""
    folder = tmp_path_factory.mktemp("suite") / "ward"
    folder.mkdir()
    rows = tuple(Instance(f"i{n}", f"Is finding {n} new?", ("yes" if n % 2 else "no",)) for n in range(10))
    card = Card(definition=("Say yes or no.",), categories=("Fact Verification",), output_language=("English",))
    write_task(Task("ward_new", card, rows, "Fact Verification"), folder / "ward_new.json")
    return folder


@pytest.fixture
def board(suite: Path, tmp_path: Path, capsys: Capture) -> Path:
    """A board's folder."""
    folder = tmp_path / "board"
    told(capsys, "init", "--suite", str(suite), folder=folder)
    return folder


def told(capsys: Capture, *words: str, folder: Path, code: int = 0) -> Any:
    """The document a verb prints; it says nothing else."""
    capsys.readouterr()
    assert main(["board", *words, "--dir", str(folder), "--json", "-q"]) == code
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def said(capsys: Capture, *words: str, code: int = 0) -> str:
    """What a person reads, of both streams."""
    capsys.readouterr()
    assert main(["board", *words]) == code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return shown.out + shown.err


def opened(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder}/board.sqlite")


def upload(folder: Path, team: str = "lab", name: str = "crimson") -> Submission:
    """A submission of a team, as the server would keep it."""
    store = opened(folder)
    (version,) = store.versions()
    answers = tuple("yes" for _ in store.items(version.id))
    card = ModelCard(name, team, name.title(), 7.0, "open")
    kept = store.submit(NewSubmission(version.id, card, team, "csv", "a" * 64, answers=answers), Quota(100))
    store.close()
    return kept


# making a board


def test_a_board_is_made_with_a_version_and_a_token(suite: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "new" / "board"
    made = told(capsys, "init", "--suite", str(suite), folder=folder)
    assert re.fullmatch(rf"ward@{datetime.now(UTC):%Y}\.\d\d", made["version"])
    assert made["token"].startswith("medsins_")
    for name in ("board.toml", "secret.key", "board.sqlite"):
        assert (folder / name).stat().st_mode & 0o077 == 0, f"others can read {name}"
    store = opened(folder)
    token = store.authenticate(made["token"])
    store.close()
    assert token is not None
    assert (token.team, token.scope) == ("maintainers", "maintain")
    assert made["token"] not in "".join(p.read_text(errors="replace") for p in folder.iterdir() if p.is_file())


def test_making_it_again_changes_nothing(board: Path, capsys: Capture) -> None:
    before = {name: (board / name).read_bytes() for name in ("board.toml", "secret.key")}
    log = told(capsys, "moderate", "log", folder=board)
    again = told(capsys, "init", folder=board)
    assert not again["token"]
    assert not again["version"]
    assert {name: (board / name).read_bytes() for name in before} == before
    assert told(capsys, "moderate", "log", folder=board) == log


def test_the_first_words_say_how_to_go_on(suite: Path, tmp_path: Path, capsys: Capture) -> None:
    text = said(capsys, "init", "--suite", str(suite), "--dir", str(tmp_path / "b"), "--public-url", "https://b.org")
    assert f"medsins board serve --dir {tmp_path / 'b'}" in text
    assert "medsins_" in text
    assert 'public_url = "https://b.org"' in (tmp_path / "b" / "board.toml").read_text()


# teams and tokens


def test_a_team_gets_an_id_from_its_name(board: Path, capsys: Capture) -> None:
    assert told(capsys, "team", "add", "Söhne & Lab 7", folder=board) == {"team": "s-hne-lab-7"}
    assert told(capsys, "team", "add", "Other", "--id", "o-2", "--contact", "o@example.org", folder=board) == {
        "team": "o-2"
    }
    shown = told(capsys, "team", "list", folder=board)
    assert {row["id"] for row in shown} == {"maintainers", "s-hne-lab-7", "o-2"}
    assert "o@example.org" not in json.dumps(shown)
    table = said(capsys, "team", "list", "--dir", str(board))
    assert "Söhne & Lab 7" in table
    assert "o@example.org" not in table


def test_a_token_is_told_once_and_works_until_revoked(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    made = told(capsys, "token", "add", "lab", "--days", "30", folder=board)
    expires = datetime.fromisoformat(made["expires"]) - datetime.now(UTC)
    assert timedelta(days=29) < expires <= timedelta(days=30)
    (listed,) = told(capsys, "token", "list", "lab", folder=board)
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert len(told(capsys, "token", "list", folder=board)) == 2
    table = said(capsys, "token", "list", "--dir", str(board)).splitlines()
    assert max(map(len, table)) <= 80
    day = made["expires"][:10]
    assert [line.split() for line in table if made["id"] in line] == [
        [made["id"], "lab", "submit", made["created"][:10], day]
    ]
    store = opened(board)
    assert store.authenticate(made["secret"]) is not None
    assert told(capsys, "token", "revoke", made["id"], folder=board) == {"revoked": made["id"]}
    assert store.authenticate(made["secret"]) is None
    store.close()
    (listed,) = told(capsys, "token", "list", "lab", folder=board)
    assert listed["revoked"] is True


def test_a_secret_can_be_put_into_a_file(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    capsys.readouterr()
    assert main(["board", "token", "add", "lab", "--scope", "read", "--dir", str(board)]) == 0
    shown = capsys.readouterr()
    assert re.fullmatch(r"medsins_\w{16}_\S+\n", shown.out), "standard output is the secret and nothing else"
    assert "told this once" in shown.err


def test_a_banned_team_is_out_with_all_it_sent(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    secret = told(capsys, "token", "add", "lab", folder=board)["secret"]
    kept = upload(board)
    assert told(capsys, "team", "ban", "lab", "--reason", "copied answers", folder=board) == {"banned": "lab"}
    store = opened(board)
    assert store.authenticate(secret) is None
    assert store.submission(kept.id).state == "hidden"
    store.close()
    (lab,) = [row for row in told(capsys, "team", "list", folder=board) if row["id"] == "lab"]
    assert lab["banned"] is True


# versions


def test_versions_are_added_and_closed(board: Path, suite: Path, capsys: Capture) -> None:
    made = told(
        capsys, "version", "add", str(suite), "--id", "ward@next", "--private", "0.4", "--from", "2026-11-01",
        "--until", "2030-01-01T12:00", "--title", "Next", "--notes", "Four private rows.", folder=board,
    )  # fmt: skip
    assert (made["rows"], made["private"], made["tasks"], made["title"]) == (10, 4, 1, "Next")
    assert made["from"] == "2026-11-01T00:00+00:00"
    other = told(
        capsys, "version", "add", str(suite), "--id", "ward@other", "--private", "0.4", "--seed", "5", folder=board
    )
    assert other["digest"] != made["digest"], "another seed keeps other rows back"
    assert told(capsys, "version", "close", "ward@next", "--at", "2026-11-20", folder=board) == {"closed": "ward@next"}
    listed = {row["id"]: row for row in told(capsys, "version", "list", folder=board)}
    assert listed["ward@next"]["until"] == "2026-11-20T00:00+00:00"
    assert len(listed) == 3
    assert "ward@other: " not in said(capsys, "version", "list", "--dir", str(board))


def test_a_new_version_says_what_it_holds(board: Path, suite: Path, capsys: Capture) -> None:
    text = said(capsys, "version", "add", str(suite), "--id", "ward@3", "--private", "0.2", "--dir", str(board))
    assert "ward@3: 1 tasks, 10 instances, 2 of them private" in text


# moderation


def test_what_a_maintainer_decides(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    kept = upload(board)
    store = opened(board)
    store.add_flag(kept.id, "copied", {"agreement": 0.97})
    (flag,) = told(capsys, "moderate", "flags", folder=board)
    assert (flag["kind"], flag["submission"], flag["detail"]) == ("copied", kept.id, {"agreement": 0.97})
    assert f"copied  {kept.id}" in said(capsys, "moderate", "flags", "--dir", str(board))
    number = str(flag["flag"])
    assert told(capsys, "moderate", "settle", number, "--verdict", "same base", folder=board) == {"settled": 1}
    assert told(capsys, "moderate", "flags", folder=board) == []
    assert told(capsys, "moderate", "flags", "--all", folder=board)[0]["settled"] == "same base"
    assert told(capsys, "moderate", "hide", kept.id, "--reason", "doubt", folder=board) == {"hidden": kept.id}
    assert store.submission(kept.id).state == "hidden"
    assert told(capsys, "moderate", "restore", kept.id, "--reason", "clear", folder=board) == {"restored": kept.id}
    assert store.submission(kept.id).state == "queued"
    store.close()


def test_scoring_again_is_queued_once(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    kept = upload(board)
    assert told(capsys, "moderate", "rescore", kept.id, folder=board) == {"queued": 0}, "its first job still waits"
    store = opened(board)
    job = store.lease("tester", 60)
    assert job is not None
    store.fail(job, "it broke", retry=False)
    assert told(capsys, "moderate", "rescore", kept.id, folder=board) == {"queued": 1}
    store.close()
    text = said(capsys, "moderate", "rescore", kept.id, "0" * 16, "--dir", str(board), code=1)
    assert f"{'0' * 16}: no such submission" in text


def test_the_log_tells_who_did_what(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", "--contact", "secret@example.org", folder=board)
    log = told(capsys, "moderate", "log", folder=board)
    assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
    assert (log[-1]["action"], log[-1]["subject"], log[-1]["actor"]) == ("team.add", "lab", "command line")
    assert "secret@example.org" not in json.dumps(log)
    assert told(capsys, "moderate", "log", "--after", str(len(log) - 1), folder=board) == log[-1:]
    assert len(said(capsys, "moderate", "log", "--dir", str(board)).splitlines()) == len(log)


# keeping it safe


def test_an_export_is_a_folder_of_files(board: Path, tmp_path: Path, capsys: Capture) -> None:
    site = tmp_path / "site"
    made = told(capsys, "export", "-o", str(site), folder=board)
    assert set(made["files"]) == {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert {"index.html", "index.json"} <= set(made["files"])
    assert any(name.startswith("static/") and name.endswith(".css") for name in made["files"])
    again = said(capsys, "export", "-o", str(site), "--dir", str(board))
    assert f"{len(made['files']):,} files" in again
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    said(capsys, "export", "-o", str(tmp_path / "full"), "--dir", str(board), code=2)
    assert (tmp_path / "full" / "thesis.tex").read_text() == "mine"


def test_a_backup_becomes_the_same_board_elsewhere(board: Path, tmp_path: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    secret = told(capsys, "token", "add", "lab", folder=board)["secret"]
    upload(board)
    archive = tmp_path / "board.zip"
    made = told(capsys, "backup", "-o", str(archive), folder=board)
    assert made == {"archive": str(archive), "bytes": archive.stat().st_size}
    other = tmp_path / "other"
    database = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    told(capsys, "restore", str(archive), "--database", database, folder=other)
    assert (tmp_path / "elsewhere.sqlite").is_file()
    for verb in (("team", "list"), ("token", "list"), ("version", "list"), ("moderate", "log")):
        assert told(capsys, *verb, folder=other) == told(capsys, *verb, folder=board)
    store = open_store(database)
    assert store.authenticate(secret) is not None
    store.close()
    assert told(capsys, "verify", folder=other) == {"problems": []}
    before = (tmp_path / "elsewhere.sqlite").read_bytes()
    assert "there is a board already" in said(capsys, "restore", str(archive), "--dir", str(other), code=2)
    assert (tmp_path / "elsewhere.sqlite").read_bytes() == before, "there is a board already"


def test_a_damaged_backup_leaves_nothing(board: Path, tmp_path: Path, capsys: Capture) -> None:
    archive, bent = tmp_path / "board.zip", tmp_path / "bent.zip"
    told(capsys, "backup", "-o", str(archive), folder=board)
    with zipfile.ZipFile(archive) as given, zipfile.ZipFile(bent, "w") as made:
        for name in given.namelist():
            made.writestr(name, given.read(name).replace(b"Maintainers", b"Mantainers"))
    text = said(capsys, "restore", str(bent), "--dir", str(tmp_path / "other"), code=1)
    assert str(bent) in text
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-40])
    assert str(cut) in said(capsys, "restore", str(cut), "--dir", str(tmp_path / "third"), code=1)
    told(capsys, "restore", str(archive), folder=tmp_path / "other")  # nothing was in the way


def test_verify_tells_what_was_tampered_with(board: Path, capsys: Capture) -> None:
    told(capsys, "team", "add", "Lab", folder=board)
    assert "the audit log is whole" in said(capsys, "verify", "--dir", str(board))
    database = sqlite3.connect(board / "board.sqlite")
    columns = {row[1] for row in database.execute("PRAGMA table_info(tokens)")}
    assert "scope" in columns
    upload(board)
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {trigger}")
    database.execute("UPDATE teams SET banned = 1 WHERE id = 'lab'")
    database.commit()
    database.close()
    problems = told(capsys, "verify", folder=board, code=1)["problems"]
    assert any("lab" in problem for problem in problems)
    text = said(capsys, "verify", "--dir", str(board), code=1)
    assert f"{len(problems)} things are wrong" in text
