"""The page as a file in the folder of the experiment that it is about."""

from pathlib import Path

from lossbench import store
from lossbench.reporting.page.page import page_html
from lossbench.reporting.page.report import report_of


def write_report(folder: Path, version: str) -> Path:
    """Write an experiment's page into its folder, and return the file.

    Raises:
        StoreError: the folder holds no runs, or cannot be written.
    """
    path = folder / "report.html"
    store.write_whole(path, page_html(report_of([folder], version, folder)))
    return path
