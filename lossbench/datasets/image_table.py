"""The user's own images, named in a table with their classes or targets."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.metrics import usual_metric
from lossbench.datasets.decoding import (
    Colour,
    Decoded,
    ImageSize,
    check_readable,
    decode_images,
    faults_of,
    image_shape,
    warn_of_faults,
)
from lossbench.datasets.image_files import (
    ImageFile,
    content_sha256,
    few,
    is_inside,
    look_at,
    printable,
)
from lossbench.datasets.image_folder import PARTS, check_parts
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.table_file import numbers, read_table, rows, text
from lossbench.datasets.table_targets import Targets, check_in_training, targets_of_columns
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError


@dataclass(frozen=True, eq=False)
class _Table:
    """The rows of a table, those of the test part last."""

    root: Path
    where: str
    files: list[ImageFile]
    targets: Targets
    groups: np.ndarray | None
    n_train: int

    def part(self, kept: np.ndarray, of_test: bool) -> np.ndarray:
        """Return which rows, of those that give an image, a part holds."""
        in_test = kept >= self.n_train
        return kept[in_test] if of_test else kept[~in_test]


def describe(
    name: str,
    *,
    path: str,
    image: str,
    target: str | Sequence[str],
    task: Task | None,
    ordered: bool,
    split_column: str | None,
    group: str | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> Facts:
    """Say what `read` will give; of images only the headers are decoded.

    Args:
        name: the name of the data set, for messages.
        path: the table.
        image: as for `read`.
        target: as for `read`.
        task: as for `read`.
        ordered: as for `read`.
        split_column: as for `read`.
        group: as for `read`.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.

    Raises:
        DataError: the table or what it names is absent or wrong.
    """
    table = _table(name, path, image, target, task, ordered, split_column, group)
    files, targets = table.files, table.targets
    faults = faults_of(files)
    check_readable(faults, len(files), max_unreadable, table.where)
    kept = np.flatnonzero([not file.fault for file in files])
    train, test = table.part(kept, of_test=False), table.part(kept, of_test=True)
    check_in_training(targets, train, table.where)
    is_regression, classes = targets.task == "regression", len(targets.class_names)
    counts = np.array([len(train)])
    if targets.task in CLASSIFICATION:
        counts = np.bincount(targets.values[train], minlength=classes)
    facts = Facts(
        task=targets.task,
        grouped=group is not None,
        image_shape=image_shape(files, image_size, colour, table.where),
        n_classes=classes,
        n_targets=targets.values.shape[1] if is_regression else 0,
        **whole(counts),
        n_test=len(test),
        soft_targets=False,
        class_names=targets.class_names,
        metric=usual_metric(targets.task, ordered=ordered),
        content_sha256=_content_sha256(table),
        ordered=ordered,
        unreadable=tuple(map(printable, faults)),
    )
    return replace(facts, **target_values(targets.values[kept])) if is_regression else facts


def read(
    name: str,
    *,
    path: str,
    image: str,
    target: str | Sequence[str],
    task: Task | None,
    ordered: bool,
    split_column: str | None,
    group: str | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> Source:
    """Read the images that a table names, in the order of its rows, with their targets.

    What columns of targets mean: `table_targets.targets_of_columns`. How pixels are decoded and
    resized: `pixels.decode`.

    Args:
        name: the name of the data set, for messages.
        path: a .csv, .tsv or .parquet file.
        image: column of the image files, relative to the table's folder and inside it.
        target: column of targets, or several of them.
        task: the task, or None where the values decide.
        ordered: whether classes, given as whole numbers, have an order.
        split_column: column of train, test and validation, which joins train; or None.
        group: column of what each image belongs to, as its patient, or None.
        image_size: height and width in pixels, or one number for both, that all images are
            resized to; None where they have one size.
        colour: `grey`, `rgb`, or `auto`: rgb if one image has colours.
        max_unreadable: share of the files that may be no images; they are left out.

    Returns:
        Images uint8 [n, height, width, channels] on disk; a test part of length 0 where no row is
        for the test.

    Raises:
        DataError: the table or what it names is absent or wrong.

    Source:
        The user.
    """
    table = _table(name, path, image, target, task, ordered, split_column, group)
    decoded = _decoded(table, image_size, colour, max_unreadable)
    train = table.part(decoded.kept, of_test=False)
    test = table.part(decoded.kept, of_test=True)
    images, n_train = decoded.arrays["images"], len(train)
    return Source(
        images=images[:n_train],
        targets=table.targets.values[train],
        test_images=images[n_train:],
        test_targets=table.targets.values[test],
        task=table.targets.task,
        class_names=table.targets.class_names,
        ordered=ordered,
        groups=table.groups[train] if table.groups is not None else None,
    )


def prepare(
    name: str,
    *,
    path: str,
    image: str,
    target: str | Sequence[str],
    task: Task | None,
    ordered: bool,
    split_column: str | None,
    group: str | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> None:
    """Decode all images into the cache, and log which files are left out.

    Args:
        name: the name of the data set, for messages.
        path: the table.
        image: as for `read`.
        target: as for `read`.
        task: as for `read`.
        ordered: as for `read`.
        split_column: as for `read`.
        group: as for `read`.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.

    Raises:
        DataError: the table or what it names is absent or wrong, or the cache cannot be written.
    """
    table = _table(name, path, image, target, task, ordered, split_column, group)
    warn_of_faults(_decoded(table, image_size, colour, max_unreadable), table.where)


def _decoded(
    table: _Table, image_size: ImageSize, colour: Colour, max_unreadable: float
) -> Decoded:
    decoded = decode_images(
        table.root, table.files, image_size, colour, max_unreadable, table.where
    )
    check_in_training(table.targets, table.part(decoded.kept, of_test=False), table.where)
    return decoded


def _table(
    name: str,
    path: str,
    image: str,
    target: str | Sequence[str],
    task: Task | None,
    ordered: bool,
    split_column: str | None,
    group: str | None,
) -> _Table:
    """Read a table and look at the images that it names."""
    file = Path(path).expanduser()
    where = f"data set {name!r}: {file}"
    wanted = [target] if isinstance(target, str) else list(target)
    _check_distinct([image, *wanted, *filter(None, (split_column, group))], where)
    frame = read_table(file, [image, *wanted, *filter(None, (split_column, group))], where)
    root = file.resolve().parent
    names = _files(root, text(frame[image]), image, where)
    columns = [(column, numbers(frame[column])) for column in wanted]
    targets = targets_of_columns(columns, task, ordered, where)
    in_test = np.zeros(len(names), dtype=bool)
    if split_column is not None:
        in_test = _in_test(text(frame[split_column]), split_column, where)
    groups = None
    if group is not None:
        groups = _groups(text(frame[group]), group, in_test, where)
    order = np.argsort(in_test, kind="stable")
    return _Table(
        root=root,
        where=where,
        files=look_at(root, [names[i] for i in order]),
        targets=replace(targets, values=targets.values[order]),
        groups=groups[order] if groups is not None else None,
        n_train=int((~in_test).sum()),
    )


def _check_distinct(columns: Sequence[str], where: str) -> None:
    twice = next((column for column in columns if list(columns).count(column) > 1), None)
    if twice is not None:
        raise DataError(
            f"{where}: column {twice!r} is named twice, among image, target, split_column and "
            f"group; a column for each is accepted. Name another one."
        )


def _files(root: Path, given: np.ndarray, column: str, where: str) -> list[str]:
    """Return the files that a column names, relative to the table's folder, links followed."""
    at = f"{where}: column {column!r}"
    if (given == "").any():
        raise DataError(
            f"{at} has no value in {rows(given == '')} (counted below the header); an image file "
            f"in every row is accepted. Fill them in, or remove these rows."
        )
    outside = [name for name in given.tolist() if not is_inside(root, name)]
    if outside:
        raise DataError(
            f"{at}: {len(outside)} files lie outside the table's folder: "
            f"{few([repr(name) for name in outside])}; files in it or below are accepted. Move "
            f"the table, or copy the images."
        )
    absent = [name for name in given.tolist() if not _is_file(root, name)]
    if absent:
        raise DataError(
            f"{at}: {len(absent)} of {len(given)} files are not there: "
            f"{few([repr(name) for name in absent])}; names relative to the table's folder are "
            f"accepted. Correct the names, or remove these rows."
        )
    found = [Path(os.path.relpath(os.path.realpath(root / name), root)) for name in given.tolist()]
    names = [path.as_posix() for path in found]
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        raise DataError(
            f"{at}: {len(twice)} rows name a file that an earlier row names: "
            f"{few([repr(name) for name in twice])}; a row for each file is accepted. Remove the "
            f"others."
        )
    return names


def _is_file(root: Path, name: str) -> bool:
    try:
        return os.path.isfile(root / name)
    except ValueError:
        return False


def _in_test(values: np.ndarray, column: str, where: str) -> np.ndarray:
    """Return which rows are for the test: bool [n]."""
    parts = [PARTS.get(value.casefold()) for value in values.tolist()]
    wrong = np.array([part is None for part in parts])
    at = f"{where}: column {column!r}"
    if wrong.any():
        first = str(values[int(wrong.argmax())])
        raise DataError(
            f"{at} holds {first!r} in {rows(wrong)} (counted below the header); train, test and "
            f"validation are accepted. Correct them, or leave out split_column."
        )
    if "train" not in parts:
        raise DataError(
            f"{at} says train in no row; training images are needed. Correct it, or leave out "
            f"split_column."
        )
    check_parts(set(parts), f"{at} says validation in some rows")
    return np.array([part == "test" for part in parts])


def _groups(values: np.ndarray, column: str, in_test: np.ndarray, where: str) -> np.ndarray:
    """Return the groups of all rows; refuse one on both sides of the split that is given."""
    at = f"{where}: column {column!r}"
    if (values == "").any():
        raise DataError(
            f"{at} has no value in {rows(values == '')} (counted below the header); a group for "
            f"every image is accepted. Fill them in, or remove these rows."
        )
    both = np.intersect1d(values[in_test], values[~in_test]).tolist()
    if both:
        raise DataError(
            f"{at}: {len(both)} groups have training and test images: "
            f"{few([repr(name) for name in both])}; groups on one side are accepted. Correct "
            f"split_column, or leave it out."
        )
    return values


def _content_sha256(table: _Table) -> str:
    """Hash what the table says and what the images hold."""
    n = len(table.files)
    groups = table.groups.tolist() if table.groups is not None else [None] * n
    names = [list(table.targets.class_names)] * n
    return content_sha256(
        table.files,
        [i < table.n_train for i in range(n)],
        table.targets.values.tolist(),
        groups,
        names[:1] + [None] * (n - 1),
    )
