"""Comparisons as JSON, with every number, the sentence of each row, and why a number is missing."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lossbench import stats
from lossbench.comparison import Across, Comparison, Row
from lossbench.reporting.captions import banners, captions, shares_sentence
from lossbench.reporting.sentences import sentence
from lossbench.store.files import finite

SCHEMA = 2

_PAIRED = (
    *("diff", "ci_low", "ci_high", "ci90_low", "ci90_high", "sd", "g_z", "d_av", "corr"),
    *("p", "p_holm", "p_tost", "p_beyond", "p_sign_flip", "mde", "pairing_gain"),
)
"""What only two levels together have, and only where enough seeds worked in both."""

_UNKNOWN: Mapping[str, str] = {
    "regret": "the best possible value is unknown for these data",
    "mean_itt": "the score of a constant predictor is unknown",
    "error_reduction": "the metric is not bounded, or there is no baseline to compare with",
    "crossed_low": "predictions were not read",
    "crossed_high": "predictions were not read",
    "step_ms": "the time of a step was not measured",
    "step_ratio": "the time of a step was not measured, or on different devices",
    "p_failures": "no run failed alone, or there is no baseline to compare with",
}


def as_json(
    comparisons: Sequence[Comparison],
    version: str | None = None,
    across: Sequence[Across] = (),
) -> str:
    """Return comparisons as JSON text, described in docs/json.md; what does not exist is null.

    Args:
        comparisons: what `comparison.compare` returned.
        version: of lossbench.
        across: what `comparison.across_datasets` made of them.
    """
    data = {
        "schema": SCHEMA,
        "lossbench": version,
        "comparisons": [_plain(item) for item in comparisons],
        "across": [asdict(one) for one in across],
    }
    return json.dumps(finite(data), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _plain(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data; a row's level stands under the factor's name, too."""
    found = asdict(comparison)
    for key in ("rows", "controls"):
        found[key] = [_row(row, comparison) for row in getattr(comparison, key)]
    found["sentences"] = [
        text.strip()
        for text in (*banners(comparison), shares_sentence(comparison), *captions(comparison))
        if text
    ]
    known = {"delta": "the baseline has no value to take 1 % of", "optimum": _UNKNOWN["regret"]}
    found["missing"] = {key: why for key, why in known.items() if not math.isfinite(found[key])}
    return found


def _row(row: Row, comparison: Comparison) -> dict[str, Any]:
    plain = asdict(row)
    missing = {
        key: _why(key, row, comparison)
        for key, value in plain.items()
        if isinstance(value, float) and not math.isfinite(value)
    }
    return {
        comparison.factor: row.level,
        **plain,
        "sentence": sentence(row, comparison),
        "missing": missing,
    }


def _why(key: str, row: Row, comparison: Comparison) -> str:
    """Return why a number of a row does not exist."""
    if not row.done:
        return "no run of it worked"
    if key in _PAIRED and row.verdict == "BASELINE":
        return "this is the baseline"
    if key in _PAIRED and comparison.baseline is None:
        return "the baseline did not run"
    if key in _PAIRED and row.n < stats.FEWEST_BLOCKS:
        return f"{row.n} paired seeds; {stats.FEWEST_BLOCKS} are needed for a test"
    if key in ("p_tost", "p_beyond") and not math.isfinite(comparison.delta):
        return "delta is unknown"
    if key == "mean":
        return "the metric was not measured"
    return _UNKNOWN.get(key, "it does not exist for these values")
