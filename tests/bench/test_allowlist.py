"""The allow-list: everything wrong with it is said at once, with line and field; what is right is read exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.bench.allowlist import config_path, read_approvals, reason_problem
from medsins.core import InvalidFile, UsageError

GOOD = """
# endpoints the data officer approved
[[guard.allow]]
endpoint = "https://llm.hospital.example/v1"
access = ["credentialed"]
reason = "inside the hospital's network, zero retention"

[[guard.allow]]
endpoint = "https://gpu.hospital.example:8443"
access = ["credentialed", "private", "unknown"]
reason = "our own machine in the locked room, approved 2026-03-02"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return folder / "config.toml"


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read_approvals(write(folder, text))
    return [f"{problem.place.removeprefix(str(folder))}: {problem.what}" for problem in caught.value.problems]


def test_a_good_list(tmp_path: Path) -> None:
    first, second = read_approvals(write(tmp_path, GOOD))
    assert (first.address.host, first.address.port, first.address.path) == ("llm.hospital.example", 443, ("v1",))
    assert first.access == ("credentialed",)
    assert (second.address.port, second.address.path) == (8443, ())
    assert second.reason.startswith("our own machine")


def test_no_file_is_an_empty_list_unless_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_path() == tmp_path / "config" / "medsins" / "config.toml"
    assert read_approvals() == ()
    monkeypatch.setenv("MEDSINS_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(UsageError, match=r"nowhere\.toml"):
        read_approvals()
    monkeypatch.setenv("MEDSINS_CONFIG", str(write(tmp_path, GOOD)))
    assert len(read_approvals()) == 2


def test_everything_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = """
[[guard.allow]]
endpoint = "http://llm.hospital.example/v1"
access = ["credentialed"]
reason = "too short"

[[guard.allow]]
endpont = "https://llm.hospital.example/v1"
access = "private"
reason = "inside the hospital's network, zero retention"

[[guard.allow]]
endpoint = "https://user:word@llm.hospital.example/v1"
access = ["open"]
"""
    assert problems(tmp_path, text) == [
        "/config.toml, line 2: endpoint is not https: others on the way could read the text",
        "/config.toml, line 2: reason: a reason takes 20 characters, this has 9",
        "/config.toml, line 7: unknown field endpont",
        "/config.toml, line 7: endpoint is missing",
        "/config.toml, line 7: access is no list of terms",
        "/config.toml, line 12: endpoint is no plain URL",
        "/config.toml, line 12: access 'open' needs or has no approval",
        "/config.toml, line 12: reason: is missing",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[guard.allow]\n", "is no TOML"),
        ("guard = 3", "no list of tables"),
        ("[guard]\nallow = 'all'", "no list of tables"),
        ("[guard]\nallow = ['https://llm.example']", "no list of tables"),
        ("[guard]\nalow = []", "unknown field guard.alow"),
        ("[guard]\nallow = [{endpoint = 'x'}]", "guard.allow[0]: endpoint is no plain URL"),
    ],
)
def test_other_shapes(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in line for line in problems(tmp_path, text))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00[")
    with pytest.raises(InvalidFile, match="is no TOML"):
        read_approvals(tmp_path / "config.toml")


@given(st.text(max_size=200))
def test_no_text_is_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.mktemp("any"), text.replace("\r", "").encode("utf-8", "replace").decode())
    try:
        found, said = read_approvals(path), ""
    except InvalidFile as error:
        found, said = (), str(error)
    assert found == ()
    assert not said or str(path) in said


@pytest.mark.parametrize(
    ("text", "is_reason"),
    [
        ("approved by the ethics board, file 12/2026", True),
        ("经医院数据管理办公室批准，零留存，编号二零二六零三", True),
        ("倫理委員会の承認済み、保存なし、院内のみで使用する", True),
        ("", False),
        ("yes", False),
        ("a a a a a a a a a a a a a a a a a a", False),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", False),
        ("1234567890 1234567890 1234567890", False),
        ("test test test test test test", False),
        (" " * 50, False),
    ],
)
def test_what_is_a_reason(text: str, is_reason: bool) -> None:
    assert (reason_problem(text) == "") == is_reason


def test_the_guide_shows_an_entry_that_works(tmp_path: Path) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "restricted-data.md").read_text(encoding="utf-8")
    (approval,) = read_approvals(write(tmp_path, guide.split("```toml\n")[1].split("```")[0]))
    assert approval.access == ("credentialed",)
