"""What a saved model says of images: rows, text at 80 columns, CSV and JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.store import csv_text

Row = dict[str, Any]
WIDTH = 80
LISTED = 3
"""Classes that the text names for each image, the likeliest first."""


def prediction_rows(
    names: Sequence[str], scores: NDArray[np.float64], result: Mapping[str, Any]
) -> list[Row]:
    """Return one row for each image and output.

    Probabilities are those of scores / temperature, where the temperature was fitted on the
    validation examples of the job: so those of every loss mean something, and the class with the
    highest is the one that the raw scores name.

    Args:
        names: of the images.
        scores: decoded, [n, scores of all outputs].
        result: the content of the job's `result.json`.

    Returns:
        Rows with `image`; `output` where there are several; `class` and `probabilities` by class,
        or `labels` and `probabilities` by label, or `values`.
    """
    told = result.get("per_output")
    if not told:
        own = {"class_names": result.get("class_names", ()), "task": result["task"]}
        return list(_rows(names, scores, own, result.get("temperature"), {}))
    rows: list[Row] = []
    end = 0
    for one in told:
        first, end = end, end + one["n_scores"]
        temperature = (result.get("temperature") or {}).get(one["output"])
        also = {"output": one["output"]}
        rows += _rows(names, scores[:, first:end], one, temperature, also)
    return sorted(rows, key=lambda row: names.index(row["image"]))


def _rows(
    names: Sequence[str],
    scores: NDArray[np.float64],
    told: Mapping[str, Any],
    temperature: float | None,
    also: Row,
) -> Iterator[Row]:
    from scipy import special

    classes, cooled = list(told["class_names"]), scores / (temperature or 1.0)
    several = told["task"] == "multilabel"
    shares = special.expit(cooled) if several else special.softmax(cooled, axis=1)
    for name, own, share in zip(names, scores, shares, strict=True):
        row = {"image": name, **also}
        if not classes:
            yield row | {"values": [float(value) for value in own]}
            continue
        named = {"probabilities": dict(zip(classes, map(float, share), strict=True))}
        if several:
            yield row | {"labels": [c for c, s in zip(classes, own, strict=True) if s > 0]} | named
        else:
            yield row | {"class": classes[int(own.argmax())]} | named


def prediction_json(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """Return rows and what model they are of as JSON text."""
    return json.dumps({**about, "predictions": rows}, indent=1, ensure_ascii=False) + "\n"


def prediction_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV: a column for the class, one for each probability or value."""
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    return csv_text(columns, flat)


def _flat(row: Row) -> Row:
    found: Row = {key: row[key] for key in ("image", "output", "class") if key in row}
    if "labels" in row:
        found["labels"] = " ".join(row["labels"])
    values = row.get("values", [])
    found |= {f"value_{i}": value for i, value in enumerate(values, start=1)}
    return found | {f"p({name})": p for name, p in row.get("probabilities", {}).items()}


def about_model(job: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Return which model it is and how well it did: plain data for JSON and for the headline."""
    metric = job["metric"]
    of_test = [
        row["value"]
        for row in result["metrics"]
        if (row["metric"], row["split"], row["at"], row["stage"])
        == (metric, "test", "selected", "raw")
    ]
    return {
        "loss": job["loss"]["name"],
        "network": job["model"]["name"],
        "dataset": job["dataset"]["name"],
        "seed": job["seed"],
        "metric": metric,
        "test": of_test[0] if of_test else None,
    }


def prediction_text(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """Return rows as text for people: a headline, then a line or two for each image."""
    test = "" if about["test"] is None else f"; {about['metric']} on test {about['test']:.4g}"
    lines = [
        f"{about['loss']}, seed {about['seed']}: {about['network']} on {about['dataset']}{test}"
    ]
    where = [f"{row['image']}" + (f" {row['output']}" if "output" in row else "") for row in rows]
    width = min(max(map(len, where)), WIDTH // 2)
    for name, row in zip(where, rows, strict=True):
        said = _said(row)
        one = f"{name:<{width}}  {said}"
        lines += [one] if len(one) <= WIDTH else [name, f"    {said}"]
    return "\n".join(lines) + "\n"


def _said(row: Row) -> str:
    if "values" in row:
        return ", ".join(f"{value:.4g}" for value in row["values"])
    ordered = sorted(row["probabilities"].items(), key=lambda item: -item[1])
    if "labels" in row:
        shown = [(name, p) for name, p in ordered if name in row["labels"]]
        return ", ".join(f"{name} {100 * p:.1f} %" for name, p in shown) or "no label"
    shown = [item for item in ordered if item[0] == row["class"]]
    shown += [item for item in ordered if item[0] != row["class"]][: LISTED - 1]
    return ", ".join(f"{name} {100 * p:.1f} %" for name, p in shown)
