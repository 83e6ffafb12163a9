"""What a report is made from: everything that was compared, and the runs behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lossbench import comparison as comparing
from lossbench import store
from lossbench.comparison import Across
from lossbench.reporting.figures import Material, materials
from lossbench.store import Stored

MOST_NAMED = 4
"""Experiments that a title names."""


@dataclass(frozen=True)
class Report:
    """What a page shows.

    Attributes:
        title: names of the experiments; of many the first.
        materials: of each comparison, in order; `materials[k].comparison` is the comparison.
        across: summaries over data sets.
        stored: the experiments.
        version: of lossbench.
        folder: where the page will lie, for relative links; None for links that are left out.
    """

    title: str
    materials: tuple[Material, ...]
    across: tuple[Across, ...]
    stored: tuple[Stored, ...]
    version: str
    folder: Path | None = None


def report_of(
    paths: Sequence[Path],
    version: str,
    folder: Path | None = None,
    factor: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    allow_unmatched: bool = False,
) -> Report:
    """Read run folders and compare them.

    Args:
        paths: run folders, or folders of them.
        version: of lossbench.
        folder: where the page will lie.
        factor: as `comparison.compare`.
        baseline: likewise.
        metric: likewise.
        allow_unmatched: likewise; the page says so in a banner.

    Raises:
        StoreError: a path holds no runs, or runs of a block do not match.
    """
    stored = [store.read_experiment(one) for one in store.find_experiments(paths)]
    compared = comparing.compare(
        stored,
        factor=factor,
        baseline=baseline,
        metric=metric,
        convergence=True,
        allow_unmatched=allow_unmatched,
    )
    across = comparing.across_datasets(compared)
    return Report(
        title=_title([one.name for one in stored]),
        materials=tuple(materials(stored, compared, across)),
        across=tuple(across),
        stored=tuple(stored),
        version=version,
        folder=folder,
    )


def _title(names: Sequence[str]) -> str:
    """Return the experiments' names, each once; of many the first and how many more."""
    known = list(dict.fromkeys(names))
    if len(known) <= MOST_NAMED:
        return ", ".join(known)
    first = known[: MOST_NAMED - 1]
    return f"{', '.join(first)} and {len(known) - len(first)} more"
