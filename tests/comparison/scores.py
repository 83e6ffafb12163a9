"""Scores of the worked example, and results with more than one metric, for the tests here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lossbench import comparison, store

BASE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]
NEW = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]


def compare(*folders: Path, **options: Any) -> list[comparison.Comparison]:
    return comparison.compare([store.read_experiment(f) for f in folders], **options)


def row(compared: comparison.Comparison, level: str) -> comparison.Row:
    return next(r for r in (*compared.rows, *compared.controls) if r.level == level)


def check(compared: comparison.Comparison, code: str) -> Any:
    """The line of the audit with a code; None where there is none."""
    return next((line for line in compared.audit if line.code == code), None)


def measured(selected: float, **others: float | None) -> dict[str, Any]:
    """Metrics of a result: accuracy on test, and at `last` or on `validation` where given."""
    places = {"selected": ("test", "selected"), "last": ("test", "last")}
    places["validation"] = ("validation", "selected")
    rows = [
        {
            "split": places[name][0],
            "at": places[name][1],
            "stage": "raw",
            "metric": "accuracy",
            "value": value,
        }
        for name, value in {"selected": selected, **others}.items()
    ]
    return {"metrics": rows}


def each(values: Sequence[float], **changes: Any) -> list[dict[str, Any]]:
    """Scores of a level, each with the same changes to its result."""
    return [{"value": value} | changes for value in values]


def tuning(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write `tuning.csv`: a row for each mapping, the rest as usual."""
    usual = {
        "job_id": "t",
        "dataset": "mnist_mini",
        "model": "seed_cnn",
        "optimizer": "adam",
        "schedule": "constant",
        "backend": "tensorflow",
        "loss": "cross_entropy",
        "batch_size": "128",
        "track": "default",
        "trial": 0,
        "stage": "search",
        "seed": 1_000_000,
        "learning_rate": 0.001,
        "parameters": '{"learning_rate": 0.001}',
        "epochs": 3,
        "seconds": 1.5,
        "status": "ok",
        "metric": "accuracy",
        "value": 0.9,
        "edge": "",
        "chosen": "",
    }
    text = store.csv_text(store.TUNING_COLUMNS, [usual | dict(one) for one in rows])
    store.write_whole(folder / "tuning.csv", text)
    return folder
