"""The user's own arrays, read from one .npz file."""

import hashlib
from pathlib import Path

from lossbench.catalog import Facts
from lossbench.catalog.losses import Task
from lossbench.datasets.npz_file import read_arrays, read_headers
from lossbench.datasets.splitting import Source
from lossbench.datasets.user_arrays import check_headers, facts_of, source_of


def describe(name: str, *, path: str, task: Task | None, ordered: bool) -> Facts:
    """Say what `read` will give; labels are read, of images only shape and type.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the file is absent or wrong.
    """
    file, where = _located(name, path)
    headers = read_headers(file, where)
    check_headers(headers, where)
    labels = read_arrays(file, where, [key for key in headers if key.startswith("y_")])
    return facts_of(
        headers,
        labels,
        task=task,
        ordered=ordered,
        content_sha256=_content_sha256(file),
        where=where,
    )


def read(name: str, *, path: str, task: Task | None, ordered: bool) -> Source:
    """Read the user's arrays x_train, y_train, x_test and y_test.

    Where there is no y_train, each pair y_train_<name> and y_test_<name> is an output of its own:
    whole numbers and strings are classes, floats are regression targets. Arrays of the test may be
    left out, all of them; it is drawn then. group_train and group_test name, for each example,
    what it belongs to.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None; without it whole numbers and strings are
            classes, rows that sum to 1 soft labels, other floats regression targets.
        ordered: whether the classes have an order, that of their numbers.

    Returns:
        Images [n, height, width, channels]: whole numbers as uint8, floats as float32.

    Raises:
        DataError: the file is absent or wrong.

    Source:
        The user.
    """
    file, where = _located(name, path)
    headers = read_headers(file, where)
    check_headers(headers, where)
    return source_of(
        read_arrays(file, where, list(headers)), task=task, ordered=ordered, where=where
    )


def prepare(name: str, *, path: str, task: Task | None, ordered: bool) -> None:
    """Read the whole file once, so that a wrong value is found before anything trains.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the file is absent or wrong.
    """
    read(name, path=path, task=task, ordered=ordered)


def _located(name: str, path: str) -> tuple[Path, str]:
    """Return the file, and how messages name it."""
    file = Path(path).expanduser()
    return file, f"data set {name!r}: {file}"


def _content_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
