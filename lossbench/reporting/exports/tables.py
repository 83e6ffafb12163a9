"""The tidy tables of several experiments as one, as CSV text and as Parquet."""

import contextlib
import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lossbench import comparison, store
from lossbench.comparison import Across, Comparison, Row
from lossbench.comparison.across import AcrossRow
from lossbench.errors import ConfigError, Problem
from lossbench.reporting.page.report import Report
from lossbench.store import Stored

if TYPE_CHECKING:
    import pandas as pd

INTEGERS = frozenset(
    "seed epochs batch_size epochs_done epochs_unused selected_epoch first_bad_step loss_spikes "
    "outputs n_train n_validation n_test params trainable_params loss_trainable_params threads "
    "test_eval_count attempts n_examples epoch examples_seen class_id support true_class "
    "pred_class count trial".split()
)
"""Columns of whole numbers, in any table."""
FLOATS = frozenset(
    "learning_rate gradient_norm_max_ratio gradient_norm_initial loss_scale "
    "reference_gradient_norm best_last_gap train_validation_gap load_per_cpu seconds_total "
    "seconds_data seconds_features seconds_train seconds_eval seconds_compile step_ms_median "
    "memory_mib temperature value optimum regret seconds seconds_to alc best training_loss "
    "oscillation largest_spike examples_to epochs_to".split()
)
BOOLEANS = frozenset("stopped_early collapsed test_resampled higher_is_better".split())
"""The other columns are text."""

_ACROSS = (
    *("factor", "baseline", "epochs", "at", "track", "metrics", "scale", "delta", "alpha"),
    *("datasets", "level", "mean", "ci_low", "ci_high", "df", "p", "p_holm", "verdict"),
    "mean_rank",
)


def csv_tables(report: Report) -> dict[str, str]:
    """Return all tables as CSV text by name, with full precision and a column `experiment`.

    Args:
        report: what was read and compared.

    Returns:
        runs, metrics, epochs, per_class, confusion, cross_loss and tuning, each over all
        experiments; comparisons, convergence and across.
    """
    compared = [one.comparison for one in report.materials]
    names = experiment_names(report.stored)
    parts = [
        store.table_texts(one) | {"tuning.csv": store.csv_text(store.TUNING_COLUMNS, one.trials)}
        for one in report.stored
    ]
    tables = {
        file.removesuffix(".csv"): _stacked(names, [part[file] for part in parts])
        for file in (parts[0] if parts else ())
    }
    return tables | {
        "comparisons": comparison.csv_text(compared),
        "convergence": comparison.convergence_csv(compared),
        "across": across_csv(report.across),
    }


def experiment_names(stored: Sequence[Stored]) -> list[str]:
    """Return a name for each experiment; those of one name get numbers."""
    seen: dict[str, int] = {}
    names = []
    for one in stored:
        seen[one.name] = seen.get(one.name, 0) + 1
        names.append(one.name if seen[one.name] == 1 else f"{one.name} ({seen[one.name]})")
    return names


def _stacked(names: Sequence[str], texts: Sequence[str]) -> str:
    """Return the rows of one table of several experiments, the experiment's name first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for index, (name, text) in enumerate(zip(names, texts, strict=True)):
        lines = csv.reader(io.StringIO(text, newline=""))
        header = next(lines)
        if index == 0:
            writer.writerow(["experiment", *header])
        writer.writerows([name, *line] for line in lines)
    return buffer.getvalue()


def across_csv(across: Sequence[Across]) -> str:
    """Return a row for each level of each summary over data sets; `datasets` is how many."""
    return store.csv_text(_ACROSS, (row for one in across for row in _across_rows(one)))


def _across_rows(one: Across) -> Iterator[dict[str, Any]]:
    shared = {name: getattr(one, name, None) for name in _ACROSS}
    shared |= {"datasets": len(one.datasets), "metrics": " ".join(dict.fromkeys(one.metrics))}
    for row in one.rows:
        yield shared | {name: getattr(row, name) for name in _ACROSS if hasattr(row, name)}


def parquet_tables(tables: Mapping[str, str]) -> dict[str, bytes]:
    """Return tables as Parquet files, with whole numbers, numbers, truth values and text.

    Args:
        tables: CSV text by name, as `csv_tables` returns it.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    check_parquet()
    return {name: _parquet(typed(name, text)) for name, text in tables.items()}


_NEEDS = (
    "needs pyarrow, which is not installed; the other formats need nothing more. Install it: "
    "pip install 'lossbench[parquet]'."
)


def has_parquet() -> bool:
    """Whether Parquet files can be written."""
    return find_spec("pyarrow") is not None


def check_parquet() -> None:
    """Refuse Parquet where it cannot be written.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    if not has_parquet():
        raise ConfigError([Problem("--format parquet", _NEEDS)])


def _parquet(table: "pd.DataFrame") -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()


def typed(name: str, text: str) -> "pd.DataFrame":
    """Return a table of `csv_tables` with a type for each column, nulls where cells are empty.

    Numbers are read by Python itself, which gives every digit back. A column with a cell that is
    not of its type stays text, as temperatures do where several outputs have one each.

    Args:
        name: of the table.
        text: its CSV text.
    """
    import pandas as pd

    header, *rows = csv.reader(io.StringIO(text, newline=""))
    cells = list(zip(*rows, strict=True)) or [()] * len(header)
    kinds = _types(name, header)
    columns = {
        column: _column(values, kinds[column]) for column, values in zip(header, cells, strict=True)
    }
    return pd.DataFrame(columns)


_READ: Mapping[str, Callable[[str], Any]] = {
    "Int64": int,
    "float64": float,
    "boolean": {"True": True, "False": False}.__getitem__,
}


def _column(cells: Sequence[str], kind: Any) -> Any:
    import pandas as pd

    if kind in _READ:
        read, missing = _READ[kind], math.nan if kind == "float64" else None
        with contextlib.suppress(ValueError, KeyError):
            return pd.array([read(cell) if cell else missing for cell in cells], dtype=kind)
    return pd.array([cell or None for cell in cells], dtype="string")


def _types(name: str, header: Sequence[str]) -> dict[str, Any]:
    known = dict.fromkeys(INTEGERS, "Int64") | dict.fromkeys(FLOATS, "float64")
    known |= dict.fromkeys(BOOLEANS, "boolean")
    if name in ("comparisons", "across"):
        known |= _declared(*((Comparison, Row) if name == "comparisons" else (Across, AcrossRow)))
    return {column: known.get(column, "string") for column in header}


_OF_ANNOTATIONS: Mapping[Any, str] = {
    int: "Int64",
    int | None: "Int64",
    float: "float64",
    float | None: "float64",
    bool: "boolean",
}


def _declared(*kinds: type) -> dict[str, str]:
    """Return the types of columns that are attributes of dataclasses."""
    known = {
        field.name: _OF_ANNOTATIONS.get(field.type, "string")
        for kind in kinds
        for field in fields(kind)
    }
    return known | {"datasets": "Int64"}
