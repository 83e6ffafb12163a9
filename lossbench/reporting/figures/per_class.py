"""Recall of each class, and its difference to the baseline: did the rare classes gain?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench import stats
from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.reporting.figures.answers import (
    MOST_LEVELS,
    left_out_levels,
    levels_with_values,
    told_of,
)
from lossbench.reporting.figures.panels import bars, left_out, panels, wrapped
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import INK, LINE, Look, Looks, look_of, short_names, styled
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("level", "class", "test", "training", "value", "diff", "ci_low", "ci_high", "n"),
    "class_id",
)
MOST_CLASSES = 30

_MEASURES = {
    "binary": ("recall", "class"),
    "multiclass": ("recall", "class"),
    "multilabel": ("average_precision", "label"),
    "segmentation": ("iou", "class"),
}
"""What is shown of each class or label, by task, and what it is called."""
_STEPS = (75, 50, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3, 2, 1, 0.8, 0.6, 0.4, 0.3)
"""Where the axis of differences has its ticks, points."""
_WORDS = {"recall": "Recall", "average_precision": "Average precision", "iou": "IoU"}


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the recall of each class or label, where there is a baseline beside others."""
    one = material.comparison
    task = _task(one, material.results)
    if task is None or one.at != "selected":
        return
    measure, unit = _MEASURES[task]
    whole = per_class_table(one, material.results)
    levels = list(dict.fromkeys(whole["level"]))
    if len(levels) < 2 or whole["class"].nunique() < 2 or whole["diff"].notna().sum() == 0:
        return
    table, note = few_classes(whole, unit)
    axis, base = one.factor, shown(one.factor, one.baseline or "")
    yield Picture(
        name="per-class",
        section="change",
        title=f"{_WORDS[measure]} of each {unit}",
        table=table.drop(columns="class_id"),
        draw=lambda: per_class(
            table.assign(level=[shown(axis, name) for name in table["level"]]),
            looks={shown(axis, name): look for name, look in material.looks.items()},
            label=_WORDS[measure],
        ),
        caption=_caption(one, table, measure, unit)
        + note
        + left_out(left_out_levels(one, levels), plural(axis)),
        description=_description(table, axis, base, measure),
    )


def _task(one: Comparison, results: Mapping[str, Mapping[str, Any]]) -> str | None:
    base = one.jobs.get(one.baseline or "", {})
    tasks = (
        told_of(results[job], one.metric).get("task") for job in base.values() if job in results
    )
    return next((task for task in tasks if task in _MEASURES), None)


def per_class_table(
    comparison: Comparison, results: Mapping[str, Mapping[str, Any]]
) -> "pd.DataFrame":
    """Return a row for each level and class: its recall, and the difference to the baseline.

    The difference is the mean over the seeds in which both worked, in points, with its paired t
    interval; classes are in order of training examples where those are known, else of test
    examples, most first. Of labels that may hold together it is the average precision, of masks
    the IoU of all test pixels.

    Args:
        comparison: at the selected epoch.
        results: by job.
    """
    import pandas as pd

    measure = _MEASURES[_task(comparison, results) or "multiclass"][0]
    values = {
        level: {
            seed: found
            for seed, job in comparison.jobs.get(level, {}).items()
            if job in results
            and (found := _values(told_of(results[job], comparison.metric), measure)) is not None
        }
        for level in levels_with_values(comparison)[:MOST_LEVELS]
    }
    base = values.get(comparison.baseline or "", {})
    if not base:
        return pd.DataFrame(columns=list(COLUMNS))
    of_baseline = results[comparison.jobs[comparison.baseline or ""][min(base)]]
    classes = _classes(of_baseline, comparison.metric, measure)
    rows = [
        row
        for level, of in values.items()
        for row in _rows(level, of, None if level == comparison.baseline else base, comparison)
    ]
    found = pd.DataFrame(rows).merge(pd.DataFrame(classes), on="class_id")
    by = "training" if classes[0]["training"] is not None else "test"
    order = {level: at for at, level in enumerate(values)}
    found = found.assign(at=found["level"].map(order), size=-found[by].astype(int))
    return (
        found.sort_values(["at", "size", "class_id"])
        .reindex(columns=list(COLUMNS))
        .astype({"n": "Int64", "training": "Int64", "test": "Int64"})
        .reset_index(drop=True)
    )


def _classes(result: Mapping[str, Any], metric: str, measure: str) -> list[dict[str, Any]]:
    """Return name and numbers of examples of each class."""
    told = told_of(result, metric)
    names, support = list(told["class_names"]), _support(told, measure)
    training = _training(result, len(names))
    return [
        {
            "class_id": index,
            "class": name,
            "test": support[index],
            "training": training and training[index],
        }
        for index, name in enumerate(names)
    ]


def _rows(
    level: str,
    values: Mapping[int, Any],
    base: Mapping[int, Any] | None,
    comparison: Comparison,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each class; where there is a baseline, with the difference to it."""
    means = _mean(list(values.values()))
    for index, mean in enumerate(means):
        row = {"level": level, "class_id": index, "value": 100 * mean}
        if base is not None:
            both = [(values[seed], base[seed]) for seed in values if seed in base]
            row |= _difference(
                [100 * (one[index] - other[index]) for one, other in both], comparison
            )
        yield row


def _difference(diffs: Sequence[float], comparison: Comparison) -> dict[str, Any]:
    there = [diff for diff in diffs if np.isfinite(diff)]
    if not there:
        return {"n": 0}
    found = stats.paired_difference(there, comparison.alpha, comparison.overlap)
    return {"diff": found.mean, "ci_low": found.ci_low, "ci_high": found.ci_high, "n": found.n}


def _values(told: Mapping[str, Any], measure: str) -> Any:
    """Return a number in [0, 1] for each class or label, NaN where it has none; None without."""
    names = told.get("class_names") or ()
    if measure == "recall":
        counts = np.array(told.get("confusion") or [], np.float64)
        if counts.shape != (len(names), len(names)) or not len(names):
            return None
        support = counts.sum(axis=1)
        found = np.full(len(names), np.nan)
        return np.divide(np.diagonal(counts), support, out=found, where=support > 0)
    found = np.full(len(names), np.nan)
    for row in told.get("per_label") or ():
        if row["metric"] == measure and row["value"] is not None:
            found[row["class_id"]] = row["value"]
    return found if np.isfinite(found).any() else None


def _support(told: Mapping[str, Any], measure: str) -> list[int]:
    if measure == "recall":
        return [int(sum(row)) for row in told["confusion"]]
    found = [0] * len(told["class_names"])
    for row in told["per_label"]:
        if row["metric"] == measure:
            found[row["class_id"]] = int(row["support"])
    return found


def _training(result: Mapping[str, Any], n: int) -> list[int] | None:
    """Return the training examples of each class, where imbalance was made and counted them."""
    made = (result.get("damage") or {}).get("imbalance") or {}
    after = ((made.get("done") or {}).get("train") or {}).get("after")
    return [int(count) for count in after] if after is not None and len(after) == n else None


def _mean(values: Sequence[Any]) -> Any:
    if not values:
        return np.zeros(0)
    table = np.array(values)
    there = np.isfinite(table)
    total = np.where(there, table, 0).sum(axis=0)
    return np.where(there.any(axis=0), total / np.maximum(there.sum(axis=0), 1), np.nan)


def few_classes(table: "pd.DataFrame", unit: str = "class") -> tuple["pd.DataFrame", str]:
    """Return the rows of at most `MOST_CLASSES` classes, and a sentence that says which.

    Half are those with the fewest examples and half those with the most; where all have equally
    many, they are those that changed most.
    """
    classes = table.drop_duplicates("class_id")
    if len(classes) <= MOST_CLASSES:
        return table, ""
    by = "training" if classes["training"].notna().any() else "test"
    many = "labels" if unit == "label" else "classes"
    half = MOST_CLASSES // 2
    if classes[by].nunique() > 1:
        kept = {*classes["class_id"].head(half), *classes["class_id"].tail(half)}
        which = f"the {half} {many} with the most and the {half} with the fewest examples"
    else:
        change = (
            table.assign(size=table["diff"].abs()).groupby("class_id", sort=False)["size"].max()
        )
        kept = set(change.sort_values(ascending=False, kind="stable").index[:MOST_CLASSES])
        which = f"the {MOST_CLASSES} {many} that changed most"
    note = f" Of {len(classes)} {many}, these are {which}."
    return table[table["class_id"].isin(kept)], note


@styled
def per_class(table: "pd.DataFrame", *, looks: Looks | None = None, label: str = "Recall") -> Any:
    """Draw the baseline's recall of each class, and beside it what each level differs by.

    Args:
        table: as `per_class_table` returns it; a level without any `diff` is the baseline.
        looks: of the levels.
        label: what the values are.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    base = [name for name in levels if table[table["level"] == name]["diff"].isna().all()]
    order = [*base, *(name for name in levels if name not in base)]
    styles = look_of(looks, levels, base[0] if base else None)
    names = _ticks(table)
    figure, all_axes = panels(
        len(order),
        max(len(order), 3),
        0.3 + 0.165 * len(names),
        left=1.6,
        bottom=0.5,
        gap=(0.12, 0),
    )
    differences = [axes for name, axes in zip(order, all_axes, strict=True) if name not in base]
    reach = _reach(table)
    for name, axes in zip(order, all_axes, strict=True):
        mine, look = table[table["level"] == name], styles[str(name)]
        if name in base:
            _values_panel(axes, mine, look, label)
        else:
            _differences_panel(axes, mine, look, reach)
        axes.set_title(
            wrapped(str(name), 78 // max(len(order), 3), 2), parse_math=False, fontsize=8
        )
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.tick_params(axis="x", labelsize=7.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    all_axes[0].set_yticks(range(len(names)), names, fontsize=7.5)
    all_axes[0].tick_params(axis="y", length=0)
    if differences:
        differences[len(differences) // 2].set_xlabel("difference, points")
    return figure


def _values_panel(axes: Any, mine: "pd.DataFrame", look: Look, label: str) -> None:
    at = np.arange(len(mine))
    bars(axes, at, [0.0] * len(at), [100.0] * len(at), color=LINE, lw=0.5)
    axes.plot(mine["value"], at, **look.points(ms=4))
    axes.set_xlim(0, 103)
    axes.set_xlabel(f"{label}, %")


def _differences_panel(axes: Any, mine: "pd.DataFrame", look: Look, reach: float) -> None:
    at = np.arange(len(mine))
    bars(axes, at, [-reach] * len(at), [reach] * len(at), color=LINE, lw=0.5)
    axes.axvline(0, color=INK, lw=0.8, linestyle=(0, (4, 2)))
    bars(axes, at, mine["ci_low"], mine["ci_high"], color=look.colour, lw=1.4)
    axes.plot(mine["diff"], at, **look.points(ms=4))
    axes.set_xlim(-reach, reach)
    step = next(step for step in _STEPS if step <= 0.75 * reach)
    axes.set_xticks([-step, 0, step])


def _reach(table: "pd.DataFrame") -> float:
    """Return how far the axis of differences goes: an interval of two seeds may be far too long."""
    diff = table["diff"].abs().max()
    ends = table[["ci_low", "ci_high"]].abs().to_numpy(float)
    there = ends[np.isfinite(ends)]
    wide = float(np.quantile(there, 0.95)) if there.size else 0.0
    return float(min(max(1.1 * (0.0 if np.isnan(diff) else diff), 1.1 * wide, 0.5), 105.0))


def _ticks(table: "pd.DataFrame") -> list[str]:
    """Return the names of the classes with their counts of examples."""
    classes = table.drop_duplicates("class_id")
    by = "training" if classes["training"].notna().any() else "test"
    short = short_names([str(name) for name in classes["class"]], 18)
    return [
        f"{short[str(name)]} ({count:,})"
        for name, count in zip(classes["class"], classes[by], strict=True)
    ]


def _caption(one: Comparison, table: "pd.DataFrame", measure: str, unit: str) -> str:
    trained = table["training"].notna().any()
    what = {
        "recall": "share of the test examples of a class that are recognised",
        "average_precision": "area under precision and recall of a label on test",
        "iou": "overlap of true and predicted pixels of a class on test",
    }[measure]
    many = "pixels" if measure == "iou" else "examples"
    counts = table.loc[table["n"] > 0, "n"]
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    bar = (
        f"bar: {ci_name(one)} of the paired t-test, of each {unit} alone and not adjusted for how "
        "many there are; a bar that leaves the panel is cut"
        if table["ci_low"].notna().any()
        else "one seed has no interval"
    )
    return (
        f"Left: the baseline, mean over seeds ({what}). The others: mean difference over n = {n} "
        f"paired seeds, right is better; {bar}. In brackets: "
        f"{'training' if trained else 'test'} {many} of the {unit}, most at the top."
    )


def _description(table: "pd.DataFrame", axis: str, base: str, measure: str) -> str:
    sentences = []
    for level, rows in table[table["diff"].notna()].groupby("level", sort=False):
        best, worst = rows.iloc[rows["diff"].argmax()], rows.iloc[rows["diff"].argmin()]
        sentences.append(
            f"{shown(axis, str(level))} against {base}: {_WORDS[measure]} changes most for "
            f"{best['class']} ({round(best['diff'], 1) + 0.0:+.1f} points) and "
            f"{worst['class']} ({round(worst['diff'], 1) + 0.0:+.1f} points)."
        )
    return " ".join(sentences)
