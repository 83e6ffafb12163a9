"""Norm of the loss's gradient on a fixed batch after each epoch: does it vanish or explode?"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Curves
from lossbench.reporting.figures.lines import (
    behind,
    evenly,
    legend_beside,
    log_axis,
    of_track,
    some_rows,
    told_names,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    LINE,
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "seed", "epoch", "norm", "low", "high", "n")
MOST_POINTS = 60


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the gradient's norm by epochs, where it was recorded for two epochs or more."""
    comparison = material.comparison
    table = gradient_table(material)
    if table["epoch"].nunique() < 2:
        return
    relative = _is_relative(comparison)
    label = "gradient norm, share of that before training" if relative else "gradient norm"

    def draw() -> Any:
        return gradient_norm(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            label=label,
            names={level: shown(comparison.factor, level) for level in material.curves},
            title=plural(comparison.factor),
        )

    yield Picture(
        name="gradient-norm",
        section="learn",
        title=f"Gradient norm by epochs{of_track(comparison)}",
        table=some_rows(table, "epoch", {"norm": "median"}, ("low", "high", "n")),
        draw=draw,
        caption=_caption(comparison, table),
        description=_description(comparison, table, label),
    )


def _is_relative(comparison: Comparison) -> bool:
    return comparison.factor == "loss"


def gradient_table(material: Material) -> "pd.DataFrame":
    """Return the median norm of each level, rows without a seed, and the norms of its seeds.

    Where losses are compared, a norm is divided by that of the same network and loss before
    training, as losses have units of their own; what has none is left out.

    Returns:
        `COLUMNS`; norms > 0.
    """
    import pandas as pd

    relative = _is_relative(material.comparison)
    parts = []
    for level, curves in material.curves.items():
        own = []
        for seed, one in curves.items():
            result = material.results[material.comparison.jobs.get(level, {})[seed]]
            own.append(_norms(one, _start(result) if relative else 1.0).assign(seed=seed))
        known = pd.concat(own) if own else pd.DataFrame({"norm": [], "epoch": []})
        if len(known):
            found = known.groupby("epoch")["norm"].agg(["median", "min", "max", "count"])
            found.columns = pd.Index(["norm", "low", "high", "n"])
            parts += [found.reset_index().assign(level=level), known.assign(level=level)]
    table = pd.concat(parts) if parts else pd.DataFrame()
    table = table.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    return table.astype({"seed": "Int64", "n": "Int64"})


def _start(result: Mapping[str, Any]) -> float:
    """Return the norm before training of the loss as it is trained, scaled where it is."""
    norm, scale = result.get("gradient_norm_initial"), result.get("loss_scale", 1.0)
    return float(norm) * float(scale) if norm and scale else math.nan


def _norms(one: Curves, start: float) -> "pd.DataFrame":
    import pandas as pd

    norms = one.gradient_norms / start
    kept = np.isfinite(norms) & (norms > 0)
    return pd.DataFrame({"epoch": one.epochs[kept], "norm": norms[kept]})


@styled
def gradient_norm(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    label: str = "gradient norm",
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Any:
    """Draw the median norm of each level, with the range of its seeds, on a logarithmic axis.

    Args:
        table: as `gradient_table` returns it.
        looks: of the levels.
        baseline: which of them it is; of many levels it and the first others have colours.
        label: of the y axis.
        names: of the levels, where they differ from those of the table.
        title: of the legend.

    Returns:
        A matplotlib figure.
    """
    means = table[table["seed"].isna()]
    medians = {str(name): own for name, own in means.groupby("level", sort=False)}
    levels = list(medians)
    front = emphasised(levels, baseline)
    styles = look_of(looks, levels, baseline)
    figure = new_figure(7.4, 3.2, layout="constrained")
    axes = figure.subplots()
    told = told_names(front, names)
    rest = [medians[name] for name in levels if name not in front]
    behind(axes, [(own["epoch"], own["norm"]) for own in rest])
    for level in front:
        own = medians[level].iloc[evenly(len(medians[level]), MOST_POINTS)]
        look = styles[level]
        axes.fill_between(
            own["epoch"], own["low"], own["high"], color=look.colour, alpha=0.13, lw=0
        )
        marks = {"marker": look.marker, "ms": 4, "markevery": max(1, len(own) // 8)}
        axes.plot(own["epoch"], own["norm"], label=told[level], **look.line(), **marks)
    shown_norms = table[table["level"].isin(front)]["norm"]
    log_axis(axes.yaxis, shown_norms.min() / 1.2, shown_norms.max() * 1.2)
    axes.grid(visible=True, axis="y", color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(label)
    legend_beside(axes, title, len(levels) - len(front))
    return figure


def _caption(comparison: Comparison, table: "pd.DataFrame") -> str:
    counts = sorted(set(table[table["seed"].notna()].groupby("level")["seed"].nunique()))
    n = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    text = (
        "Norm of the gradient of the mean loss on one batch of training examples, the same for "
        f"all; line: median over n = {n} seeds; band: least to largest seed; logarithmic axis."
    )
    if _is_relative(comparison):
        text += " Each is divided by the norm before training, as losses have units of their own."
    more = table["level"].nunique() - len(
        emphasised(dict.fromkeys(table["level"]), comparison.baseline)
    )
    return text + (f" Thin and grey: {more} more." if more else "")


def _description(comparison: Comparison, table: "pd.DataFrame", label: str) -> str:
    medians = table[table["seed"].isna()]
    parts = []
    for level in emphasised(dict.fromkeys(medians["level"]), comparison.baseline, most=3):
        own = medians[medians["level"] == level]
        parts.append(
            f"{shown(comparison.factor, level)} {own['norm'].iloc[-1]:.3g} at epoch "
            f"{own['epoch'].iloc[-1]:.0f}"
        )
    return f"Median {label}: {'; '.join(parts)}."
