"""Reports of runs: the terminal, offline HTML pages, CSV and LaTeX tables. They read runs and never change them."""

from __future__ import annotations

from pathlib import Path

from .audit import print_audit, write_audit
from .comparison import print_comparison, write_comparison
from .html import write_html
from .mixture_page import print_mixture, write_mixture
from .spread import print_spread, write_spread
from .tables import inert, write_csv, write_predictions, write_tables
from .terminal import print_scores

__all__ = [
    "inert",
    "print_audit",
    "print_comparison",
    "print_mixture",
    "print_scores",
    "print_spread",
    "write_audit",
    "write_comparison",
    "write_csv",
    "write_html",
    "write_mixture",
    "write_predictions",
    "write_report",
    "write_spread",
    "write_tables",
]


def write_report(run_dir: Path) -> Path:
    """Write ``report.html``, ``predictions.csv`` and ``tables/`` of a run directory; returns the report's path.

    Raises:
        UsageError: the directory is not there or holds no run.
        InvalidFile: its manifest or scores cannot be read.
        RunError: its run store is damaged.
    """
    write_tables(run_dir)
    return write_html(run_dir)
