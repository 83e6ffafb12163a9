"""Comparisons as JSON, with every number."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lossbench.comparison import Comparison

SCHEMA = 1


def as_json(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as JSON text; a number that does not exist is null."""
    data = {"schema": SCHEMA, "comparisons": [asdict(item) for item in comparisons]}
    return json.dumps(_finite(data), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
