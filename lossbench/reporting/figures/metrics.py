"""Other common metrics than the one that judges: their difference to the baseline, not tested."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import METRICS, Metric, named, parted
from lossbench.comparison import Comparison
from lossbench.reporting.figures.dots import dots
from lossbench.reporting.figures.measures import (
    Measured,
    Values,
    differences,
    measured,
    others_of,
    seeds_text,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

MOST = 8
"""Metrics in the picture; they come in the order of the catalogue."""
MOST_LEVELS = 16
"""Levels in the picture, the best means of the metric that judges; all are in the table."""
AFTER_T = " after T"


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the other metrics, where there is a baseline and one of them was measured."""
    comparison = material.comparison
    if comparison.baseline is None or not others_of(comparison):
        return
    table = metrics_table(comparison, measured(material))
    if not table["n"].any():
        return
    base = shown(comparison.factor, comparison.baseline)
    units = dict(zip(table["panel"], table["unit"], strict=True))

    def draw() -> Any:
        return dots(
            table[table["level"].isin(others_of(comparison)[:MOST_LEVELS])],
            looks=material.looks,
            lines=dict.fromkeys(units, 0.0),
            labels={panel: unit or "better →" for panel, unit in units.items()},
        )

    yield Picture(
        name="metrics",
        section="change",
        title="Other metrics (secondary: not tested)",
        table=table.rename(columns={"panel": "metric", "value": "diff"}),
        draw=draw,
        caption=_caption(comparison, table, base),
        description=_description(table, base),
    )


def metrics_table(comparison: Comparison, found: Measured) -> "pd.DataFrame":
    """Return the difference to the baseline of each level in each other metric.

    Differences are oriented, positive is better, in points where the metric lies in [0, 1].

    Args:
        comparison: what is compared.
        found: what the runs measured, see `measured`.

    Returns:
        Columns panel, level, value, ci_low, ci_high, n, unit; at most `MOST` metrics, those that
        differ from the judging one and among each other.
    """
    import pandas as pd

    rows = [
        {"panel": panel, "level": level, "unit": unit}
        | differences(values, level, comparison, sign)
        for panel, values, unit, sign in _chosen(comparison, found)
        for level in others_of(comparison)
    ]
    columns = ["panel", "level", "value", "ci_low", "ci_high", "n", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _chosen(comparison: Comparison, found: Measured) -> list[tuple[str, Values, str, float]]:
    """Return name, values, unit and factor of the metrics that are shown."""
    output, judging = parted(comparison.metric)
    judged = found.get((comparison.metric, "raw"), comparison.values)
    chosen: list[tuple[str, Values, str, float]] = []
    for metric in METRICS:
        stage = "temperature" if _after_temperature(output, metric, found) else "raw"
        values = found.get((_full(output, metric.name), stage), {})
        if not _fits(metric, judging, values, comparison):
            continue
        # with classes of equal size some metrics are one and the same
        if any(_same(values, other) for other in [judged, *(one[1] for one in chosen)]):
            continue
        sign = 1.0 if metric.higher_is_better else -1.0
        name = metric.name.replace("_", " ") + (AFTER_T if stage == "temperature" else "")
        unit = "points" if metric.bounded else ""
        chosen.append((name, values, unit, sign * (100 if metric.bounded else 1)))
    return chosen[:MOST]


def _same(first: Values, second: Values) -> bool:
    """Whether two metrics have the same values, up to rounding."""
    pairs = [
        (number, second.get(level, {}).get(seed, math.nan))
        for level, seeds in first.items()
        for seed, number in seeds.items()
    ]
    return all(math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) for one, other in pairs)


def _full(output: str | None, metric: str) -> str:
    return metric if output is None else named(output, metric)


def _after_temperature(output: str | None, metric: Metric, found: Measured) -> bool:
    """Whether a metric is read after temperature scaling, which every loss has alike."""
    return metric.needs_probabilities and (_full(output, metric.name), "temperature") in found


def _fits(metric: Metric, judging: str, values: Values, comparison: Comparison) -> bool:
    """Whether a metric says which way is better, and is known of the baseline and another."""
    if metric.higher_is_better is None or metric.name == judging or metric.wrong_labels:
        return False
    known = {level for level in values if values[level]}
    return comparison.baseline in known and bool(known & set(others_of(comparison)))


def _caption(comparison: Comparison, table: "pd.DataFrame", base: str) -> str:
    text = (
        f"Secondary metrics: not tested, and nothing is adjusted for their number; "
        f"{comparison.metric.replace('_', ' ')} alone judges. Marker: mean difference to {base} "
        f"over n = {seeds_text(list(table['n']))} paired seeds; bar: {ci_name(comparison)}. Right "
        "is better in every panel, also of metrics of which less is better."
    )
    if any(str(panel).endswith(AFTER_T) for panel in table["panel"]):
        text += " After T: probabilities after temperature scaling, which every loss gets."
    if table["panel"].nunique() == MOST:
        text += f" {MOST} metrics at most are shown."
    if (count := table["level"].nunique()) > MOST_LEVELS:
        text += f" Drawn: {MOST_LEVELS} of {count}, the best means; all are below."
    return text


def _description(table: "pd.DataFrame", base: str) -> str:
    told = []
    for panel in dict.fromkeys(table["panel"]):
        rows = table[(table["panel"] == panel) & table["value"].notna()].to_dict("records")
        if rows:
            best = max(rows, key=lambda one: float(one["value"]))
            unit = f" {best['unit']}" if best["unit"] else ""
            told.append(f"{panel}: {best['level']} {best['value']:+.3g}{unit}")
    return f"Largest mean difference to {base} in each metric: {'; '.join(told)}."
