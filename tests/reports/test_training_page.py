"""The page of a tuning and that of a packed row: what they draw is what they were given, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsins.reports.row_page import shapes, write_row
from medsins.reports.training_page import axis, loss_curve, write_training

HOSTILE = "<script>alert(1)</script>"


def tuning(steps: int, evaluations: int = 3) -> dict[str, Any]:
    return {
        "recipe": "my.toml",
        "digest": "ab" * 32,
        "model": f"m{HOSTILE}",
        "losses": [
            {"step": n, "loss": 2 + 3 / n + 0.2 * (n % 3), "learning_rate": 1e-4, "tokens": 900 * n}
            for n in range(1, steps + 1)
        ],
        "evaluations": [
            {"step": 10 * n, "scores": {"MCQA": 20.0 + n, f"Named{HOSTILE}": 5.0 * n}} for n in range(evaluations)
        ],
        "suite": "mini",
        "questions": 4,
        "protocol": "strict:shots=0",
    }


def packed_row() -> dict[str, Any]:
    def part(start: int, *pieces: tuple[str, str]) -> dict[str, Any]:
        made = [{"kind": kind, "tokens": 5, "text": text} for kind, text in pieces]
        return {"start": start, "tokens": 5 * len(made), "pieces": made}

    return {
        "recipe": "my.toml", "row": 1, "rows": 9, "shard": "rows-00000.parquet", "tokens": 50, "capacity": 64,
        "answer_tokens": 15, "samples": 3,
        "groups": [
            {"prefix": part(0, ("frame", "<|system|>"), ("instruction", f"Do it {HOSTILE}")),
             "samples": [part(10, ("question", "q1"), ("answer", "a")), part(20, ("question", "q2"), ("answer", "b"))]},
            {"prefix": None,
             "samples": [part(30, ("instruction", "i"), ("shot", "s"), ("question", "q"), ("answer", "a"))]},
        ],
    }  # fmt: skip


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans())
def test_an_axis_holds_what_it_is_for_with_few_round_marks(low: float, reach: float, whole: bool) -> None:
    made = axis(low, low + reach, whole)
    assert made.start <= low + 1e-6 * abs(low)
    assert made.end >= low + reach - 1e-6 * abs(low + reach)
    assert 2 <= len(made.marks) <= 9
    places = [place for _, place in made.marks]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] == 100


@pytest.mark.parametrize("steps", [2, 7, 600, 5000])
def test_a_curve_has_few_points_within_its_square(steps: int) -> None:
    curve = loss_curve(list(range(1, steps + 1)), [5 / (1 + n) + (n % 2) for n in range(steps)])
    assert curve is not None
    for path in (curve.faint, curve.line):
        numbers = [float(text) for text in re.findall(r"[\d.]+", path)]
        assert len(numbers) <= 1200
        assert all(0 <= value <= 1000 for value in numbers)
        assert numbers[-2] == pytest.approx(1000 * steps / curve.x.end, abs=0.1)


def test_one_step_is_no_curve() -> None:
    assert loss_curve([1], [2.0]) is None


def test_the_mask_of_a_row_is_drawn_whole() -> None:
    """The area of the shapes is the number of pairs that see each other (half a token each on the diagonal)."""
    area = 0.0
    for shape in shapes(packed_row()):
        if shape.shared:
            wide, high = map(float, re.findall(r"[hv](\d+)", shape.path))
            area += wide * high
        else:
            area += float(re.findall(r"v(\d+)", shape.path)[0]) ** 2 / 2
    prefix, parts, alone = 10, (10, 10), 20
    assert area == prefix**2 / 2 + sum(prefix * p + p**2 / 2 for p in parts) + alone**2 / 2


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("kind", ["training", "training, begun", "row"])
def test_pages_in_a_browser(kind: str, width: int, tmp_path: Path, browser: Any) -> None:
    path = tmp_path / "page.html"
    if kind == "row":
        write_row(packed_row(), path)
    else:
        write_training(tuning(80) if kind == "training" else {"model": "m"}, path)
    tab = browser.new_page(viewport={"width": width, "height": 900})
    heard: list[str] = []
    tab.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("request", lambda request: heard.append(request.url))
    tab.goto(path.as_uri())
    tab.wait_for_timeout(200)
    assert heard == [path.as_uri()]
    assert not tab.evaluate("document.documentElement.scrollWidth > innerWidth")
    if kind == "training":
        assert tab.locator("path.curve").count() == 2
        assert tab.locator("circle.model").count() == 3
        assert "+2.0" in tab.locator("table").inner_text()
        box = tab.locator("path.curve").first.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    if kind == "row":
        assert tab.locator(".piece.answer").count() == 4  # three samples and the key
        assert HOSTILE in tab.locator("main").inner_text()
        assert tab.locator("path.sees-shared").count() == 2
    tab.close()
