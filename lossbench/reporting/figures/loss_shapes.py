"""Loss shapes: what a loss is, and how steep, against the margin or the residual."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from lossbench import store
from lossbench.catalog.axes import shown
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Folders
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    LINE,
    MOST_LINES,
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

Scale = Literal["equal slope", "original"]
COLUMNS = ("over", "variable", "level", "line", "x", "loss", "slope", "unit_slope")
"""`unit_slope` is the slope by which a line is divided where all are made equally steep."""

ROWS_BELOW = 7
"""Points of each line that the table below the picture has."""
FEW = 6
"""Lines up to which every point is drawn, for the sake of the size."""
MARKS = 6
"""Markers along a line."""
FLAT = 1e-9
"""A slope that nothing can be divided by."""
NAME = 34
"""Letters of a name in the legend."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the shapes of the losses of a comparison, at equal slope and as they are."""
    if material.comparison.factor != "loss":
        return
    table = loss_shapes_table(material.comparison, material.folders)
    if table.empty:
        return
    missing = [
        shown("loss", row.level)
        for row in material.comparison.rows
        if row.level not in set(table["level"])
    ]
    if _is_scaled(material):
        table["over"] = table["over"].str.replace("(target units)", "(scaled target)", regex=False)
    forms: tuple[Scale, ...] = ("equal slope", "original")
    for scale in forms[at_equal_slope(table).empty :]:
        yield _picture(material, table, scale, missing)


def _picture(
    material: Material, table: "pd.DataFrame", scale: Scale, missing: Sequence[str]
) -> Picture:
    drawn = table if scale == "original" else at_equal_slope(table)

    def draw() -> Any:
        return loss_shapes(
            table, looks=material.looks, baseline=material.comparison.baseline, scale=scale
        )

    return Picture(
        name="loss-shapes",
        section="change",
        title="Shapes of the losses",
        table=_summary(drawn),
        draw=draw,
        caption=_caption(table, scale, missing),
        description=_description(table),
        variant="at equal slope" if scale == "equal slope" else "original scale",
    )


def loss_shapes_table(comparison: Comparison, folders: Folders) -> "pd.DataFrame":
    """Return the curves of the losses of a comparison, as the first job of each recorded it.

    Args:
        comparison: of losses.
        folders: the experiment's folder in which each job lies.

    Returns:
        A row for each point: `over` says what moves, in words; `line` is empty, or says which of
        several lines of a loss this is; `slope` is the derivative of `loss` by `x`. Losses without
        a recorded curve have no rows.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for row in comparison.rows:
        curve = _curve(comparison.jobs.get(row.level, {}).values(), folders)
        if curve is None:
            continue
        for line in curve["lines"]:
            unit = _unit_slope(curve, line["gradient"])
            shared = {"over": curve["x_label"], "variable": curve["variable"], "level": row.level}
            name = line["label"] if len(curve["lines"]) > 1 else ""
            points = zip(curve["x"], line["value"], line["gradient"], strict=True)
            rows += [
                {**shared, "line": name, "x": x, "loss": loss, "slope": slope, "unit_slope": unit}
                for x, loss, slope in points
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _curve(jobs: Iterable[str], folders: Folders) -> dict[str, Any] | None:
    """Return the first curve that one of the jobs has recorded."""
    there = (store.job_folder(folders[job], job) for job in jobs if job in folders)
    return next(filter(None, map(store.read_loss_curve, there)), None)


def _unit_slope(curve: Mapping[str, Any], slope: Sequence[float]) -> float:
    """Return how steep a line is at margin 0, or residual 1, or at its steepest elsewhere."""
    import numpy as np

    at = _unit_point(curve["x_label"])
    if math.isfinite(at) and curve["x"][0] <= at <= curve["x"][-1]:
        return abs(float(np.interp(at, curve["x"], slope)))
    return float(np.max(np.abs(slope)))


def _unit_point(over: str) -> float:
    """Return where slopes are made equal, by what moves; NaN means: where they are steepest."""
    if over.startswith("residual"):
        return 1.0
    scores = ("lead of the label", "score of the label", "output, counted", "cosine to")
    return 0.0 if over.startswith(scores) else math.nan


def at_equal_slope(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return losses and slopes divided by `unit_slope`, without those that are flat there."""
    steep = table[table["unit_slope"] > FLAT].copy()
    for column in ("loss", "slope"):
        steep[column] = steep[column] / steep["unit_slope"]
    return steep


@styled
def loss_shapes(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    scale: Scale = "equal slope",
) -> Any:
    """Draw losses, left, and their slopes, right; a row of panels for each thing that moves.

    Args:
        table: as `loss_shapes_table` returns it.
        looks: of the levels.
        baseline: the level that is drawn in black, or None.
        scale: whether all are made equally steep at margin 0 or residual 1, or drawn as they are.

    Returns:
        A matplotlib figure.
    """
    drawn = at_equal_slope(table) if scale == "equal slope" else table
    rows = list(dict.fromkeys(drawn["over"]))
    levels = list(dict.fromkeys(drawn["level"]))
    styles = look_of(looks, levels, baseline)
    shown_in_colour = emphasised(levels, baseline)
    height = 0.9 + 2.6 * max(1, len(rows))
    figure = new_figure(7.2, height)
    panels = figure.subplots(max(1, len(rows)), 2, squeeze=False)
    for over, (left, right) in zip(rows, panels, strict=False):
        some = drawn[drawn["over"] == over]
        for axes, what in ((left, "loss"), (right, "slope")):
            _panel(axes, some, what, styles, shown_in_colour)
        left.set_ylabel("loss")
        right.set_ylabel(f"slope: d loss / d {some['variable'].iloc[0]}")
        left.set_xlabel(over)
        left.xaxis.set_label_coords(1.1, -0.16)  # in the middle of both panels
    _legend(figure, panels, height)
    return figure


def _panel(
    axes: Any, table: "pd.DataFrame", what: str, looks: Looks, in_colour: Sequence[str]
) -> None:
    axes.axhline(0, color=LINE, lw=0.8, zorder=0)
    low, high = _range(table)
    if low < 0 < high:
        axes.axvline(0, color=LINE, lw=0.8, zorder=0)
    ends = []
    thin = 1 if table.groupby(["level", "line"]).ngroups <= FEW else 2
    for number, ((level, line), one) in enumerate(table.groupby(["level", "line"], sort=False)):
        inside = one[one["x"].between(low, high)]
        ends.append((float(inside[what].min()), float(inside[what].max())))
        if level not in in_colour:
            one = one.iloc[::4]
            (drawn,) = axes.plot(one["x"], one[what], color=QUIET, lw=0.6, alpha=0.5, zorder=1)
            drawn.get_path().should_simplify = True
            continue
        one = one.iloc[::thin]
        look = looks[str(level)]
        every = max(1, len(one) // MARKS)
        second = table[table["level"] == level]["line"].iloc[0] != line
        (drawn,) = axes.plot(
            one["x"],
            one[what],
            marker=look.marker,
            markevery=(number * every // 3 % every, every),
            ms=4,
            markerfacecolor="none" if second else look.colour,
            label=_legend_name(str(level), str(line)),
            zorder=3,
            **look.line(lw=1.1 if second else 1.6),
        )
        drawn.get_path().should_simplify = True  # matplotlib does so from 128 points on
    axes.set_xlim(low, high)
    axes.set_ylim(*_limits(ends))
    axes.locator_params(axis="both", nbins=6)


def _range(table: "pd.DataFrame") -> tuple[float, float]:
    """Return from where to where most lines go, and half as far again where some go on."""
    lines = table.groupby(["level", "line"], sort=False)["x"]
    low, high = float(lines.min().median()), float(lines.max().median())
    room = (high - low) / 4
    return max(float(table["x"].min()), low - room), min(float(table["x"].max()), high + room)


def _limits(ends: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return limits that show most lines whole and 0; what is far above the others is cut off."""
    import numpy as np

    lows, highs = (np.array(each) for each in zip(*ends, strict=True))
    usual_low, usual_high = 2.5 * float(np.median(lows)), 2.5 * float(np.median(highs))
    low, high = min(float(lows.min()), 0.0), max(float(highs.max()), 0.0)
    low = max(low, usual_low) if usual_low < 0 else low
    high = min(high, usual_high) if usual_high > 0 else high
    room = 0.05 * ((high - low) or 1.0)
    return low - room, high + room


def _legend(figure: Any, panels: Any, height: float) -> None:
    found: dict[str, Any] = {}
    for left in panels[:, 0]:
        for handle, label in zip(*left.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    longest = max(map(len, found), default=0)
    columns = 4 if longest <= 18 else 2
    lines = -(-len(found) // columns)
    above = 0.1 + 0.19 * lines
    figure.set_size_inches(7.2, height + above)
    whole = height + above
    figure.subplots_adjust(
        left=0.08, right=0.985, top=1 - (above + 0.1) / whole, bottom=0.62 / whole,
        wspace=0.2, hspace=0.42,
    )  # fmt: skip
    if found:
        figure.legend(
            found.values(), found.keys(), ncols=columns, loc="upper left",
            bbox_to_anchor=(0.0, 1.0), fontsize=8.5, columnspacing=1.5,
        )  # fmt: skip


def _legend_name(level: str, line: str) -> str:
    name = shown("loss", level)
    short = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
    text = f"{short}, {line}" if line else short
    mute = "\N{ZERO WIDTH SPACE}" if text.startswith("_") else ""  # matplotlib hides such labels
    return mute + text.replace("$", r"\$")


def _summary(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a few points of each line, ends and middle included."""
    import numpy as np

    def few(one: "pd.DataFrame") -> "pd.DataFrame":
        return one.iloc[np.linspace(0, len(one) - 1, ROWS_BELOW).round().astype(int)]

    columns = ["over", "level", "line", "x", "loss", "slope"]
    parts = [few(one) for _, one in table.groupby(["level", "line"], sort=False)]
    if not parts:
        return table[columns]
    import pandas as pd

    kept = pd.concat(parts, ignore_index=True)[columns]
    lean = [name for name in columns if name != "line" or kept["line"].any()]
    return kept[lean]


def _caption(table: "pd.DataFrame", scale: Scale, missing: Sequence[str]) -> str:
    parts = [
        "Left: the loss of one example; right: its slope, which is how hard the example pulls. "
        "Computed from the formulas, not from data; the same for all seeds. A line that leaves "
        "its panel goes on."
    ]
    if scale == "equal slope":
        parts.append(f"Each line is divided by how steep it is {_where(table)}.")
        flat = dict.fromkeys(table[table["unit_slope"] <= FLAT]["level"])
        if flat:
            parts.append(f"Left out, as flat there: {', '.join(flat)}.")
    else:
        parts.append("Original scale: how steep losses are says little, as tuning evens it out.")
    more = table["level"].nunique() - MOST_LINES
    if more > 0:
        parts.append(f"Thin and grey: {more} more; their numbers stand below.")
    if table["line"].any():
        parts.append("Filled and hollow markers: two lines of one loss, as the legend says.")
    if any("(scaled target)" in over for over in table["over"]):
        parts.append("The losses saw targets that were scaled: 1 is about their spread.")
    if table["over"].nunique() > 1:
        parts.append("Losses of other outputs have panels of their own, and cannot be compared.")
    if missing:
        parts.append(f"No curve was recorded of: {', '.join(missing)}.")
    return " ".join(parts)


def _where(table: "pd.DataFrame") -> str:
    points = dict.fromkeys(map(_unit_point, table["over"].unique()))
    words = ["at its steepest" if math.isnan(p) else f"at {p:g}" for p in points]
    return " or ".join(dict.fromkeys(words))


def _description(table: "pd.DataFrame") -> str:
    """Return how steep each loss is at both ends, relative to where all are made equal."""
    sentences = []
    steep = at_equal_slope(table)
    for over, some in steep.groupby("over", sort=False):
        ends = (some["x"].min(), some["x"].max())
        parts = []
        for (level, line), one in list(some.groupby(["level", "line"], sort=False))[:8]:
            slopes = (abs(float(one["slope"].iloc[k])) for k in (0, -1))
            name = f"{level}, {line}:" if line else str(level)
            parts.append(f"{name} {' and '.join(f'{slope:.2g}' for slope in slopes)}")
        sentences.append(
            f"Slope at {ends[0]:g} and {ends[1]:g} of the {over}, in units of that "
            f"{_where(some)}: {'; '.join(parts)}."
        )
    return " ".join(sentences)


def _is_scaled(material: Material) -> bool:
    """Whether a job of the comparison trained on scaled targets."""
    return any(one.get("target_scale", "none") != "none" for one in material.results.values())
