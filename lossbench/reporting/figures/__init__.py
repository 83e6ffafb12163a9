"""Pictures of comparisons: each a tidy table, and a function that draws it.

`pictures_of` gives all that apply to a comparison; the drawing functions (`forest`, ...) take a
table, which may be one's own, and return a matplotlib figure.
"""

from lossbench.reporting.figures.catalogue import (
    pictures_of,
)
from lossbench.reporting.figures.cost_quality import (
    cost_quality,
    cost_table,
)
from lossbench.reporting.figures.files import (
    file_bytes,
    inline_svg,
)
from lossbench.reporting.figures.forest import (
    forest,
    forest_table,
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
from lossbench.reporting.figures.picture import (
    Material,
    Picture,
    Section,
    materials,
)
from lossbench.reporting.figures.seed_strips import (
    seed_strips,
    strips_table,
)
from lossbench.reporting.figures.style import (
    Look,
    Looks,
    looks_of,
)
from lossbench.reporting.figures.tuning_curve import (
    tuning_curve,
    tuning_table,
)
from lossbench.reporting.figures.win_matrix import (
    win_matrix,
    wins_table,
)

__all__ = [
    "Look",
    "Looks",
    "Material",
    "Picture",
    "Section",
    "cost_quality",
    "cost_table",
    "file_bytes",
    "forest",
    "forest_table",
    "gradient_norm",
    "gradient_table",
    "inline_svg",
    "learning_curves",
    "learning_rates",
    "learning_table",
    "looks_of",
    "loss_per_step",
    "loss_table",
    "materials",
    "pictures_of",
    "rates_table",
    "seed_strips",
    "strips_table",
    "tuning_curve",
    "tuning_table",
    "win_matrix",
    "wins_table",
]
