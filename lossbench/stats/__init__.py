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
from lossbench.stats.effects import failures_p, relative_error_reduction
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
from lossbench.stats.per_example import (
    McNemar,
    bootstrap_p,
    crossed_bootstrap,
    discordant,
    example_draws,
    mcnemar,
    mean_draws,
    percentiles,
)
from lossbench.stats.power import mde_dz, n_for_delta, sd_upper
from lossbench.stats.profiles import profile_score, quality_profile
from lossbench.stats.ranks import (
    Friedman,
    friedman,
    least_wilcoxon_p,
    mean_ranks,
    wilcoxon_pairs,
)
from lossbench.stats.sign_flips import sign_flips
from lossbench.stats.summary import Stratified, stratified
from lossbench.stats.tuning_curve import (
    expected_best,
    expected_best_plug_in,
    width_in_decades,
)
from lossbench.stats.variance import Interaction, VarianceShares, interaction, variance_shares
from lossbench.stats.verdicts import ANSWERS, FEWEST_BLOCKS, fewest_seeds, flags, verdict

__all__ = [
    "ANSWERS",
    "FEWEST_BLOCKS",
    "Family",
    "Friedman",
    "Interaction",
    "McNemar",
    "Oscillation",
    "Stratified",
    "VarianceShares",
    "all_equal",
    "area_under",
    "best_last_gap",
    "beyond_delta_p",
    "bootstrap_p",
    "completion",
    "crossed_bootstrap",
    "d_av",
    "discordant",
    "example_draws",
    "expected_best",
    "expected_best_plug_in",
    "failures_p",
    "family",
    "family_verdicts",
    "fewest_seeds",
    "flags",
    "friedman",
    "g_z",
    "holm",
    "interaction",
    "largest_spike",
    "least_wilcoxon_p",
    "left_out_verdicts",
    "mcnemar",
    "mde_dz",
    "mean_draws",
    "mean_ranks",
    "n_for_delta",
    "oscillation",
    "paired_difference",
    "pairing_gain",
    "percentiles",
    "probability_of_improvement",
    "profile_score",
    "quality_profile",
    "reached_at",
    "relative_error_reduction",
    "sd_upper",
    "sign_flip_p",
    "sign_flips",
    "smooth",
    "stratified",
    "tost_p",
    "variance_shares",
    "verdict",
    "width_in_decades",
    "wilcoxon_pairs",
]
