"""What a picture is, and what the pictures of a comparison are drawn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from lossbench.comparison import Across, Comparison, folders_of
from lossbench.comparison.curves import Curves, Folders, read_curves
from lossbench.reporting.figures.style import Looks, looks_of
from lossbench.store import Stored

if TYPE_CHECKING:
    import pandas as pd

    from lossbench.reporting.figures.answers import Answers

Section = Literal["answer", "learn", "change", "tuned", "across", "cost"]
"""Where on the page a picture stands."""


@dataclass(frozen=True)
class Material:
    """What the pictures of one comparison are drawn from.

    Attributes:
        comparison: the comparison.
        stored: the experiments that hold its runs, and perhaps others.
        looks: of all levels of the report.
        comparisons: all of the report, this one included: for pictures over several of them.
        across: the summaries over data sets that this comparison belongs to.
    """

    comparison: Comparison
    stored: tuple[Stored, ...]
    looks: Looks
    comparisons: tuple[Comparison, ...] = ()
    across: tuple[Across, ...] = ()

    @cached_property
    def folders(self) -> Folders:
        """The experiment's folder in which each finished job lies."""
        return folders_of(self.stored)

    @cached_property
    def results(self) -> dict[str, Mapping[str, Any]]:
        """The result of each finished job of the comparison, by its id."""
        wanted = {job for jobs in self.comparison.jobs.values() for job in jobs.values()}
        return {
            run.job_id: run.result
            for one in self.stored
            for run in one.runs
            if run.result is not None and run.job_id in wanted
        }

    @cached_property
    def selection_metric(self) -> str:
        """The metric that chose the epochs, the one that is known of each of them."""
        runs = (run for one in self.stored for run in one.runs if run.job_id in self.results)
        return next((run.metric for run in runs), self.comparison.metric)

    @cached_property
    def curves(self) -> dict[str, dict[int, Curves]]:
        """What was recorded of each finished job, by level and seed, the best level first.

        The files of a job are read once for all pictures.
        """
        return {
            row.level: {
                seed: read_curves(job, self.selection_metric, self.folders)
                for seed, job in self.comparison.jobs.get(row.level, {}).items()
                if job in self.results
            }
            for row in self.comparison.rows
        }

    @cached_property
    def answers(self) -> Mapping[str, Mapping[int, "Answers"]]:
        """What networks say of the test examples by level and seed, see `read_answers`."""
        from lossbench.reporting.figures.answers import read_answers

        return read_answers(self.comparison, self.folders, self.results)


@dataclass(frozen=True)
class Picture:
    """One picture: its numbers, how it is drawn, and what is said of it.

    Attributes:
        name: of files and anchors, as "forest"; unique in a comparison together with the variant.
        section: where it stands.
        title: what it shows, a heading in a few words.
        table: the numbers that are drawn, tidy: a row for each thing drawn, a column for each
            property; also shown below the picture, so at most some hundred rows.
        draw: returns the matplotlib figure.
        caption: how to read it: n, what bars and bands mean, what was left out.
        description: what it says, for readers who cannot see it: a sentence or three with numbers.
        variant: where one picture has several forms, as by epochs and by seconds, which this is;
            forms of one name follow each other, and the page switches between them.
    """

    name: str
    section: Section
    title: str
    table: "pd.DataFrame"
    draw: Callable[[], Any] = field(repr=False)
    caption: str
    description: str
    variant: str = ""


def materials(
    stored: Sequence[Stored], comparisons: Sequence[Comparison], across: Sequence[Across] = ()
) -> list[Material]:
    """Return what the pictures of each comparison are drawn from; a level looks alike in all."""
    looks = looks_of(
        [level for one in comparisons for level in one.values],
        [one.baseline for one in comparisons],
    )
    return [
        Material(one, tuple(stored), looks, tuple(comparisons), _of(one, across))
        for one in comparisons
    ]


def _of(comparison: Comparison, across: Sequence[Across]) -> tuple[Across, ...]:
    return tuple(
        one
        for one in across
        if one.factor == comparison.factor
        and one.track == comparison.track
        and comparison.dataset in one.datasets
        and all(getattr(comparison, axis) == name for axis, name in one.shared.items())
    )
