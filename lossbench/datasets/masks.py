"""What a user's masks mean: the class of each pixel, the background first."""

import numpy as np

from lossbench.errors import DataError

MOST_CLASSES = 256
"""Masks are kept in one byte a pixel."""
_SHOWN = 10  # classes named in a message


def read_masks(
    train: np.ndarray, test: np.ndarray, image_size: tuple[int, int], where: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Check masks, and name their classes: background, 1, 2 and so on.

    Args:
        train: training masks, whole numbers or booleans, [n, height, width], or with a last axis
            of one; classes 0, 1, 2 and so on, each in some training mask.
        test: test masks, likewise; may lack classes.
        image_size: height and width of the images.
        where: how messages name the file.

    Returns:
        Training and test masks, uint8 [n, height, width], and the names of the classes.

    Raises:
        DataError: the masks are of another kind or size than that, or a class does not occur.
    """
    train, test = (
        _plain(masks, f"y_{part}", image_size, where)
        for part, masks in (("train", train), ("test", test))
    )
    values = _values(train, where)
    unknown = np.setdiff1d(_values(test, where), values)
    classes = int(values[-1]) + 1 if values.size else 0
    absent = np.setdiff1d(np.arange(classes), values)
    if absent.size:
        raise _gap(values, absent, where)
    if unknown.size:
        raise DataError(
            f"{where}: test masks have class {unknown[0]}, which no training mask has; classes 0 "
            f"to {classes - 1} are accepted. Check how the masks were written."
        )
    if classes < 2:
        raise DataError(
            f"{where}: every pixel of every training mask is background; two classes or more are "
            f"accepted. Check how the masks were written."
        )
    names = ("background", *map(str, range(1, classes)))
    return train.astype(np.uint8), test.astype(np.uint8), names


def _plain(masks: np.ndarray, key: str, image_size: tuple[int, int], where: str) -> np.ndarray:
    """Return masks without a last axis of one; refuse what is no mask of such images."""
    found = masks[..., 0] if masks.ndim == 4 and masks.shape[-1] == 1 else masks
    if found.dtype.kind not in "iub" or found.ndim != 3 or found.shape[1:] != image_size:
        height, width = image_size
        raise DataError(
            f"{where}: {key} is {masks.dtype} {list(masks.shape)}, and the images have {height} x "
            f"{width} pixels; masks are accepted as whole numbers [n, {height}, {width}], the "
            f"class of each pixel. Convert or resize them, without blending classes."
        )
    return found


def _values(masks: np.ndarray, where: str) -> np.ndarray:
    """Return the classes that occur, in rising order; none where there is no mask."""
    values = np.unique(masks).astype(np.int64) if masks.size else np.zeros(0, np.int64)
    if values.size and (values[0] < 0 or values[-1] >= MOST_CLASSES):
        raise DataError(
            f"{where}: masks have values from {values[0]} to {values[-1]}; classes are accepted as "
            f"0, 1, 2 and so on, up to {MOST_CLASSES - 1}. Renumber them."
        )
    return values


def _gap(values: np.ndarray, absent: np.ndarray, where: str) -> DataError:
    """Return the error for classes that no training mask has."""
    if values.tolist() in ([0, 255], [255]):
        step = "Divide by 255 to have background 0 and foreground 1."
    else:
        step = "Renumber the classes."
    shown = ", ".join(map(str, absent[:_SHOWN]))
    more = " and so on" if len(absent) > _SHOWN else ""
    found = ", ".join(map(str, values[:_SHOWN])) + (" and so on" if len(values) > _SHOWN else "")
    return DataError(
        f"{where}: training masks have the values {found}, so class {shown}{more} occurs in none; "
        f"0 to the last class, without a gap, are accepted. {step}"
    )
