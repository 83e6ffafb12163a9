"""The catalogue as rows and as text; docstrings are read from source, importing no framework."""

import ast
import functools
import io
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from lossbench.catalog import DATASETS, LOSSES, METRICS, MODELS, OPTIMIZERS, Row, Table

TABLES: Mapping[str, Table[Any]] = {
    "losses": LOSSES,
    "datasets": DATASETS,
    "models": MODELS,
    "optimizers": OPTIMIZERS,
    "metrics": METRICS,
}


@functools.cache
def _docstrings(package: str, module: str) -> dict[str, str]:
    """Return the docstrings of a module's functions from its source text."""
    source = files(f"lossbench.{package}").joinpath(f"{module}.py").read_text("utf-8")
    functions = (n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    return {function.name: ast.get_docstring(function) or "" for function in functions}


def _docstring(package: str, row: Row) -> str:
    module, function = row.target.split(":")
    return _docstrings(package, module)[function]


def catalogue(kind: str, task: str | None = None) -> list[dict[str, Any]]:
    """Return a table of the catalogue as plain data.

    Args:
        kind: losses, datasets, models, optimizers or metrics.
        task: leave out what does not serve this task.
    """
    return [_row(kind, row) for row in TABLES[kind] if task is None or _serves(row, task)]


def _serves(row: Any, task: str) -> bool:
    if hasattr(row, "tasks"):
        return task in row.tasks
    return getattr(row, "task", None) in (None, task)


def _row(kind: str, row: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"name": row.name, "aliases": list(row.aliases)}
    if kind == "losses":
        docstring = _docstring("losses", row)
        found |= {
            "tasks": sorted(row.tasks),
            "meaning": docstring.partition("\n")[0],
            "formula": _formula(docstring),
            "needs": sorted(row.needs),
            "head": row.head,
            "decode": row.decode,
            "source": row.source,
        }
    elif kind == "metrics":
        found |= {
            "tasks": sorted(row.tasks),
            "meaning": row.meaning,
            "higher_is_better": row.higher_is_better,
        }
    elif kind == "optimizers":
        found["meaning"] = f"Keras's {row.target.partition(':')[2]}"
    else:
        found["meaning"] = row.source
    found["params"] = {
        name: {
            "accepts": p.accepts,
            **({} if p.required else {"default": p.default}),
            "help": p.help,
        }
        for name, p in row.params.items()
    }
    return found


def _formula(docstring: str) -> str:
    """Return the paragraph of a loss's docstring that starts with `loss =`."""
    paragraphs = docstring.split("\n\n")
    return next((" ".join(p.split()) for p in paragraphs if p.startswith("loss =")), "")


def catalogue_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows of the catalogue as text of at most 80 columns."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(file=io.StringIO(), width=80, highlight=False)
    for row in rows:
        params = ", ".join(_parameter(name, p) for name, p in row["params"].items())
        tasks = f"  [{', '.join(row['tasks'])}]" if row.get("tasks") else ""
        console.print(Text(f"{row['name']}{tasks}"))
        lines = [row["meaning"], row.get("formula"), params and f"parameters: {params}"]
        if row["aliases"]:
            lines.append(f"also: {', '.join(row['aliases'])}")
        for line in filter(None, lines):
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _parameter(name: str, parameter: Mapping[str, Any]) -> str:
    if "default" not in parameter:
        return f"{name} (required)"
    return f"{name} = {json.dumps(parameter['default'])}"
