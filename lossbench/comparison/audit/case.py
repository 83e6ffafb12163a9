"""What the checks of the audit look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.comparison.declared import Departures
from lossbench.comparison.grouping import Group
from lossbench.comparison.ledger import Trial
from lossbench.comparison.results import Comparison
from lossbench.store import Run


@dataclass(frozen=True)
class Case:
    """A comparison and what it was made from.

    Attributes:
        one: the comparison.
        group: its runs and their experiments.
        done: the runs that ended as results do.
        changed: the runs whose result is not what the job wrote.
        trials: what tuning tried for each level.
        departures: why it is not the comparison that was declared.
        unlike: the fields in which runs differ that were paired all the same.
    """

    one: Comparison
    group: Group
    done: Sequence[Run]
    changed: Sequence[Run]
    trials: Mapping[str, Sequence[Trial]]
    departures: Departures
    unlike: frozenset[str]

    @property
    def worked(self) -> list[Run]:
        """The runs that ended with a usable network."""
        return [run for run in self.done if run.status == "ok"]


def names(levels: Sequence[str]) -> str:
    """Return levels as a list in a sentence."""
    return ", ".join(levels)
