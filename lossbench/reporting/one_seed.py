"""What test examples add to a comparison, in words."""

import math

from lossbench.catalog.axes import shown
from lossbench.comparison import Comparison, OneSeed
from lossbench.reporting.numbers import decimals_of, interval, number, p_value


def predictions_lines(one: Comparison, scale: float, decimals: int) -> list[str]:
    """Return the sentences on two networks of one seed, or the crossed intervals of several.

    Args:
        one: the comparison.
        scale: what values are multiplied by before they are shown.
        decimals: of differences.

    Returns:
        Lines; none where predictions were not read.
    """
    if one.one_seed:
        n, seed = one.one_seed[0].n_examples, one.one_seed[0].seed
        lead = (
            f"one seed ({seed}), {n} test examples: what follows is said of trained networks, not "
            f"of {_what(one)}; another seed gives other networks."
        )
        return [lead, *(_sentence(one, two, scale, decimals) for two in one.one_seed)]
    rows = [row for row in one.rows if math.isfinite(row.crossed_low)]
    if not rows:
        return []
    halves = (scale * (row.crossed_high - row.crossed_low) / 2 for row in rows)
    decimals = decimals_of(halves, decimals)
    found = ", ".join(
        f"{shown(one.factor, row.level)} "
        f"{interval(scale * row.crossed_low, scale * row.crossed_high, decimals)}"
        for row in rows
    )
    return [
        f"{_percent(one)} CI to other seeds and other test examples (crossed bootstrap): {found}; "
        "beside the CI of the table, which decides."
    ]


def _what(one: Comparison) -> str:
    return "the losses" if one.factor == "loss" else f"the levels of {one.factor}"


def _percent(one: Comparison) -> str:
    return f"{100 * (1 - one.alpha):g}%"


def _sentence(one: Comparison, two: OneSeed, scale: float, decimals: int) -> str:
    points = " points" if one.bounded else ""
    pair = f"{shown(one.factor, two.level)} and {shown(one.factor, str(one.baseline))}"
    size = (
        f"{number(scale * two.diff, decimals, signed=True)}{points}, {_percent(one)} CI over "
        f"examples {interval(scale * two.ci_low, scale * two.ci_high, decimals)}"
    )
    counts = "bootstrap"
    if two.only_level is not None:
        counts = (
            f"only the first is right on {two.only_level}, only the second on "
            f"{two.only_baseline}; McNemar"
        )
    answer = "differ" if two.p_holm <= one.alpha else "cannot be told apart"
    return (
        f"{pair}: these two trained networks {answer}: {size}; {counts} p(Holm) "
        f"{p_value(two.p_holm)}."
    )
