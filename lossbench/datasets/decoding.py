"""All images of a data set decoded once, into an array on disk that need not fit into memory."""

import hashlib
import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import PIL

from lossbench.datasets.cache import cached
from lossbench.datasets.image_files import ImageFile, few, threads
from lossbench.datasets.pixels import Unreadable, bombs_refused, decode, read_bytes
from lossbench.errors import DataError

_BATCH = 64  # images a thread, decoded before they are written ...
_BATCH_BYTES = 256 << 20  # ... or fewer, of so many bytes together
_MANY = 5000  # images whose decoding takes long enough to say that it goes on
_ABOUT = "decoded.json"

Colour = Literal["auto", "grey", "rgb"]
ImageSize = int | Sequence[int] | None


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images of one size and what belongs to each, in the order of the files.

    Attributes:
        arrays: read-only arrays on disk, by name; `images` are uint8 [n, height, width, channels].
        kept: int [n], which of the files they are.
        faults: why the other files give no image, by their names.
    """

    arrays: Mapping[str, np.ndarray]
    kept: np.ndarray
    faults: Mapping[str, str]


def image_shape(
    files: Sequence[ImageFile], image_size: ImageSize, colour: Colour, where: str
) -> tuple[int, int, int]:
    """Return height, width and channels that all images are brought to.

    Args:
        files: the images, looked at.
        image_size: height and width, or one number for both; None where all have one size.
        colour: `auto` is `rgb` if one of them has colours, else `grey`.
        where: how messages name the data set.

    Raises:
        DataError: there are several sizes and none is asked for.
    """
    sound = [file for file in files if not file.fault]
    channels = 3 if colour == "rgb" or (colour == "auto" and any(f.colour for f in sound)) else 1
    if image_size is not None:
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        return height, width, channels
    sizes = Counter((file.height, file.width) for file in sound)
    (height, width), n = sizes.most_common(1)[0]
    if len(sizes) > 1:
        least, most = (f"{shape[0]} x {shape[1]}" for shape in (min(sizes), max(sizes)))
        step = 64 if min(min(shape) for shape in sizes) >= 64 else 32
        raise DataError(
            f"{where}: the images have {len(sizes)} sizes, from {least} to {most} (height x width; "
            f"{n} of {len(sound)} are {height} x {width}); one size is accepted, or image_size. "
            f"Write image_size: {step}, and all are resized."
        )
    return height, width, channels


def check_readable(
    faults: Mapping[str, str], n_files: int, max_unreadable: float, where: str
) -> None:
    """Refuse data of which more cannot be read than is tolerated.

    Args:
        faults: why, by the name of the file.
        n_files: number of image files.
        max_unreadable: share that is tolerated.
        where: how messages name the data set.

    Raises:
        DataError: it is more; or there is no image at all.
    """
    named = few([f"{name!r} ({fault})" for name, fault in faults.items()])
    if len(faults) == n_files:
        raise DataError(
            f"{where}: none of the {n_files} image files can be read: {named}; at least one is "
            f"accepted. Check how they were written."
        )
    if len(faults) > max_unreadable * n_files:
        raise DataError(
            f"{where}: {len(faults)} of {n_files} image files cannot be read: {named}; a share of "
            f"up to {max_unreadable:g} is accepted. Remove or repair them, or raise max_unreadable."
        )


def faults_of(files: Sequence[ImageFile]) -> dict[str, str]:
    """Return why files give no image, by name, as far as their headers say."""
    return {file.name: file.fault for file in files if file.fault}


def warn_of_faults(decoded: Decoded, where: str) -> None:
    """Log which files are left out, all of them."""
    faults = decoded.faults
    if faults:
        named = ", ".join(f"{name!r} ({fault})" for name, fault in faults.items())
        logging.getLogger("lossbench").warning(
            "%s: %d of %d image files cannot be read and are left out: %s",
            where,
            len(faults),
            len(faults) + len(decoded.kept),
            named,
        )


def decode_images(
    root: Path,
    files: Sequence[ImageFile],
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
    where: str,
) -> Decoded:
    """Decode images, or find them decoded.

    Args:
        root: the folder that their names are relative to.
        files: the images, looked at.
        image_size: as for `image_shape`.
        colour: as for `image_shape`.
        max_unreadable: share of the files that may be no images.
        where: how messages name the data set.

    Raises:
        DataError: too many are unreadable, the sizes differ, a file has changed meanwhile, or the
            cache cannot be written.
    """
    check_readable(faults_of(files), len(files), max_unreadable, where)
    shape = image_shape(files, image_size, colour, where)

    def one(index: int) -> tuple[np.ndarray, ...]:
        content = unchanged(root, files[index], where)
        return (decode(content, shape[0], shape[1], shape[2] == 3),)

    key = {"images": digests(files), "shape": list(shape)}
    decoded = decode_all(key, files, {"images": shape}, one, {"data": str(root)})
    check_readable(decoded.faults, len(files), max_unreadable, where)
    return decoded


def unchanged(root: Path, file: ImageFile, where: str) -> bytes:
    """Return the content of a file that must be as it was when it was looked at.

    Raises:
        DataError: it has changed.
        Unreadable: it cannot be read.
    """
    content = read_bytes(root / file.name)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(
            f"{where}: {file.name!r} changed while it was read; files that stay as they are are "
            f"accepted. Run again."
        )
    return content


def digests(files: Sequence[ImageFile]) -> str:
    """Hash the content of files, in their order."""
    return hashlib.sha256("\n".join(file.sha256 for file in files).encode()).hexdigest()


def decode_all(
    key: Mapping[str, Any],
    files: Sequence[ImageFile],
    shapes: Mapping[str, tuple[int, ...]],
    one: Callable[[int], tuple[np.ndarray, ...]],
    about: Mapping[str, Any] | None = None,
) -> Decoded:
    """Decode every example into the cache, a few at a time, or find them there.

    Args:
        key: what the arrays follow from, besides Pillow.
        files: one for each example; those with a fault are left out.
        shapes: of one example, in each array that is written.
        one: returns the arrays of one example, uint8, or raises `Unreadable`.
        about: what the cache says of them to people.

    Raises:
        DataError: the cache cannot be written.
    """
    sound = [index for index, file in enumerate(files) if not file.fault]
    key = {"made": "images", "pillow": PIL.__version__, "sound": len(sound), **key}
    folder = cached(key, lambda made: _write(made, sound, shapes, one), about)
    about = json.loads((folder / _ABOUT).read_bytes())
    found = {int(index): fault for index, fault in about["faults"].items()}
    kept = np.array([index for index in sound if index not in found], dtype=np.int64)
    faults = {file.name: file.fault or found.get(i, "") for i, file in enumerate(files)}
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in (shapes if len(kept) else ())
    }
    return Decoded(arrays, kept, {name: fault for name, fault in faults.items() if fault})


def _write(
    folder: Path,
    indices: Sequence[int],
    shapes: Mapping[str, tuple[int, ...]],
    one: Callable[[int], tuple[np.ndarray, ...]],
) -> None:
    """Decode side by side, write in order; images that turn out unreadable take no row."""
    faults: dict[int, str] = {}

    def attempt(index: int) -> tuple[np.ndarray, ...] | None:
        try:
            return one(index)
        except Unreadable as error:
            faults[index] = str(error)
            return None

    if len(indices) > _MANY:
        logging.getLogger("lossbench").warning(
            "decoding %d images, once: later runs find them in %s", len(indices), folder.parent
        )
    each = sum(math.prod(shape) for shape in shapes.values())
    batch = min(_BATCH * threads(), max(threads(), _BATCH_BYTES // each))
    with ExitStack() as stack:
        stack.enter_context(bombs_refused())
        pool = stack.enter_context(ThreadPoolExecutor(threads()))
        rows = [
            stack.enter_context(_Rows(folder / f"{name}.npy", len(indices), shape))
            for name, shape in shapes.items()
        ]
        for start in range(0, len(indices), batch):
            for example in pool.map(attempt, indices[start : start + batch]):
                for file, row in zip(rows, example or (), strict=bool(example)):
                    file.add(row)
    about = {"faults": {str(index): fault for index, fault in sorted(faults.items())}}
    (folder / _ABOUT).write_text(json.dumps(about))


class _Rows:
    """A .npy file of uint8 that grows by rows.

    It is written and not mapped: a full disk is then an error that can be told, not a signal that
    ends the process. NumPy leaves room in the header for the first axis to be corrected.
    """

    def __init__(self, path: Path, most: int, shape: tuple[int, ...]) -> None:
        self._file, self._shape, self._n = path.open("wb"), shape, 0
        self._header(most)

    def add(self, row: np.ndarray) -> None:
        if row.shape != self._shape or row.dtype != np.uint8:
            raise ValueError(f"{row.dtype} {row.shape} is no row of uint8 {self._shape}")
        self._file.write(row.tobytes())
        self._n += 1

    def _header(self, n: int) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (n, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.seek(0)
            self._header(self._n)
