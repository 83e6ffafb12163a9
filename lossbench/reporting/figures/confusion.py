"""Which mistakes changed: a level's confusion matrix less that of the baseline."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.reporting.figures.answers import (
    MOST_LEVELS,
    left_out_levels,
    levels_with_values,
    told_of,
)
from lossbench.reporting.figures.panels import WIDTH, bars, left_out, panels, wrapped
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "true", "predicted", "baseline", "diff", "n")
MOST_CELLS = 20
"""Classes whose matrices are drawn; of more, the pairs that changed most."""
MOST_NUMBERS = 10
"""Classes in whose cells the numbers stand."""
MOST_PAIRS = 20
_COLOURS = ("#8c510a", "#f5f5f5", "#01665e")
"""Less, none, more: brown and blue-green, which colour-blind readers tell apart."""
_DARK, _LIGHT = "#1a1a1a", "#fafafa"


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the differences of confusion matrices, where there is a baseline beside others."""
    one = material.comparison
    if one.at != "selected":
        return
    whole = confusion_table(one, material.results)
    if whole.empty:
        return
    levels = list(dict.fromkeys(whole["level"]))
    n_classes = whole["true"].nunique()
    table = whole if n_classes <= MOST_CELLS else changed_pairs(whole)
    axis, base = one.factor, shown(one.factor, one.baseline or "")
    draw = confusion if n_classes <= MOST_CELLS else confusion_pairs
    changed = changed_pairs(whole) if n_classes <= MOST_CELLS else table
    yield Picture(
        name="confusion",
        section="change",
        title=f"Which answers changed against {base}",
        table=changed,
        draw=lambda: draw(
            table.assign(level=[shown(axis, name) for name in table["level"]]),
            looks={shown(axis, name): look for name, look in material.looks.items()},
        ),
        caption=_caption(one, whole, n_classes)
        + left_out(
            [name for name in left_out_levels(one, levels) if name != one.baseline], plural(axis)
        ),
        description=_description(whole, axis),
    )


def confusion_table(
    comparison: Comparison, results: Mapping[str, Mapping[str, Any]]
) -> "pd.DataFrame":
    """Return a row for each level, true and predicted class: how much more often it is answered.

    In points: of 100 test examples of the true class, how many more get the answer than from the
    baseline of the same seed; the mean over the seeds in which both worked. Classes without a test
    example are left out.

    Args:
        comparison: at the selected epoch.
        results: by job.
    """
    import pandas as pd

    shares = {
        level: {
            seed: found
            for seed, job in comparison.jobs.get(level, {}).items()
            if job in results
            and (found := _shares(told_of(results[job], comparison.metric))) is not None
        }
        for level in levels_with_values(comparison)[: MOST_LEVELS + 1]
    }
    base = shares.pop(comparison.baseline or "", {})
    frames = []
    for level, of in shares.items():
        both = sorted(seed for seed in of if seed in base)
        if not both:
            continue
        names = base[both[0]][0]
        if any(one[seed][0] != names for one in (of, base) for seed in both):
            continue
        pairs = [(of[seed][1], base[seed][1]) for seed in both]
        frames.append(_differences(level, np.array(names, object), pairs))
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    table: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return table


def _differences(level: str, names: Any, pairs: Sequence[tuple[Any, Any]]) -> "pd.DataFrame":
    """Return the rows of one level, from its shares and those of the baseline in each seed."""
    import pandas as pd

    mean, before = (np.mean(each, axis=0) for each in zip(*pairs, strict=True))
    true, predicted = (at.ravel() for at in np.indices(mean.shape))
    found = pd.DataFrame(
        {
            "level": level,
            "true": names[true],
            "predicted": names[predicted],
            "baseline": 100 * before.ravel(),
            "diff": 100 * (mean - before).ravel(),
            "n": len(pairs),
        }
    )
    there: pd.DataFrame = found[np.isfinite(mean).ravel()]
    return there


def _shares(told: Mapping[str, Any]) -> tuple[tuple[str, ...], Any] | None:
    """Return the classes, and of each what shares of its test examples get which answer."""
    names, counts = tuple(told.get("class_names") or ()), told.get("confusion")
    if told.get("task") not in ("binary", "multiclass") or not counts:
        return None
    table = np.array(counts, np.float64)
    support = table.sum(axis=1, keepdims=True)
    return names, np.divide(table, support, out=np.full_like(table, np.nan), where=support > 0)


def changed_pairs(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the mistakes that changed most for any level, for all levels, largest first.

    Args:
        table: as `confusion_table` returns it.
    """
    table = table[table["true"] != table["predicted"]]
    size = table.assign(size=table["diff"].abs()).groupby(["true", "predicted"], sort=False)["size"]
    largest = size.max().sort_values(ascending=False, kind="stable").head(MOST_PAIRS)
    rank = {pair: at for at, pair in enumerate(largest.index)}
    pairs = [rank.get(pair, -1) for pair in zip(table["true"], table["predicted"], strict=True)]
    kept = table.assign(rank=pairs)
    kept = kept[kept["rank"] >= 0].sort_values("rank", kind="stable")
    return kept.drop(columns="rank").reset_index(drop=True)


@styled
def confusion(table: "pd.DataFrame", *, looks: Looks | None = None) -> Any:
    """Draw how confusion matrices differ from the baseline's, a panel for each level.

    Args:
        table: as `confusion_table` returns it.
        looks: of the levels; not used, as colours say more or less.

    Returns:
        A matplotlib figure.
    """
    from matplotlib.colors import LinearSegmentedColormap

    levels = list(dict.fromkeys(table["level"]))
    true = list(dict.fromkeys(table["true"]))
    predicted = list(dict.fromkeys(table["predicted"]))
    names = short_names([str(name) for name in (*true, *predicted)], 12)
    longest = max(len(name) for name in names.values())
    turned = longest * len(predicted) > 24
    room = 0.12 + 0.065 * longest
    reach = max(float(table["diff"].abs().max()), 1.0)
    colours = LinearSegmentedColormap.from_list("change", _COLOURS)
    side = (WIDTH - 0.35 - room - 0.75 - 2 * 0.25) / 3
    below = room if turned else 0.2
    more = room if turned and len(levels) % 3 else 0  # names also below panels of the upper row
    margins = {"left": 0.35 + room, "right": 0.75, "bottom": 0.3 + below, "top": 0.4}
    figure, all_axes = panels(len(levels), 3, side, **margins, gap=(0.25, 0.55 + more))
    for number, (level, axes) in enumerate(zip(levels, all_axes, strict=True)):
        cells = _cells(table[table["level"] == level], true, predicted)
        how = {"cmap": colours, "vmin": -reach, "vmax": reach}
        axes.imshow(cells, aspect="auto", interpolation="none", **how)
        if len(true) <= MOST_NUMBERS:
            _numbers(axes, cells, reach)
        sides = ([names[str(name)] for name in side] for side in (true, predicted))
        _named(axes, *sides, turned=turned)
        axes.set_title(wrapped(str(level), 24, 1), parse_math=False)
        if number % 3:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("true class", labelpad=6)
        if number + 3 >= len(levels):
            axes.set_xlabel("predicted class")
        elif turned and not len(levels) % 3:
            axes.set_xticklabels([])
    _scale(figure, all_axes[min(len(levels), 3) - 1], colours, reach)
    return figure


def _cells(mine: "pd.DataFrame", true: Sequence[Any], predicted: Sequence[Any]) -> Any:
    """Return the differences of one level as a matrix, [true classes, predicted classes]."""
    found = np.zeros((len(true), len(predicted)))
    rows, columns = mine["true"].map(true.index), mine["predicted"].map(predicted.index)
    found[rows, columns] = mine["diff"]
    return found


def _numbers(axes: Any, cells: Any, reach: float) -> None:
    """Write whole points into cells; of many, those with a tenth of the largest change or more."""
    size = 6.5 if len(cells) > 5 else 8
    least = 0.1 * reach if len(cells) > 3 else 0
    for (row, column), value in np.ndenumerate(cells):
        if round(abs(value)) >= 1 and abs(value) >= least:
            colour = _LIGHT if abs(value) > 0.6 * reach else _DARK
            text = f"{value:+.0f}".replace("-", "\N{MINUS SIGN}")
            how = {"ha": "center", "va": "center", "fontsize": size, "color": colour}
            axes.text(column, row, text, **how)


def _named(axes: Any, true: list[str], predicted: list[str], *, turned: bool) -> None:
    size = 7.5 if len(true) <= 10 else 6
    axes.set_xticks(range(len(predicted)), predicted, fontsize=size, rotation=90 * turned)
    axes.set_yticks(range(len(true)), true, fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _scale(figure: Any, beside: Any, colours: Any, reach: float) -> None:
    """Draw what the colours mean, as an image: a colour bar of paths would be large."""
    box = beside.get_position()
    axes = figure.add_axes((box.x1 + 0.2 / WIDTH, box.y0, 0.12 / WIDTH, box.height))
    ramp = np.linspace(-1, 1, 64)[:, np.newaxis]
    axes.imshow(
        ramp,
        cmap=colours,
        aspect="auto",
        origin="lower",
        extent=(0, 1, -reach, reach),
        interpolation="none",
    )
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_title("points", fontsize=7.5, loc="center")
    axes.tick_params(labelsize=7.5, length=2)
    axes.spines[:].set_visible(False)


@styled
def confusion_pairs(table: "pd.DataFrame", *, looks: Looks | None = None) -> Any:
    """Draw the pairs of classes whose confusion changed most, with a marker for each level.

    Args:
        table: as `changed_pairs` returns it.
        looks: of the levels.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    pairs = list(dict.fromkeys(zip(table["true"], table["predicted"], strict=True)))
    styles = look_of(looks, levels, None)
    names = short_names([str(name) for pair in pairs for name in pair], 16)
    labels = [f"{names[str(true)]} as {names[str(said)]}" for true, said in pairs]
    height = 1.1 + 0.2 * len(pairs)
    figure = new_figure(WIDTH, height)
    legend = 0.22 * (-(-len(levels) // 3))
    axes = figure.add_axes((2.5 / WIDTH, 0.5 / height, 4.6 / WIDTH, 1 - (0.6 + legend) / height))
    ends = [0.0] * len(pairs), [1.0] * len(pairs)
    how = {"color": LINE, "lw": 0.5, "transform": axes.get_yaxis_transform()}
    bars(axes, range(len(pairs)), *ends, **how)
    axes.axvline(0, color=INK, lw=0.8, linestyle=(0, (4, 2)))
    brief = short_names([str(level) for level in levels])
    for level in levels:
        mine = table[table["level"] == level]
        at = [pairs.index(pair) for pair in zip(mine["true"], mine["predicted"], strict=True)]
        axes.plot(mine["diff"], at, **styles[str(level)].points(ms=5), label=brief[str(level)])
    axes.set_yticks(range(len(pairs)), labels, fontsize=7.5)
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("difference to the baseline, points")
    figure.legend(
        *axes.get_legend_handles_labels(), loc="upper left", ncols=3, handlelength=1, fontsize=8
    )
    return figure


def _caption(one: Comparison, table: "pd.DataFrame", n_classes: int) -> str:
    counts = sorted(set(table["n"]))
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    shown_as = (
        "On the diagonal, from top left, more is better; off it less is. Small "
        "changes have no number; in the table below stand the mistakes that changed most."
        if n_classes <= MOST_CELLS
        else f"Of {n_classes} classes, these are the {MOST_PAIRS} mistakes that changed most; left "
        "is better."
    )
    return (
        "Of 100 test examples of a class, how many more (or fewer) get an answer than from the "
        f"baseline: mean over n = {n} paired seeds. {shown_as} Differences of a point or two may "
        "be chance: nothing is tested here."
    )


def _description(table: "pd.DataFrame", axis: str) -> str:
    sentences = []
    wrong = table[table["true"] != table["predicted"]]
    for level, rows in wrong.groupby("level", sort=False):
        largest = rows.iloc[rows["diff"].abs().argmax()]
        way = "more" if largest["diff"] > 0 else "fewer"
        sentences.append(
            f"{shown(axis, str(level))} takes {abs(largest['diff']):.1f} of 100 examples of "
            f"{largest['true']} {way} for {largest['predicted']}, its largest change among "
            "mistakes."
        )
    return " ".join(sentences)
