"""Finished runs to comparisons: losses against a baseline, in blocks, with verdicts."""

from lossbench.comparison.across import Across, AcrossRow, across_datasets
from lossbench.comparison.comparing import compare, convergence_csv, convergence_of
from lossbench.comparison.converging import Convergence
from lossbench.comparison.curves import folders_of
from lossbench.comparison.factors import checked_factor
from lossbench.comparison.failures import fails_often
from lossbench.comparison.results import Check, Comparison, OneSeed, Row, csv_text

__all__ = [
    "Across",
    "AcrossRow",
    "Check",
    "Comparison",
    "Convergence",
    "OneSeed",
    "Row",
    "across_datasets",
    "checked_factor",
    "compare",
    "convergence_csv",
    "convergence_of",
    "csv_text",
    "fails_often",
    "folders_of",
]
