"""Which pictures there are, in the order in which a page shows those of a section."""

from collections.abc import Callable, Iterable

from lossbench.reporting.figures import (
    confusion,
    cost_quality,
    disagreement,
    forest,
    forest_by_dataset,
    gradient_norm,
    learning_curves,
    learning_rates,
    loss_per_step,
    loss_shapes,
    masks,
    metrics,
    ordinal,
    outputs,
    per_class,
    precision_recall,
    profiles,
    ranks,
    reliability,
    residuals,
    retrieval,
    seed_strips,
    sweeps,
    tuning_curve,
    win_matrix,
)
from lossbench.reporting.figures.picture import Material, Picture

PICTURES: tuple[Callable[[Material], Iterable[Picture]], ...] = (
    forest.pictures,
    seed_strips.pictures,
    win_matrix.pictures,
    learning_curves.pictures,
    loss_per_step.pictures,
    gradient_norm.pictures,
    loss_shapes.pictures,
    metrics.pictures,
    per_class.pictures,
    confusion.pictures,
    precision_recall.pictures,
    reliability.pictures,
    residuals.pictures,
    ordinal.pictures,
    outputs.pictures,
    retrieval.pictures,
    disagreement.pictures,
    masks.pictures,
    learning_rates.pictures,
    tuning_curve.pictures,
    forest_by_dataset.pictures,
    sweeps.pictures,
    ranks.pictures,
    profiles.pictures,
    cost_quality.pictures,
)
"""Functions that return a picture, or its variants, or nothing where it does not apply."""


def pictures_of(material: Material) -> list[Picture]:
    """Return all pictures that apply to a comparison; none is drawn yet."""
    return [picture for make in PICTURES for picture in make(material)]
