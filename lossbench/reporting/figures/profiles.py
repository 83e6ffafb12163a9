"""Performance profiles: of what share of the runs the score is above a threshold."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lossbench.comparison import Across
from lossbench.reporting.figures.dots import LEGEND_CELLS
from lossbench.reporting.figures.over_sets import first_of
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    short_names,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the profile of each summary that this comparison is the first of."""
    for across in first_of(material):
        table = profiles_table(across)
        if len(table):
            yield _picture(across, table, material.looks)


def _picture(across: Across, table: "pd.DataFrame", looks: Looks) -> Picture:
    levels = list(dict.fromkeys(table["level"]))

    def draw() -> Any:
        return profiles(table, looks=looks, baseline=across.baseline, label=_label(across))

    left_out = max(0, len(levels) - len(emphasised(levels, across.baseline)))
    middle = sorted(set(table["tau"]))[len(set(table["tau"])) // 2]
    at_middle = table[table["tau"] == middle].nlargest(3, "share")
    told = ", ".join(f"{one['level']} {one['share']:.0f} %" for one in at_middle.to_dict("records"))
    return Picture(
        name="profiles",
        section="across",
        title="Share of runs above a score",
        table=table,
        draw=draw,
        caption=(
            f"Share of the runs on {len(across.datasets)} data sets, each data set counting alike, "
            "whose score is above the threshold; higher is better. Failed runs are never above. A "
            "description without a test or a band."
            + (f" Thin and grey: {left_out} others, see the table." if left_out else "")
        ),
        description=f"Above {middle:.3g} ({_label(across)}): {told}.",
    )


def _label(across: Across) -> str:
    if across.scale == "error_reduction":
        return "threshold: score over the baseline's mean error"
    metrics = " or ".join(dict.fromkeys(name.replace("_", " ") for name in across.metrics))
    return f"threshold: {metrics}, %"


def profiles_table(across: Across) -> "pd.DataFrame":
    """Return the share of runs above each threshold: columns level, tau and share, in percent.

    Scores are oriented, so that higher is better. Thresholds are in percent where all data sets
    share a metric in [0, 1], else in the baseline's mean errors.
    """
    import pandas as pd

    scale = 100.0 if across.scale == "points" else 1.0
    rows = [
        {"level": row.level, "tau": scale * tau, "share": 100 * share}
        for row in across.rows
        if row.profile
        for tau, share in zip(across.taus, row.profile, strict=True)
    ]
    return pd.DataFrame(rows, columns=["level", "tau", "share"])


@styled
def profiles(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    label: str = "threshold",
) -> Any:
    """Draw a falling line for each level.

    Args:
        table: as `profiles_table` returns it.
        looks: of the levels.
        baseline: of them; always drawn in its own look.
        label: of the x axis.

    Returns:
        A matplotlib figure.
    """
    names = list(dict.fromkeys(table["level"]))
    styles, texts = look_of(looks, names, baseline), short_names(names, LEGEND_CELLS)
    main = emphasised(names, baseline)
    figure = new_figure(7.2, 3.3)
    axes = figure.add_axes((0.09, 0.16, 0.58, 0.78))
    for name in sorted(names, key=main.__contains__):
        own, look = table[table["level"] == name], styles[name]
        if name in main:
            axes.plot(
                own["tau"], own["share"], marker=look.marker, ms=4, label=texts[name], **look.line()
            )
        else:
            axes.plot(own["tau"], own["share"], color=QUIET, lw=0.6)
    axes.set_ylim(-2, 102)
    axes.set_xlabel(label)
    axes.set_ylabel("runs above it, %")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)
    return figure
