"""Pictures of trainings as files: the training loss of every step, and validation by epochs."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lossbench.catalog.axes import told
from lossbench.comparison import Comparison
from lossbench.reporting.figures import Material, Picture, materials
from lossbench.reporting.figures.learning_curves import pictures as learning
from lossbench.reporting.figures.loss_per_step import pictures as losses
from lossbench.reporting.figures.style import PAPER, styled
from lossbench.store import Stored

PICTURES = (("training-loss", losses), ("validation", learning))
"""Of those that have several forms, the first is written."""


def write_pictures(
    folder: Path, stored: Sequence[Stored], comparisons: Sequence[Comparison]
) -> list[Path]:
    """Write `training-loss.png` and `validation.png`, numbered where comparisons are several.

    Args:
        folder: where to; there must be one.
        stored: the experiments that were compared.
        comparisons: those whose convergence was compared; what has no curves has no picture.

    Returns:
        The files.
    """
    written = []
    for index, material in enumerate(materials(stored, comparisons), start=1):
        if material.comparison.convergence is None:
            continue
        number = f"-{index}" if len(comparisons) > 1 else ""
        for name, pictures in PICTURES:
            for picture in list(pictures(material))[:1]:
                written.append(folder / f"{name}{number}.png")
                _write(written[-1], picture, material)
    return written


@styled
def _write(path: Path, picture: Picture, material: Material) -> None:
    figure = picture.draw()
    _surround(figure, picture, material.comparison)
    figure.savefig(path, facecolor=PAPER, bbox_inches="tight", metadata={"Software": "lossbench"})


def _surround(figure: Any, picture: Picture, comparison: Comparison) -> None:
    """Say above the picture what it shows and what all share, and below how to read it."""
    shared = " / ".join(told(comparison.names(), without=comparison.factor))
    head = textwrap.wrap(f"{picture.title}: {shared}, {comparison.seeds} seeds", 96)
    notes = textwrap.wrap(picture.caption, 130)
    lines = (("\n".join(head), 1.01, "bottom", 10), ("\n".join(notes), -0.01, "top", 7.5))
    for text, y, side, size in lines:
        figure.text(0.01, y, text.replace("$", r"\$"), va=side, fontsize=size)
