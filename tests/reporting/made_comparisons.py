"""Comparisons as their parts, without a run: the numbers are those that a table shows."""

import math
from dataclasses import replace
from typing import Any

from lossbench.comparison import Comparison, Row

NAN = math.nan


def row(level: str, verdict: str, diff: float = NAN, half: float = NAN, **changes: Any) -> Row:
    """A row with an interval of the given half-width about the difference, in metric units."""
    usual: dict[str, Any] = {
        "mean": 0.91,
        "n": 8,
        "ci_low": diff - half,
        "ci_high": diff + half,
        "wins": 4,
        "blocks": 8,
        "p": 0.5,
        "p_holm": 0.5,
        "p_tost": 0.5,
        "p_beyond": 0.5,
        "mde": NAN,
        "flags": (),
        "done": 8,
        "planned": 8,
    }
    return Row(level=level, verdict=verdict, diff=diff, **(usual | changes))


def baseline(level: str = "cross_entropy", mean: float = 0.9103, **changes: Any) -> Row:
    """The row of the baseline."""
    nothing = dict.fromkeys(("p", "p_holm", "p_tost", "p_beyond"), NAN)
    return row(level, "BASELINE", mean=mean, **(nothing | changes))


def comparison(*rows: Row, **changes: Any) -> Comparison:
    """A comparison of rows on eight seeds, with a declared delta of 0.20 points."""
    usual: dict[str, Any] = {
        "factor": "loss",
        "dataset": "cifar10-lt",
        "model": "small-cnn",
        "optimizer": "adam",
        "schedule": "constant",
        "batch_size": "128",
        "backend": "tensorflow",
        "loss": "",
        "epochs": 30,
        "metric": "balanced_accuracy",
        "at": "selected",
        "higher_is_better": True,
        "bounded": True,
        "baseline": "cross_entropy",
        "delta": 0.002,
        "delta_declared": True,
        "alpha": 0.05,
        "seeds": 8,
        "rows": rows,
        "warnings": (),
    }
    return Comparison(**(usual | changes))


FOCAL = row(
    "focal",
    "BETTER",
    0.0040375,
    0.00220917,
    mean=0.9143375,
    wins=7,
    p_holm=0.0104,
    p_beyond=0.13,
    step_ratio=1.03,
    error_reduction=0.045,
    pi=0.875,
)
LOGIT_ADJUST = row(
    "logit_adjust",
    "INCONCLUSIVE",
    0.0017,
    0.0016,
    mean=0.9120,
    wins=6,
    p_holm=0.081,
    mde=0.00221,
    n_for_delta=10,
    n_for_delta_upper=16,
    sd=0.0019,
    step_ratio=1.01,
    error_reduction=0.019,
    pi=0.75,
)
LABEL_SMOOTHING = row(
    "label_smoothing",
    "EQUIVALENT",
    0.0001625,
    0.000715,
    mean=0.9105,
    wins=5,
    p_holm=0.6,
    p_tost=0.000826,
    ci90_low=-0.00041,
    ci90_high=0.000735,
    step_ratio=1.0,
    error_reduction=0.002,
    pi=0.625,
)
DICE = row(
    "dice",
    "CLEARLY_WORSE",
    -0.0208,
    0.0026,
    mean=0.8895,
    n=7,
    wins=0,
    p_holm=0.0000202,
    p_beyond=0.0000166,
    done=7,
    failed=1,
    failed_alone=1,
    step_ratio=1.09,
    error_reduction=-0.23,
    pi=0.0,
    flags=("FAILURES",),
)
SPECIFIED = comparison(
    FOCAL,
    LOGIT_ADJUST,
    LABEL_SMOOTHING,
    baseline(step_ratio=1.0),
    DICE,
    protocol_sha256="9f3c1e" + 58 * "0",
    warnings=("dice: 1 of 8 runs ended with nan: loss became NaN at epoch 3.",),
)
"""The comparison that the specification shows, with a few more numbers."""


def one_seed() -> Comparison:
    """A comparison of one seed, in which nothing can be tested."""
    nothing = {"n": 1, "blocks": 1, "wins": 1, "done": 1, "planned": 1, "p_holm": NAN}
    return comparison(
        row("focal", "NO_DATA", 0.004, NAN, flags=("FEW_SEEDS",), **nothing),
        baseline(n=1, done=1, planned=1),
        seeds=1,
        delta=0.005,
        delta_declared=False,
        flags=("DEFAULT_DELTA",),
    )


def many(count: int) -> Comparison:
    """A comparison of so many losses with long names besides the baseline."""
    kinds = (FOCAL, LOGIT_ADJUST, LABEL_SMOOTHING, DICE)
    rows = [
        replace(
            kinds[i % 4],
            level=f"{kinds[i % 4].level}[gamma={i}.25,class_weights=balanced]",
            flags=("LR_EDGE", "SELECTION_SENSITIVE") if i % 5 == 0 else kinds[i % 4].flags,
            verdict_last="INCONCLUSIVE",
        )
        for i in range(count)
    ]
    return comparison(*rows, baseline())
