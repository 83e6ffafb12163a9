"""Estimates, intervals, tests and verdicts: arrays in, estimates out; numpy and scipy only."""

from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import (
    all_equal,
    beyond_delta_p,
    paired_difference,
    sign_flip_p,
    tost_p,
)
from lossbench.stats.power import mde_dz
from lossbench.stats.verdicts import FEWEST_BLOCKS, flags, left_out_verdicts, verdict

__all__ = [
    "FEWEST_BLOCKS",
    "all_equal",
    "beyond_delta_p",
    "flags",
    "holm",
    "left_out_verdicts",
    "mde_dz",
    "paired_difference",
    "sign_flip_p",
    "tost_p",
    "verdict",
]
