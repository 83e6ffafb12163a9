"""Pictures of comparisons: each a tidy table, and a function that draws it.

`pictures_of` gives all that apply to a comparison; the drawing functions (`forest`, ...) take a
table, which may be one's own, and return a matplotlib figure.
"""

from lossbench.reporting.figures.catalogue import (
    pictures_of,
)
from lossbench.reporting.figures.confusion import (
    confusion,
    confusion_pairs,
    confusion_table,
)
from lossbench.reporting.figures.cost_quality import (
    cost_quality,
    steps_table,
    targets_table,
)
from lossbench.reporting.figures.disagreement import (
    disagreement,
    disagreement_table,
)
from lossbench.reporting.figures.dots import (
    dots,
)
from lossbench.reporting.figures.errors import (
    normal_table,
    residuals_table,
    sizes_table,
    spread_table,
)
from lossbench.reporting.figures.files import (
    file_bytes,
    inline_svg,
)
from lossbench.reporting.figures.forest import (
    forest,
    forest_table,
)
from lossbench.reporting.figures.forest_by_dataset import (
    forest_by_dataset,
    forest_by_dataset_table,
)
from lossbench.reporting.figures.gradient_norm import (
    gradient_norm,
    gradient_table,
)
from lossbench.reporting.figures.learning_curves import (
    learning_curves,
)
from lossbench.reporting.figures.learning_rates import (
    learning_rates,
    rates_table,
)
from lossbench.reporting.figures.learning_table import (
    learning_table,
)
from lossbench.reporting.figures.loss_per_step import (
    loss_per_step,
    loss_table,
)
from lossbench.reporting.figures.loss_shapes import (
    loss_shapes,
    loss_shapes_table,
)
from lossbench.reporting.figures.masks import (
    draw_masks,
    masks_table,
)
from lossbench.reporting.figures.metrics import (
    metrics_table,
)
from lossbench.reporting.figures.ordinal import (
    ordinal_table,
)
from lossbench.reporting.figures.outputs import (
    outputs_table,
)
from lossbench.reporting.figures.per_class import (
    per_class,
    per_class_table,
)
from lossbench.reporting.figures.picture import (
    Material,
    Picture,
    Section,
    materials,
)
from lossbench.reporting.figures.precision_recall import (
    precision_recall,
    precision_recall_table,
)
from lossbench.reporting.figures.profiles import (
    profiles,
    profiles_table,
)
from lossbench.reporting.figures.ranks import (
    ranks,
    ranks_table,
)
from lossbench.reporting.figures.reliability import (
    reliability,
    reliability_table,
)
from lossbench.reporting.figures.residuals import (
    error_quantiles,
    error_sizes,
    residuals,
)
from lossbench.reporting.figures.retrieval import (
    retrieval_table,
)
from lossbench.reporting.figures.seed_strips import (
    seed_strips,
    seed_strips_table,
)
from lossbench.reporting.figures.style import (
    Look,
    Looks,
    looks_of,
    short,
    short_names,
)
from lossbench.reporting.figures.sweeps import (
    sweeps,
    sweeps_table,
)
from lossbench.reporting.figures.tuning_curve import (
    tuning_curve,
    tuning_table,
)
from lossbench.reporting.figures.win_matrix import (
    win_matrix,
    win_matrix_table,
)

__all__ = [
    "Look",
    "Looks",
    "Material",
    "Picture",
    "Section",
    "confusion",
    "confusion_pairs",
    "confusion_table",
    "cost_quality",
    "disagreement",
    "disagreement_table",
    "dots",
    "draw_masks",
    "error_quantiles",
    "error_sizes",
    "file_bytes",
    "forest",
    "forest_by_dataset",
    "forest_by_dataset_table",
    "forest_table",
    "gradient_norm",
    "gradient_table",
    "inline_svg",
    "learning_curves",
    "learning_rates",
    "learning_table",
    "looks_of",
    "loss_per_step",
    "loss_shapes",
    "loss_shapes_table",
    "loss_table",
    "masks_table",
    "materials",
    "metrics_table",
    "normal_table",
    "ordinal_table",
    "outputs_table",
    "per_class",
    "per_class_table",
    "pictures_of",
    "precision_recall",
    "precision_recall_table",
    "profiles",
    "profiles_table",
    "ranks",
    "ranks_table",
    "rates_table",
    "reliability",
    "reliability_table",
    "residuals",
    "residuals_table",
    "retrieval_table",
    "seed_strips",
    "seed_strips_table",
    "short",
    "short_names",
    "sizes_table",
    "spread_table",
    "steps_table",
    "sweeps",
    "sweeps_table",
    "targets_table",
    "tuning_curve",
    "tuning_table",
    "win_matrix",
    "win_matrix_table",
]
