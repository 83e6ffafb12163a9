"""The catalogue as rows and as text; docstrings are read from source, importing no framework."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from lossbench.catalog import (
    AUGMENTATIONS,
    DATASETS,
    LOSSES,
    METRICS,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    Dataset,
    Parameter,
    Table,
)
from lossbench.catalog.losses import SEGMENTATION, Head, Loss, Need
from lossbench.catalog.models import Model
from lossbench.catalog.models.kinds import OF_ALL
from lossbench.reporting.docstrings import loss_text

TABLES: Mapping[str, Table[Any]] = {
    "losses": LOSSES,
    "datasets": DATASETS,
    "models": MODELS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "metrics": METRICS,
    "augmentations": AUGMENTATIONS,
}

NEEDS: tuple[str, ...] = (
    *get_args(Need),
    *(head for head in get_args(Head) if head != "per_output"),  # which the data decide
    "batchwise",
    "ordered",
    "weights",
)
"""What losses can be asked for: what the runner supplies, a head, or a property."""

USUAL_HEADS: frozenset[Head] = frozenset({"classes", "binary", "targets"})
"""Heads that the task alone decides."""


def catalogue(
    kind: str, task: str | None = None, needs: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Return a table of the catalogue as plain data.

    Args:
        kind: losses, datasets, models, optimizers, schedules, metrics or augmentations.
        task: leave out what does not serve this task.
        needs: of losses, leave out those that lack one of these; names of NEEDS.
    """
    return [
        _row(kind, row)
        for row in TABLES[kind]
        if (task is None or _serves(row, task)) and all(has(row, need) for need in needs)
    ]


def _serves(row: Any, task: str) -> bool:
    if isinstance(row, Model):
        return row.suits("pixel" if task in SEGMENTATION else "image")
    if isinstance(row, Loss):
        return task in row.serves
    if hasattr(row, "tasks"):
        return task in row.tasks
    if task == "retrieval" and isinstance(row, Dataset):
        return task in row.params
    return getattr(row, "task", None) in (None, task)


def has(row: Loss, need: str) -> bool:
    """Return whether a loss needs what one of NEEDS names."""
    properties = {"batchwise": row.batchwise, "ordered": row.ordered, "weights": bool(row.weights)}
    return need == row.head or need in row.needs or properties.get(need, False)


def loss_row(row: Loss) -> dict[str, Any]:
    """Return a loss as plain data."""
    text = loss_text(row)
    return {
        "name": row.name,
        "aliases": list(row.aliases),
        "tasks": sorted(row.serves),
        "meaning": text.meaning,
        "formula": " ".join(text.formula),
        "params": _parameters(row.params),
        "needs": sorted(row.needs),
        "head": row.head,
        "decode": row.decode,
        "soft": row.soft,
        "batchwise": row.batchwise,
        "ordered": row.ordered,
        "role": row.role,
        "weights": [asdict(weight) for weight in row.weights],
        "limits": [asdict(limit) for limit in row.limits],
        "source": row.source,
    }


def _row(kind: str, row: Any) -> dict[str, Any]:
    if kind == "losses":
        return loss_row(row)
    found: dict[str, Any] = {"name": row.name, "aliases": list(row.aliases)}
    if kind == "metrics":
        found |= {
            "tasks": sorted(row.tasks),
            "meaning": row.meaning,
            "higher_is_better": row.higher_is_better,
        }
    elif kind == "augmentations":
        found |= {"meaning": row.meaning, "mixes": row.mixes, "source": row.source}
    elif kind == "schedules":
        found["meaning"] = row.meaning
    elif kind == "optimizers":
        keras = row.target.partition(":")[2]
        found["meaning"] = f"{row.meaning}; Keras's {keras}; {row.source}"
    else:
        found["meaning"] = row.source
    return found | {"params": _parameters(row.params)}


def _parameters(params: Mapping[str, Parameter]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "accepts": p.accepts,
            **({} if p.required else {"default": p.default}),
            "help": p.help,
            "origin": p.origin,
        }
        for name, p in params.items()
    }


def common_parameters(kind: str) -> dict[str, dict[str, Any]]:
    """Return the parameters that all rows of a kind share, as `catalogue` has them."""
    return _parameters(OF_ALL) if kind == "models" else {}


def catalogue_text(
    rows: Iterable[Mapping[str, Any]], common: Mapping[str, Mapping[str, Any]] | None = None
) -> str:
    """Return rows of the catalogue as text of at most 80 columns.

    Args:
        rows: as `catalogue` returns them.
        common: parameters that are said once, at the end.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(file=io.StringIO(), width=80, highlight=False)
    for row in rows:
        own = [(k, p) for k, p in row["params"].items() if p != (common or {}).get(k)]
        params = ", ".join(_parameter(name, p) for name, p in own)
        tasks = f"  [{', '.join(row['tasks'])}]" if row.get("tasks") else ""
        console.print(Text(f"{row['name']}{tasks}"))
        lines = [row["meaning"], row.get("formula"), params and f"parameters: {params}"]
        needed = ", ".join(needs_in_words(row))
        lines.append(needed and f"needs: {needed}")
        if row["aliases"]:
            lines.append(f"also: {', '.join(row['aliases'])}")
        for line in filter(None, lines):
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    for name, parameter in (common or {}).items():
        line = f"every network takes {_parameter(name, parameter)}: {parameter['help']}"
        console.print(Padding(Text(line), (0, 0, 0, 0)))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def needs_in_words(row: Mapping[str, Any]) -> list[str]:
    """Return what is out of the ordinary about a loss, in the words that `--need` takes."""
    found = list(row.get("needs", ()))
    if row.get("head") not in (None, *USUAL_HEADS):
        found.append(f"{row['head']} head")
    properties = ("batchwise", "ordered", "weights")
    return found + [name for name in properties if row.get(name)]


def _parameter(name: str, parameter: Mapping[str, Any]) -> str:
    if "default" not in parameter:
        return f"{name} (required)"
    return f"{name} = {json.dumps(parameter['default'])}"
