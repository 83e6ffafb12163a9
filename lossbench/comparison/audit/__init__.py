"""What can be checked of the protocol from the results: a line each, pass, warn or fail."""

from collections.abc import Callable

from lossbench.comparison.audit import design, pairing, runs, tuning
from lossbench.comparison.audit.case import Case
from lossbench.comparison.results import Check

__all__ = ["Case", "audit_of"]

_CHECKS: tuple[Callable[[Case], Check | None], ...] = (
    design.protocol,
    design.delta,
    design.seeds,
    design.epoch,
    runs.budget,
    design.heads,
    runs.sealed,
    pairing.versions,
    tuning.edge,
    pairing.pseudo_replication,
    runs.test_epochs,
    tuning.equal_tuning,
    tuning.tuning_seeds,
    pairing.fingerprints,
    runs.failed,
    design.looks,
    design.imbalance,
    pairing.augmented,
    design.probabilities,
    pairing.devices,
    pairing.config,
    pairing.same_targets,
    runs.test_set,
    runs.params,
)


def audit_of(case: Case) -> tuple[Check, ...]:
    """Return what was checked of the protocol, and how it came out.

    A check of which the results say nothing is left out.

    Args:
        case: the comparison and what it was made from.
    """
    found = (check(case) for check in _CHECKS)
    return tuple(line for line in found if line is not None)
