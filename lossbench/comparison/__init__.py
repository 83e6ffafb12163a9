"""Finished runs to comparisons: losses against a baseline, in blocks, with verdicts."""

from lossbench.comparison.comparing import compare, convergence_csv, convergence_of
from lossbench.comparison.converging import Convergence
from lossbench.comparison.factors import checked_factor
from lossbench.comparison.results import Comparison, Row, csv_text

__all__ = [
    "Comparison",
    "Convergence",
    "Row",
    "checked_factor",
    "compare",
    "convergence_csv",
    "convergence_of",
    "csv_text",
]
