"""The report: one HTML file that asks no network for anything."""

from lossbench.reporting.page.page import page_html
from lossbench.reporting.page.report import Report, report_of
from lossbench.reporting.page.writing import write_report

__all__ = ["Report", "page_html", "report_of", "write_report"]
