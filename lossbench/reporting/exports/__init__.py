"""Exports: tables, figures, sentences and references for papers, notebooks and other programs."""

from lossbench.reporting.exports.choice import Choice, choice_of
from lossbench.reporting.exports.claims import claims_text
from lossbench.reporting.exports.latex import latex_tables
from lossbench.reporting.exports.markdown import markdown_tables
from lossbench.reporting.exports.references import references_bib, references_markdown
from lossbench.reporting.exports.tables import csv_tables, parquet_tables
from lossbench.reporting.exports.writing import check_folder, export, printed

__all__ = [
    "Choice",
    "check_folder",
    "choice_of",
    "claims_text",
    "csv_tables",
    "export",
    "latex_tables",
    "markdown_tables",
    "parquet_tables",
    "printed",
    "references_bib",
    "references_markdown",
]
