"""All tables of several experiments: full precision, one header, types in Parquet."""

import csv
import io
import math
from dataclasses import fields

import pandas as pd
import pytest

from lossbench import comparison, store
from lossbench.errors import ConfigError
from lossbench.reporting.exports import tables
from lossbench.reporting.exports.tables import (
    BOOLEANS,
    FLOATS,
    INTEGERS,
    csv_tables,
    parquet_tables,
    typed,
)
from lossbench.reporting.page.report import report_of
from lossbench.store.tables import RUN_COLUMNS

BASE = [0.1 + 0.2, 1 / 3, 0.9, 0.91]
BETTER = [0.4, 0.5, 0.95, math.nan]
NAMES = [
    *("runs", "metrics", "epochs", "per_class", "confusion", "cross_loss", "tuning"),
    *("comparisons", "convergence", "across"),
]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def report(make_runs):
    """Two experiments of one name, on two data sets, with text that a CSV file must quote."""
    first = make_runs({"cross_entropy": BASE, 'a,"b"\nc': BETTER}, name="made", dataset="d1")
    told = {"temperature": 1.1, "n_train": 5, "stopped_early": True, "message": "two\nlines, and"}
    second = make_runs(
        {"cross_entropy": [told, *BASE[1:]], 'a,"b"\nc': [told, *BETTER[1:]]},
        name="again",
        dataset="d2",
    )
    about = (second / "experiment.yaml").read_text()
    (second / "experiment.yaml").write_text(about.replace('"again"', '"made"'))
    return report_of([first, second], "0.1.0")


def test_all_tables_hold_the_rows_of_all_experiments(report):
    found = csv_tables(report)
    assert list(found) == NAMES
    runs = rows_of(found["runs"])
    assert list(runs[0]) == ["experiment", *RUN_COLUMNS]
    assert [row["experiment"] for row in runs] == ["made"] * 8 + ["made (2)"] * 8
    assert runs[4]["loss"] == 'a,"b"\nc' and runs[8]["message"] == "two\nlines, and"
    assert rows_of(found["comparisons"])[0].keys() >= {"level", "diff", "p_holm", "verdict"}
    assert len(rows_of(found["comparisons"])) == 4


def test_numbers_have_every_digit(report):
    metrics = rows_of(csv_tables(report)["metrics"])
    assert [float(row["value"]) for row in metrics[:4]] == BASE
    assert metrics[0]["value"] == "0.30000000000000004"
    mean = report.materials[0].comparison.rows[0].mean
    assert rows_of(csv_tables(report)["comparisons"])[0]["mean"] == repr(mean)


def test_the_summary_over_data_sets_is_a_table(report):
    rows = rows_of(csv_tables(report)["across"])
    assert [row["level"] for row in rows] == [one.level for one in report.across[0].rows]
    assert rows[0]["datasets"] == "2" and rows[0]["metrics"] == "accuracy"
    assert rows[0]["mean"] == repr(report.across[0].rows[0].mean)


def test_parquet_read_back_equals_the_csv(report):
    found = csv_tables(report)
    binary = parquet_tables(found)
    assert list(binary) == NAMES
    for name, content in binary.items():
        table = pd.read_parquet(io.BytesIO(content))
        rows = rows_of(found[name])
        assert len(table) == len(rows)
        for column in table.columns:
            cells = [row[column] for row in rows]
            for value, cell in zip(table[column], cells, strict=True):
                if isinstance(value, str):
                    assert value == cell, (name, column)
                elif cell in ("", "nan"):
                    assert pd.isna(value), (name, column)
                elif isinstance(value, bool) or str(value) in ("True", "False"):
                    assert str(value) == cell
                else:
                    assert float(value) == float(cell), (name, column)


def test_parquet_has_types_whatever_the_rows_are(report):
    found = csv_tables(report)
    kinds = {name: typed(name, text).dtypes.astype(str).to_dict() for name, text in found.items()}
    assert kinds["runs"]["seed"] == "Int64" and kinds["runs"]["stopped_early"] == "boolean"
    assert kinds["runs"]["n_train"] == "Int64", "although most cells are empty"
    assert kinds["runs"]["temperature"] == kinds["runs"]["learning_rate"] == "float64"
    assert kinds["runs"]["job_id"] == kinds["runs"]["device"] == "string"
    assert kinds["tuning"]["trial"] == "Int64", "although it has no row"
    row = {field.name: field.type for field in fields(comparison.Row)}
    for name in ("n", "params", "n_for_delta"):
        assert row[name] in (int, int | None) and kinds["comparisons"][name] == "Int64"
    assert kinds["comparisons"]["bold"] == "boolean" and kinds["comparisons"]["p"] == "float64"
    assert kinds["comparisons"]["flags"] == "string"
    assert kinds["across"]["mean"] == "float64" and kinds["across"]["datasets"] == "Int64"
    empty = {name: typed(name, text.splitlines()[0] + "\n") for name, text in found.items()}
    for name, table in empty.items():
        assert table.dtypes.astype(str).to_dict() == kinds[name], name


def test_a_job_id_of_digits_stays_text_and_a_mapping_of_temperatures_too():
    text = 'job_id,temperature,seed\n007e12,"{""a"": 1.0}",3\n000001,,\n'
    table = typed("runs", text)
    assert list(table["job_id"]) == ["007e12", "000001"]
    assert table["temperature"][0] == '{"a": 1.0}' and table["seed"][0] == 3


def test_no_column_has_two_types():
    assert not INTEGERS & FLOATS and not BOOLEANS & (INTEGERS | FLOATS)


def test_without_pyarrow_one_message_names_the_extra(monkeypatch):
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'lossbench\[parquet\]'"):
        parquet_tables({})


def test_tables_are_made_from_the_jobs_not_from_files_that_may_be_old(make_runs):
    folder = make_runs({"cross_entropy": BASE})
    store.write_whole(folder / "runs.csv", "job_id\nold\n")
    assert "old" not in csv_tables(report_of([folder], "0.1.0"))["runs"]
