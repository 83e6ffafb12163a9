"""The notebook in docs/ is what its script makes, was executed, and still can be."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("notebook_script", DOCS / "notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(notebook):
    """All outputs of a notebook, those of each cell of code together."""
    return [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


def kinds(notebook):
    return [
        [(one["output_type"], sorted(one.get("data", ()))) for one in cell]
        for cell in outputs(notebook)
    ]


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(DOCS / "notebook.ipynb", as_version=4)


def test_it_is_valid_small_and_has_the_cells_of_its_script(script, committed):
    nbformat.validate(committed)
    assert (DOCS / "notebook.ipynb").stat().st_size < 300 * 1024
    made = script.notebook()
    same = [[(c["cell_type"], c["source"], c["id"]) for c in n["cells"]] for n in (made, committed)]
    assert same[0] == same[1], "python docs/notebook.py"


def test_it_was_executed_without_errors_and_shows_tables_and_pictures(committed):
    assert all(
        one["output_type"] in ("execute_result", "stream") and one.get("name") != "stderr"
        for cell in outputs(committed)
        for one in cell
    )
    data = [one.get("data", {}) for cell in outputs(committed) for one in cell]
    assert sum("image/svg+xml" in one for one in data) == 2
    assert any("is better than cross_entropy" in one.get("text/html", "") for one in data)
    text = (DOCS / "notebook.ipynb").read_text("utf-8")
    assert "/tmp" not in text and "execution" not in text.replace("execution_count", "")


@pytest.mark.slow
def test_it_runs_anew_in_a_kernel_and_gives_outputs_of_the_same_kinds(script, committed, tmp_path):
    again = script.executed(tmp_path)
    assert kinds(again) == kinds(committed)
    assert (tmp_path / "runs" / "notebook" / "runs.csv").is_file()
    assert (tmp_path / "report.html").is_file()
