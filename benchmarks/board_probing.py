"""How much a team learns of the references by trying: points over guessing, by what a board shows.

    python benchmarks/board_probing.py --items 300 --tries 700 --repeats 5

Two attacks on yes/no questions, both told only what the board shows. ``vote``: random answers, and for each question
the side of the attempts that did better. ``climb``: two answers of the best attempt so far are changed at a time, and
kept where what is shown does not fall. The ladder is the board's own (``medsins.leaderboard.publication``).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from medsins.leaderboard.publication import Standing, decide, headline
from medsins.leaderboard.records import Scores, Submission, Version, VersionTask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Answers = NDArray[np.int64]
Board = Callable[[Answers], float]


def exact(truth: Answers) -> Board:
    """Shows the score of every attempt."""
    return lambda answers: 100 * float((answers == truth).mean())


def rounded(truth: Answers) -> Board:
    """Shows it in whole percent."""
    return lambda answers: float(round(100 * (answers == truth).mean()))


class Ladder:
    """Shows what the board shows."""

    def __init__(self, truth: Answers) -> None:
        self.truth, self.standing, self.tries = truth, Standing(), 0
        task = VersionTask("task1", "MCQA", "English", "d", len(truth), 0)
        self.version = Version("probed@1", "probed", NOW, None, (task,))

    def __call__(self, answers: Answers) -> float:
        """One attempt."""
        self.tries += 1
        hits = (answers == self.truth).astype(float)
        figure = {
            "primary": "accuracy",
            "metrics": {"accuracy": 100 * hits.mean()},
            "rows": len(hits),
            "tasks": ["task1"],
        }
        profile = {"signature": "", "categories": {"MCQA": figure}, "tasks": {"task1": figure}}
        samples = tuple(
            {"row": row, "task_id": "task1", "profile": "strict", "metrics": {"accuracy": hit}}
            for row, hit in enumerate(hits.tolist())
        )
        name = f"s{self.tries}"
        scores = Scores(name, "open", "d", "m", {"rows": len(hits), "profiles": {"strict": profile}}, samples)
        attempt = Submission(name, self.version.id, "m", "t", self.tries, "csv", "scored", NOW, "")
        shown = decide(self.version, attempt, scores, self.standing, self.tries, NOW)
        self.standing = Standing(shown, scores if shown.submission == name else self.standing.scores)
        return headline(shown.document)


def vote(board: Board, truth: Answers, tries: int, draw: np.random.Generator) -> float:
    """The share that the vote of all attempts gets right."""
    votes, last = np.zeros(len(truth)), -1.0
    for number in range(tries):
        answers = draw.integers(0, 2, len(truth))
        value = board(answers)
        telling = value - 50 if not isinstance(board, Ladder) else (1.0 if number and value > last else -0.001)
        votes += (2 * answers - 1) * telling
        last = value
    return float(((votes > 0) == truth).mean())


def climb(board: Board, truth: Answers, tries: int, draw: np.random.Generator) -> float:
    """The share that the last attempt kept gets right."""
    best = draw.integers(0, 2, len(truth))
    shown = board(best)
    for _ in range(tries - 1):
        trial = best.copy()
        trial[draw.choice(len(truth), 2, replace=False)] ^= 1
        value = board(trial)
        if value > shown or (not isinstance(board, Ladder) and value >= shown):
            best, shown = trial, value
    return float((best == truth).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--tries", type=int, default=700)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    print(f"{args.items} yes/no questions, {args.tries} attempts; points over guessing, mean of {args.repeats}")
    print(f"{'shown':<10} {'vote':>6} {'climb':>6}")
    for name, kind in (("exact", exact), ("rounded", rounded), ("ladder", Ladder)):
        gains = []
        for attack in (vote, climb):
            found = []
            for seed in range(args.repeats):
                draw = np.random.default_rng(seed)
                truth = draw.integers(0, 2, args.items)
                found.append(100 * attack(kind(truth), truth, args.tries, draw) - 50)
            gains.append(fmean(found))
        print(f"{name:<10} {gains[0]:>6.1f} {gains[1]:>6.1f}", flush=True)


if __name__ == "__main__":
    main()
