"""Reliability: how often a network is right, against how sure it is."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown
from lossbench.metrics.calibration import BINS, equal_width
from lossbench.reporting.figures.answers import By, left_out_levels, seeds_note, value_of
from lossbench.reporting.figures.panels import left_out, panels, wrapped
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import INK, LINE, QUIET, Looks, look_of, styled

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "stage", "bin", "count", "confidence", "accuracy", "ece", "floor", "seeds")
FEWEST = 10
"""Examples in a bin that is drawn; of fewer the accuracy is noise."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the reliability of classifiers, where scores are probabilities or became some."""
    one = material.comparison
    table = reliability_table(material.answers, material.results, one.jobs, one.metric)
    if table.empty:
        return
    axis = one.factor
    levels = list(dict.fromkeys(table["level"]))
    yield Picture(
        name="reliability",
        section="change",
        title="Accuracy against confidence",
        table=table,
        draw=lambda: reliability(
            table.assign(level=[shown(axis, name) for name in table["level"]]),
            looks={shown(axis, name): look for name, look in material.looks.items()},
        ),
        caption=(
            f"Test examples of all seeds together, in {BINS} bins of equal width of the "
            "probability of the predicted class; below the diagonal a network is too sure. "
            "Filled: after scores are divided by a temperature fitted on validation; hollow: as "
            f"they are, where scores are probabilities. Bins with fewer than {FEWEST} examples "
            "are not drawn; grey bars: share of the examples in a bin. ECE: mean over seeds, in "
            "points; floor: what perfect calibration would show by chance, and differences below "
            f"it mean nothing.{seeds_note(one)}"
            + left_out(left_out_levels(one, levels), plural(axis))
        ),
        description=_description(table, axis),
    )


def reliability_table(
    answers: By,
    results: Mapping[str, Mapping[str, Any]],
    jobs: Mapping[str, Mapping[int, str]],
    metric: str,
) -> "pd.DataFrame":
    """Return a row for each level and stage, without a bin, and one for each bin that is not empty.

    Counts, mean confidence and accuracy are of the examples of all seeds together; ECE and its
    floor are means over the seeds, from results.

    Args:
        answers: by level and seed.
        results: by job.
        jobs: by level and seed.
        metric: the one that judges.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for level, by_seed in answers.items():
        for stage in ("raw", "temperature"):
            has = {
                seed: (conf, one.right)
                for seed, one in by_seed.items()
                if (conf := one.raw if stage == "raw" else one.scaled) is not None
            }
            if not has:
                continue
            of = [results[jobs[level][seed]] for seed in has]
            conf, right = (np.concatenate(each) for each in zip(*has.values(), strict=True))
            about = {"level": level, "stage": stage, "seeds": len(has)}
            ends = {
                "ece": _mean(of, metric, "ece", stage),
                "floor": _mean(of, metric, "ece_floor", stage),
            }
            rows.append(about | _means(conf, right) | ends)
            bin_of = equal_width(conf, BINS)
            for index in np.unique(bin_of):
                inside = bin_of == index
                rows.append(about | {"bin": int(index)} | _means(conf[inside], right[inside]))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"bin": "Int64"})


def _means(conf: NDArray[Any], right: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "count": len(conf),
        "confidence": float(conf.mean()),
        "accuracy": float(right.mean()),
    }


def _mean(results: Iterable[Mapping[str, Any]], judging: str, metric: str, stage: str) -> float:
    values = [value_of(one, judging, metric, stage) for one in results]
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else float("nan")


@styled
def reliability(table: "pd.DataFrame", *, looks: Looks | None = None) -> Any:
    """Draw accuracy against confidence, a panel for each level.

    Args:
        table: as `reliability_table` returns it; of own numbers the columns level, stage, bin,
            count, confidence and accuracy are needed, shares in [0, 1].
        looks: of the levels.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    styles = look_of(looks, levels, None)
    columns = 4 if len(levels) == 4 else 3
    figure, all_axes = panels(len(levels), columns, 1.7, top=0.62, bottom=0.5, gap=(0.25, 0.85))
    for number, (level, axes) in enumerate(zip(levels, all_axes, strict=True)):
        mine = table[table["level"] == level]
        _panel(axes, mine, styles[str(level)])
        axes.set_title(wrapped(str(level), 72 // columns, 1), parse_math=False, pad=14)
        axes.text(0, 1.03, _calibration(mine), transform=axes.transAxes, fontsize=7, color=QUIET)
        if number % columns:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("accuracy")
        if number + columns >= len(levels):
            axes.set_xlabel("confidence")
    return figure


def _panel(axes: Any, mine: "pd.DataFrame", look: Any) -> None:
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    bins = mine[mine["bin"].notna()]
    counted = bins[bins["stage"] == "raw"]
    counted = bins[bins["stage"] == "temperature"] if counted.empty else counted
    share = np.zeros(BINS)
    share[counted["bin"].astype(int)] = counted["count"] / max(counted["count"].sum(), 1)
    axes.stairs(share, np.linspace(0, 1, BINS + 1), fill=True, color=LINE, lw=0)
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, linestyle=(0, (4, 2)))
    drawn = bins[bins["count"] >= FEWEST]
    for stage, how in (
        ("raw", {"mfc": "none", "lw": 0.8, "linestyle": ":", "ms": 4.5, "mew": 1.0}),
        ("temperature", {"lw": 1.4, "linestyle": "-", "ms": 3.5}),
    ):
        some = drawn[drawn["stage"] == stage]
        axes.plot(
            some["confidence"], some["accuracy"], color=look.colour, marker=look.marker, **how
        )


def _calibration(mine: "pd.DataFrame") -> str:
    """Return the calibration errors of one level in points: "ECE 4.1, after T 1.9 (floor 1.5)"."""
    ends = mine[mine["bin"].isna()].set_index("stage")
    if "ece" not in ends or ends["ece"].isna().all():
        return ""
    ece = {str(stage): float(value) for stage, value in ends["ece"].items()}
    parts = []
    for stage, words in (("raw", "ECE {:.1f}"), ("temperature", "after T {:.1f}")):
        if stage in ece:
            parts.append(words.format(100 * ece[stage]))
    text = ", ".join(parts) if "raw" in ece else f"ECE {parts[0]}"
    return f"{text} (floor {100 * ends['floor'].iloc[-1]:.1f})"


def _description(table: "pd.DataFrame", axis: str) -> str:
    ends = table[table["bin"].isna()]
    sentences = []
    for level, rows in ends.groupby("level", sort=False):
        by_stage = rows.set_index("stage")
        one = by_stage.iloc[0]
        way = "more" if one["confidence"] > one["accuracy"] else "less"
        told = _calibration(table[table["level"] == level])
        before = "" if "raw" in by_stage.index else " after temperature scaling"
        sentences.append(
            f"{shown(axis, str(level))}{before}: {100 * one['confidence']:.1f} % sure on average, "
            f"{way} than the {100 * one['accuracy']:.1f} % that are right; {told}."
        )
    return " ".join(sentences)
