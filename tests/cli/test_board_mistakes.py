"""What ``medsins board`` says to a mistake: what is wrong, what to do, the exit code; and the board stays as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the extra board is not installed")

from medsins.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes") / "board"
    assert main(["board", "init", "--dir", str(folder), "-q", "--json"]) == 0
    return folder


def log(folder: Path, capsys: Capture) -> list[str]:
    capsys.readouterr()
    assert main(["board", "moderate", "log", "--dir", str(folder), "--json"]) == 0
    return [entry["hash"] for entry in json.loads(capsys.readouterr().out)]


NOBODY = "0" * 16
LONG = "x" * 501


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["moderate", "rescore", NOBODY], 1, f"{NOBODY}: no such submission"),
        (["moderate", "hide", NOBODY, "--reason", "x"], 1, f"{NOBODY}: no such submission"),
        (["moderate", "restore", NOBODY, "--reason", "x"], 1, f"{NOBODY}: no such submission"),
        (["moderate", "hide", NOBODY], 2, "required: --reason"),
        (["moderate", "hide", NOBODY, "--reason", "  "], 2, "1 to 500 characters"),
        (["moderate", "hide", NOBODY, "--reason", LONG], 2, "1 to 500 characters"),
        (["moderate", "settle", "9", "--verdict", "x"], 1, "9: no such flag"),
        (["moderate", "settle", "x", "--verdict", "y"], 2, "'x' is no whole number"),
        (["moderate", "log", "--after", "z"], 2, "'z' is no whole number"),
        (["team", "add", ""], 2, "'' is no id of a team"),
        (["team", "add", "Lab", "--id", "Ü"], 2, "lower-case letters"),
        (["team", "add", "a\nb"], 2, "one line of 1 to 100 characters"),
        (["team", "add", "n" * 101], 2, "one line of 1 to 100 characters"),
        (["team", "add", "Maintainers"], 1, "maintainers"),
        (["team", "ban", "nobody", "--reason", "x"], 1, "nobody: no such team"),
        (["token", "add", "nobody"], 1, "nobody: no such team"),
        (["token", "add", "maintainers", "--days", "0"], 2, "--days must be from 1 to 3,650"),
        (["token", "add", "maintainers", "--days", "soon"], 2, "'soon' is no whole number"),
        (["token", "add", "maintainers", "--scope", "root"], 2, "choose from"),
        (["token", "revoke", "abc"], 1, "abc: no such token"),
        (["version", "add", "nowhere", "--id", "a@1"], 2, "unknown suite 'nowhere'"),
        (["version", "add", "mini", "--id", "a"], 2, "write NAME@LABEL"),
        (["version", "add", "mini", "--id", "a@1", "--private", "1"], 2, "no share from 0 to below 1"),
        (["version", "add", "mini", "--id", "a@1", "--private", "half"], 2, "no share from 0 to below 1"),
        (["version", "add", "mini", "--id", "a@1", "--from", "tomorrow"], 2, "write 2026-11-30"),
        (
            ["version", "add", "mini", "--id", "a@1", "--from", "2026-11-02", "--until", "2026-11-01"],
            2,
            "ends before it begins",
        ),
        (["version", "close", "none@1"], 1, "none@1: no such version"),
        (["serve", "--port", "70000"], 2, "from 0 to 65,535"),
        (["serve", "--port", "http"], 2, "'http' is no whole number"),
        (["serve", "--processes", "0"], 2, "from 1 to 64"),
        (["serve", "--workers", "-1"], 2, "from 1 to 64"),
        (["restore", "nothing.zip"], 2, "there is a board already"),
        (["export"], 2, "required: -o/--output"),
        (["verify", "--dirr", "x"], 2, "did you mean --dir?"),
        (["flagz"], 2, "invalid choice: 'flagz'"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(
    board: Path, capsys: Capture, words: list[str], code: int, said: str
) -> None:
    before = log(board, capsys)
    assert main(["board", *words, "--dir", str(board)]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert log(board, capsys) == before


def test_a_version_is_not_added_twice(board: Path, capsys: Capture) -> None:
    assert main(["board", "version", "list", "--json", "--dir", str(board)]) == 0
    (version,) = json.loads(capsys.readouterr().out)
    assert main(["board", "version", "add", "mini", "--id", version["id"], "--dir", str(board)]) == 1
    assert "use another id, or correct its references with `medsins board version amend`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["serve"], ["worker"], ["verify"], ["team", "list"], ["token", "list"], ["version", "list"],
        ["moderate", "flags"], ["backup", "-o", "x.zip"], ["export", "-o", "site"],
    ],
)  # fmt: skip
def test_where_no_board_is_it_says_how_to_make_one(
    tmp_path: Path, capsys: Capture, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["board", *words]) == 2
    assert "medsins board init --dir board" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--database", "mysql://x"], 1, "must begin with sqlite:/// or postgresql://"),
        (["--public-url", "ftp://x"], 1, "must begin with http:// or https://"),
        (["--suite", "nothing"], 2, "unknown suite 'nothing'"),
    ],
)
def test_a_board_that_could_not_be_made_can_be_made_then(
    tmp_path: Path, capsys: Capture, words: list[str], code: int, said: str
) -> None:
    folder = ["--dir", str(tmp_path / "board")]
    assert main(["board", "init", *words, *folder]) == code
    assert said in capsys.readouterr().err
    assert main(["board", "init", "--json", "-q", *folder]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["version"].startswith("mini@")
    assert made["token"]


def test_all_that_is_wrong_with_the_settings_is_told_at_once(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "board.toml").write_text('prot = 1\nquota = 0\nlog_reads = "yes"\n')
    monkeypatch.setenv("MEDSINS_BOARD_UPLOAD_MB", "many")
    assert main(["board", "verify", "--dir", str(folder)]) == 1
    said = capsys.readouterr().err
    for part in ("did you mean port?", "quota: must be from 1", "log_reads: must be true or false", "upload_mb"):
        assert part in said
    (folder / "board.toml").write_text("port = \n")
    assert main(["board", "verify", "--dir", str(folder)]) == 1
    assert "no TOML" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PK no zip", b"x" * 5_000])
def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, capsys: Capture, content: bytes) -> None:
    archive = tmp_path / "board.zip"
    archive.write_bytes(content)
    assert main(["board", "restore", str(archive), "--dir", str(tmp_path / "board")]) == 1
    shown = capsys.readouterr()
    assert str(archive) in shown.err
    assert "Traceback" not in shown.err


# the other end: submitting


def submit(capsys: Capture, *words: str) -> tuple[int, str]:
    code = main(["board", *words])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return code, shown.err


NOWHERE = "http://127.0.0.1:9"


def test_without_a_token_nothing_is_asked(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDSINS_BOARD_TOKEN", raising=False)
    file = tmp_path / "p.csv"
    file.write_text("task_id,input,GT,output\n")
    code, said = submit(capsys, "submit", str(file), "--board", NOWHERE, "--model", "m")
    assert (code, "there is no token" in said) == (2, True)
    for text in ("two words", "umlaut-ü", "line\nbreak"):
        (tmp_path / "token").write_text(text)
        code, said = submit(
            capsys, "withdraw", NOBODY, "--reason", "x", "--board", NOWHERE, "--token-file", str(tmp_path / "token")
        )
        assert (code, "this is no token" in said) == (2, True)
        assert text not in said, "even a broken secret is not shown"


def test_wrong_addresses_and_files(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSINS_BOARD_TOKEN", "medsins_0_0")
    file = tmp_path / "p.csv"
    file.write_text("task_id,input,GT,output\n")
    code, said = submit(capsys, "submit", str(file), "--board", "board.example.org", "--model", "m")
    assert (code, "is no address of a board" in said) == (2, True)
    code, said = submit(capsys, "submit", str(tmp_path / "none.csv"), "--board", NOWHERE, "--model", "m")
    assert (code, "no such file or run" in said) == (2, True)
    code, said = submit(capsys, "submit", str(file), "--board", NOWHERE)
    assert (code, "name it with --model" in said) == (2, True)
    code, said = submit(capsys, "withdraw", "../../x", "--reason", "x", "--board", NOWHERE)
    assert (code, "is no id of a submission" in said) == (2, True)
    code, said = submit(capsys, "submit", str(file), "--board", NOWHERE, "--model", "m", "--weights", "some")
    assert (code, "choose from" in said) == (2, True)


def test_a_board_that_is_not_there(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from medsins.leaderboard import client

    monkeypatch.setattr(client, "_PAUSE", 0.0)
    monkeypatch.setenv("MEDSINS_BOARD_TOKEN", "medsins_0_0")
    code, said = submit(capsys, "withdraw", NOBODY, "--reason", "x", "--board", NOWHERE)
    assert (code, "the board cannot be reached" in said) == (1, True)
    file = tmp_path / "p.csv"
    file.write_text("task_id,input,GT,output\n")
    code, said = submit(capsys, "submit", str(file), "--board", NOWHERE, "--model", "m")
    assert (code, NOWHERE in said) == (1, True)
