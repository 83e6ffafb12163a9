"""Several outputs: what each level gains on each of them, beside the baseline."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import metric_row, named, parted, usual_metric
from lossbench.comparison import Comparison
from lossbench.reporting.figures.dots import dots
from lossbench.reporting.figures.measures import (
    Measured,
    differences,
    measured,
    others_of,
    seeds_text,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the metric of each output, where networks have several and there is a baseline."""
    comparison = material.comparison
    output, _ = parted(comparison.metric)
    if output is None or comparison.baseline is None or not others_of(comparison):
        return
    found = measured(material)
    table = outputs_table(comparison, found, _tasks(material.results))
    if not table["n"].any():
        return
    base = shown(comparison.factor, comparison.baseline)
    units = dict(zip(table["panel"], table["unit"], strict=True))

    def draw() -> Any:
        return dots(
            table,
            looks=material.looks,
            lines=dict.fromkeys(units, 0.0),
            labels={panel: unit or "better →" for panel, unit in units.items()},
        )

    yield Picture(
        name="outputs",
        section="change",
        title=f"Each output beside {base}",
        table=table.rename(columns={"panel": "metric", "value": "diff"}),
        draw=draw,
        caption=(
            f"Marker: mean difference to {base} over n = {seeds_text(list(table['n']))} paired "
            f"seeds, right is better in every panel; bar: {ci_name(comparison)}. "
            f"{comparison.metric.replace('_', ' ')} judges; what the others show is not tested. "
            "All are of the epoch that was chosen for it."
        ),
        description=_description(table, base),
    )


def outputs_table(
    comparison: Comparison, found: Measured, tasks: Mapping[str, Any]
) -> "pd.DataFrame":
    """Return the difference to the baseline in one metric of each output.

    Args:
        comparison: what is compared; its metric stands for its output, the usual one for others.
        found: what the runs measured, see `measured`.
        tasks: of each output.

    Returns:
        Columns panel, level, value, ci_low, ci_high, n, unit; oriented, positive is better, in
        points where the metric lies in [0, 1].
    """
    import pandas as pd

    rows = []
    for output in tasks:
        metric = _metric_of(output, comparison, found, tasks[output])
        about = metric_row(metric)
        sign = 1.0 if about.higher_is_better else -1.0
        values = found.get((metric, "raw"), {})
        scale = sign * (100 if about.bounded else 1)
        rows += [
            {
                "panel": f"{output}: {about.name.replace('_', ' ')}",
                "level": level,
                "unit": "points" if about.bounded else "",
            }
            | differences(values, level, comparison, scale)
            for level in others_of(comparison)
        ]
    columns = ["panel", "level", "value", "ci_low", "ci_high", "n", "unit"]
    return pd.DataFrame(rows, columns=columns)


def _metric_of(output: str, comparison: Comparison, found: Measured, task: Any) -> str:
    if parted(comparison.metric)[0] == output:
        return comparison.metric
    ordered = (named(output, "mae_rank"), "raw") in found
    return named(output, usual_metric(task, ordered=ordered))


def _tasks(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the task of each output, in order."""
    for result in results.values():
        if outputs := result.get("per_output"):
            return {str(one["output"]): one["task"] for one in outputs}
    return {}


def _description(table: "pd.DataFrame", base: str) -> str:
    told = []
    for panel in dict.fromkeys(table["panel"]):
        rows = table[(table["panel"] == panel) & table["value"].notna()].to_dict("records")
        if rows:
            rows.sort(key=lambda one: float(one["value"]))
            ends = f"from {rows[0]['value']:+.3g} ({rows[0]['level']}) to {rows[-1]['value']:+.3g}"
            told.append(f"{panel}: differences to {base} {ends} ({rows[-1]['level']}).")
    return " ".join(told)
