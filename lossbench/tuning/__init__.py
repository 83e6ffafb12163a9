"""Equal-budget search for hyperparameters: which points to train next, and which to take.

The search is a pure function of what is known, replayed from its start each time: `next_trials`
says what to train, `choose` what to take when nothing is left to train.
"""

from lossbench.tuning.budget import Budget, Spent, budget, seeds_used, spent
from lossbench.tuning.choosing import choose
from lossbench.tuning.halving import Rung
from lossbench.tuning.searching import next_trials
from lossbench.tuning.spaces import size
from lossbench.tuning.studies import Accepts, Choice, Known, Params, Space, Study, Trial

__all__ = [
    "Accepts",
    "Budget",
    "Choice",
    "Known",
    "Params",
    "Rung",
    "Space",
    "Spent",
    "Study",
    "Trial",
    "budget",
    "choose",
    "next_trials",
    "seeds_used",
    "size",
    "spent",
]
