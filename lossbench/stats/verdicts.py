"""From p-values to one of a few answers, and the flags that qualify it."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def verdicts(
    n: ArrayLike,
    mean: ArrayLike,
    p_diff: ArrayLike,
    p_tost: ArrayLike,
    p_beyond: ArrayLike,
    alpha: float = 0.05,
) -> NDArray[np.str_]:
    """Return the answer that the three tests of each loss give together.

    The first that holds: n < 3, NO_DATA; different and inside delta, ..._NEGLIGIBLE; different
    and beyond delta, CLEARLY_...; different, BETTER or WORSE; inside delta, EQUIVALENT; else
    INCONCLUSIVE. With all differences equal, `paired_difference`, `tost_p` and `beyond_delta_p`
    give p-values of 0 or 1, so that the verdict follows from the mean alone.

    Args:
        n: numbers of complete blocks, [...]; all arguments broadcast.
        mean: mean differences, oriented, metric units, [...].
        p_diff: p-values of the difference, adjusted over the family, [...]; NaN shows nothing.
        p_tost: p-values of the equivalence test, adjusted over the family, [...].
        p_beyond: p-values of the test beyond delta, adjusted over the family, [...].
        alpha: level, in (0, 1).

    Returns:
        Keys of `WORDS`, str [...].

    Source:
        Own order; equivalence and difference side by side as in Lakens 2017.
    """
    differs, inside, beyond = (np.asarray(p) <= alpha for p in (p_diff, p_tost, p_beyond))
    better = np.asarray(mean) > 0
    cases = [
        (np.asarray(n) < FEWEST_BLOCKS, "NO_DATA"),
        (differs & inside & better, "BETTER_NEGLIGIBLE"),
        (differs & inside, "WORSE_NEGLIGIBLE"),
        (differs & beyond & better, "CLEARLY_BETTER"),
        (differs & beyond, "CLEARLY_WORSE"),
        (differs & better, "BETTER"),
        (differs, "WORSE"),
        (inside, "EQUIVALENT"),
    ]
    holds = np.broadcast_arrays(*(case for case, _ in cases))
    return np.select(list(holds), [np.array(code) for _, code in cases], np.array("INCONCLUSIVE"))


def verdict(
    n: int, mean: float, p_diff: float, p_tost: float, p_beyond: float, alpha: float = 0.05
) -> str:
    """Return the answer on one loss, see `verdicts`."""
    return str(verdicts(n, mean, p_diff, p_tost, p_beyond, alpha))


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
        p_sign_flip: p-value of the sign-flip test, adjusted over the family; NaN where the test
            does not apply, and says nothing.
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
    can_disagree = not few and not identical and not math.isnan(p_sign_flip)
    disagree = can_disagree and (p_diff <= alpha) != (p_sign_flip <= alpha)
    turns = any(ANSWERS[other] not in ("none", ANSWERS[code]) for other in left_out)
    found = {"FEW_SEEDS": few, "FRAGILE": claims and (disagree or turns), "IDENTICAL": identical}
    return tuple(flag for flag, holds in found.items() if holds)
