"""What is to be known of regression targets before a loss or a metric is chosen for them."""

from typing import TypedDict

import numpy as np

_UNIT_TOLERANCE = 1e-3  # of the norm of a direction


class TargetValues(TypedDict):
    """Fields of `Facts` that say which values regression targets take."""

    target_min: float
    has_zero_target: bool
    whole_targets: bool
    unit_targets: bool


def target_values(*parts: np.ndarray) -> TargetValues:
    """Say which values the targets of all parts take.

    Args:
        parts: targets, each [n, targets]; as float32, since losses see them so. Some part has
            n >= 1.

    Returns:
        The least; whether one is 0; whether all are whole numbers; whether every example's are
        two or more of Euclidean norm 1, within 0.001.

    Source:
        Definition.
    """
    parts = tuple(part for part in parts if len(part))
    return {
        "target_min": min(float(part.min()) for part in parts),
        "has_zero_target": any(bool((part == 0).any()) for part in parts),
        "whole_targets": all(bool((part == np.rint(part)).all()) for part in parts),
        "unit_targets": all(map(_are_directions, parts)),
    }


def _are_directions(targets: np.ndarray) -> bool:
    norms = np.linalg.norm(targets.astype(np.float64), axis=1)
    return targets.shape[1] > 1 and bool((np.abs(norms - 1) <= _UNIT_TOLERANCE).all())
