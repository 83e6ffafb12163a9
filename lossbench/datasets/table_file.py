"""Reading a user's CSV or Parquet table: the columns that are asked for, as text and numbers."""

import difflib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = ",;\t"
_SHOWN = 3  # rows named in a message


def read_table(path: Path, columns: Sequence[str], where: str) -> "pd.DataFrame":
    """Read a table; in CSV every value is text.

    In CSV the columns are separated by the comma, semicolon or tab that the first line has most
    of; encoding is UTF-8.

    Args:
        path: a .parquet file; any other is taken for CSV.
        columns: names of the columns that are wanted.
        where: how messages name the file.

    Returns:
        The table, which has these columns and a row or more.

    Raises:
        DataError: the file is absent or damaged, has no row, or lacks one of the columns; or
            pyarrow is missing.
    """
    if not path.is_file():
        fault = "this is a folder" if path.is_dir() else "there is no such file"
        raise DataError(
            f"{where}: {fault}; a .csv or .parquet file with a row for each image is "
            f"accepted. Check the path."
        )
    read = _parquet if path.suffix.lower() in (".parquet", ".pq") else _csv
    frame = read(path, where)
    frame.columns = frame.columns.map(lambda column: str(column).strip())
    for column in columns:
        _check_column(column, list(frame.columns), where)
    if not len(frame):
        raise DataError(
            f"{where}: the table has no rows; one for each image is accepted. Add them."
        )
    return frame


def text(column: "pd.Series[Any]") -> np.ndarray:
    """Return a column as text: str [n], stripped; empty where a value is missing."""
    plain = column.astype(object).where(column.notna(), "").map(str).str.strip()
    return plain.to_numpy().astype(str)


def numbers(column: "pd.Series[Any]") -> np.ndarray:
    """Return a column as numbers where it holds some.

    Returns:
        int64 [n] where all are whole; float64 [n], NaN where a value is missing; or text, as
        `text` does, where one that is not missing is no number.
    """
    if column.dtype.kind in "iub" and not column.hasnans:
        return column.to_numpy().astype(np.int64)
    if column.dtype.kind == "f":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    values = text(column)
    there = values != ""
    for kind in (np.int64, np.float64):
        found = np.full(len(values), np.nan if kind is np.float64 else 0, dtype=kind)
        if kind is np.int64 and not there.all():
            continue
        try:
            found[there] = values[there].astype(kind)
        except (ValueError, OverflowError):
            continue
        return found
    return values


def no_numbers(values: np.ndarray) -> np.ndarray:
    """Return which texts are neither numbers nor empty: bool [n]."""
    return np.array([bool(value) and not _is_number(value) for value in values.tolist()])


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def missing(values: np.ndarray) -> np.ndarray:
    """Return where a column has no value: bool [n]."""
    return np.asarray(np.isnan(values) if values.dtype.kind == "f" else values == "")


def rows(at: Any) -> str:
    """Return which rows, by their number below the header from 1, for a message.

    Args:
        at: bool [n].
    """
    found = (np.flatnonzero(at) + 1).tolist()
    shown = ", ".join(map(str, found[:_SHOWN]))
    return f"row{'s' if len(found) > 1 else ''} {shown}" + (
        f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    )


def _csv(path: Path, where: str) -> "pd.DataFrame":
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline(1 << 16)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path,
                sep=max(_SEPARATORS, key=header.count),
                dtype=str,
                keep_default_na=False,
                index_col=False,
                skipinitialspace=True,
                encoding="utf-8-sig",
            )
    except pd.errors.EmptyDataError as error:
        raise DataError(
            f"{where}: the table is empty; a header line and one for each image are accepted. Add "
            f"them."
        ) from error
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise DataError(
            f"{where}: this is no CSV file in UTF-8 ({str(error).strip()}); lines of equally many "
            f"values, separated by commas, are accepted. Export the table again."
        ) from error


def _parquet(path: Path, where: str) -> "pd.DataFrame":
    import pandas as pd

    try:
        import pyarrow
    except ImportError as error:
        raise DataError(
            f"{where}: Parquet is read with pyarrow, which is not installed; without it CSV is "
            f'accepted. Run: pip install "lossbench[parquet]"'
        ) from error
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise DataError(
            f"{where}: this is no sound Parquet file ({str(error).strip()}); a table is accepted. "
            f"Write or copy it again."
        ) from error


def _check_column(column: str, present: Sequence[str], where: str) -> None:
    """Refuse a column that is not there, or is there twice."""
    if present.count(column) == 1:
        return
    if column in present:
        raise DataError(
            f"{where}: column {column!r} is there {present.count(column)} times; one is accepted. "
            f"Rename the others."
        )
    folded = {name.casefold(): name for name in present}
    near = difflib.get_close_matches(column.casefold(), folded, n=1)
    hint = f"Did you mean {folded[near[0]]!r}?" if near else "Name one of them."
    raise DataError(
        f"{where}: there is no column {column!r}; {', '.join(map(repr, present))} are accepted. "
        f"{hint}"
    )
