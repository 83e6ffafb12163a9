"""Writes docs/notebook.ipynb: lossbench in a notebook, executed by a real Jupyter kernel.

    python docs/notebook.py

Takes about a minute. The cells stand below; when they ran, and for how long, is not kept.
"""

import copy
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

PAGE = Path(__file__).with_name("notebook.ipynb")
ROOT = Path(__file__).parents[1]


def text(source: str) -> Any:
    """Return a cell of text."""
    return nbformat.v4.new_markdown_cell(source=source.strip())


def code(source: str) -> Any:
    """Return a cell of code."""
    return nbformat.v4.new_code_cell(source=source.strip())


CELLS = (
    text(
        """# lossbench in a notebook

Which loss should a small network be trained with, and is the difference real? Four functions
answer from Python: `run` trains, `load` gives the runs as a pandas table, `compare` gives the
verdicts, `report` writes the page. `import lossbench` is instant; TensorFlow is loaded by the
worker processes alone."""
    ),
    code("""import lossbench"""),
    text(
        """## Train

An experiment is what stands in a YAML file: its path, or the same as a dictionary. This one
trains three losses from eight equal starting points each, on 5,000 handwritten digits that are part
of the package. A second call trains nothing again."""
    ),
    code(
        """experiment = {
    "name": "notebook",
    "dataset": "mnist_mini",
    "model": "seed_cnn",
    "losses": ["cross_entropy", "brier", "crammer_singer"],
    "seeds": 8,
    "train": {"epochs": 2, "batch_size": 128},
    "protocol": {"metric": "accuracy", "baseline": "cross_entropy", "delta": 0.005},
}
finished = lossbench.run(experiment, progress=False)
finished.trained, finished.reused"""
    ),
    text(
        """## The runs as a table

A row for each run: what it was, how it ended, and each metric on test and on validation."""
    ),
    code(
        """runs = lossbench.load(finished)
runs[["loss", "seed", "status", "selected_epoch", "accuracy", "nll", "validation_nll"]].head()"""
    ),
    code("""runs.groupby("loss")[["accuracy", "nll", "ece"]].agg(["mean", "std"]).round(4)"""),
    text(
        """## The verdicts

Runs are paired by seed: the same starting point, the same order of examples. A verdict is made of
the interval of the mean difference and of `delta`, the difference that was declared to matter."""
    ),
    code(
        """results = lossbench.compare(finished)
results"""
    ),
    code(
        """result = results[0]
result.table[["mean", "diff", "ci_low", "ci_high", "p_holm", "verdict"]].round(4)"""
    ),
    text(
        """## Pictures

Every picture of the report is here, too: to look at, to `save` as SVG, PDF or PNG, and as a
matplotlib figure (`.figure`) to go on with."""
    ),
    code("""result.picture("forest")"""),
    text(
        """
What a loss rewards and what it ignores: all are made equally steep where the label's score is
as high as the others'."""
    ),
    code("""result.picture("loss-shapes")"""),
    code("""[one.picture.name for one in result.pictures]"""),
    text(
        """## The report

One HTML file that needs no network, to mail and to print. A cell that ends with `page` shows it
inside the notebook."""
    ),
    code(
        """page = lossbench.report(finished, "report.html")
print(page)"""
    ),
    text(
        """## Mistakes

They are told before anything is trained, all at once, with the texts of the command line."""
    ),
    code(
        """from lossbench.errors import ConfigError

try:
    losses = ["cross_entropy", {"name": "focal", "gama": 2}]
    lossbench.run({**experiment, "losses": losses, "seeds": 0})
except ConfigError as error:
    print(error)"""
    ),
)


def notebook() -> Any:
    """Return the notebook, not executed yet."""
    found = nbformat.v4.new_notebook(cells=[copy.deepcopy(cell) for cell in CELLS])
    for number, cell in enumerate(found["cells"], start=1):
        cell["id"] = f"cell-{number}"
    found["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return found


def executed(folder: Path) -> Any:
    """Return the notebook after a kernel has run its cells in a folder; raises a cell's error."""
    found = notebook()
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), before)))
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(found, timeout=600, kernel_name="python3", resources=where).execute()
    for cell in found["cells"]:
        cell["metadata"] = {}  # when it ran
    found["metadata"] = notebook()["metadata"]
    return found


def main() -> None:
    """Run the cells and write the notebook."""
    with tempfile.TemporaryDirectory() as folder:
        found = executed(Path(folder))
    PAGE.write_text(nbformat.writes(found) + "\n", encoding="utf-8")
    print(f"wrote {PAGE}: {PAGE.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
