"""p-values of several comparisons, adjusted so that one false alarm among them stays rare."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust the p-values of one family so that comparing them with alpha controls its error.

    p_(i)' = max over j <= i of min(1, (m - j + 1) p_(j)), sorted upwards, m p-values in all

    Args:
        p: p-values, float [..., comparisons], in [0, 1], each row a family of its own; NaN where a
            comparison was not possible.

    Returns:
        Adjusted p-values in the given order, float64 [..., comparisons]; NaN stays NaN and is not
        counted in m.

    Raises:
        ValueError: a single number, or a p-value lies outside [0, 1].

    Source:
        Holm 1979, Scand. J. Statist. 6:65-70.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim < 1 or (values < 0).any() or (values > 1).any():
        raise ValueError("p: accepted are numbers in [0, 1], one per comparison")
    order = np.argsort(values, axis=-1, kind="stable")  # NaN sorts last
    ranked = np.take_along_axis(values, order, axis=-1)
    m = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    steps = np.maximum.accumulate((m - np.arange(values.shape[-1])) * ranked, axis=-1)
    adjusted = np.empty_like(values)
    np.put_along_axis(adjusted, order, np.minimum(steps, 1.0), axis=-1)
    return adjusted
