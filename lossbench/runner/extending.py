"""`run --more-seeds`: seeds beyond those of the file, kept beside the experiment."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lossbench import store
from lossbench.config import Experiment
from lossbench.config.experiment import MOST_SEEDS, SEED_LIMIT, Tune
from lossbench.errors import ConfigError, Problem
from lossbench.store.experiments import read_plan

FILE = "more-seeds.json"
OPTION = "--more-seeds"


@dataclass(frozen=True)
class Extension:
    """Seeds that were added to those of an experiment's file.

    Attributes:
        file: the seeds of the file when they were added.
        added: the others, in the order in which they were added.
        new: how many of them are added now.
        messages: what a user should know, in sentences.
    """

    file: tuple[int, ...]
    added: tuple[int, ...] = ()
    new: int = 0
    messages: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds."""
        return self.file + self.added


def extend(experiment: Experiment, runs_dir: Path, more: int = 0) -> Extension:
    """Return the seeds of an experiment: those of the file, those added before, and more.

    Seeds that were added stay as long as the file's are the same; a file with other seeds decides
    alone. Writes nothing.

    Args:
        experiment: the experiment, with the seeds of its file.
        runs_dir: where experiments' folders lie; need not exist.
        more: how many are added now.

    Raises:
        ConfigError: jobs of the seeds so far are not finished, or there would be too many seeds.
    """
    folder = runs_dir / experiment.name
    file, before = experiment.seeds, _read(folder)
    added: tuple[int, ...] = ()
    messages = []
    if before is not None and before.file == file:
        added = before.added
    elif before is not None and not set(before.added) <= set(file):
        messages.append(
            f"{_listed(before.added)} {_were(before.added)} added with {OPTION} to other seeds "
            "than the file has now, and are left out."
        )
    if added and not more:
        messages.append(
            f"{_listed(added)} {_were(added)} added with {OPTION} and {_stay(added)}; {FILE} in "
            f"{folder} says so."
        )
    if more:
        _check(folder, file + added, more)
        new = _next(file + added, experiment.tune, more)
        messages += _told(experiment, folder, file + added, new)
        added += new
    return Extension(file, added, more, tuple(messages))


def write_extension(folder: Path, extension: Extension) -> None:
    """Keep the seeds that are added in an experiment's folder.

    What was added to other seeds of the file stays there until seeds are added to those of now, so
    that a run with seeds of its own forgets nothing.

    Raises:
        StoreError: the folder cannot be written.
    """
    if extension.new:
        kept = {"file": list(extension.file), "added": list(extension.added)}
        store.write_json(folder / FILE, kept)


def _read(folder: Path) -> Extension | None:
    try:
        kept = json.loads((folder / FILE).read_bytes())
        file, added = (tuple(map(int, kept[key])) for key in ("file", "added"))
    except (FileNotFoundError, NotADirectoryError):  # `run` says what is wrong with a place
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"is damaged ({error}); accepted is what lossbench wrote. Remove it to start from"
        raise ConfigError([Problem(str(folder / FILE), f"{text} the seeds of the file.")]) from None
    return Extension(file, added)


def _check(folder: Path, seeds: Sequence[int], more: int) -> None:
    """Refuse to add seeds while those so far are unfinished: it would be done twice by mistake."""
    if len(seeds) + more > MOST_SEEDS:
        text = f"{len(seeds)} + {more} seeds; at most {MOST_SEEDS:,} are accepted"
        raise ConfigError([Problem(OPTION, text)])
    if not store.is_experiment(folder):
        return
    rows = [row for row in read_plan(folder) if store.is_job(row)]
    left = sum(
        not (store.job_folder(folder, row["job_id"]) / "result.json").is_file() for row in rows
    )
    if left:
        text = (
            f"{left} of {len(rows)} jobs of the seeds so far are not finished; seeds are added to "
            "a finished experiment. Run it without the option first."
        )
        raise ConfigError([Problem(OPTION, text)])


def _next(seeds: Sequence[int], tune: Tune | None, more: int) -> tuple[int, ...]:
    """Return the next whole numbers that neither the experiment nor its tuning uses."""
    used = {*seeds, *_tuning_seeds(tune)}
    upwards = itertools.chain(range(max(seeds) + 1, SEED_LIMIT), range(max(seeds)))
    return tuple(itertools.islice((seed for seed in upwards if seed not in used), more))


def _tuning_seeds(tune: Tune | None) -> tuple[int, ...]:
    """Return the seeds of tuning and, after them, those that confirm the best points."""
    if tune is None:
        return ()
    last = max(tune.seeds)
    return (*tune.seeds, *range(last + 1, last + 1 + tune.confirm[1]))


def _told(
    experiment: Experiment, folder: Path, seeds: Sequence[int], new: tuple[int, ...]
) -> list[str]:
    """Return what is added, and whether the comparison stays the declared one."""
    total, looks = len(seeds) + len(new), experiment.protocol.looks
    message = f"{OPTION}: {_listed(new)} {'is' if len(new) == 1 else 'are'} added; {total} in all."
    if looks is None and _has_results(folder):
        why = (
            "no looks are declared (protocol.looks), and results with fewer seeds exist: the "
            "comparison will be exploratory."
        )
        return [message, why]
    if looks is not None and total not in looks:
        listed = ", ".join(map(str, looks))
        why = f"{total} seeds are no declared look ({listed}): the comparison will be exploratory."
        return [message, why]
    return [message]


def _has_results(folder: Path) -> bool:
    return any((folder / "jobs").glob("*/result.json"))


def _listed(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _were(seeds: Sequence[int]) -> str:
    return "were" if len(seeds) > 1 else "was"


def _stay(seeds: Sequence[int]) -> str:
    return "stay" if len(seeds) > 1 else "stays"
