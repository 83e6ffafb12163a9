"""Regression targets made wrong: noise on all of them, outliers among them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.catalog.target_kinds import UNKNOWN, target_kinds
from lossbench.datasets import damage
from lossbench.datasets.parts import Splits
from lossbench.datasets.streams import Damaged, Wish
from lossbench.datasets.target_values import TargetValues, target_values
from lossbench.errors import DataError

DF = 3.0
"""Degrees of freedom of Student's t where none are asked for: the fewest with a variance."""


def foresee_noise(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return facts of targets that may be any number; heavy tails are judged by absolute errors.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: gives the data set as it is; called where noise grows with the target.

    Raises:
        DataError: the targets are directions, or constant.
    """
    _check(wish, facts)
    _spread(wish, load())
    usual = facts.metric == DEFAULT_METRIC["regression"]
    metric = "mae" if usual and wish["type"] == "student_t" else facts.metric
    return replace(
        facts,
        metric=metric,
        target_min=-np.inf,
        has_zero_target=True,
        whole_targets=False,
        unit_targets=False,
    )


def do_noise(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Add noise to targets.

    y' = y + scale * s * w(y) * z

    s is the standard deviation of the training targets of a column. z is standard normal or of
    Student's t, each column on its own. w(y) is `damage.growing` for heteroscedastic noise, so
    that the mean of its standard deviation is scale * s, else 1.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the data set before all damage, whose training targets give s and w.

    Raises:
        DataError: the targets are constant.
    """
    spread = _spread(wish, original)
    parts, done = {}, {}
    for at in wish.parts:
        part = getattr(splits, at)
        noise = damage.target_noise(
            wish["type"], part.targets.shape, wish.asked.get("df", DF), wish.rng(at)
        )
        if wish["type"] == "heteroscedastic":
            noise = noise * damage.growing(part.targets, original.train.targets)
        targets = (part.targets + wish["scale"] * spread * noise).astype(np.float32)
        added = (targets - part.targets.astype(np.float64)) / spread
        parts[at] = part.relabelled(targets)
        done[at] = {
            "of": len(targets),
            "median_absolute": float(np.median(np.abs(added))),
            "root_mean_square": float(np.sqrt(np.mean(added**2))),
            "standard_deviations": spread.tolist(),
        }
    return replace(splits, **parts, target_kinds=UNKNOWN), done


def foresee_outliers(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return facts that hold whichever targets are moved; they are judged by absolute errors.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: gives the data set as it is.

    Raises:
        DataError: the targets are directions, or constant.
    """
    _check(wish, facts)
    metric = "mae" if facts.metric == DEFAULT_METRIC["regression"] else facts.metric
    values = _values_with_outliers(wish, load())
    before = facts.target_min
    return replace(
        facts,
        metric=metric,
        target_min=values["target_min"] if before is None else min(before, values["target_min"]),
        has_zero_target=facts.has_zero_target or values["has_zero_target"],
        whole_targets=facts.whole_targets and values["whole_targets"],
        unit_targets=False,
    )


def do_outliers(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Make outliers.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the data set before all damage, whose training targets give the unit.

    Raises:
        DataError: the targets are constant.
    """
    spread = _spread(wish, original)
    parts, done = {}, {}
    for at in wish.parts:
        part = getattr(splits, at)
        signs = damage.outlier_signs(len(part.ids), wish["rate"], wish["sides"], wish.rng(at))
        moved = part.targets + signs[:, np.newaxis] * wish["size"] * spread
        parts[at] = part.relabelled(moved.astype(np.float32))
        done[at] = {
            "up": int((signs > 0).sum()),
            "down": int((signs < 0).sum()),
            "of": len(signs),
            "standard_deviations": spread.tolist(),
        }
    kinds = splits.target_kinds & target_kinds(**_values_with_outliers(wish, original))
    return replace(splits, **parts, target_kinds=kinds), done


def _values_with_outliers(wish: Wish, original: Splits) -> TargetValues:
    """Return what values targets may take of which some, whichever, are moved."""
    parts = [original.train.targets, original.validation.targets, original.test.targets]
    step = wish["size"] * _spread(wish, original)
    steps = [step, -step] if wish["sides"] == "two" else [step]
    moved = [
        (getattr(original, at).targets + step).astype(np.float32)
        for at in wish.parts
        for step in (steps if wish["rate"] else [])
    ]
    return target_values(*parts, *moved)


def _spread(wish: Wish, original: Splits) -> np.ndarray:
    """Return the standard deviation of each column of the training targets, none of them 0."""
    spread = np.asarray(original.train.targets.astype(np.float64).std(axis=0))
    if not spread.all():
        raise DataError(
            f"{wish.where}: {wish.kind} is in standard deviations of the training targets, but "
            f"column {int((spread == 0).argmax())} is constant; targets that vary are accepted. "
            f"Leave out {wish.kind}."
        )
    return spread


def _check(wish: Wish, facts: Facts) -> None:
    """Refuse directions, which would be none any more."""
    if facts.unit_targets:
        raise DataError(
            f"{wish.where}: {wish.kind} is given, but the targets are directions, which they "
            f"would no longer be; other numbers are accepted. Leave out {wish.kind}."
        )
