"""Precision against recall, where one of two classes is looked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown
from lossbench.reporting.figures.answers import By, left_out_levels, seeds_note
from lossbench.reporting.figures.panels import WIDTH, left_out
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    QUIET,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "recall", "precision", "low", "high", "n")
RECALLS = np.linspace(0.02, 1, 50)


def pictures(material: Material) -> Iterable[Picture]:
    """Yield precision against recall for tasks of two classes."""
    one = material.comparison
    table = precision_recall_table(material.answers)
    if table.empty:
        return
    axis = one.factor
    levels = list(dict.fromkeys(table["level"]))
    some = next(iter(next(iter(material.answers.values())).values()))
    share = float(some.truth.mean())
    yield Picture(
        name="precision-recall",
        section="change",
        title="Precision against recall",
        table=table[table["recall"].mul(10).round(6).mod(1) == 0],
        draw=lambda: precision_recall(
            table.assign(level=[shown(axis, name) for name in table["level"]]),
            looks={shown(axis, name): look for name, look in material.looks.items()},
            prevalence=share,
        ),
        caption=(
            "Of the test examples whose score is above a threshold, the share that is positive, "
            "against the share of positives that is found; at each recall the best precision that "
            "any threshold with so much recall has. Line: mean over seeds; shade, where there are "
            "up to three levels: least and greatest seed. Dotted: share of positives, which "
            f"guessing attains.{seeds_note(one)}"
            + left_out(left_out_levels(one, levels), plural(axis))
        ),
        description=_description(table, axis, share),
    )


def precision_recall_table(answers: By) -> "pd.DataFrame":
    """Return precision at each of `RECALLS`, mean, least and greatest over seeds, by level.

    precision at recall r = max over thresholds with recall >= r

    Args:
        answers: by level and seed; empty gives an empty table, and so do more than two classes.

    Source:
        Interpolated precision, Manning, Raghavan & Schuetze 2008, section 8.4.
    """
    import pandas as pd

    rows = []
    for level, by_seed in answers.items():
        curves = [
            precisions(one.truth, one.positive)
            for one in by_seed.values()
            if one.positive is not None and one.truth.any()
        ]
        if not curves:
            continue
        mean, low, high = (f(curves, axis=0) for f in (np.mean, np.min, np.max))
        rows.append(
            pd.DataFrame(
                {
                    "level": level,
                    "recall": RECALLS,
                    "precision": mean,
                    "low": low,
                    "high": high,
                    "n": len(curves),
                }
            )
        )
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(COLUMNS))


def precisions(truth: NDArray[Any], score: NDArray[Any]) -> NDArray[np.float64]:
    """Return the best precision at each of `RECALLS` or more.

    Args:
        truth: 1 for positives, else 0, [n]; at least one positive.
        score: higher for what is more likely positive, [n].
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order] == 1)
    # equal scores share a threshold: only the last of them counts
    ends = np.append(np.diff(score[order]) != 0, True)
    recall, precision = hits[ends] / hits[-1], hits[ends] / (np.flatnonzero(ends) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS - 1e-12)
    return np.asarray(best[at], np.float64)


@styled
def precision_recall(
    table: "pd.DataFrame", *, looks: Looks | None = None, prevalence: float | None = None
) -> Any:
    """Draw precision against recall, a line for each level.

    Args:
        table: as `precision_recall_table` returns it.
        looks: of the levels.
        prevalence: share of positives, in [0, 1]; a line is drawn.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    styles, brief = look_of(looks, levels, None), short_names([str(name) for name in levels])
    height = 3.0
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.6 / WIDTH, 0.5 / height, 4.2 / WIDTH, 2.35 / height))
    for level in levels:
        mine, look = table[table["level"] == level], styles[str(level)]
        if len(levels) <= 3:
            axes.fill_between(
                mine["recall"], mine["low"], mine["high"], color=look.colour, alpha=0.12, lw=0
            )
        axes.plot(
            mine["recall"],
            mine["precision"],
            **look.line(marker=look.marker, markevery=7, ms=4, label=brief[str(level)]),
        )
    if prevalence is not None:
        axes.axhline(prevalence, color=QUIET, lw=0.8, linestyle=":")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1.02), fontsize=8)
    return figure


def _description(table: "pd.DataFrame", axis: str, share: float) -> str:
    at = RECALLS[np.abs(RECALLS - 0.8).argmin()]
    some = table[table["recall"] == at]
    told = ", ".join(
        f"{shown(axis, str(level))} {100 * value:.0f} %"
        for level, value in zip(some["level"], some["precision"], strict=True)
    )
    return f"Precision at recall {100 * at:.0f} %: {told}; {100 * share:.1f} % are positive."
