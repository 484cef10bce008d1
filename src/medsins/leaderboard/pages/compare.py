"""Up to four models side by side, with paired tests on the same questions, adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from medsins.leaderboard.interface import NotFound, Store
from medsins.leaderboard.ranks import LEVEL, aligned, half_width, pair_tests, row_scores
from medsins.leaderboard.views import (
    Column,
    Frame,
    Shown,
    category_columns,
    mean_figure,
    read_frame,
    read_shown,
    read_version,
    task_figure,
)
from medsins.metrics.stats import holm
from medsins.reports.figures import Figure
from medsins.reports.tables import Cell

from ._page import Page, Query, Table

MOST = 4


@dataclass(frozen=True, slots=True)
class Picked:
    """A model of the comparison; ``mark`` is its letter."""

    id: str
    name: str
    team: str
    mark: str
    submission: str
    signature: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two models, first minus second, in percentage points: mean over questions of the differences of row scores, its
    95 % interval, p adjusted (Holm) among all pairs of the table.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float

    @property
    def different(self) -> bool:
        """Whether the adjusted p is below the level."""
        return self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """A category or task: each model's figure, each pair's difference, and which models are ahead of which."""

    name: str
    key: str
    metric: str
    rows: int
    figures: tuple[Figure, ...]
    pairs: tuple[Pairing, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class CompareView:
    """The comparison; with fewer than two models known only ``models`` to choose from."""

    frame: Frame
    models: tuple[tuple[str, str], ...]
    picked: tuple[Picked, ...]
    unknown: int
    categories: tuple[Comparison, ...]
    tasks: tuple[Comparison, ...]


def view(store: Store, query: Query) -> CompareView:
    """Compare the models named by ``m``, at most four."""
    frame = read_frame(store, query.one("version"), query.one("profile"))
    if not frame.version:
        raise NotFound("this board has no version of the benchmark yet")
    shown = read_shown(store, frame.version)
    by_id = {each.card.id: each for each in shown}
    asked = query.many("m")
    chosen = [by_id[model] for model in asked if model in by_id][:MOST]
    picked = tuple(
        Picked(
            e.card.id, e.card.name, e.team, "ABCD"[i], e.published.submission, e.sheet.signatures.get(frame.profile, "")
        )
        for i, e in enumerate(chosen)
    )
    columns = category_columns(read_version(store, frame), shown, frame.profile)
    both = len(chosen) >= 2
    return CompareView(
        frame=frame,
        models=tuple(sorted(((e.card.id, e.card.name) for e in shown), key=lambda pair: pair[1].lower())),
        picked=picked,
        unknown=sum(model not in by_id for model in asked),
        categories=_compare(store, chosen, columns, frame.profile, True) if both else (),
        tasks=_compare(store, chosen, _task_columns(chosen[0], frame.profile), frame.profile, False) if both else (),
    )


def _task_columns(shown: Shown, profile: str) -> list[Column]:
    lines = [line for line in shown.sheet.tasks if profile in line.figures]
    return [Column(x.name, x.name, x.first(profile).metric, (x.name,), x.rows) for x in lines]


def _compare(
    store: Store, chosen: Sequence[Shown], columns: Sequence[Column], profile: str, whole: bool
) -> tuple[Comparison, ...]:
    scores = [row_scores(store, each.published, profile) for each in chosen]
    found: list[tuple[Column, list[tuple[int, int, float, float, float]]]] = []
    for column in columns:
        blocks = aligned(scores, column.tasks)
        if blocks:
            tests = pair_tests(blocks)
            pairs = [
                (i, j, float(tests.difference[i, j]), half_width(blocks, i, j), tests.p(i, j))
                for i, j in combinations(range(len(chosen)), 2)
            ]
            found.append((column, pairs))
    adjusted = iter(holm([pair[-1] for _, pairs in found for pair in pairs]))
    rows = []
    for column, pairs in found:
        made = tuple(
            Pairing(
                "ABCD"[i],
                "ABCD"[j],
                100 * d,
                max(-100.0, 100 * (d - half)),
                min(100.0, 100 * (d + half)),
                next(adjusted),
            )
            for i, j, d, half, _ in pairs
        )
        figures = tuple(_figure(each, column, profile, whole) for each in chosen)
        rows.append(Comparison(column.name, column.key, column.metric, column.rows, figures, made, _verdict(made)))
    return tuple(rows)


def _figure(shown: Shown, column: Column, profile: str, whole: bool) -> Figure:
    lines = shown.sheet.categories if whole else shown.sheet.tasks
    return mean_figure([task_figure(x, profile, column.metric) for x in lines if x.name == column.name], column.metric)


def _verdict(pairs: Sequence[Pairing]) -> str:
    """Which letters are ahead of which, as far as it is shown."""
    ahead = [(p.first, p.second) if p.difference > 0 else (p.second, p.first) for p in pairs if p.different]
    found: dict[str, list[str]] = {}
    for better, worse in ahead:
        found.setdefault(better, []).append(worse)
    return "; ".join(f"{better} ahead of {', '.join(sorted(worse))}" for better, worse in sorted(found.items()))


def tables(view: CompareView) -> Sequence[Table]:
    """Figures and differences, by category and by task."""
    if not view.categories:
        return ()
    names = [model.name for model in view.picked]
    pairs = [f"{a} - {b}" for a, b in combinations(names, 2)]
    header = ["name", "metric", "rows", *(part for n in names for part in (n, f"{n} low", f"{n} high"))]
    header += [part for pair in pairs for part in (pair, f"{pair} low", f"{pair} high", f"{pair} p Holm")]
    title = f"{', '.join(names)}, in percent and percentage points"
    return tuple(
        Table(name, title, tuple(header), tuple(map(_cells, lines)))
        for name, lines in (("categories", view.categories), ("tasks", view.tasks))
    )


def _cells(line: Comparison) -> tuple[Cell, ...]:
    row: list[Cell] = [line.name, line.metric, line.rows]
    for figure in line.figures:
        row += [figure.value, figure.low, figure.high]
    for pair in line.pairs:
        row += [pair.difference, pair.low, pair.high, pair.p]
    return tuple(row)


PAGE = Page("compare", "/compare", "compare.html", view, tables, ("version", "profile", "table", "m"))
