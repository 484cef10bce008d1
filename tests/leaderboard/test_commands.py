"""``medsins board`` against a board served in processes of its own, a worker beside it: as submitters meet it."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from medsins.cli.main import main
from medsins.leaderboard._cache import LATE_SECONDS
from medsins.leaderboard.interface import Store
from medsins.leaderboard.records import Item
from medsins.leaderboard.store import open_store

from .processes import Served, served
from .wards import upload, write_csv, write_ward

Capture = pytest.CaptureFixture[str]
ROWS = 24


@dataclass(frozen=True)
class Ward:
    """The served board, what it asks, and the files of its teams' tokens."""

    board: Served
    tasks: Path
    items: tuple[Item, ...]
    tokens: Path

    @property
    def store(self) -> Store:
        return open_store(f"sqlite:///{self.board.folder}/board.sqlite")

    def as_team(self, team: str = "red") -> list[str]:
        return ["--board", self.board.url, "--token-file", str(self.tokens / team)]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """One for all tests here: each uses models of its own."""
    root = tmp_path_factory.mktemp("commands")
    tasks, folder, tokens = write_ward(root / "ward", (12, 1, 12)), root / "board", root / "tokens"
    (tasks / "ward_explain.json").unlink()  # long texts take long to score
    tokens.mkdir()
    assert main(["board", "init", "--dir", str(folder), "--suite", str(tasks), "-q", "--json"]) == 0
    store = open_store(f"sqlite:///{folder}/board.sqlite")
    (version,) = store.versions()
    for team, scope in (("red", "submit"), ("blue", "submit"), ("reader", "read"), ("staff", "maintain")):
        if team != "reader":
            assert main(["board", "team", "add", team.title(), "--dir", str(folder), "-q", "--json"]) == 0
        owner = "blue" if team == "reader" else team
        (tokens / team).write_text(store.add_token(owner, scope, None, "tester")[1] + "\n")  # type: ignore[arg-type]
    items = tuple(store.items(version.id))
    store.close()
    with served(folder, "--workers", "1", environment={"MEDSINS_BOARD_QUOTA": "1000"}) as board:
        yield Ward(board, tasks, items, tokens)


def told(capsys: Capture, *words: str, code: int = 0) -> Any:
    """The document a verb prints; it says nothing else."""
    capsys.readouterr()
    assert main(["board", *words, "--json", "-q"]) == code
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def refused(capsys: Capture, *words: str, code: int = 1) -> str:
    """What a verb says that was refused."""
    capsys.readouterr()
    assert main(["board", *words]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    return shown.err


def send(ward: Ward, path: Path, name: str, *more: str, team: str = "red") -> list[str]:
    return ["submit", str(path), "--model", name, *more, *ward.as_team(team)]


@pytest.fixture
def file(ward: Ward, tmp_path: Path) -> Path:
    """Right answers in the published format."""
    return write_csv(tmp_path / "predictions.csv", upload(ward.items))


@pytest.fixture(scope="module")
def run(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the same tasks, by a model that always says yes."""
    folder = tmp_path_factory.mktemp("runs") / "yes"
    words = ["--model", "mock:say=yes", "--tasks", str(ward.tasks), "--protocol", "strict:shots=0", "-q", "--json"]
    assert main(["bench", "run", *words, "-o", str(folder)]) == 0
    return folder


# every way to submit


@pytest.fixture(scope="module")
def perfect(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A scored submission of right answers, as the command prints it."""
    path = write_csv(tmp_path_factory.mktemp("perfect") / "predictions.csv", upload(ward.items))
    card = ["--parameters", "7.5", "--weights", "open", "--licence", "MIT", "--medical", "yes", "--shots", "3"]
    card += ["--protocol", "strict", "--sampling", "greedy", "--remarks", "none", "--training-data", "books"]
    printed = io.StringIO()
    with redirect_stdout(printed):
        words = send(ward, path, "Perfect", *card, "--link", "https://example.org/p")
        assert main(["board", *words, "--json", "-q"]) == 0
    kept: dict[str, Any] = json.loads(printed.getvalue())
    return kept


def test_a_csv_is_sent_scored_and_shown(ward: Ward, perfect: dict[str, Any]) -> None:
    assert perfect["state"] == "scored"
    (shown,) = perfect["published"]
    assert shown["part"] == "open"
    strict = shown["document"]["profiles"]["strict"]
    assert strict["signature"]
    for task in strict["tasks"].values():
        assert task["metrics"][task["primary"]] == pytest.approx(100.0)
    store = ward.store
    model = store.model(perfect["model"])
    store.close()
    assert (model.name, model.parameters, model.weights, model.medical) == ("Perfect", 7.5, "open", True)
    assert (perfect["claims"]["protocol"], perfect["claims"]["sampling"]) == ("strict", "greedy")
    assert comes_to_say(ward, "Perfect")


def comes_to_say(ward: Ward, text: str) -> bool:
    """Whether the first page says it, at the latest when it may be late no more."""
    until = time.monotonic() + 3 * LATE_SECONDS
    while text not in ward.board.http.get(ward.board.url + "/").text:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def withdraw_it(ward: Ward, submission: str, capsys: Capture) -> None:
    words = ["withdraw", submission, "--reason", "wrong checkpoint"]
    assert comes_to_say(ward, "Regretted")
    assert "there is nothing here" in refused(capsys, *words, *ward.as_team("blue"))
    gone = told(capsys, *words, *ward.as_team())
    assert (gone["state"], gone["reason"]) == ("withdrawn", "wrong checkpoint")
    assert "wrong checkpoint" in ward.board.http.get(f"{ward.board.url}/submission/{submission}").text
    assert "Regretted" not in ward.board.http.get(ward.board.url + "/").text
    store = ward.store
    assert store.answers(submission) == []
    assert store.scores(submission, "open") is None
    store.close()
    assert refused(capsys, *words, *ward.as_team())  # gone is gone


def test_a_person_reads_scores_and_the_address_and_withdraws(ward: Ward, file: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["board", *send(ward, file, "Regretted")]) == 0
    shown = capsys.readouterr()
    address = re.search(rf"{ward.board.url}/submission/(\w+)", shown.out)
    assert address
    assert "attempt" in shown.out
    assert "MCQA" in shown.out
    assert f"{ROWS} rows were taken" in shown.err
    withdraw_it(ward, address[1], capsys)


def test_a_gzipped_csv_and_a_parquet_file_are_the_same_answers(
    ward: Ward, file: Path, tmp_path: Path, capsys: Capture
) -> None:
    packed = tmp_path / "predictions.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    names = ("task_id", "input", "GT", "output")
    columns = list(zip(*upload(ward.items), strict=True))
    table = arrow.table({name: list(column) for name, column in zip(names, columns, strict=True)})
    parquet.write_table(table, tmp_path / "predictions.parquet")
    kept = [
        told(capsys, *send(ward, path, f"Same {number}", "--no-wait"))
        for number, path in enumerate((file, packed, tmp_path / "predictions.parquet"))
    ]
    assert [one["kind"] for one in kept] == ["csv", "csv", "parquet"]
    store = ward.store
    answers = [store.answers(one["id"]) for one in kept]
    store.close()
    assert answers[0] == answers[1] == answers[2] == [item.outputs[0] for item in ward.items]


def test_a_run_and_a_zipped_run_carry_model_and_protocol(
    ward: Ward, run: Path, tmp_path: Path, capsys: Capture
) -> None:
    kept = told(capsys, "submit", str(run), *ward.as_team())
    assert (kept["kind"], kept["state"]) == ("run", "scored")
    assert kept["claims"]["protocol"] == "strict:shots=0"
    local = json.loads((run / "scores.json").read_text())["profiles"]
    board = kept["published"][0]["document"]["profiles"]
    for profile in ("strict", "official"):
        for task, entry in local[profile]["tasks"].items():
            assert board[profile]["tasks"][task]["metrics"] == entry["metrics"], "the board scores as one's own machine"
    zipped = tmp_path / "run.zip"
    with zipfile.ZipFile(zipped, "w") as bundle:
        for name in ("predictions.csv", "manifest.json"):
            bundle.write(run / name, name)
    again = told(capsys, *send(ward, zipped, "Zipped yes", "--no-wait"))
    assert again["kind"] == "run"
    assert again["claims"]["protocol"] == "strict:shots=0"
    store = ward.store
    assert store.answers(again["id"]) == store.answers(kept["id"]) == ["yes"] * ROWS
    store.close()


def test_a_run_without_its_export_says_how_to_make_it(ward: Ward, run: Path, tmp_path: Path, capsys: Capture) -> None:
    bare = Path(shutil.copytree(run, tmp_path / "bare"))
    (bare / "predictions.csv").unlink()
    assert f"medsins bench export {bare}" in refused(capsys, "submit", str(bare), *ward.as_team(), code=2)


def test_what_was_noticed_is_told_not_refused(ward: Ward, tmp_path: Path, capsys: Capture) -> None:
    rows = upload(ward.items)[:-4]
    rows[0] = (*rows[0][:2], "another reference", rows[0][3])
    rows[1] = (*rows[1][:3], "")
    part = write_csv(tmp_path / "part.csv", rows)
    capsys.readouterr()
    assert main(["board", *send(ward, part, "Partly", "--no-wait")]) == 0
    said = capsys.readouterr().err
    for words in ("20 rows were taken", "4 instances have no row", "1 references differ", "1 answers are empty"):
        assert words in said


# what is refused


def test_a_wrong_file_is_refused_with_its_rows(ward: Ward, tmp_path: Path, capsys: Capture) -> None:
    rows = upload(ward.items)
    rows[3] = rows[2]
    rows[5] = (rows[5][0], "a question nobody asked", *rows[5][2:])
    rows[7] = ("no_such_task", *rows[7][1:])
    bent = write_csv(tmp_path / "bent.csv", rows)
    said = refused(capsys, *send(ward, bent, "Bent"))
    for row in ("row 3: answers the instance of row 2 again", "row 5", "row 7: the task 'no_such_task'"):
        assert row in said
    store = ward.store
    assert not [model for model in store.models() if model.name == "Bent"], "nothing of it is kept"
    store.close()


def test_other_mistakes_of_submitters(ward: Ward, file: Path, tmp_path: Path, capsys: Capture) -> None:
    for content, expected in ((b"", "there is no file"), (b"\x00\x01\x02\x03", "line 1"), (b"a,b\n1,2\n", "task_id")):
        path = tmp_path / "odd.csv"
        path.write_bytes(content)
        assert expected in refused(capsys, *send(ward, path, "Odd"))
    assert "active: ward@" in refused(capsys, *send(ward, file, "Old", "--version", "ward@1"), code=2)
    said = refused(capsys, *send(ward, file, "Wrong", "--parameters", "many", "--link", "javascript:alert(1)"))
    assert "parameters" in said
    assert "link" in said


def test_tokens_that_may_not_submit(ward: Ward, file: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "unknown").write_text("medsins_0123456789abcdef_" + "A" * 43)
    words = ["submit", str(file), "--model", "X", "--board", ward.board.url, "--token-file", str(tmp_path / "unknown")]
    assert "this token opens nothing here" in refused(capsys, *words)
    assert "may" in refused(capsys, *send(ward, file, "X", team="reader"))


def test_an_address_of_something_else_says_so(ward: Ward, file: Path, capsys: Capture) -> None:
    words = ["submit", str(file), "--model", "X", "--board", ward.board.url + "/other"]
    assert main(["board", *words, "--token-file", str(ward.tokens / "red")]) == 1
    assert "Traceback" not in capsys.readouterr().err


# maintainers run a model that was handed in as a link


def test_a_link_is_evaluated_by_maintainers(ward: Ward, tmp_path: Path, capsys: Capture) -> None:
    link = {"version": "", "name": "Linked", "link": "https://models.example.org/linked"}
    store = ward.store
    link["version"] = store.versions()[0].id
    secret = (ward.tokens / "blue").read_text().strip()
    posted = ward.board.http.post(
        ward.board.url + "/api/v1/links", json=link, headers={"authorization": f"Bearer {secret}"}
    )
    assert posted.status_code == 201
    waiting = posted.json()["id"]
    out = tmp_path / "runs" / "linked"
    said = refused(capsys, "evaluate", waiting, "-o", str(out), *ward.as_team("staff"), code=2)
    assert "name the --model to run" in said
    words = ["evaluate", waiting, "--model", "mock:say=no", "-o", str(out), "--protocol", "strict:shots=0"]
    assert refused(capsys, *words, *ward.as_team("red"))  # submitters may not
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(out.with_name("linked-tasks"), ignore_errors=True)
    kept = told(capsys, *words, *ward.as_team("staff"))
    assert kept["state"] == "scored"
    assert set(store.answers(waiting)) == {"no"}
    store.close()
    local = "".join(path.read_text() for path in (tmp_path / "runs").rglob("*.json*"))
    assert "right answer is" not in local, "references do not leave the board"
    again = refused(capsys, *words, *ward.as_team("staff"), code=2)
    assert "only links that wait for their run are evaluated" in again


# the board as a whole, while it is served


def test_care_while_readers_read(ward: Ward, perfect: dict[str, Any], tmp_path: Path, capsys: Capture) -> None:
    kept = perfect
    folder = ["--dir", str(ward.board.folder)]
    assert told(capsys, "verify", *folder) == {"problems": []}
    archive = tmp_path / "board.zip"
    told(capsys, "backup", "-o", str(archive), *folder)
    told(capsys, "restore", str(archive), "--dir", str(tmp_path / "copy"))
    copy = ["--dir", str(tmp_path / "copy")]
    assert told(capsys, "verify", *copy) == {"problems": []}
    for place, where in (("first", folder), ("second", copy)):
        told(capsys, "export", "-o", str(tmp_path / place), *where)
    first, second = (json.loads((tmp_path / place / "index.json").read_text()) for place in ("first", "second"))
    assert first == second
    assert "Perfect" in json.dumps(first)
    hidden = told(capsys, "moderate", "hide", kept["id"], "--reason", "doubt", *folder)
    assert hidden == {"hidden": kept["id"]}
    assert ward.board.http.get(f"{ward.board.url}/api/v1/submissions/{kept['id']}").status_code == 404
    told(capsys, "moderate", "restore", kept["id"], "--reason", "clear", *folder)
    assert ward.board.http.get(f"{ward.board.url}/api/v1/submissions/{kept['id']}").status_code == 200
    assert told(capsys, "moderate", "rescore", kept["id"], *folder) == {"queued": 1}
    until = time.monotonic() + 60
    store = ward.store
    while store.submission(kept["id"]).state != "scored" or store.waiting().get("queued"):
        assert time.monotonic() < until, "the worker never scored it again"
        time.sleep(0.05)
    store.close()
    assert told(capsys, "verify", *folder) == {"problems": []}


def test_the_log_of_the_server_holds_no_secrets(ward: Ward, file: Path, capsys: Capture) -> None:
    told(capsys, *send(ward, file, "Logged", "--no-wait"))
    log = ward.board.log.read_text()
    for line in filter(None, io.StringIO(log)):
        if line.startswith("{"):
            json.loads(line)
    assert "submission" in log
    for path in ward.tokens.iterdir():
        assert path.read_text().strip().rsplit("_", 1)[1] not in log
    assert ward.items[0].outputs[0] not in log


@pytest.mark.parametrize("team", ["red", "blue"])
def test_the_token_may_come_from_the_environment(
    ward: Ward, file: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, team: str
) -> None:
    monkeypatch.setenv("MEDSINS_BOARD_TOKEN", (ward.tokens / team).read_text())
    kept = told(capsys, "submit", str(file), "--model", f"Env {team}", "--board", ward.board.url, "--no-wait")
    assert kept["team"] == team
