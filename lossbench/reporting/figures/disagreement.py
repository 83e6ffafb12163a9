"""The test images on which levels disagree most, and what each says of them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown, title
from lossbench.catalog.metrics import parted
from lossbench.reporting.figures.answers import By, left_out_levels, seeds_note, told_of
from lossbench.reporting.figures.panels import WIDTH, inch_axes, left_out, placed, wrapped
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import QUIET, Looks, short, styled
from lossbench.reporting.figures.thumbnails import shown_pixels, test_images

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("example", "true", "level", "right", "seeds", "answer", "answer_seeds")
MOST_EXAMPLES = 8
_WRONG, _MIXED, _RIGHT = "#8c510a", "#f5f5f5", "#01665e"
_DARK, _LIGHT = "#1a1a1a", "#fafafa"
_SIDE, _TOP, _LEFT = 0.5, 0.5, 1.75
"""Side of an image with its room, height of the names, and where the cells begin: inches."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the images on which levels disagree most, where images can be read."""
    one, answers = material.comparison, material.answers
    if len(answers) < 2:
        return
    level = one.baseline if one.baseline in answers else next(iter(answers))
    seed = next(iter(answers[str(level)]))
    job = one.jobs[str(level)][seed]
    names = [str(name) for name in told_of(material.results[job], one.metric)["class_names"]]
    table = disagreement_table(answers, names)
    if table.empty:
        return
    ids = table["example"].drop_duplicates().to_numpy(np.int64)
    first = answers[str(level)][seed]
    at = [int(np.flatnonzero(first.ids == example)[0]) for example in ids]
    truth = first.truth[at] if parted(one.metric)[0] is None else None
    images = test_images(material.folders[job], job, material.results[job], ids, truth)
    if images is None:
        return
    axis, pixels = one.factor, shown_pixels(images)
    yield Picture(
        name="disagreement",
        section="change",
        title=f"Test images on which {plural(axis)} disagree most",
        table=table,
        draw=lambda: disagreement(
            table.assign(level=[shown(axis, name) for name in table["level"]]), pixels
        ),
        caption=(
            f"Cells: the most frequent answer of each {title(axis)}, and how many of its networks, "
            "one a seed, are right; green where more are, brown where fewer. The "
            f"{len(ids)} test images are those for which these shares differ most between "
            f"{plural(axis)}: some differ so by chance alone, and no {title(axis)} is better for "
            f"them.{seeds_note(one)}" + left_out(left_out_levels(one, answers), plural(axis))
        ),
        description=_description(table, axis),
    )


def disagreement_table(answers: By, names: Sequence[str]) -> "pd.DataFrame":
    """Return a row for each example and level, the examples with most disagreement first.

    Disagreement is the largest less the smallest share of seeds that are right among the levels;
    of equal ones the larger variance over levels counts, then the smaller id.

    Args:
        answers: by level and seed.
        names: of the classes.

    Returns:
        Up to `MOST_EXAMPLES` examples; none where all agree, or where seeds have test parts of
        their own.
    """
    import pandas as pd

    every = [one for by_seed in answers.values() for one in by_seed.values()]
    if not every or any(not np.array_equal(one.ids, every[0].ids) for one in every):
        return pd.DataFrame(columns=list(COLUMNS))
    right = np.array(
        [np.mean([one.right for one in by_seed.values()], axis=0) for by_seed in answers.values()]
    )
    spread = np.round(np.ptp(right, axis=0), 9)
    ids, variance = every[0].ids, np.round(right.var(axis=0), 9)
    order = np.lexsort((ids, -variance, -spread))[:MOST_EXAMPLES]
    rows = []
    for at in order[spread[order] > 0]:
        for index, (level, by_seed) in enumerate(answers.items()):
            said = np.bincount([one.predicted[at] for one in by_seed.values()])
            rows.append(
                {
                    "example": int(ids[at]),
                    "true": names[int(every[0].truth[at])],
                    "level": level,
                    "right": round(float(right[index, at]) * len(by_seed)),
                    "seeds": len(by_seed),
                    "answer": names[int(said.argmax())],
                    "answer_seeds": int(said.max()),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


@styled
def disagreement(
    table: "pd.DataFrame", pixels: NDArray[np.uint8], *, looks: Looks | None = None
) -> Any:
    """Draw images in rows, and beside each what every level says of it.

    Args:
        table: as `disagreement_table` returns it.
        pixels: the images of its examples, in their order, [n, height, width, 3].
        looks: of the levels; not used, as colours say right or wrong.

    Returns:
        A matplotlib figure.
    """
    examples = list(dict.fromkeys(table["example"]))
    levels = list(dict.fromkeys(table["level"]))
    height = _TOP + _SIDE * len(examples) + 0.05
    width = (WIDTH - _LEFT) / max(len(levels), 3)
    figure, axes = inch_axes(height)
    middle = {"va": "center", "parse_math": False}
    axes.text(0.65, height - 0.25, "true class", color=QUIET, fontsize=8, **middle)
    for column, level in enumerate(levels):
        words = wrapped(str(level), int(width * 15), 2)
        axes.text(_LEFT + column * width + 0.05, height - 0.25, words, fontsize=8, **middle)
    for row, example in enumerate(examples):
        mine = table[table["example"] == example].set_index("level")
        y = height - _TOP - (row + 1) * _SIDE
        placed(axes, pixels[row], 0.05, y + 0.03, _SIDE - 0.06)
        true = wrapped(str(mine["true"].iloc[0]), 15)
        axes.text(0.65, y + _SIDE / 2, true, fontsize=8, **middle)
        for column, level in enumerate(levels):
            said, right, seeds = mine.loc[level, ["answer", "right", "seeds"]]
            _cell(axes, _LEFT + column * width, y, width, str(said), int(right), int(seeds))
    return figure


def _cell(axes: Any, x: float, y: float, width: float, said: str, right: int, seeds: int) -> None:
    """Draw what one level says of one image, on a colour for how many seeds are right."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    share = right / seeds
    colours = LinearSegmentedColormap.from_list("right", (_WRONG, _MIXED, _RIGHT))
    size = width - 0.04, _SIDE - 0.04
    face = colours(0.05 + 0.9 * share)
    axes.add_patch(Rectangle((x + 0.02, y + 0.02), *size, facecolor=face, lw=0))
    answer = short(said, int(width * 13)).replace(r"\$", "$")
    ink = _DARK if 0.15 < share < 0.85 else _LIGHT
    how = {"color": ink, "fontsize": 7.5, "va": "center", "parse_math": False}
    axes.text(x + 0.08, y + _SIDE / 2, f"{answer}\n{right} of {seeds} right", **how)


def _description(table: "pd.DataFrame", axis: str) -> str:
    example = table["example"].iloc[0]
    mine = table[table["example"] == example]
    told = "; ".join(
        f"{shown(axis, str(level))} {right} of {seeds} right, mostly {answer}"
        for level, right, seeds, answer in zip(
            mine["level"], mine["right"], mine["seeds"], mine["answer"], strict=True
        )
    )
    return f"Test example {example}, a {mine['true'].iloc[0]}: {told}."
