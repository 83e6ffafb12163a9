"""A loss of the catalogue on one page of text, importing no framework."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lossbench.catalog.losses import Decode, Head, Loss, Need
from lossbench.reporting.catalogue import loss_row
from lossbench.reporting.docstrings import LossText, loss_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

NEEDS: Mapping[Need, str] = {
    "class_counts": "the number of training examples per class",
    "epoch": "the epochs finished so far",
    "epochs": "the epochs of the whole run",
    "embeddings": "the features before the head",
    "target_range": "the least and the greatest training target",
    "kernels": "the network's weight matrices and kernels",
    "head_losses": "the training loss of each head in the last two epochs",
    "head_columns": "which targets and outputs belong to each head",
}
HEADS: Mapping[Head, str] = {
    "classes": "one output per class",
    "cosine": "cosines of the features to one vector per class",
    "binary": "one output for two classes, or one per label",
    "targets": "one output per target",
    "coral": "one output per step between ordered classes, sharing one weight vector",
    "thresholds": "one output per step between ordered classes",
    "embedding": "a vector whose place means the class",
    "per_output": "one linear layer, split among the heads",
}
DECODES: Mapping[Decode, str] = {
    "softmax": "probabilities, by the softmax of the outputs",
    "scaled_softmax": "probabilities, by the softmax of the scaled outputs without any margin",
    "normalised_softmax": "probabilities, by the softmax of the outputs at a fixed length",
    "tempered_softmax": "probabilities, by the tempered softmax of the outputs",
    "shifted_sigmoid": "one probability per class, by the sigmoid, scaled to sum to 1",
    "dirichlet": "probabilities, the mean of the predicted Dirichlet distribution",
    "sigmoid": "the probability of the positive class or label, by the sigmoid",
    "margins": "the class with the highest output; no probabilities",
    "sign": "yes where the output is above 0; no probabilities",
    "coral_ranks": "the number of steps that are more likely passed than not",
    "corn_ranks": "the number of steps that are more likely passed than not, one after the other",
    "nearest_mean": "the class whose training examples have the nearest mean; no probabilities",
    "embedding": "the outputs, or what the head reads, at length 1; no prediction",
    "identity": "predictions, the outputs themselves",
    "location": "predictions, the first output of each target",
    "exp": "predictions, the exponential of the outputs",
    "softplus": "predictions, the softplus log(1 + e^z) of the outputs",
    "median": "predictions, the output of the quantile that is nearest to one half",
    "histogram": "predictions, the mean of the predicted histogram",
    "per_output": "as the loss of each head says",
}
_LABEL = 16
"""Characters of the labels on the left."""


def page(row: Loss) -> dict[str, Any]:
    """Return all that is known of a loss as plain data."""
    text = loss_text(row)
    return loss_row(row) | {
        "explanation": list(text.explanation),
        "unit": text.unit,
        "returns": text.returns,
        "runner_supplies": {need: NEEDS[need] for need in sorted(row.needs)},
        "head_means": head_in_words(row),
        "decode_means": DECODES[row.decode],
        "use_when": text.use_when,
        "avoid_when": text.avoid_when,
        "traps": text.traps,
        "publication": text.source,
        "departures": text.departures,
    }


def head_in_words(row: Loss) -> str:
    """Return what the last layer of the network gives."""
    if row.head == "targets" and row.width != 1:
        times = row.width if isinstance(row.width, int) else f"as many as `{row.width}` says"
        return f"outputs per target: {times}"
    return HEADS[row.head]


def page_text(row: Loss, plot: str = "", *, width: int = 80, colour: bool = False) -> str:
    """Return a loss's page.

    Args:
        row: the loss.
        plot: its picture in characters, or nothing.
        width: columns.
        colour: use bold type, as on a terminal.
    """
    from rich.console import Console
    from rich.text import Text

    text = loss_text(row)
    console = Console(
        file=io.StringIO(), width=width, highlight=False, force_terminal=colour, no_color=not colour
    )
    console.print(Text.assemble((row.name, "bold"), f"  {text.meaning}"))
    console.print()
    _print_facts(console, row, text)
    for paragraph in text.explanation:
        console.print()
        console.print(Text(paragraph))
    if row.params:
        console.print()
        console.print(_parameters(row))
    if plot:
        console.print()
        console.print(Text(plot.rstrip("\n")), no_wrap=True, crop=False)
    _print_sections(console, text)
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines()) + "\n"


def _print_facts(console: "Console", row: Loss, text: LossText) -> None:
    decides = row.role in ("loss", "wrapper") and not any(p.required for p in row.params.values())
    facts = [
        ("formula", "\n".join(text.formula)),
        ("value", text.returns),
        ("also called", ", ".join(row.aliases)),
        ("tasks", ", ".join(sorted(row.serves))),
        ("head", head_in_words(row) if decides else ""),
        ("read as", DECODES[row.decode] if decides else ""),
        ("labels", "may be distributions" if row.soft and decides else ""),
        ("supplied", "; ".join(NEEDS[need] for need in sorted(row.needs))),
        ("trains itself", ", ".join(weight.name for weight in row.weights)),
        ("properties", "; ".join(_properties(row))),
        ("becomes", "; ".join(_limits(row))),
    ]
    _print_definitions(console, facts)


def _print_sections(console: "Console", text: LossText) -> None:
    sections = [
        ("Use when", text.use_when),
        ("Avoid when", text.avoid_when),
        ("Traps", text.traps),
        ("Source", text.source),
        ("Departures", text.departures),
    ]
    if any(content for _, content in sections):
        console.print()
    _print_definitions(console, sections)


def _print_definitions(console: "Console", entries: Iterable[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_LABEL - 2, no_wrap=True)
    grid.add_column(ratio=1)
    for label, content in entries:
        if content:
            grid.add_row(Text(label, style="bold"), Text(content))
    console.print(grid)


def _properties(row: Loss) -> list[str]:
    said = {
        "the value belongs to the whole batch": row.batchwise,
        "compares whole masks where labels are masks": row.masks,
        "classes must have an order": row.ordered,
        "batches hold both classes": row.batches == "both_classes",
        "batches hold several examples of each class": row.batches == "grouped",
        f"targets must be {_TARGETS.get(row.targets, '')}": row.targets != "any",
        "targets are not standardised": row.head == "targets" and not row.scaled,
        "changes another loss, `base`": row.role == "wrapper",
        "is made of other losses": row.role == "combination",
        "is a part of a sum": row.role == "term",
    }
    return [words for words, holds in said.items() if holds]


_TARGETS = {
    "nonzero": "other than 0",
    "nonnegative": "0 or above",
    "positive": "above 0",
    "counts": "whole numbers from 0",
}


def _limits(row: Loss) -> list[str]:
    texts = []
    for limit in row.limits:
        at = ", ".join(f"{key} = {_value(value)}" for key, value in limit.params.items())
        other = ", ".join(f"{key} = {_value(value)}" for key, value in limit.other.items())
        factor = "" if limit.factor == 1 else f"{limit.factor:g} times "
        whole = f"{factor}{limit.equals}" + (f" ({other})" if other else "")
        texts.append(f"{whole} at {at}" if at else f"always {whole}")
    return texts


def _parameters(row: Loss) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    table.add_column("parameter", no_wrap=True)
    table.add_column("accepted", ratio=5)
    table.add_column("default", max_width=14)
    table.add_column("origin", ratio=4)
    table.add_column("what it does", ratio=6)
    for name, p in row.params.items():
        default = "required" if p.required else _value(p.default)
        cells = (name, p.accepts, default, "" if p.required else p.origin, p.help)
        table.add_row(*map(Text, cells))
    return table


def _value(value: Any) -> str:
    if isinstance(value, float):
        short = abs(value) < 1e4 and value == round(value, 1)
        return str(value) if short else f"{value:.4g}"
    return json.dumps(value, ensure_ascii=False)
