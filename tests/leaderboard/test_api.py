"""The JSON API: submitting, what comes back, who may see and do what."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsins.leaderboard.store import open_store

from .boards import score
from .service import VERSION, Running, predictions, running


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests here: each uses models of its own."""
    folder = tmp_path_factory.mktemp("api")
    store = open_store(f"sqlite:///{folder}/board.sqlite", create=True)
    with running(store, folder / "board") as started:
        yield started
    store.close()


def told(reply_json: dict[str, object]) -> str:
    return json.dumps(reply_json)


def test_a_file_becomes_a_submission(board: Running) -> None:
    reply = board.submit(name="First", parameters="7.5", weights="open", medical="true", protocol="strict, 3 shots")
    assert reply.status_code == 201
    made = reply.json()
    assert made["state"] == "queued"
    assert made["url"].endswith(f"/submission/{made['id']}")
    assert reply.headers["location"] == f"/api/v1/submissions/{made['id']}"
    assert made["noticed"]["rows"] == 4
    assert made["claims"]["protocol"] == "strict, 3 shots"
    assert board.store.answers(made["id"]) == [f"answer {row}" for row in range(4)]
    card = board.store.model(made["model"])
    assert (card.name, card.parameters, card.medical) == ("First", 7.5, True)
    assert board.get(f"/submission/{made['id']}").status_code == 200


def test_order_does_not_matter_and_missing_rows_are_told(board: Running) -> None:
    made = board.submit(name="Half", content=predictions([2, 0])).json()
    assert made["noticed"]["missing"]["count"] == 2
    assert board.store.answers(made["id"]) == ["answer 0", None, "answer 2", None]


def test_all_that_is_wrong_is_told_with_rows(board: Running) -> None:
    reply = board.submit(content=predictions([0, 1, 1, 99]))
    assert reply.status_code == 422
    places = [problem["place"] for problem in reply.json()["problems"]]
    assert places == ["row 3", "row 2"]
    assert board.submit(content=b"").status_code == 422
    assert board.submit(content=b"\x00\x01\x02").status_code == 422


def test_altered_references_change_nothing_and_are_noted(board: Running) -> None:
    honest = board.submit(name="Honest").json()
    swapped = board.submit(name="Swapped", content=predictions(gt="what the model said")).json()
    assert board.store.answers(swapped["id"]) == board.store.answers(honest["id"])
    assert swapped["noticed"]["references_changed"]["count"] > 0
    assert honest["noticed"]["references_changed"]["count"] == 0


def test_fields_are_checked_all_at_once(board: Running) -> None:
    reply = board.submit(name="", parameters="-1", weights="maybe", link="javascript:alert(1)", surprise="1")
    assert reply.status_code == 422
    assert {problem["place"] for problem in reply.json()["problems"]} == {
        "name",
        "parameters",
        "weights",
        "link",
        "surprise",
    }


def test_an_unknown_version_names_those_there_are(board: Running) -> None:
    reply = board.submit(version="large@9")
    assert reply.status_code == 422
    assert VERSION in told(reply.json())


def test_the_same_key_is_taken_once(board: Running) -> None:
    file = {"file": ("p.csv", predictions(), "text/csv")}
    data = {"version": VERSION, "name": "Twice"}
    replies = [
        board.post("/api/v1/submissions", "red", headers={"idempotency-key": "k1"}, data=data, files=file)
        for _ in range(2)
    ]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].json()["id"] == replies[1].json()["id"]


def test_a_raw_body_and_a_zipped_run_are_taken_too(board: Running) -> None:
    query = {"version": VERSION, "name": "Raw", "filename": "p.csv"}
    raw = board.post("/api/v1/submissions", "red", params=query, content=predictions())
    assert raw.status_code == 422  # a file's name is no field of a submission
    del query["filename"]
    raw = board.post("/api/v1/submissions", "red", params=query, content=predictions())
    assert raw.status_code == 201
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.writestr("predictions.csv", predictions())
        manifest = {"model": {"name": "m", "precision": "float32"}, "protocol": {"spec": "strict:shots=3"}}
        packed.writestr("manifest.json", json.dumps(manifest))
    made = board.submit(name="Run", content=bundle.getvalue()).json()
    assert made["kind"] == "run"
    assert made["claims"]["protocol"] == "strict:shots=3"


def test_a_link_waits_for_the_maintainers(board: Running) -> None:
    link = {"version": VERSION, "name": "Linked", "link": "https://models.example.org/linked"}
    made = board.post("/api/v1/links", "blue", json=link).json()
    assert (made["kind"], made["state"]) == ("link", "queued")
    path = f"/api/v1/submissions/{made['id']}/answers"
    assert board.post(path, "blue", content=predictions()).status_code == 404  # not for its own team
    assert board.post(path, "maintainer", content=predictions()).json()["noticed"]["rows"] == 4
    assert board.store.answers(made["id"])[0] == "answer 0"
    assert board.post(path, "maintainer", content=predictions()).status_code == 409


def test_what_is_published_and_what_is_not(board: Running) -> None:
    made = board.submit(name="Scored").json()
    path = f"/api/v1/submissions/{made['id']}"
    assert board.get(path).json()["published"] == []
    while (job := board.store.lease("tester", 60)) is not None:
        score(board.store, board.store.submission(job.submission), 61.5, job)
    shown = board.get(path).json()
    assert shown["state"] == "scored"
    assert shown["published"][0]["document"] == {"f1": 61.5}
    assert shown["noticed"] is None  # only for its team
    assert board.get(path, "red").json()["noticed"]["rows"] == 4


def test_a_team_withdraws_its_own_only(board: Running) -> None:
    made = board.submit(name="Regretted").json()
    path = f"/api/v1/submissions/{made['id']}/withdraw"
    assert board.post(path, "blue", json={"reason": "not mine"}).status_code == 404
    assert board.post(path, "red", json={"reason": ""}).status_code == 422
    gone = board.post(path, "red", json={"reason": "wrong checkpoint"})
    assert (gone.json()["state"], gone.json()["reason"]) == ("withdrawn", "wrong checkpoint")
    assert board.store.answers(made["id"]) == []
    assert board.get(f"/api/v1/submissions/{made['id']}").json()["state"] == "withdrawn"
    assert board.post(path, "red", json={"reason": "again"}).status_code == 409


def test_maintainers_hide_show_settle_and_score_again(board: Running) -> None:
    made = board.submit(name="Doubtful").json()
    path = f"/api/v1/submissions/{made['id']}"
    for verb in ("hide", "restore", "rescore"):
        assert board.post(f"{path}/{verb}", "red", json={"reason": "me"}).status_code == 404
    assert board.post(f"{path}/hide", "maintainer", json={"reason": "copied?"}).status_code == 200
    assert board.get(path).status_code == 404
    assert made["id"] not in told(board.get("/api/v1/submissions").json())
    assert board.post(f"{path}/restore", "maintainer", json={"reason": "not copied"}).status_code == 200
    board.store.add_flag(made["id"], "copied", {"of": "another"})
    (flag,) = [one for one in board.get("/api/v1/flags", "maintainer").json() if one["submission"] == made["id"]]
    assert board.get("/api/v1/flags", "red").status_code == 404
    settled = board.post(f"/api/v1/flags/{flag['id']}/settle", "maintainer", json={"verdict": "fine"})
    assert settled.status_code == 204
    assert board.post("/api/v1/flags/999999/settle", "maintainer", json={"verdict": "fine"}).status_code == 404
    log = board.get("/api/v1/log?limit=1000", "maintainer").json()
    assert {"submission.hide", "submission.restore", "flag.settle"} <= {entry["action"] for entry in log}


def test_instances_go_to_maintainers_without_references(board: Running) -> None:
    path = f"/api/v1/versions/{VERSION}/instances"
    assert board.get(path).status_code == 401
    assert board.get(path, "red").status_code == 404
    lines = [json.loads(line) for line in board.get(path, "maintainer").text.splitlines()]
    assert lines[0] == {"task_id": "task1", "instance_id": "i0", "input": "question 0"}
    assert len(lines) == 4


def test_models_and_versions(board: Running) -> None:
    board.submit(name="Listed")
    (version,) = board.get("/api/v1/versions").json()
    assert (version["id"], version["active"]) == (VERSION, True)
    assert board.get(f"/api/v1/versions/{VERSION}").json() == version
    (model,) = [one for one in board.get("/api/v1/models").json() if one["name"] == "Listed"]
    assert board.get(f"/api/v1/models/{model['id']}").json() == model
    assert board.get("/api/v1/models/none").status_code == 404
    assert board.get("/api/v1/me", "red").json()["team"] == "red"


def test_task_files_are_checked_and_forgotten(board: Running) -> None:
    task = {"Definition": ["Name it."], "Instances": [{"id": "1", "input": "a", "output": ["b"]}, {"input": "c"}]}
    file = {"file": ("my task.json", json.dumps(task).encode(), "application/json")}
    found = board.post("/api/v1/check", files=file).json()
    assert found["instances"] == 2
    assert found["errors"] >= 1
    assert "$.Instances[1].output" in told(found)
    assert str(board.settings.folder) not in told(found)
    assert list(board.settings.incoming.iterdir()) == []
    assert board.post("/api/v1/check", files={"file": ("x.exe", b"MZ", "x/y")}).status_code == 422


def test_the_document_of_the_api_describes_it(board: Running) -> None:
    document = board.get("/api/v1/openapi.json").json()
    assert set(document["paths"]["/api/v1/submissions"]) == {"get", "post"}
    form = document["paths"]["/api/v1/submissions"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"file", "version", "name"} <= set(form["required"])
    page = board.get("/api")
    assert page.status_code == 200
    assert "/api/v1/submissions/{submission}/withdraw" in page.text
    assert "<script" not in page.text.replace("<script src=", "")


def test_settings_of_another_folder(tmp_path: Path) -> None:
    from medsins.core.errors import InvalidFile
    from medsins.leaderboard.settings import SETTINGS, create_folder, read_settings

    create_folder(tmp_path)
    wrong = "prot = 1\nport = 'x'\nquota = 0\ndatabase = 'mysql://x'\nhosts = 'a'\n"
    (tmp_path / SETTINGS).write_text(wrong)
    with pytest.raises(InvalidFile) as caught:
        read_settings(tmp_path)
    said = str(caught.value)
    assert len(caught.value.problems) == 5
    assert "did you mean port?" in said
    assert "must be from 1 to 10,000" in said
