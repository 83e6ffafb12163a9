"""Numbers as tables show them: a dot for what does not exist."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_DECIMALS = 6
HUGE = 1e7
"""From here on a number is shown with four digits and a power of ten."""


@dataclass(frozen=True)
class Unit:
    """How the values of a metric are shown.

    Attributes:
        scale: what they are multiplied by: 100 for points, else 1.
        decimals: those at which a usual half-width of an interval has two digits; of points at
            least one, as means stand beside the differences.
        word: what stands behind an amount: " points", or nothing.
    """

    scale: float
    decimals: int
    word: str

    def of(self, value: float, *, signed: bool = False) -> str:
        """Return a value without its unit."""
        return number(self.scale * value, self.decimals, signed=signed)

    def range(self, low: float, high: float) -> str:
        """Return an interval of differences as tables show it."""
        return interval(self.scale * low, self.scale * high, self.decimals, separator=", ")

    def size(self, value: float) -> str:
        """Return an amount with two digits, as that of a detectable difference."""
        return two_digits(self.scale * value)


def unit_of(*, bounded: bool, half_widths: Iterable[float]) -> Unit:
    """Return how the values of a metric are shown.

    Args:
        bounded: whether the metric lies in [0, 1] and is shown in points.
        half_widths: those of the intervals that give the precision, metric units.
    """
    scale = 100.0 if bounded else 1.0
    decimals = decimals_of((scale * half for half in half_widths), 2 if bounded else 4)
    return Unit(scale, max(1, decimals) if bounded else decimals, " points" if bounded else "")


def decimals_of(half_widths: Iterable[float], otherwise: int) -> int:
    """Return the decimals at which a usual half-width of an interval has two digits.

    Args:
        half_widths: those of a table's intervals; what is not positive is left out.
        otherwise: the answer where none is.
    """
    halves = sorted(half for half in half_widths if math.isfinite(half) and half > 0)
    if not halves:
        return otherwise
    return _decimals(halves[len(halves) // 2])


def _decimals(value: float) -> int:
    """Return the decimals at which a positive number has two digits, once rounded to them."""
    exponent = math.floor(math.log10(float(f"{value:.1e}")))
    return min(MOST_DECIMALS, max(0, 1 - exponent))


def two_digits(value: float) -> str:
    """Return a number that is not negative with two significant digits: 0.20, 1.8, 180."""
    if not math.isfinite(value):
        return "."
    if value == 0:
        return "0"
    rounded = float(f"{value:.1e}")
    extreme = not 1e-5 <= rounded < HUGE
    return f"{rounded:.2g}" if extreme else f"{rounded:.{_decimals(rounded)}f}"


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Return a number with so many decimals."""
    if not math.isfinite(value):
        return "."
    if abs(value) >= HUGE:
        return f"{value:+.4g}" if signed else f"{value:.4g}"
    return f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"


def interval(
    low: float, high: float, decimals: int, *, signed: bool = True, separator: str = ","
) -> str:
    """Return an interval with so many decimals at both ends."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return "."
    ends = (number(end, decimals, signed=signed) for end in (low, high))
    return f"[{separator.join(ends)}]"


def p_value(p: float) -> str:
    """Return a p-value with two significant digits, `<0.001` below."""
    if not math.isfinite(p):
        return "."
    return "<0.001" if p < 0.001 else f"{p:#.2g}"
