"""The curve of a job's loss: its value and gradient over one number, as the job wrote it."""

import json
import math
from pathlib import Path
from typing import Any

LOSS_CURVE = "loss_curve.json"


def read_loss_curve(folder: Path) -> dict[str, Any] | None:
    """Return the curve of a job's loss, or None where there is none, or none that can be read.

    Args:
        folder: the job's folder.

    Returns:
        "x": the points, rising, [n]; "x_label": what moves, with its unit; "variable": the same
        as a symbol; "held": what stays fixed; "lines": for one way or several to arrange the rest
        a "label", the loss's "value" and its "gradient" with respect to x, [n] each.
    """
    try:
        found = json.loads((folder / LOSS_CURVE).read_bytes())
        return found if _is_curve(found) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_curve(found: Any) -> bool:
    """Whether a file holds what a job writes; raises where parts are missing or of other kinds."""
    columns = [line[what] for line in found["lines"] for what in ("value", "gradient")]
    words = (found["x_label"], found["variable"], found["held"])
    labels = [line["label"] for line in found["lines"]]
    return (
        all(isinstance(word, str) for word in (*words, *labels))
        and len(found["x"]) > 1
        and bool(columns)
        and all(len(column) == len(found["x"]) for column in columns)
        and all(math.isfinite(one) for column in (found["x"], *columns) for one in column)
        and all(one < after for one, after in zip(found["x"], found["x"][1:], strict=False))
    )
