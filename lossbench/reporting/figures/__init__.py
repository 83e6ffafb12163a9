"""Pictures of comparisons: each a tidy table, and a function that draws it.

`pictures_of` gives all that apply to a comparison; the drawing functions (`forest`, ...) take a
table, which may be one's own, and return a matplotlib figure.
"""

from lossbench.reporting.figures.catalogue import pictures_of
from lossbench.reporting.figures.cost_quality import cost_quality, cost_table
from lossbench.reporting.figures.files import file_bytes, inline_svg
from lossbench.reporting.figures.forest import forest, forest_table
from lossbench.reporting.figures.picture import Material, Picture, Section, materials
from lossbench.reporting.figures.seed_strips import seed_strips, strips_table
from lossbench.reporting.figures.style import Look, Looks, looks_of
from lossbench.reporting.figures.win_matrix import win_matrix, wins_table

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
    "inline_svg",
    "looks_of",
    "materials",
    "pictures_of",
    "seed_strips",
    "strips_table",
    "win_matrix",
    "wins_table",
]
