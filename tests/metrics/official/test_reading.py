"""Files are read as pandas reads them; what pandas refuses is said with its place."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsins.core import InvalidFile
from medsins.metrics.official import read_official_csv
from medsins.metrics.official.cells import MISSING_SPELLINGS, as_cell

HEADER = "task_id,input,GT,output\n"


def _write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_columns_are_typed_as_a_whole(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", HEADER + "task1,q,007,True\ntask1,q,10,False\n")
    assert read_official_csv(path).named()[1:] == ([7, 10], [True, False])
    path = _write(tmp_path / "b.csv", HEADER + "task1,q,10,1\ntask1,q,,x\n")
    _, references, outputs = read_official_csv(path).named()
    assert str(references[0]) == "10.0"
    assert math.isnan(float(references[1] or 0))
    assert outputs == ["1", "x"]


def test_pandas_agrees_which_texts_are_missing(tmp_path: Path) -> None:
    spellings = [*sorted(MISSING_SPELLINGS), "none", "N.A.", " None", "Null", "NIL", "-", "missing", "nAn", "<na>"]
    path = tmp_path / "c.csv"
    frame = pandas.DataFrame({"task_id": "t", "input": "q", "GT": "x", "output": spellings})
    frame.to_csv(path, index=False, quoting=1)
    for text, cell in zip(spellings, read_official_csv(path).named()[2], strict=True):
        mine = as_cell(text)
        assert (mine == cell) or (mine != mine and cell != cell), text


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1).filter(str.strip), min_size=1
    )
)
def test_texts_come_back_as_cells(tmp_path: Path, texts: list[str]) -> None:
    texts.append("surely text")  # so that the column is not typed as numbers
    frame = pandas.DataFrame({"task_id": "t", "input": "q", "GT": "x", "output": texts})
    path = tmp_path / "d.csv"
    frame.to_csv(path, index=False, quoting=1)
    assert [cell for cell in read_official_csv(path).named()[2] if cell == cell] == [
        cell for cell in map(as_cell, texts) if cell == cell
    ]


def test_too_many_fields_are_an_error_or_dropped(tmp_path: Path) -> None:
    path = _write(tmp_path / "e.csv", HEADER + "t,q,a,b\nt,q,a,b,c\nt,q,a,d\n")
    with pytest.raises(InvalidFile, match=r"e\.csv:3: Expected 4 fields in line 3, saw 5"):
        read_official_csv(path)
    table = read_official_csv(path, warn_bad_lines=True)
    assert table.rows == 2
    assert "line 3" in table.warnings[0]


def test_an_extra_field_in_the_first_line_shifts_all_columns(tmp_path: Path) -> None:
    path = _write(tmp_path / "f.csv", HEADER + "t,q,a,b,c\nt,q,d,e,f\n")
    assert read_official_csv(path).named() == (["q", "q"], ["b", "e"], ["c", "f"])


def test_columns_by_name_and_by_place(tmp_path: Path) -> None:
    path = _write(tmp_path / "g.csv", "output,GT,input,task_id\nx,y,q,t\n")
    table = read_official_csv(path)
    assert table.named() == (["t"], ["y"], ["x"])
    assert table.positional() == (["x"], ["q"], ["t"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "No columns"),
        (b"task_id,input,GT,output\nt,q,\"open,b\n", "line 2|row 1"),
        ("task_id,input,GT,output\nt,q,é,b\n".encode("latin-1"), r"h\.csv:2:5: not UTF-8"),
        ("task_id,input,GT,output\n".encode("utf-16"), "not UTF-8"),
    ],
)  # fmt: skip
def test_files_pandas_cannot_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidFile, match=message):
        read_official_csv(path)


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "i.csv", "task_id,input,answer\nt,q,a\n")
    table = read_official_csv(path)
    with pytest.raises(InvalidFile, match=r"(?s)no column 'GT'.*no column 'output'"):
        table.named()
    with pytest.raises(InvalidFile, match="3 columns where 4"):
        table.positional()
    with pytest.raises(InvalidFile, match="no such file"):
        read_official_csv(tmp_path / "none.csv")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(st.sampled_from('task_id,GT"\n\r ,1.\x00é'), max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j.csv"
    path.write_bytes(content)
    try:
        expected = len(pandas.read_csv(io.BytesIO(content)))
    except ValueError:
        with pytest.raises(InvalidFile, match=r"j\.csv"):
            read_official_csv(path)
    else:
        assert read_official_csv(path).rows == expected
