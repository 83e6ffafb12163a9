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
from lossbench.stats.families import Family, family, family_verdicts, left_out_verdicts
from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import (
    all_equal,
    beyond_delta_p,
    completion,
    d_av,
    g_z,
    paired_difference,
    pairing_gain,
    probability_of_improvement,
    sign_flip_p,
    tost_p,
)
from lossbench.stats.power import mde_dz, n_for_delta, sd_upper
from lossbench.stats.sign_flips import sign_flips
from lossbench.stats.tuning_curve import (
    expected_best,
    expected_best_plug_in,
    width_in_decades,
)
from lossbench.stats.verdicts import ANSWERS, FEWEST_BLOCKS, fewest_seeds, flags, verdict

__all__ = [
    "ANSWERS",
    "FEWEST_BLOCKS",
    "Family",
    "Oscillation",
    "all_equal",
    "area_under",
    "best_last_gap",
    "beyond_delta_p",
    "completion",
    "d_av",
    "expected_best",
    "expected_best_plug_in",
    "family",
    "family_verdicts",
    "fewest_seeds",
    "flags",
    "g_z",
    "holm",
    "largest_spike",
    "left_out_verdicts",
    "mde_dz",
    "n_for_delta",
    "oscillation",
    "paired_difference",
    "pairing_gain",
    "probability_of_improvement",
    "reached_at",
    "sd_upper",
    "sign_flip_p",
    "sign_flips",
    "smooth",
    "tost_p",
    "verdict",
    "width_in_decades",
]
