"""Estimates, intervals, tests and verdicts: arrays in, estimates out; numpy and scipy only."""

from lossbench.stats.convergence import (
    Oscillation,
    area_under,
    best_last_gap,
    largest_spike,
    oscillation,
    reached_at,
    smooth,
)
from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import (
    all_equal,
    beyond_delta_p,
    paired_difference,
    sign_flip_p,
    tost_p,
)
from lossbench.stats.power import mde_dz
from lossbench.stats.tuning_curve import (
    expected_best,
    expected_best_plug_in,
    width_in_decades,
)
from lossbench.stats.verdicts import FEWEST_BLOCKS, flags, left_out_verdicts, verdict

__all__ = [
    "FEWEST_BLOCKS",
    "Oscillation",
    "all_equal",
    "area_under",
    "best_last_gap",
    "beyond_delta_p",
    "expected_best",
    "expected_best_plug_in",
    "flags",
    "holm",
    "largest_spike",
    "left_out_verdicts",
    "mde_dz",
    "oscillation",
    "paired_difference",
    "reached_at",
    "sign_flip_p",
    "smooth",
    "tost_p",
    "verdict",
    "width_in_decades",
]
