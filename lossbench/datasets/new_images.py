"""Images that no data set holds: files, folders and arrays, made as a network was trained on."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lossbench.datasets.image_files import find_images, threads
from lossbench.datasets.pixels import Unreadable, bombs_refused, decode, read_bytes
from lossbench.errors import DataError

Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class NewImages:
    """Images with their names.

    Attributes:
        names: of each: the file's, or that of the array with the image's place.
        images: [n, height, width, channels], uint8 or float32.
        faults: why other files give no image, by name.
    """

    names: tuple[str, ...]
    images: np.ndarray
    faults: Mapping[str, str] = field(default_factory=dict)


def load_new_images(paths: Sequence[Path], shape: Shape, dtype: str) -> NewImages:
    """Read images and bring them to the size and the type that a network was trained on.

    Files are decoded as those of a data set are: turned as EXIF says, made grey or coloured,
    stretched to the size. Arrays must have the size already.

    Args:
        paths: image files, folders of them, and `.npy` files of images, [n, height, width] or
            [n, height, width, channels].
        shape: height, width and channels, in pixels.
        dtype: "uint8", or "float32" for data that were floats, which only arrays can be.

    Raises:
        DataError: a path leads nowhere, an array does not fit, or no image can be read.
    """
    arrays = [path for path in paths if path.suffix == ".npy"]
    files = _files([path for path in paths if path.suffix != ".npy"])
    if files and dtype != "uint8":
        raise DataError(
            f"{files[0]}: the model was trained on arrays of floats, whose scale a file cannot "
            "tell; a .npy file of such images is accepted. Save them as one."
        )
    decoded, faults = _decoded(files, shape)
    parts = [(tuple(map(str, decoded)), np.array([*decoded.values()]).reshape(-1, *shape))]
    parts = [part for part in parts if part[0]] + [_array(path, shape, dtype) for path in arrays]
    if not parts:
        said = "; ".join(f"{name}: {fault}" for name, fault in list(faults.items())[:5])
        raise DataError(
            f"no image can be read ({said or 'none was found'}); PNG, JPEG and other image files, "
            "folders of them and .npy files are accepted. Check the paths."
        )
    names = tuple(name for part, _ in parts for name in part)
    return NewImages(names, np.concatenate([images for _, images in parts]), faults)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return files, those in folders in natural order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [path / name for name in find_images(path, ".", str(path))]
        elif path.exists():
            found.append(path)
        else:
            raise DataError(
                f"{path}: there is no such file; image files, folders of them and .npy files are "
                "accepted. Check the path."
            )
    return found


def _decoded(files: Sequence[Path], shape: Shape) -> tuple[dict[Path, np.ndarray], dict[str, str]]:
    height, width, channels = shape

    def one(path: Path) -> np.ndarray | str:
        try:
            return decode(read_bytes(path), height, width, colour=channels == 3)
        except Unreadable as error:
            return str(error)

    with bombs_refused(), ThreadPoolExecutor(threads()) as pool:
        found = dict(zip(files, pool.map(one, files), strict=True))
    faults = {str(path): fault for path, fault in found.items() if isinstance(fault, str)}
    return {p: image for p, image in found.items() if not isinstance(image, str)}, faults


def _array(path: Path, shape: Shape, dtype: str) -> tuple[tuple[str, ...], np.ndarray]:
    try:
        images = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); a .npy file of numbers is accepted. Write it with "
            "numpy.save."
        ) from error
    if images.ndim == 3 and shape[2] == 1:
        images = images[..., np.newaxis]
    wanted = "whole numbers 0 to 255" if dtype == "uint8" else "floats on the scale of the training"
    fits = images.dtype.kind in ("iu" if dtype == "uint8" else "f") and images.size
    if images.shape[1:] != shape or not fits:
        expected = "[n, " + ", ".join(map(str, shape)) + "]"
        raise DataError(
            f"{path}: {images.dtype} {list(images.shape)}; {wanted} of shape {expected} are "
            "accepted, as the model was trained on. Convert or resize them."
        )
    low, high = images.min(), images.max()
    if not np.isfinite([low, high]).all() or (dtype == "uint8" and (low < 0 or high > 255)):
        raise DataError(f"{path}: values from {low} to {high}; {wanted} are accepted. Mend them.")
    return tuple(f"{path}[{i}]" for i in range(len(images))), images.astype(dtype)
