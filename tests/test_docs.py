"""Pages that a script writes are what the script writes today."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = [
        *re.findall(r"\]\(([^)#\s]+)", text),
        *re.findall(r'(?:src|srcset|href)="([^"#]+)"', text),
    ]
    for link in links:
        if "://" not in link:
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize(
    ("script", "page"),
    [
        ("tutorial_numbers.py", "tutorial-numbers.md"),
        ("oracles.py", "oracles.md"),
        ("synthetic_data.py", "synthetic-data.md"),
    ],
)
def test_a_written_page_is_fresh(script, page):
    done = subprocess.run(
        [sys.executable, DOCS / script], capture_output=True, text=True, check=True
    )
    assert done.stdout == (DOCS / page).read_text(encoding="utf-8"), "make docs"


def test_the_page_says_what_the_specification_of_the_project_measured():
    text = (DOCS / "tutorial-numbers.md").read_text(encoding="utf-8")
    for value in ("0.037500", "0.299001", "0.312164", "1.027500", "0.388750"):
        assert value in text
    for times in ("| 27.4 |", "| 20.7 |", "| 3.6 |"):
        assert times in text
