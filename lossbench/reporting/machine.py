"""Comparisons as JSON, with every number."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lossbench.comparison import Comparison
from lossbench.store.files import finite

SCHEMA = 1


def as_json(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as JSON text; a number that does not exist is null."""
    data = {"schema": SCHEMA, "comparisons": [_plain(item) for item in comparisons]}
    return json.dumps(finite(data), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _plain(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data; a row's level stands under the factor's name, too."""
    found = asdict(comparison)
    for key in ("rows", "controls"):
        found[key] = [{comparison.factor: row["level"], **row} for row in found[key]]
    return found
