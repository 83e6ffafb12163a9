"""Pages that a script writes are what the script writes today."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


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
