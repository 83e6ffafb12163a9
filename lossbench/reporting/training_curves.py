"""Pictures of trainings: the training loss of every step, and validation after every epoch."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown, title, told
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison, Convergence
from lossbench.comparison.curves import Curves, folders_of, read_curves
from lossbench.store import Stored

Array = NDArray[np.float64]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, which colour-blind readers tell apart."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
"""With the dashes as well, so many levels differ as there are colours times dashes."""
PANELS = 4
"""Panels in a row."""
TREND_SHARE = 0.02
"""A line is the mean over this share of the steps: fine enough for the first fall."""

_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 160.0,
    "legend.handlelength": 3.0,
    "legend.frameon": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
}

_BESIDE: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
"""Where a legend hides no line."""

Levels = dict[str, list[Curves]]
"""The curves of each level's seeds, in the order of the levels."""


def write_pictures(
    folder: Path, stored: Sequence[Stored], comparisons: Sequence[Comparison]
) -> list[Path]:
    """Write `training-loss.png` and `validation.png`, numbered where comparisons are several.

    Args:
        folder: where to; there must be one.
        stored: the experiments that were compared.
        comparisons: those whose convergence was compared; what has no curves has no picture.

    Returns:
        The files.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    folders = folders_of(stored)
    written = []
    for index, comparison in enumerate(comparisons, start=1):
        found = comparison.convergence
        if found is None:
            continue
        levels: Levels = {row.level: [] for row in found.rows}
        for job in found.jobs:
            levels[job.level].append(read_curves(job.job_id, found.metric, folders))
        number = f"-{index}" if len(comparisons) > 1 else ""
        for name, draw in (("training-loss", _training_loss), ("validation", _validation)):
            with matplotlib.rc_context(_STYLE):
                figure = Figure(layout="constrained")
                FigureCanvasAgg(figure)
                if draw(figure, comparison, found, levels):
                    written.append(folder / f"{name}{number}.png")
                    figure.savefig(written[-1])
    return written


def _head(figure: Any, comparison: Comparison, what: str, width: int) -> None:
    """Say above the picture what it shows and what all its lines share."""
    shared = " / ".join(told(comparison.names(), without=comparison.factor))
    text = f"{what} by {title(comparison.factor)}: {shared}, {comparison.seeds} seeds"
    lines = "\n".join(textwrap.wrap(text, width))
    figure.suptitle(lines, x=0.01, ha="left", fontsize=10)


def _training_loss(figure: Any, comparison: Comparison, found: Convergence, levels: Levels) -> bool:
    """Draw all levels in one panel, where they share a scale, and each in a panel below."""
    drawn = {level: [c for c in curves if len(c.steps) > 1] for level, curves in levels.items()}
    drawn = {level: curves for level, curves in drawn.items() if curves}
    if not drawn:
        return False
    together = found.calm and len(drawn) > 1
    across = min(PANELS, len(drawn))
    rows = math.ceil(len(drawn) / PANELS)
    figure.set_size_inches(max(2.5 * across, 7.0), 2.1 * rows + (3.1 if together else 0.6))
    heights = [*([1.5] if together else []), *[1.0] * rows]
    grid = figure.add_gridspec(len(heights), across, height_ratios=heights)
    _head(figure, comparison, "Training loss of each step", 12 * across + 60)
    every = [one for curves in drawn.values() for one in curves]
    if together:
        _together(figure.add_subplot(grid[0, :]), comparison, drawn)
    first: Any = None
    for index, (level, colour) in enumerate(zip(drawn, _styles(len(drawn)), strict=True)):
        place = grid[index // PANELS + bool(together), index % PANELS]
        axes = figure.add_subplot(place, sharex=first, sharey=first if found.calm else None)
        first = first or axes
        _alone(axes, comparison, level, drawn[level], colour["color"])
        _scale(axes, [one.losses for one in (every if found.calm else drawn[level])])
        if found.calm and index % PANELS:
            axes.tick_params(labelleft=False)
    unit = "training examples seen, thousands" if _by_examples(comparison) else "training step"
    figure.supxlabel(unit, fontsize=9)
    label = f"training loss ({comparison.loss})" if comparison.loss else "training loss"
    figure.supylabel(label, fontsize=9)
    return True


def _together(axes: Any, comparison: Comparison, drawn: Levels) -> None:
    """Draw the trend of every level, with the spread of its seeds."""
    trends: list[Array] = []
    for (level, curves), style in zip(drawn.items(), _styles(len(drawn)), strict=True):
        x, losses = _stacked(curves, _scale_of_steps(comparison, level))
        middle, low, high = _trend(losses)
        trends += [low, high]
        axes.plot(x, middle, label=shown(comparison.factor, level), **style)
        axes.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
    _scale(axes, trends)
    axes.set_title("median over seeds of the moving mean; band: least to largest seed")
    axes.margins(x=0.01)
    axes.legend(**_BESIDE)


def _alone(
    axes: Any, comparison: Comparison, level: str, curves: Sequence[Curves], colour: str
) -> None:
    """Draw the loss of every step of each seed of one level, and the trend."""
    x, losses = _stacked(curves, _scale_of_steps(comparison, level))
    for line in losses:
        axes.plot(x, line, color=colour, lw=0.4, alpha=0.4)
    axes.plot(x, _trend(losses)[0], color="#000000", lw=1.3)
    axes.set_title(shown(comparison.factor, level))


def _validation(figure: Any, comparison: Comparison, found: Convergence, levels: Levels) -> bool:
    """Draw the metric of every level over the epochs in one panel."""
    drawn = {level: [c for c in curves if len(c.epochs)] for level, curves in levels.items()}
    drawn = {level: curves for level, curves in drawn.items() if curves}
    if not drawn:
        return False
    row = metric_row(found.metric)
    scale = 100.0 if row.bounded else 1.0
    figure.set_size_inches(7.5, 4.2)
    _head(figure, comparison, "Validation after each epoch", 88)
    axes = figure.subplots()
    for (level, curves), style in zip(drawn.items(), _styles(len(drawn)), strict=True):
        epochs = max((one.epochs for one in curves), key=len)
        values = scale * _padded([one.values for one in curves])
        name = shown(comparison.factor, level)
        axes.plot(epochs, np.nanmedian(values, axis=0), marker="o", ms=3.5, label=name, **style)
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        axes.fill_between(epochs, low, high, color=style["color"], alpha=0.13, lw=0)
    if math.isfinite(found.target):
        _target(axes, scale * found.target, shown(comparison.factor, comparison.baseline or ""))
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    unit = ", points" if row.bounded else ""
    better = "higher" if row.higher_is_better else "lower"
    axes.set_ylabel(f"validation {found.metric}{unit} ({better} is better)")
    axes.set_title("median over seeds; band: least to largest seed")
    axes.legend(title=plural(comparison.factor), **_BESIDE)
    return True


def _target(axes: Any, at: float, baseline: str) -> None:
    axes.axhline(at, color="#8c8c8c", lw=1.0, linestyle=(0, (2, 2)), zorder=0)
    axes.annotate(
        f"target: median best of {baseline}",
        (0.005, at),
        xycoords=("axes fraction", "data"),
        va="bottom",
        fontsize=7.5,
        color="#555555",
    )


def _styles(count: int) -> list[dict[str, Any]]:
    """Return a colour and dashes for each line; colours repeat before dashes do."""
    return [
        {
            "color": COLOURS[index % len(COLOURS)],
            "linestyle": DASHES[index % len(DASHES)],
            "lw": 1.8,
        }
        for index in range(count)
    ]


def _by_examples(comparison: Comparison) -> bool:
    return comparison.factor == "batch_size"


def _scale_of_steps(comparison: Comparison, level: str) -> float:
    """Return what a step is on the x axis: itself, or thousands of examples where it differs."""
    return int(level) / 1000 if _by_examples(comparison) else 1.0


def _stacked(curves: Sequence[Curves], scale: float) -> tuple[Array, Array]:
    """Return the x of the longest curve and the losses of all, NaN after an early end."""
    longest = max(curves, key=lambda one: len(one.steps))
    return scale * longest.steps, _padded([one.losses for one in curves])


def _padded(lines: Sequence[Array]) -> Array:
    """Return lines of several lengths as one array, [lines, longest]; NaN after their ends."""
    found = np.full((len(lines), max(map(len, lines))), np.nan)
    for row, line in zip(found, lines, strict=True):
        row[: len(line)] = line
    found[~np.isfinite(found)] = np.nan
    return found


def _trend(losses: Array) -> tuple[Array, Array, Array]:
    """Return median, least and largest over the seeds of the moving mean, each [steps]."""
    width = 2 * round(losses.shape[1] * TREND_SHARE / 2) + 1
    kernel = np.ones(width)
    known = ~np.isnan(losses)
    sums = [np.convolve(line, kernel, mode="same") for line in np.nan_to_num(losses)]
    counts = [np.convolve(row, kernel, mode="same") for row in known]
    means = np.array(sums) / np.maximum(counts, 1)
    means[~known] = np.nan
    return np.nanmedian(means, axis=0), np.nanmin(means, axis=0), np.nanmax(means, axis=0)


def _scale(axes: Any, lines: Sequence[Array]) -> None:
    """Use a logarithmic y axis where all losses are positive, and leave out freak values."""
    every = np.concatenate(list(lines))
    every = every[np.isfinite(every)]
    if len(every) and every.min() > 0:
        axes.set_yscale("log")
        low, high = np.quantile(every, (0.002, 0.999))
        axes.set_ylim(low / 1.3, high * 1.3)
