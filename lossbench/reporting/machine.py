"""Comparisons as JSON, with every number."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from lossbench.comparison import Comparison
from lossbench.store.files import finite

SCHEMA = 1


def as_json(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as JSON text; a number that does not exist is null."""
    data = {"schema": SCHEMA, "comparisons": [asdict(item) for item in comparisons]}
    return json.dumps(finite(data), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
