"""Numbers as tables show them: a dot for what does not exist."""

import math
from collections.abc import Iterable

MOST_DECIMALS = 6


def decimals_of(half_widths: Iterable[float], otherwise: int) -> int:
    """Return the decimals at which a usual half-width of an interval has two digits.

    Args:
        half_widths: those of a table's intervals; what is not positive is left out.
        otherwise: the answer where none is.
    """
    halves = sorted(half for half in half_widths if math.isfinite(half) and half > 0)
    if not halves:
        return otherwise
    return min(MOST_DECIMALS, max(0, 1 - math.floor(math.log10(halves[len(halves) // 2]))))


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Return a number with so many decimals."""
    if not math.isfinite(value):
        return "."
    return f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"


def interval(low: float, high: float, decimals: int, *, signed: bool = True) -> str:
    """Return an interval with so many decimals at both ends."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "."
    ends = (number(end, decimals, signed=signed) for end in (low, high))
    return f"[{','.join(ends)}]"


def p_value(p: float) -> str:
    """Return a p-value with two digits."""
    if not math.isfinite(p):
        return "."
    return "<0.001" if p < 0.001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"
