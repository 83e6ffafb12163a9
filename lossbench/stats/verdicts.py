"""From p-values to one of a few answers, and the flags that qualify it."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import beyond_delta_p, checked, paired_difference, tost_p

FEWEST_BLOCKS = 3

WORDS: dict[str, str] = {
    "NO_DATA": "not testable",
    "BETTER_NEGLIGIBLE": "detectably better, but by less than δ",
    "WORSE_NEGLIGIBLE": "detectably worse, but by less than δ",
    "CLEARLY_BETTER": "better by more than δ",
    "CLEARLY_WORSE": "worse by more than δ",
    "BETTER": "better; size uncertain",
    "WORSE": "worse; size uncertain",
    "EQUIVALENT": "equivalent within ±δ",
    "INCONCLUSIVE": "inconclusive",
}
"""The words of each verdict."""

ANSWERS: dict[str, str] = {
    "NO_DATA": "none",
    "BETTER_NEGLIGIBLE": "better",
    "WORSE_NEGLIGIBLE": "worse",
    "CLEARLY_BETTER": "better",
    "CLEARLY_WORSE": "worse",
    "BETTER": "better",
    "WORSE": "worse",
    "EQUIVALENT": "equivalent",
    "INCONCLUSIVE": "inconclusive",
}
"""What each verdict says about the loss, leaving the size aside."""


def verdict(
    n: int, mean: float, p_diff: float, p_tost: float, p_beyond: float, alpha: float = 0.05
) -> str:
    """Return the answer that the three tests give together.

    The first that holds: n < 3, NO_DATA; different and inside delta, ..._NEGLIGIBLE; different
    and beyond delta, CLEARLY_...; different, BETTER or WORSE; inside delta, EQUIVALENT; else
    INCONCLUSIVE. With all differences equal, `paired_difference`, `tost_p` and `beyond_delta_p`
    give p-values of 0 or 1, so that the verdict follows from the mean alone.

    Args:
        n: number of complete blocks.
        mean: mean difference, oriented, metric units.
        p_diff: p-value of the difference, adjusted over the family.
        p_tost: p-value of the equivalence test, adjusted over the family.
        p_beyond: p-value of the test beyond delta, adjusted over the family.
        alpha: level, in (0, 1).

    Returns:
        A key of `WORDS`.

    Source:
        Own order; equivalence and difference side by side as in Lakens 2017.
    """
    if n < FEWEST_BLOCKS:
        return "NO_DATA"
    side = "BETTER" if mean > 0 else "WORSE"
    if p_diff <= alpha and p_tost <= alpha:
        return f"{side}_NEGLIGIBLE"
    if p_diff <= alpha and p_beyond <= alpha:
        return f"CLEARLY_{side}"
    if p_diff <= alpha:
        return side
    return "EQUIVALENT" if p_tost <= alpha else "INCONCLUSIVE"


def family_verdicts(
    differences: Sequence[ArrayLike],
    delta: float | Sequence[float],
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
    ds = [checked(d) for d in differences]
    deltas = np.broadcast_to(np.asarray(delta, dtype=np.float64), (len(ds),)).tolist()
    p = np.array([_p_values(d, bound, overlap) for d, bound in zip(ds, deltas, strict=True)])
    columns = [holm(column) for column in p.reshape(-1, 3).T]
    return [
        verdict(len(d), paired_difference(d).mean, p_diff, p_tost, p_beyond, alpha)
        for d, p_diff, p_tost, p_beyond in zip(ds, *columns, strict=True)
    ]


def _p_values(d: NDArray[np.float64], delta: float, overlap: float) -> tuple[float, float, float]:
    if len(d) < FEWEST_BLOCKS:
        return math.nan, math.nan, math.nan
    p_t = paired_difference(d, overlap=overlap).p_t
    return p_t, tost_p(d, delta, overlap), beyond_delta_p(d, delta, overlap)


def left_out_verdicts(
    table: ArrayLike,
    delta: float | Sequence[float],
    alpha: float = 0.05,
    overlap: float = 0.0,
) -> list[list[str]]:
    """Return the verdicts that would result without each of the blocks.

    Args:
        table: oriented differences, float [losses, blocks], metric units; NaN where a block is
            not complete for a loss.
        delta: smallest difference that matters, metric units, >= 0; one, or one per loss.
        alpha: level, in (0, 1).
        overlap: as for `paired_difference`.

    Returns:
        For each loss the verdicts without each block that it has, keys of `WORDS`.

    Raises:
        ValueError: a difference is infinite, or a delta negative.

    Source:
        Leave-one-out over blocks; the block is left out for every loss of the family.
    """
    values = np.asarray(table, dtype=np.float64)
    found: list[list[str]] = [[] for _ in values]
    for block in range(values.shape[1]):
        rest = np.delete(values, block, axis=1)
        codes = family_verdicts([row[~np.isnan(row)] for row in rest], delta, alpha, overlap)
        for loss, code in enumerate(codes):
            if not np.isnan(values[loss, block]):
                found[loss].append(code)
    return found


def fewest_seeds(losses: int, alpha: float = 0.05) -> int:
    """Return the number of blocks from which on the sign-flip test can reach alpha after Holm.

    ceil(log2(2 K / alpha))

    Args:
        losses: number K of losses other than the baseline, >= 1.
        alpha: level, in (0, 1).

    Returns:
        Number of blocks.

    Source:
        The smallest p-value of the exact test is 2 / 2^n; its first Holm step asks for alpha / K.
    """
    return math.ceil(math.log2(2 * losses / alpha))


def flags(
    n: int,
    losses: int,
    code: str,
    p_diff: float,
    p_sign_flip: float,
    identical: bool,
    left_out: Iterable[str] = (),
    alpha: float = 0.05,
) -> tuple[str, ...]:
    """Return what a reader should know beside the verdict.

    FEW_SEEDS: n < fewest_seeds(losses, alpha), so that the sign-flip test cannot reach alpha.
    FRAGILE: the sign-flip test could reach alpha and lies on the other side of it than the
    t-test, or leaving out one block turns the answer into another of better, worse, equivalent,
    inconclusive. INCONCLUSIVE and NO_DATA claim nothing that could break and are never FRAGILE.
    IDENTICAL: all differences are equal.

    Args:
        n: number of complete blocks.
        losses: number of losses other than the baseline, >= 1.
        code: the verdict.
        p_diff: p-value of the t-test, adjusted over the family.
        p_sign_flip: p-value of the sign-flip test, adjusted over the family.
        identical: whether all differences are equal, see `paired.all_equal`.
        left_out: verdicts without each of the blocks; NO_DATA among them says nothing.
        alpha: level, in (0, 1).

    Returns:
        Flags, in the order above.

    Source:
        Own definition.
    """
    few = n < fewest_seeds(losses, alpha)
    claims = ANSWERS[code] not in ("none", "inconclusive")
    disagree = not few and not identical and (p_diff <= alpha) != (p_sign_flip <= alpha)
    turns = any(ANSWERS[other] not in ("none", ANSWERS[code]) for other in left_out)
    found = {"FEW_SEEDS": few, "FRAGILE": claims and (disagree or turns), "IDENTICAL": identical}
    return tuple(flag for flag, holds in found.items() if holds)
