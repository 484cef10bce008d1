"""Statistics over per-row results: measures, bootstrap intervals, paired comparisons. Knows nothing of texts."""

from medsins.core.proportions import wilson

from .auroc import auroc, auroc_draws
from .bootstrap import LEVEL, RESAMPLES, average, bootstrap, generator, interval, intervals
from .measures import Array, Measure, RowTable, means, micro_f1, multi_label, ratio, single_label
from .paired import (
    holm,
    mcnemar,
    p_value,
    paired_bootstrap,
    permutation_test,
    permuted,
    smallest_detectable,
)

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "Array",
    "Measure",
    "RowTable",
    "auroc",
    "auroc_draws",
    "average",
    "bootstrap",
    "generator",
    "holm",
    "interval",
    "intervals",
    "mcnemar",
    "means",
    "micro_f1",
    "multi_label",
    "p_value",
    "paired_bootstrap",
    "permutation_test",
    "permuted",
    "ratio",
    "single_label",
    "smallest_detectable",
    "wilson",
]
