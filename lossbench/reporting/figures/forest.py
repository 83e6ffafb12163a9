"""The forest plot: mean difference to the baseline with its interval, and single seeds as dots."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import shown, title
from lossbench.comparison import Comparison, Row
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import INK, LINE, QUIET, Looks, look_of, new_figure, styled
from lossbench.reporting.sentences import ci_name, delta_text, sentence

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "seed", "diff", "ci_low", "ci_high", "n", "verdict")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the forest plot, where there is a baseline and something beside it."""
    comparison = material.comparison
    rows = [row for row in comparison.rows if math.isfinite(row.diff) and row.n]
    others = [row for row in rows if row.verdict != "BASELINE"]
    if comparison.baseline is None or not others:
        return
    table = forest_table(comparison)
    base = shown(comparison.factor, comparison.baseline)
    points = ", points" if comparison.bounded else ""

    def draw() -> Any:
        return forest(
            table,
            looks=material.looks,
            delta=comparison.delta * (100 if comparison.bounded else 1),
            label=f"{comparison.metric.replace('_', ' ')}: difference to {base}{points}",
        )

    yield Picture(
        name="forest",
        section="answer",
        title=f"Difference to {base} by {title(comparison.factor)}",
        table=table,
        draw=draw,
        caption=_caption(comparison, others),
        description=" ".join(sentence(row, comparison, alone=False) for row in others[:3]),
    )


def forest_table(comparison: Comparison) -> "pd.DataFrame":
    """Return a row for each level, without a seed, and one for each of its seeds.

    Differences are oriented, positive is better, and in points where the metric is bounded.
    """
    import pandas as pd

    scale = 100.0 if comparison.bounded else 1.0
    sign = 1.0 if comparison.higher_is_better else -1.0
    base = comparison.values.get(comparison.baseline or "", {})
    rows: list[dict[str, Any]] = []
    for row in comparison.rows:
        if row.verdict == "BASELINE" or not math.isfinite(row.diff):
            continue
        ends = {name: scale * getattr(row, name) for name in ("diff", "ci_low", "ci_high")}
        rows.append({"level": row.level, "n": row.n, "verdict": WORDS[row.verdict]} | ends)
        for seed, value in comparison.values[row.level].items():
            diff = scale * sign * (value - base.get(seed, math.nan))
            if math.isfinite(diff):
                rows.append({"level": row.level, "seed": seed, "diff": diff})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seed": "Int64", "n": "Int64"})


@styled
def forest(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    delta: float = math.nan,
    label: str = "difference to the baseline",
) -> Any:
    """Draw mean differences with their intervals, single seeds as dots, and what does not matter.

    Args:
        table: as `forest_table` returns it.
        looks: of the levels.
        delta: smallest difference that matters, in the unit of the table; a band is drawn.
        label: of the x axis.

    Returns:
        A matplotlib figure.
    """
    summary = table[table["seed"].isna()]
    names = list(summary["level"])
    styles = look_of(looks, names, None)
    figure = new_figure(7.2, 0.9 + 0.36 * len(names), layout="constrained")
    axes = figure.subplots()
    if math.isfinite(delta) and delta > 0:
        axes.axvspan(-delta, delta, color=LINE, alpha=0.5, lw=0)
    axes.axvline(0, color=INK, lw=1, linestyle=(0, (4, 2)))
    for at, one in enumerate(summary.to_dict("records")):
        look = styles[str(one["level"])]
        seeds = table[(table["level"] == one["level"]) & table["seed"].notna()]["diff"]
        axes.plot(seeds, [at + 0.22] * len(seeds), ".", color=QUIET, ms=4)
        axes.plot([one["ci_low"], one["ci_high"]], [at, at], color=look.colour, lw=2)
        axes.plot(one["diff"], at, **look.points(ms=7))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(label)
    return figure


def _caption(comparison: Comparison, rows: Sequence[Row]) -> str:
    counts = sorted({row.n for row in rows})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return (
        f"Marker: mean difference over n = {n} paired seeds, right is better; bar: "
        f"{ci_name(comparison)} of the paired t-test, not adjusted for several levels; dots: single seeds; grey band: "
        f"less than {delta_text(comparison)}, which does not matter."
    )
