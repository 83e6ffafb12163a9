"""The forest by data set: each level's difference to the baseline on each, and over all of them."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import shown, title
from lossbench.comparison import Across, Comparison
from lossbench.comparison.across import error_unit
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures.dots import CELL, LEGEND_CELLS
from lossbench.reporting.figures.over_sets import first_of, members
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    MOST_LINES,
    Looks,
    look_of,
    new_figure,
    short,
    short_names,
    styled,
)
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

ALL = "all data sets"
"""The name of the summary among the data sets."""
SCALE = 100.0
"""Points, or percent of the baseline's error."""

_SET_CELLS = 32
"""Width of the name of a data set, which often is longer than that of a level."""

COLUMNS = ("dataset", "level", "diff", "ci_low", "ci_high", "n", "verdict")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the forest of each summary that this comparison is the first of."""
    for across in first_of(material):
        table = forest_by_dataset_table(across, members(across, material.comparisons))
        if table["diff"].notna().any():
            yield _picture(across, table, material)


def _picture(across: Across, table: "pd.DataFrame", material: Material) -> Picture:
    base, unit = shown(across.factor, across.baseline), unit_of(across)
    drawn = drawn_levels(across)

    def draw() -> Any:
        return forest_by_dataset(
            table[table["level"].isin(drawn)],
            looks=material.looks,
            delta=SCALE * across.delta,
            label=f"difference to {short(base)}, {unit}",
        )

    summary = table[(table["dataset"] == ALL) & table["diff"].notna()]
    ends = "; ".join(
        f"{one['level']} {one['diff']:+.3g} [{one['ci_low']:+.3g}, {one['ci_high']:+.3g}]"
        for one in summary.to_dict("records")[:5]
    )
    return Picture(
        name="by-dataset",
        section="across",
        title=f"Difference to {base} on each data set",
        table=table,
        draw=draw,
        caption=_caption(across, material.comparison, len(drawn)),
        description=(
            f"Mean over {len(across.datasets)} data sets in {unit}: {ends or 'none is known'}."
        ),
    )


def unit_of(across: Across) -> str:
    """Return the unit of differences over data sets, times `SCALE`."""
    return "points" if across.scale == "points" else "% of the baseline's error"


def drawn_levels(across: Across) -> list[str]:
    """Return the levels that a picture over data sets shows: the best means."""
    names = [row.level for row in across.rows if row.level != across.baseline]
    return names[:MOST_LINES]


def forest_by_dataset_table(across: Across, comparisons: Sequence[Comparison]) -> "pd.DataFrame":
    """Return a row for each data set and level, and those of the summary last.

    Args:
        across: the summary.
        comparisons: what it sums up, one for each of its data sets.

    Returns:
        Columns as `COLUMNS`; positive differences are better, in points or in percent of the
        baseline's error.
    """
    import pandas as pd

    levels = [row.level for row in across.rows if row.level != across.baseline]
    rows: list[dict[str, Any]] = []
    for one in comparisons:
        scale = SCALE / error_unit(one, across.scale)
        known = {row.level: row for row in one.rows}
        rows += [
            {
                "dataset": one.dataset,
                "level": level,
                "diff": scale * known[level].diff,
                "ci_low": scale * known[level].ci_low,
                "ci_high": scale * known[level].ci_high,
                "n": known[level].n,
                "verdict": WORDS[known[level].verdict],
            }
            for level in levels
            if level in known
        ]
    rows += [
        {
            "dataset": ALL,
            "level": row.level,
            "diff": SCALE * row.mean,
            "ci_low": SCALE * row.ci_low,
            "ci_high": SCALE * row.ci_high,
            "n": sum(row.n),
            "verdict": WORDS[row.verdict],
        }
        for row in across.rows
        if row.level != across.baseline
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@styled
def forest_by_dataset(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    delta: float = math.nan,
    label: str = "difference to the baseline",
) -> Any:
    """Draw the levels below each other on each data set, and a diamond for the summary.

    Args:
        table: as `forest_by_dataset_table` returns it.
        looks: of the levels.
        delta: smallest difference that matters, in the unit of the table; a band is drawn.
        label: of the x axis.

    Returns:
        A matplotlib figure.
    """
    sets, names = list(dict.fromkeys(table["dataset"])), list(dict.fromkeys(table["level"]))
    styles, texts = look_of(looks, names, None), short_names(names, LEGEND_CELLS)
    step = 0.8 / max(len(names), 2)
    tall = max(0.34, 0.15 * len(names))
    figure, axes = _axes(sets, tall, names)
    if math.isfinite(delta) and delta > 0:
        axes.axvspan(-delta, delta, color=LINE, alpha=0.5, lw=0)
    axes.axvline(0, color=INK, lw=1, linestyle=(0, (4, 2)))
    for one in table.to_dict("records"):
        if not math.isfinite(one["diff"]):
            continue
        look, summary = styles[str(one["level"])], one["dataset"] == ALL
        at = sets.index(one["dataset"]) + (names.index(one["level"]) - (len(names) - 1) / 2) * step
        axes.plot(
            [one["ci_low"], one["ci_high"]], [at, at], color=look.colour, lw=3 if summary else 1.4
        )
        points = look.points(ms=7 if summary else 4.5)
        axes.plot(one["diff"], at, **(points | ({"marker": "D"} if summary else {})))
    for name in names:
        axes.plot([], [], label=texts[name], lw=1.4, **_legend(styles[name]))
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)
    axes.set_xlabel(label)
    return figure


def _legend(look: Any) -> dict[str, Any]:
    return {"color": look.colour, "marker": look.marker, "ms": 4.5}


def _axes(sets: list[str], tall: float, names: list[str]) -> tuple[Any, Any]:
    """Return a figure with room for the names of data sets and a legend, and its axes."""
    texts = short_names(sets, _SET_CELLS)
    height = tall * len(sets) + 0.75
    height = max(height, 0.2 * len(names) + 0.75)
    left = 0.15 + CELL * min(_SET_CELLS, max(map(len, texts.values())))
    right = 0.62 + CELL * min(LEGEND_CELLS, max(map(len, names)))
    figure = new_figure(7.2, height)
    axes = figure.add_axes(
        (left / 7.2, 0.6 / height, (7.2 - left - right) / 7.2, (height - 0.75) / height)
    )
    axes.set_yticks(range(len(sets)), [texts[name] for name in sets])
    axes.set_ylim(len(sets) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for between in range(1, len(sets)):
        axes.axhline(between - 0.5, color=LINE, lw=0.6)
    return figure, axes


def _caption(across: Across, comparison: Comparison, drawn: int) -> str:
    others = len(across.rows) - 1
    text = (
        f"Marker: mean difference to {shown(across.factor, across.baseline)} over the paired seeds "
        f"of a data set, right is better; bar: {ci_name(comparison)}, not adjusted. Diamonds: mean "
        f"over these {len(across.datasets)} data sets, each counting alike, with its t interval "
        "over seeds (Welch-Satterthwaite); it speaks of these data sets alone."
    )
    if math.isfinite(across.delta):
        text += f" Grey band: less than {SCALE * across.delta:.3g}, which does not matter."
    if drawn < others:
        text += f" Drawn: the {drawn} best {title(across.factor)} means of {others}; all are below."
    return text
