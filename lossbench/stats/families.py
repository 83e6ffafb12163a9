"""Losses of a family judged together: every number of a comparison, for any number of families.

A table of oriented differences has the losses of a family in its last axis but one and the blocks
in its last; what comes before counts families, which have nothing to do with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbench.stats import student
from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import checked
from lossbench.stats.sign_flips import sign_flips
from lossbench.stats.verdicts import FEWEST_BLOCKS, verdicts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """What the tests say of each loss; every array is [..., losses], in metric units.

    Attributes:
        n: complete blocks, integer.
        mean: mean difference; NaN for n = 0.
        sd: standard deviation of the differences; this and what follows is NaN for n < 2.
        se: standard error of the mean.
        ci_low: lower end of the t interval that covers 1 - alpha.
        ci_high: upper end.
        ci90_low: lower end of the interval that equivalence is read from, 1 - 2 alpha.
        ci90_high: upper end.
        p_t: two-sided p-value of the paired t-test, not adjusted.
        p_holm: the same adjusted over the family; this and what follows is NaN for n < 3.
        p_tost: adjusted p-value of equivalence within delta; NaN where delta is.
        p_beyond: adjusted p-value of a difference beyond delta; NaN where delta is.
        p_sign_flip: adjusted p-value of the sign-flip test; NaN with overlap, since it asks for
            independent blocks.
        equal: whether all differences are equal up to rounding.
        verdict: keys of `WORDS`, str.
    """

    n: NDArray[np.int64]
    mean: Array
    sd: Array
    se: Array
    ci_low: Array
    ci_high: Array
    ci90_low: Array
    ci90_high: Array
    p_t: Array
    p_holm: Array
    p_tost: Array
    p_beyond: Array
    p_sign_flip: Array
    equal: NDArray[np.bool_]
    verdict: NDArray[np.str_]


def family(
    table: ArrayLike,
    delta: ArrayLike,
    alpha: float = 0.05,
    overlap: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Family:
    """Judge every loss of one family or of many.

    Args:
        table: oriented differences, float [..., losses, blocks], metric units; NaN where a block
            is not complete for a loss.
        delta: smallest difference that matters, metric units, >= 0; one, or one per loss,
            [..., losses]; NaN where it is unknown.
        alpha: level of the tests, in (0, 0.5).
        overlap: as for `paired_difference`.
        rng: source of random sign patterns; needed where a loss has more than 16 blocks.

    Returns:
        Estimates, intervals, p-values and verdicts.

    Raises:
        ValueError: a difference is infinite, a delta negative, or an rng needed and not given.

    Source:
        `paired_difference`, `tost_p`, `beyond_delta_p`, `sign_flip_p`, `holm` and `verdict` say
        for one row what this says for all.
    """
    d, limit = _checked(table, delta)
    of = student.estimate(d, overlap)
    p_holm, p_tost, p_beyond = _adjusted(of, limit)
    ci_low, ci_high = student.interval(of, alpha)
    ci90_low, ci90_high = student.interval(of, 2 * alpha)
    flipped = np.full(of.n.shape, np.nan) if overlap else sign_flips(d, rng)
    return Family(
        n=of.n,
        mean=of.mean,
        sd=of.sd,
        se=of.se,
        ci_low=ci_low,
        ci_high=ci_high,
        ci90_low=ci90_low,
        ci90_high=ci90_high,
        p_t=student.two_sided_p(of),
        p_holm=p_holm,
        p_tost=p_tost,
        p_beyond=p_beyond,
        p_sign_flip=_over_family(of, flipped),
        equal=of.equal,
        verdict=verdicts(of.n, of.mean, p_holm, p_tost, p_beyond, alpha),
    )


def family_verdicts(
    differences: Sequence[ArrayLike],
    delta: ArrayLike,
    alpha: float = 0.05,
    overlap: float = 0.0,
) -> list[str]:
    """Return the verdict on each loss of a family, each test Holm-adjusted over the family.

    Args:
        differences: oriented differences of each loss, [losses] of float [n], metric units; n
            may differ.
        delta: smallest difference that matters, metric units, >= 0; one, or one per loss.
        alpha: level, in (0, 1).
        overlap: as for `paired_difference`.

    Returns:
        Keys of `WORDS`, in the order of the losses. A loss with fewer than 3 differences has
        NO_DATA and does not count in the family.

    Raises:
        ValueError: a difference is NaN or infinite, or a delta negative.

    Source:
        `verdict`, `holm`.
    """
    rows = [checked(d) for d in differences]
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for padded, row in zip(table, rows, strict=True):
        padded[: len(row)] = row
    found: list[str] = _verdicts(*_checked(table, delta), alpha, overlap).tolist()
    return found


def left_out_verdicts(
    table: ArrayLike,
    delta: ArrayLike,
    alpha: float = 0.05,
    overlap: float = 0.0,
) -> NDArray[np.str_]:
    """Return the verdicts that would result without each of the blocks.

    Args:
        table: oriented differences, float [..., losses, blocks], metric units; NaN where a block
            is not complete for a loss.
        delta: smallest difference that matters, metric units, >= 0; one, or one per loss,
            [..., losses].
        alpha: level, in (0, 1).
        overlap: as for `paired_difference`.

    Returns:
        For each loss the verdict without each block, keys of `WORDS`, str [..., losses, blocks];
        NO_DATA where the loss does not have the block, so that nothing was left out.

    Raises:
        ValueError: a difference is infinite, or a delta negative.

    Source:
        Leave-one-out over blocks; the block is left out for every loss of the family.
    """
    d, limit = _checked(table, delta)
    one = np.eye(d.shape[-1], dtype=bool)[:, None, :]
    rest = np.where(one, np.nan, d[..., None, :, :])  # [..., blocks, losses, blocks]
    without = _verdicts(rest, limit[..., None, :], alpha, overlap)
    return np.where(np.isnan(d), "NO_DATA", np.swapaxes(without, -1, -2))


def _checked(table: ArrayLike, delta: ArrayLike) -> tuple[Array, Array]:
    """Return the differences and a delta for each row of them, [..., losses], or refuse them."""
    d = np.asarray(table, dtype=np.float64)
    if d.ndim < 2:
        raise ValueError(f"table: shape {d.shape}; accepted are rows of losses, [losses, blocks]")
    if np.isinf(d).any():
        raise ValueError("table: infinite; put NaN where a run failed")
    limit = np.broadcast_to(np.asarray(delta, dtype=np.float64), d.shape[:-1])
    if (limit < 0).any() or np.isinf(limit).any():
        raise ValueError(f"delta: {delta!r}; accepted are finite numbers >= 0")
    return d, limit


def _verdicts(d: Array, delta: Array, alpha: float, overlap: float) -> NDArray[np.str_]:
    of = student.estimate(d, overlap)
    return verdicts(of.n, of.mean, *_adjusted(of, delta), alpha)


def _adjusted(of: student.Estimate, delta: Array) -> tuple[Array, Array, Array]:
    """Return the adjusted p-values of a difference, of equivalence and of one beyond delta."""
    p = (student.two_sided_p(of), student.inside_p(of, delta), student.beyond_p(of, delta))
    p_holm, p_tost, p_beyond = (_over_family(of, one) for one in p)
    return p_holm, p_tost, p_beyond


def _over_family(of: student.Estimate, p: Array) -> Array:
    return holm(np.where(of.n < FEWEST_BLOCKS, np.nan, p))
