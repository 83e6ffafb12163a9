"""Whether a training has stopped getting better; saves time and chooses nothing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def is_over(rule: Mapping[str, Any] | None, seen: Sequence[float], epochs: int) -> bool:
    """Return whether a training ends after the epochs that were seen.

    It ends once `patience` epochs in a row did not exceed the best so far by `min_delta`, and no
    sooner than after `min_epochs`.

    Args:
        rule: patience (epochs), and perhaps min_delta (units of the metric, 0 unless given) and
            min_epochs (a third of the run, rounded up, unless given); None never ends a training.
        seen: the validation metric after each epoch, oriented so that higher is better; NaN is
            never better.
        epochs: length of the run.

    Source:
        Keras's EarlyStopping. Departure: epochs before min_epochs count, and only the end waits.
    """
    if rule is None or len(seen) < (rule.get("min_epochs") or math.ceil(epochs / 3)):
        return False
    best, waited = -math.inf, 0
    for value in seen:
        better = value > best + rule.get("min_delta", 0.0)
        best, waited = (value, 0) if better else (best, waited + 1)
    # A wait that was long enough before min_epochs but is over counts for nothing.
    return waited >= int(rule["patience"])
