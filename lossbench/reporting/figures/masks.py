"""Masks of a few test images: what each level finds, misses and invents."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown, title
from lossbench.catalog.metrics import parted
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Folders
from lossbench.comparison.predictions import read_masks
from lossbench.errors import StoreError
from lossbench.metrics.segmentation import dice_of
from lossbench.reporting.figures.answers import MOST_LEVELS, left_out_levels, levels_with_values
from lossbench.reporting.figures.panels import WIDTH, inch_axes, left_out, placed, wrapped
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import QUIET, Looks, styled
from lossbench.reporting.figures.thumbnails import shown_pixels, test_images

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("example", "level", "seed", "dice", "found", "missed", "invented", "other_class")
MOST_EXAMPLES = 4
_KINDS = {
    "found": ("#009E73", "found"),
    "missed": ("#E69F00", "missed"),
    "invented": ("#56B4E9", "invented"),
    "other_class": ("#CC79A7", "another class"),
}
_OPACITY = 0.65

Masks = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
"""True and predicted masks of the chosen examples by level, [n, height, width]."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield masks of a few test images, where masks are predicted and images can be read."""
    one = material.comparison
    levels = levels_with_values(one)[:MOST_LEVELS]
    seed = _common_seed(one, levels)
    if one.at != "selected" or seed is None or parted(one.metric)[0] is not None:
        return
    jobs = {level: one.jobs.get(level, {}).get(seed, "") for level in levels}
    if any(material.results.get(job, {}).get("task") != "segmentation" for job in jobs.values()):
        return
    read = read_all(jobs, material.folders)
    if read is None:
        return
    ids, masks, dice = read
    whole = next(iter(masks.values()))[0]
    chosen = chosen_examples(ids, dice, np.asarray((whole > 0).any(axis=(1, 2))))
    job, truth = next(iter(jobs.values())), whole[chosen]
    images = test_images(material.folders[job], job, material.results[job], ids[chosen], truth)
    if images is None:
        return
    some = {level: (true[chosen], said[chosen]) for level, (true, said) in masks.items()}
    table = masks_table(ids[chosen], some, dice[:, chosen], seed)
    axis, pixels = one.factor, shown_pixels(images)
    names = {level: shown(axis, level) for level in some}
    yield Picture(
        name="masks",
        section="change",
        title=f"Masks of test images by {title(axis)}",
        table=table,
        draw=lambda: draw_masks(
            pixels,
            {names[level]: pair for level, pair in some.items()},
            table.assign(level=[names[level] for level in table["level"]]),
        ),
        caption=(
            f"Test images, and pixels that the networks of seed {seed} find, miss, invent or give "
            "to another class; below each its Dice coefficient. The first test image, and those "
            f"with an object whose Dice differs most between {plural(axis)}: one seed and so few "
            f"images say nothing of which {title(axis)} is better."
            + left_out(left_out_levels(one, levels), plural(axis))
        ),
        description=_description(table, axis),
    )


def _common_seed(one: Comparison, levels: list[str]) -> int | None:
    """Return the first seed in which all of some levels worked."""
    if not levels:
        return None
    both = (
        {seed for seed, value in one.values.get(level, {}).items() if math.isfinite(value)}
        for level in levels
    )
    common = set.intersection(*both)
    return min(common) if common else None


def read_all(
    jobs: Mapping[str, str], folders: Folders
) -> tuple[NDArray[Any], Masks, NDArray[np.float64]] | None:
    """Read the masks of one job of each level; None where files or test examples do not agree.

    Returns:
        Ids, [n]; true and predicted masks by level; Dice of each level and example,
        [levels, n].
    """
    masks: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    first: NDArray[Any] | None = None
    for level, job in jobs.items():
        try:
            ids, truth, said = read_masks(folders[job], job)
        except (StoreError, KeyError):
            return None
        first = ids if first is None else first
        if not np.array_equal(ids, first) or not len(ids):
            return None
        masks[level] = (truth, said)
    if first is None:
        return None
    return first, masks, np.array([image_dice(*pair) for pair in masks.values()])


def image_dice(truth: NDArray[Any], said: NDArray[Any]) -> NDArray[np.float64]:
    """Return the Dice coefficient of each image, see `lossbench.metrics.segmentation.dice_score`.

    Args:
        truth: classes of pixels, [n, height, width].
        said: the predicted ones, likewise.
    """
    classes = int(max(truth.max(), said.max(), 1)) + 1
    return np.array(
        [
            dice_of(
                np.bincount(
                    (true.astype(np.int64) * classes + one).ravel(), minlength=classes**2
                ).reshape(1, classes, classes)
            )
            for true, one in zip(truth, said, strict=True)
        ]
    )


def chosen_examples(
    ids: NDArray[Any], dice: NDArray[np.float64], has_object: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return positions of the first example and those with the largest range of Dice over levels.

    Args:
        ids: of the examples, [n].
        dice: of each level and example, [levels, n].
        has_object: which have anything but background, [n]; of the others one pixel too many
            changes Dice from 1 to 0, so that they come last.
    """
    spread = np.round(np.ptp(dice, axis=0), 9)
    order = np.lexsort((ids, -spread, ~has_object))
    first = int(np.argmin(ids))
    others = [int(at) for at in order if at != first and spread[at] > 0]
    return np.array([first, *others[: MOST_EXAMPLES - 1]])


def masks_table(
    ids: NDArray[Any], masks: Masks, dice: NDArray[np.float64], seed: int
) -> "pd.DataFrame":
    """Return Dice and numbers of pixels for each example and level.

    Args:
        ids: of the examples, [n].
        masks: by level.
        dice: of each level and example, [levels, n].
        seed: of the networks.
    """
    import pandas as pd

    rows = []
    for at, example in enumerate(ids):
        for index, (level, (truth, said)) in enumerate(masks.items()):
            kinds = _kinds(truth[at], said[at])
            counts = {name: int(where.sum()) for name, where in kinds.items()}
            about = {"example": int(example), "level": level, "seed": seed}
            rows.append(about | {"dice": float(dice[index, at])} | counts)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _kinds(truth: NDArray[Any], said: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
    """Return which pixels are of which kind; background that is told so is of none."""
    there, seen = truth > 0, said > 0
    return {
        "found": there & (truth == said),
        "missed": there & ~seen,
        "invented": ~there & seen,
        "other_class": there & seen & (truth != said),
    }


@styled
def draw_masks(
    pixels: NDArray[np.uint8],
    masks: Masks,
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
) -> Any:
    """Draw images in rows: alone, then with what each level finds, misses and invents.

    Args:
        pixels: the images, [n, height, width, 3].
        masks: by level.
        table: as `masks_table` returns it.
        looks: of the levels; not used, as colours say found or missed.

    Returns:
        A matplotlib figure.
    """
    from matplotlib.patches import Patch

    heads = ["image", *masks]
    side = min(WIDTH / len(heads), 1.3)
    step = side + 0.18
    height = 0.45 + step * len(pixels) + 0.3
    figure, axes = inch_axes(height)
    dice = table.set_index(["example", "level"])["dice"]
    examples = list(dict.fromkeys(table["example"]))
    for column, name in enumerate(heads):
        words = wrapped(str(name), max(int(side * 13), 8))
        how = {"va": "center", "fontsize": 8, "parse_math": False}
        axes.text(column * side + 0.04, height - 0.22, words, **how)
    for row, example in enumerate(examples):
        y = height - 0.45 - row * step - side
        for column, name in enumerate(heads):
            x, image = column * side, pixels[row]
            below = f"example {example}"
            if column:
                truth, said = masks[name]
                image = _tinted(image, truth[row], said[row])
                below = f"Dice {dice[(example, name)]:.2f}"
            placed(axes, image, x + 0.04, y + 0.04, side - 0.08)
            axes.text(x + 0.04, y - 0.05, below, va="center", fontsize=7.5, color=QUIET)
    kinds = [kind for kind in _KINDS if table[kind].sum() > 0]
    handles = [Patch(facecolor=_KINDS[kind][0], label=_KINDS[kind][1]) for kind in kinds]
    if handles:
        figure.legend(handles=handles, loc="lower left", ncols=4, fontsize=8, handlelength=1)
    return figure


def _tinted(
    pixels: NDArray[np.uint8], truth: NDArray[Any], said: NDArray[Any]
) -> NDArray[np.uint8]:
    """Return a grey image with pixels coloured by what became of them."""
    from matplotlib.colors import to_rgb

    step = max(1, truth.shape[0] // pixels.shape[0])
    size = pixels.shape[:2]
    levels = np.round(pixels.mean(axis=2, keepdims=True) / 17) * 17  # 16 of them: small files
    grey = np.repeat(levels, 3, axis=2)
    small = (
        one[step // 2 :: step, step // 2 :: step][: size[0], : size[1]] for one in (truth, said)
    )
    for name, where in _kinds(*small).items():
        colour = 255 * np.array(to_rgb(_KINDS[name][0]))
        grey[where] = (1 - _OPACITY) * grey[where] + _OPACITY * colour
    return np.asarray(np.round(grey), np.uint8)


def _description(table: "pd.DataFrame", axis: str) -> str:
    last = table["example"].drop_duplicates().iloc[min(1, table["example"].nunique() - 1)]
    mine = table[table["example"] == last]
    told = ", ".join(
        f"{shown(axis, str(level))} {value:.2f}"
        for level, value in zip(mine["level"], mine["dice"], strict=True)
    )
    return f"Dice of test example {last}: {told}."
