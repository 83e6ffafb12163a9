"""p-values of several comparisons, adjusted so that one false alarm among them stays rare."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p-values of one family so that comparing them with alpha controls its error.

    p_(i)' = max over j <= i of min(1, (m - j + 1) p_(j)), sorted upwards, m p-values in all

    Args:
        p: p-values, float [comparisons], in [0, 1]; NaN where a comparison was not possible.

    Returns:
        Adjusted p-values in the given order, float64 [comparisons]; NaN stays NaN and is not
        counted in m.

    Raises:
        ValueError: not one-dimensional, or a p-value lies outside [0, 1].

    Source:
        Holm 1979, Scand. J. Statist. 6:65-70.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or (values < 0).any() or (values > 1).any():
        raise ValueError("p: accepted are numbers in [0, 1], one per comparison")
    order = np.argsort(values, kind="stable")[: int((~np.isnan(values)).sum())]  # NaN sorts last
    adjusted = np.full(values.shape, np.nan)
    steps = np.arange(len(order), 0, -1) * values[order]
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
