"""The fixed sentences of a comparison: one for each verdict."""

import math
from dataclasses import replace

from lossbench import stats
from lossbench.catalog.axes import shown, told
from lossbench.comparison import Comparison, Row, fails_often
from lossbench.reporting.numbers import Unit, p_value, two_digits, unit_of

MOST_SEEDS = 100
"""Where more are needed to detect delta, the sentence says that it is not worth trying."""


def sentence(row: Row, comparison: Comparison, *, alone: bool = True) -> str:
    """Return what a comparison says of one of its rows, as one fixed sentence for each verdict.

    Args:
        row: a row of the comparison.
        comparison: what it belongs to.
        alone: whether the sentence stands by itself; else metric and data are left out, which are
            named above it.

    Returns:
        Plain text of one paragraph. Differences have as many decimals as the table of the
        comparison, or more where the half-width of their own interval has two digits only then.
    """
    name = shown(comparison.factor, row.level)
    if row.verdict == "BASELINE":
        return f"{name} is the baseline."
    if comparison.baseline is None:
        return f"No verdict on {name}: the baseline did not run."
    parts = {
        "NO_DATA": _not_testable,
        "EQUIVALENT": _equivalent,
        "INCONCLUSIVE": _inconclusive,
    }.get(row.verdict, _different)(row, comparison, _place(comparison) if alone else "")
    if row.failed and (row.verdict not in _SIDES or not fails_often(row)):
        parts += f" {_failed(row).capitalize()}."
    return parts


def level_of_tests(comparison: Comparison) -> float:
    """Return the level of the tests, which several looks make smaller."""
    return comparison.alpha_tested if comparison.looks else comparison.alpha


def ci_name(comparison: Comparison, times: int = 1) -> str:
    """Return an interval's name, "95% CI", or with `times` 2 that of equivalence.

    Intervals are adjusted neither for several levels nor for several looks.
    """
    return f"{100 * (1 - times * comparison.alpha):.4g}% CI"


def others_of(comparison: Comparison) -> int:
    """Return the number of levels that are compared with the baseline."""
    return sum(row.verdict != "BASELINE" for row in comparison.rows)


def delta_text(comparison: Comparison) -> str:
    """Return delta with its unit, "0.20 points": two digits, or three where it has them."""
    scale, word = (100.0, " points") if comparison.bounded else (1.0, "")
    value = scale * comparison.delta
    if not math.isfinite(value):
        return "unknown"
    brief, plain = two_digits(value), f"{value:.3g}"
    return (brief if float(brief) == float(plain) else plain) + word


_SIDES = {
    "CLEARLY_BETTER": "better",
    "BETTER": "better",
    "BETTER_NEGLIGIBLE": "better",
    "CLEARLY_WORSE": "worse",
    "WORSE": "worse",
    "WORSE_NEGLIGIBLE": "worse",
}


def unit_of_table(comparison: Comparison) -> Unit:
    """Return how the numbers of a comparison's tables are shown: one precision for all rows."""
    return unit_of(bounded=comparison.bounded, half_widths=map(_half, comparison.rows))


def unit_of_row(row: Row, comparison: Comparison) -> Unit:
    """Return how sentences show one row: as the table does, or finer if its interval is narrow."""
    table = unit_of_table(comparison)
    own = unit_of(bounded=comparison.bounded, half_widths=[_half(row)])
    known = math.isfinite(_half(row)) and _half(row) > 0
    return replace(table, decimals=max(table.decimals, own.decimals)) if known else table


def _half(row: Row) -> float:
    return (row.ci_high - row.ci_low) / 2


def _place(comparison: Comparison) -> str:
    metric = comparison.metric.replace("_", " ")
    way = "" if comparison.higher_is_better else " (lower is better; + means better)"
    return f" in {metric}{way} on {' / '.join(told(comparison.names(), comparison.factor))}"


def _base(comparison: Comparison) -> str:
    return shown(comparison.factor, comparison.baseline or "")


def _seeds(n: int) -> str:
    return f"{n} paired seed{'' if n == 1 else 's'}"


def _failed(row: Row) -> str:
    return f"it failed in {row.failed} of {row.done + row.failed} runs"


def _p(p: float, comparison: Comparison, name: str = "p") -> str:
    """Return `p = 0.010`, with a word where it is adjusted, or nothing where there is none."""
    if not math.isfinite(p):
        return ""
    adjusted = "adjusted " if others_of(comparison) > 1 else ""
    text = p_value(p)
    return (
        f"{adjusted}{name} {text[0]} {text[1:]}"
        if text[0] == "<"
        else (f"{adjusted}{name} = {text}")
    )


def _evidence(row: Row, comparison: Comparison, p: str, *, narrow: bool = False) -> str:
    """Return the difference with its interval, number of seeds and p-value."""
    unit, low, high = unit_of_row(row, comparison), row.ci_low, row.ci_high
    name = ci_name(comparison)
    if narrow and math.isfinite(row.ci90_low) and math.isfinite(row.ci90_high):
        low, high, name = row.ci90_low, row.ci90_high, ci_name(comparison, times=2)
    known = math.isfinite(low) and math.isfinite(high)
    ends = f"{name} {unit.of(low, signed=True)} to {unit.of(high, signed=True)}" if known else ""
    inside = "; ".join(part for part in (ends, _seeds(row.n), p) if part)
    return f"{unit.of(row.diff, signed=True)}{unit.word} ({inside})"


def _different(row: Row, comparison: Comparison, place: str) -> str:
    side = _SIDES[row.verdict]
    when = ""
    if fails_often(row):
        when = f" {'even ' if side == 'worse' else ''}when it works ({_failed(row)})"
    negligible = row.verdict.endswith("NEGLIGIBLE")
    lead = (
        f"{shown(comparison.factor, row.level)} is {'detectably ' if negligible else ''}{side} "
        f"than {_base(comparison)}{when}{place}: "
        f"{_evidence(row, comparison, _p(row.p_holm, comparison))}"
    )
    won = f" It won {row.wins} of {row.blocks} seeds." if row.blocks else ""
    return f"{lead}{_against_delta(row, comparison)}.{won}"


def _against_delta(row: Row, comparison: Comparison) -> str:
    """Return how the difference compares with delta, beginning with a comma or semicolon."""
    if not math.isfinite(comparison.delta):
        return ""
    delta = delta_text(comparison)
    matters = f"the {delta} {'declared' if comparison.delta_declared else 'taken by default'}"
    worse = "worse by " if _SIDES[row.verdict] == "worse" else ""
    if row.verdict.endswith("NEGLIGIBLE"):
        p = _p(row.p_tost, comparison, "TOST p")
        return f", but by less than {matters} to matter{f' ({p})' if p else ''}"
    if row.verdict.startswith("CLEARLY"):
        p = _p(row.p_beyond, comparison)
        return f", which is {worse}more than {matters} to matter{f' ({p})' if p else ''}"
    if worse:
        return f"; whether it is worse by more than {matters} is open"
    return f"; whether it exceeds {matters} is open"


def _equivalent(row: Row, comparison: Comparison, place: str) -> str:
    delta = delta_text(comparison)
    p = _p(row.p_tost, comparison, "TOST p")
    same = " Their values are the same in every seed." if _same(row) else ""
    return (
        f"{shown(comparison.factor, row.level)} and {_base(comparison)} are equivalent within "
        f"±{delta}{place}: {_evidence(row, comparison, p, narrow=True)}.{same}"
    )


def _same(row: Row) -> bool:
    return "IDENTICAL" in row.flags and row.diff == 0


def _inconclusive(row: Row, comparison: Comparison, place: str) -> str:
    return (
        f"No conclusion about {shown(comparison.factor, row.level)}{place}: "
        f"{_evidence(row, comparison, '')}.{_design(row, comparison)}"
    )


def _design(row: Row, comparison: Comparison) -> str:
    """Return what so many seeds with this spread detect, and how many delta would need."""
    unit = unit_of_row(row, comparison)
    if not math.isfinite(row.mde):
        return ""
    lead = f" This design could detect differences of about {unit.size(row.mde)}{unit.word}"
    if not (math.isfinite(comparison.delta) and comparison.delta > 0):
        return f"{lead}."
    delta = delta_text(comparison)
    if comparison.delta >= row.mde:
        return f"{lead}: {delta} are within its reach."
    needed = _needed(row)
    return (
        f"{lead}; {needed} would be needed to detect {delta}{_hopeless(row)}."
        if needed
        else (f"{lead}.")
    )


def _needed(row: Row) -> str:
    """Return how many seeds detect delta, at this spread and at the upper bound of the spread."""
    low, high = row.n_for_delta, row.n_for_delta_upper
    if low is None:
        return "more than a million seeds" if math.isfinite(row.sd) else ""
    return f"about {low} seeds" if high is None or high <= low else f"about {low} to {high} seeds"


def _hopeless(row: Row) -> str:
    many = row.n_for_delta is None or row.n_for_delta > MOST_SEEDS
    return ": with this much spread, not worth trying" if many else ""


def _not_testable(row: Row, comparison: Comparison, place: str) -> str:
    name, base = shown(comparison.factor, row.level), _base(comparison)
    if not row.done:
        return f"No verdict on {name}{place}: it has no run that worked."
    if not row.n:
        return f"No verdict on {name}{place}: in no seed are there values of it and of {base}."
    told_of = _evidence(row, comparison, "") if math.isfinite(row.diff) else _seeds(row.n)
    return (
        f"No verdict on {name}{place}: {told_of}. Fewer than {stats.FEWEST_BLOCKS} paired seeds "
        "cannot be tested."
    )
