"""Which summary over data sets a comparison is the first of, and what it sums up."""

from collections.abc import Sequence

from lossbench.comparison import Across, Comparison
from lossbench.reporting.figures.picture import Material


def first_of(material: Material) -> list[Across]:
    """Return the summaries whose first data set is this comparison's.

    Pictures over data sets are yielded once, with the first comparison of their group.
    """
    return [
        one
        for one in material.across
        if next(iter(members(one, material.comparisons)), None) is material.comparison
    ]


def members(across: Across, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons that a summary is made of, in the order of its data sets."""
    found = []
    for dataset, metric in zip(across.datasets, across.metrics, strict=True):
        found += [
            one
            for one in comparisons
            if (one.dataset, one.metric) == (dataset, metric) and _belongs(one, across)
        ]
    return found


def _belongs(one: Comparison, across: Across) -> bool:
    return (one.factor, one.track, one.epochs, one.at, one.baseline) == (
        across.factor,
        across.track,
        across.epochs,
        across.at,
        across.baseline,
    ) and all(getattr(one, axis) == name for axis, name in across.shared.items())
