"""Runs to comparisons: those that differ in the factor and the seed alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lossbench.catalog.axes import title
from lossbench.comparison.blocks import distinct
from lossbench.comparison.factors import check_levels, group_of
from lossbench.errors import StoreError
from lossbench.store import Run, Stored


@dataclass(frozen=True)
class Group:
    """The runs of one comparison, and the experiments that they come from.

    Attributes:
        runs: one for each level and seed.
        track: "default" or "tuned"; "" without tuning.
        homes: the experiment of each run, by its job's id.
    """

    runs: tuple[Run, ...]
    track: str
    homes: Mapping[str, Stored]

    @property
    def experiments(self) -> list[Stored]:
        """The experiments, each once, in the order of the runs."""
        return list({str(one.folder): one for one in self.homes.values()}.values())


def groups(stored: Sequence[Stored], factor: str) -> list[Group]:
    """Return runs that differ in the factor and the seed alone; each track by itself.

    Raises:
        StoreError: there is no run, or no two that differ in the factor alone.
    """
    found: dict[tuple[str, ...], list[Run]] = {}
    homes: dict[tuple[str, ...], dict[str, Stored]] = {}
    for experiment in stored:
        for run in experiment.runs:
            for track in run.tracks or ("",):
                key = (*group_of(run, factor), track)
                found.setdefault(key, []).append(run)
                homes.setdefault(key, {}).setdefault(run.job_id, experiment)
    if not found:
        raise StoreError("compare: no run is planned in these folders. Run an experiment first.")
    if factor != "loss":
        check_levels([run for group in found.values() for run in group], factor)
        found = {
            key: group
            for key, group in found.items()
            if len({run.names()[factor] for run in group}) > 1
        }
    if not found:
        raise StoreError(
            f"--factor: no two runs differ in {title(factor)} alone, so that nothing can be "
            "paired. Give folders of runs that share all else."
        )
    return [
        Group(tuple(distinct(group, factor)), key[-1], homes[key]) for key, group in found.items()
    ]
