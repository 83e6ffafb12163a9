"""The search for hyperparameters: rounds of trials, which are jobs like others, to final jobs."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossbench import store
from lossbench.config.experiment import SEED_LIMIT
from lossbench.config.wording import brief
from lossbench.errors import StoreError
from lossbench.plan import Job
from lossbench.runner.checking import Checked
from lossbench.tuning import Choice, Params, Trial, choose, next_trials
from lossbench.tuning.expecting import expected_jobs, later_trial, lengths
from lossbench.tuning.families import Family, families, final_jobs, trial_job, value_of
from lossbench.tuning.table import rows

Result = Mapping[str, Any]


@dataclass
class Search:
    """The search of one family, as far as it is.

    Attributes:
        family: whose it is.
        asked: all trials so far, in the order in which they were asked for.
        results: of those that have ended.
        known: their values.
        over: whether nothing is asked for any more.
    """

    family: Family
    asked: list[Trial] = field(default_factory=list)
    results: dict[Trial, Result] = field(default_factory=dict)
    known: dict[Trial, float | None] = field(default_factory=dict)
    over: bool = False

    def go_on(self, read: Callable[[Job], Result | None]) -> dict[str, Job]:
        """Ask for trials until some have no result yet; return their jobs by id.

        Args:
            read: gives the result of a job, or None where it is to be trained.
        """
        while not self.over:
            waiting: dict[str, Job] = {}
            for trial in self.asked:
                if trial in self.known:
                    continue
                job = trial_job(self.family.candidate(trial.study), trial)
                result = read(job)
                if result is None:
                    waiting[job.id] = job
                    continue
                self.results[trial] = result
                self.known[trial] = value_of(result, job.metric, self.family.at)
            if waiting:
                return waiting
            new = next_trials(
                self.family.studies,
                self.family.tune,
                self.family.epochs,
                self.known,
                self.family.accepts,
            )
            self.asked += new
            self.over = not new
        return {}

    def choices(self) -> dict[str, Choice]:
        """Return what was found, by the key of the study; nothing while the search goes on."""
        family = self.family
        if not self.over:
            return {}
        return choose(family.studies, family.tune, family.epochs, self.known, family.accepts)

    def points(self) -> dict[str, Params]:
        """Return the values to train with: the usual ones where every trial failed."""
        found = self.choices()
        return {
            study.key: study.usual if found[study.key].value is None else found[study.key].params
            for study in self.family.studies
        }


class Reader:
    """Reads results of trials, each once; failures that are to run again count as none.

    Called with a job, it gives its result, or None where it is to be trained.

    Args:
        folder: the experiment's folder.
        again: statuses of failures that run again, unless they ran now.
    """

    def __init__(self, folder: Path, again: Iterable[str]) -> None:
        self.folder, self.again = folder, frozenset(again)
        self.results: dict[str, Result] = {}
        self.ran: set[str] = set()

    def __call__(self, job: Job) -> Result | None:
        """Return the result of a job."""
        if job.id not in self.results:
            try:
                result = store.read_result(store.job_folder(self.folder, job.id))
            except StoreError:  # damaged: it is done again
                result = None
            if result is None or (result["status"] in self.again and job.id not in self.ran):
                return None
            self.results[job.id] = result
        return self.results[job.id]


def search(
    wanted: Sequence[Family],
    reader: Reader,
    begin: Callable[[], None],
    train: Callable[[int, dict[str, Job], int], bool],
) -> list[Search] | None:
    """Run rounds of trials until every family has its answer.

    All families' trials of a round run side by side; the next round waits for all of them, so that
    what is found does not depend on how many there are at once.

    Args:
        wanted: what is searched.
        reader: reads results.
        begin: is called before the first round in which something is to be trained.
        train: trains the jobs of a round, given its number and how many trials of the search are
            finished; says whether all of them have ended.

    Returns:
        The searches, all over; None where a round was left unfinished.
    """
    searches = [Search(family) for family in wanted]
    number = 0
    while True:
        waiting: dict[str, Job] = {}
        for one in searches:
            waiting |= one.go_on(reader)
        if number or not waiting:
            write_trials(reader.folder, searches)
        if not waiting:
            return searches
        if not number:
            begin()
            write_trials(reader.folder, searches)
        number += 1
        reader.ran |= waiting.keys()
        try:
            ended = train(number, waiting, len(reader.results))
        except BaseException:
            _take_note(searches, reader)
            raise
        if not ended:
            _take_note(searches, reader)
            return None


def _take_note(searches: Sequence[Search], reader: Reader) -> None:
    """Write what is known of a round that was left unfinished; asks for nothing new."""
    for one in searches:
        if any(trial not in one.known for trial in one.asked):
            one.go_on(reader)
    write_trials(reader.folder, searches)


@dataclass(frozen=True)
class Prospect:
    """What an experiment with tuning will train, as far as that is known now.

    Attributes:
        jobs: final jobs: those that were found, or, while the search is not over, as many with the
            values of the file.
        trials: trials that were asked for, and as many for those that will be.
    """

    jobs: tuple[Job, ...]
    trials: tuple[Job, ...]


def prospect(checked: Checked, runs_dir: Path) -> Prospect:
    """Return what will be trained; reads what earlier runs found, and writes nothing.

    Args:
        checked: the experiment and its plan, as declared.
        runs_dir: where experiments' folders lie; need not exist.
    """
    jobs = checked.plan.jobs
    reader = Reader(runs_dir / checked.experiment.name, ())
    searches = [Search(family) for family in families(checked.experiment, jobs)]
    if not searches:
        return Prospect(jobs, ())
    trials: dict[str, Job] = {}
    later = itertools.count(SEED_LIMIT)  # no seed of a real job
    for one in searches:
        one.go_on(reader)
        for trial in one.asked:
            job = trial_job(one.family.candidate(trial.study), trial)
            trials[job.id] = job
        for candidate in one.family.candidates if not one.over else ():
            asked = sum(trial.study == candidate.study.key for trial in one.asked)
            for epochs in lengths(one.family)[asked:]:
                job = trial_job(candidate, later_trial(candidate.study, next(later), epochs))
                trials[job.id] = job
    if all(one.over for one in searches):
        return Prospect(found_jobs(jobs, searches), tuple(trials.values()))
    expected = expected_jobs(jobs, [one.family for one in searches])
    return Prospect(expected, tuple(trials.values()))


def write_trials(folder: Path, searches: Sequence[Search]) -> None:
    """Write `tuning.csv`: every trial that was asked for."""
    table = [
        row for one in searches for row in rows(one.family, one.asked, one.results, one.choices())
    ]
    store.write_whole(folder / "tuning.csv", store.csv_text(store.TUNING_COLUMNS, table))


def found_jobs(jobs: Sequence[Job], searches: Sequence[Search]) -> tuple[Job, ...]:
    """Return the jobs of a plan with what was found."""
    return final_jobs(jobs, [(one.family, one.points()) for one in searches])


def told(searches: Sequence[Search]) -> list[str]:
    """Say what was found for each loss, and what went wrong."""
    lines, failed = [], 0
    for one in searches:
        failed += sum(value is None for value in one.known.values())
        apart = _apart(one.family, [other.family for other in searches])
        found = one.choices()
        for candidate in one.family.candidates:
            study = candidate.study
            choice = found[study.key]
            count = sum(trial.study == study.key for trial in one.asked)
            point = choice.params if choice.value is not None else study.usual
            values = ", ".join(f"{name}={brief(value)}" for name, value in point.items())
            text = f"tuned {', '.join([study.key, *apart])}: {values} ({count} trials)"
            if choice.value is None:
                text = (
                    f"{study.key}: all {count} trials failed; its usual values are taken, {values}"
                )
            elif choice.edges:
                text += f"; still at an end of what was tried: {', '.join(choice.edges)}"
            lines.append(text)
    if failed:
        lines.append(f"{failed} trials failed and count as the worst; tuning.csv names them.")
    return lines


def _apart(family: Family, others: Sequence[Family]) -> list[str]:
    """Return the names that tell a family from the others."""
    named = [one.candidates[0].jobs[0].names() for one in others]
    own = family.candidates[0].jobs[0].names()
    return [
        own[axis] for axis in own if axis != "loss" and len({names[axis] for names in named}) > 1
    ]
