"""Finished runs to comparisons: losses against a baseline, in blocks, with verdicts."""

from lossbench.comparison.comparing import compare
from lossbench.comparison.results import Comparison, LossRow, csv_text

__all__ = ["Comparison", "LossRow", "compare", "csv_text"]
