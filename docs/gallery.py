"""Run example configs and keep their reports in docs/gallery, with screenshots for the README.

    python docs/gallery.py              # all of them; what is finished is not run again
    python docs/gallery.py quickstart   # only these

Screenshots need Chromium; without it those that are there stay.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lossbench import __version__, store
from lossbench.reporting.page import page_html, report_of

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "gallery"
PICTURES = ROOT / "docs" / "pictures"

REPORTS = {
    "quickstart": "Four losses on digits: the demo.",
    "honest": "Six losses on digits with wrong labels, each at its own tuned learning rate.",
    "label-noise": "Losses for wrong labels, and what noise does to the usual one.",
    "long-tail": "Ten classes of which some are rare: who gains in the tail, and who pays.",
    "outliers": "Regression with outliers in the training targets.",
    "segmentation": "Masks: losses of single pixels beside losses of overlap.",
    "ordinal": "Grades: how far off are the mistakes?",
    "optimizers": "Optimizers instead of losses: which trains faster?",
}
"""Configs and what their reports show."""

SHOWN = "quickstart"
"""The report whose head the README shows."""
WIDTH, HEIGHT = 1000, 1150


def main(names: Iterable[str]) -> None:
    """Run, write the reports, take pictures of them."""
    wanted = [name for name in REPORTS if name in set(names)] or list(REPORTS)
    FOLDER.mkdir(exist_ok=True)
    for name in wanted:
        subprocess.run(
            [sys.executable, "-m", "lossbench", "run", f"configs/{name}.yaml", "--quiet"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        report = report_of([ROOT / "runs" / name], __version__)
        store.write_whole(FOLDER / f"{name}.html", page_html(report))
        print(f"docs/gallery/{name}.html")
    store.write_whole(FOLDER / "README.md", _index())
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium: the screenshots stay as they were")
        return
    _screenshots(chromium, wanted)


def _index() -> str:
    lines = [
        "# Gallery",
        "",
        "Reports of example configs; `make gallery` runs them and writes the pages anew.",
        "Download a file and open it: it is one page that needs nothing else. Times in them are",
        "those of two CPU cores.",
        "",
        "| report | shows | config |",
        "|---|---|---|",
        *(
            f"| [{name}]({name}.html) | {text} | [{name}.yaml](../../configs/{name}.yaml) |"
            for name, text in REPORTS.items()
            if (FOLDER / f"{name}.html").is_file()
        ),
    ]
    return "\n".join(lines) + "\n"


def _screenshots(chromium: str, names: Iterable[str]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if SHOWN in names:
            for scheme in ("light", "dark"):
                _screenshot(browser, SHOWN, scheme, PICTURES / f"report-{scheme}.png")
        browser.close()


def _screenshot(browser: Any, name: str, scheme: str, path: Path) -> None:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.goto((FOLDER / f"{name}.html").as_uri())
    page.screenshot(path=path)
    context.close()
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
