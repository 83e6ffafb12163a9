"""Retrieval: how often the nearest images are of the right class."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import plural
from lossbench.comparison import Comparison
from lossbench.reporting.figures.dots import dots
from lossbench.reporting.figures.measures import Measured, levels_of, means, measured, seeds_text
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

RECALLS = ("recall_at_1", "recall_at_5")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield recall among the nearest images, where the runs measured it."""
    comparison = material.comparison
    table = retrieval_table(comparison, measured(material))
    if not table["n"].any():
        return
    panels = list(dict.fromkeys(table["panel"]))
    base = table[table["level"] == comparison.baseline]

    def draw() -> Any:
        return dots(
            table,
            looks=material.looks,
            lines=dict(zip(base["panel"], base["value"], strict=True)),
            labels=dict.fromkeys(panels, "images, %"),
            baseline=comparison.baseline,
        )

    best = table.loc[table.groupby("panel", sort=False)["value"].idxmax()]
    yield Picture(
        name="retrieval",
        section="change",
        title="Found among the nearest images",
        table=table.rename(columns={"panel": "recall", "value": "percent"}),
        draw=draw,
        caption=(
            "Share of test images with one of their class among the nearest one or five. Marker: "
            f"mean over n = {seeds_text(list(table['n']))} seeds; bar: {ci_name(comparison)} of "
            f"the mean, each of the {plural(comparison.factor)} on its own, so that overlapping "
            "bars say little of a difference; dashed: mean of the baseline. Not tested."
        ),
        description=" ".join(
            f"{one['panel']}: highest mean {one['value']:.1f} % ({one['level']})."
            for one in best.to_dict("records")
        ),
    )


def retrieval_table(comparison: Comparison, found: Measured) -> "pd.DataFrame":
    """Return recall of each level in percent: columns panel, level, value, ci_low, ci_high, n."""
    import pandas as pd

    rows = [
        {"panel": f"recall at {name.rpartition('_')[2]}", "level": level}
        | means(found[name, "raw"].get(level, {}), comparison.alpha, 100.0)
        for name in RECALLS
        if (name, "raw") in found
        for level in levels_of(comparison)
    ]
    columns = ["panel", "level", "value", "ci_low", "ci_high", "n"]
    table = pd.DataFrame(rows, columns=columns)
    return table[table["n"] > 0].reset_index(drop=True)
