"""Statistics over per-row results: measures, bootstrap intervals, paired comparisons. Knows nothing of texts."""

from .bootstrap import LEVEL, RESAMPLES, average, bootstrap, generator, interval, intervals
from .measures import Array, Measure, RowTable, means, micro_f1, multi_label, ratio, single_label
from .paired import (
    Difference,
    compare_tables,
    holm,
    mcnemar,
    paired_bootstrap,
    permutation_test,
    smallest_detectable,
)

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "Array",
    "Difference",
    "Measure",
    "RowTable",
    "average",
    "bootstrap",
    "compare_tables",
    "generator",
    "holm",
    "interval",
    "intervals",
    "mcnemar",
    "means",
    "micro_f1",
    "multi_label",
    "paired_bootstrap",
    "permutation_test",
    "ratio",
    "single_label",
    "smallest_detectable",
]
