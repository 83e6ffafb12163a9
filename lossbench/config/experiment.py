"""An experiment: what its file says after every name is resolved and every value is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, Gt, Le, Lt, MinLen
from typing_extensions import TypedDict

from lossbench.catalog import (
    DATASETS,
    LOSSES,
    MODELS,
    OPTIMIZERS,
    SCHEDULES,
    Parameter,
    Table,
)
from lossbench.catalog.training import TRAIN
from lossbench.config.entries import Entry
from lossbench.config.positions import Positions
from lossbench.errors import ConfigError, Problem

PROTOCOL = {
    "metric": Parameter(str | None, "the name of a metric", None, "judges every loss alike"),
    "baseline": Parameter(
        str | None, "one of the losses", None, "the loss that the others are compared with"
    ),
    "delta": Parameter(
        Annotated[float, Gt(0)] | None,
        "null or delta > 0",
        None,
        "the smallest difference that matters, in units of the metric",
    ),
    "alpha": Parameter(
        Annotated[float, Gt(0), Lt(1)], "0 < alpha < 1", 0.05, "accepted rate of false findings"
    ),
    "at": Parameter(
        Literal["selected", "last"],
        "selected or last",
        "selected",
        "the epoch whose test scores are compared: chosen on validation, or the last",
    ),
    "looks": Parameter(
        Annotated[tuple[Annotated[int, Ge(3)], ...], MinLen(1)] | None,
        "null or a rising list of numbers of seeds >= 3",
        None,
        "how many seeds there are each time that the results are looked at; every look is tested "
        "at alpha over the number of looks, so that seeds may be added up to the last",
    ),
    "head_controls": Parameter(
        bool,
        "true or false",
        True,
        "whether cross-entropy is trained, too, with the head that a loss brings along",
    ),
}
"""What stands under `protocol:`."""

EXECUTION = {
    "timeout": Parameter(
        Annotated[float, Gt(0)] | None, "null or seconds > 0", None, "seconds a job may take"
    ),
    "retries": Parameter(
        Annotated[int, Ge(0)],
        "a whole number >= 0",
        1,
        "how often a job runs again that was killed, ran out of time or of memory",
    ),
    "checkpoint_every": Parameter(
        Annotated[float, Ge(0)],
        "seconds >= 0",
        60.0,
        "seconds after which a running job can be interrupted and go on from there",
    ),
    "memory_budget": Parameter(
        Annotated[float, Ge(0)],
        "MiB >= 0",
        2048.0,
        "images of a data set that take more are read while training, by each worker; slower",
    ),
    "save_model": Parameter(
        Literal["none", "best", "last"],
        "none, best or last",
        "none",
        "keeps each job's network as model.keras: that of the selected epoch, or of the last",
    ),
    "tensorboard": Parameter(
        bool, "true or false", False, "whether each job writes its curves for TensorBoard, too"
    ),
}
"""What stands under `execution:`; nothing there can change a number."""

DEFAULT_SEEDS = 3
MOST_SEEDS = 10_000
SEED_LIMIT = 2**32

FIRST_TUNING_SEED = 1_000_000
"""Tuning seeds count from here unless given, far from those that people choose."""


class Confirm(TypedDict):
    """How many of the best points are trained again, and with how many more seeds."""

    points: NotRequired[Annotated[int, Ge(0)]]
    seeds: NotRequired[Annotated[int, Ge(0)]]


TUNE = {
    "space": Parameter(
        Any,
        "a mapping of parameters of the optimizer to lists of values or {low:, high:, log: true}",
        None,
        "what is searched; the learning rate on 7 half-decade steps around the optimizer's own "
        "unless given. Parameters of a loss stand in its entry, as gamma: {tune: [1, 2, 5]}",
    ),
    "search": Parameter(
        Literal["grid", "random", "tpe"],
        "grid, random or tpe",
        "grid",
        "how points are chosen; random and tpe need the extra tune (optuna)",
    ),
    "trials": Parameter(
        Annotated[int, Ge(1), Le(10_000)] | None,
        "null or a whole number from 1 to 10,000",
        None,
        "points tried for each loss; all those of the grid unless given, or 7",
    ),
    "seeds": Parameter(
        Annotated[int, Ge(1), Le(MOST_SEEDS)]
        | Annotated[tuple[Annotated[int, Ge(0), Lt(SEED_LIMIT)], ...], MinLen(1)],
        f"a count from 1 to {MOST_SEEDS:,}, or a list of distinct whole numbers 0 <= seed < 2**32",
        1,
        f"tuning seeds of each point: how many, from {FIRST_TUNING_SEED} on, or which; none of "
        "them is a seed of the experiment",
    ),
    "confirm": Parameter(
        Annotated[int, Ge(0), Le(0)] | Confirm,
        "0 or {points: >= 0, seeds: >= 0}",
        {"points": 2, "seeds": 2},
        "how many of the best points are trained again, with how many more seeds each; 0 for none",
    ),
    "pruning": Parameter(
        Literal["none", "halving"],
        "none or halving",
        "none",
        "halving trains more points for fewer epochs, and only the best third of them on",
    ),
}
"""What stands under `tune:`."""

SECTIONS = {"train": TRAIN, "protocol": PROTOCOL, "execution": EXECUTION, "tune": TUNE}

KEYS = {
    "name": "folder name under runs/; that of the file by default",
    "dataset": "one data set or a list",
    "model": "one network or a list",
    "losses": "the losses to compare",
    "optimizer": "one optimizer or a list",
    "schedule": "one learning-rate schedule or a list",
    "seeds": "how many repetitions, or a list of seeds",
    "train": "how long every network is trained",
    "tune": "how hyperparameters are found, the same for every loss; not at all unless given",
    "protocol": "how the losses are judged",
    "execution": "what a job may take and how often it is tried",
}
"""The keys of an experiment file with their meaning."""

TABLES: dict[str, Table[Any]] = {
    "dataset": DATASETS,
    "model": MODELS,
    "losses": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}
"""The table that the entries under each key are rows of."""

REQUIRED_KEYS = ("dataset", "model", "losses")
DEFAULT_OPTIMIZER = "adam"
DEFAULT_SCHEDULE = "constant"
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
LONGEST_NAME = 100


CONTROLS = {
    name: parameter.default
    for name, parameter in TRAIN.items()
    if name not in ("epochs", "batch_size", "target_scale", "augment")
}
"""What else `train:` says, with its defaults."""


@dataclass(frozen=True)
class Train:
    """How every network is trained.

    Attributes:
        epochs: passes over the training images.
        batch_sizes: images per step; each of several makes jobs of its own.
        target_scale: how losses see regression targets.
        augment: how training images are changed, in this order; what mixes examples is last.
        controls: the other values of `TRAIN`, by name; all of them, defaults included.
    """

    epochs: int = TRAIN["epochs"].default
    batch_sizes: tuple[int, ...] = (TRAIN["batch_size"].default,)
    target_scale: str = TRAIN["target_scale"].default
    augment: tuple[Entry, ...] = ()
    controls: Mapping[str, Any] = field(default_factory=lambda: dict(CONTROLS))


@dataclass(frozen=True)
class Protocol:
    """How the losses are judged.

    Attributes:
        metric: a name of METRICS, or None for the default of the task.
        baseline: the display name of one of the losses, or None.
        delta: the smallest difference that matters, in units of the metric, or None.
        alpha: the accepted rate of false findings.
        at: the epoch that is compared: the one chosen on validation, or the last.
        looks: numbers of seeds at which the results are looked at, rising, or None.
        head_controls: whether cross-entropy is trained, too, with the head that a loss brings.
    """

    metric: str | None = None
    baseline: str | None = None
    delta: float | None = None
    alpha: float = PROTOCOL["alpha"].default
    at: Literal["selected", "last"] = PROTOCOL["at"].default
    looks: tuple[int, ...] | None = None
    head_controls: bool = PROTOCOL["head_controls"].default


@dataclass(frozen=True)
class Execution:
    """What a job may take and how often it is tried; cannot change a number.

    Attributes:
        timeout: seconds that a job may take, or None.
        retries: how often a job runs again that was killed, ran out of time or of memory.
        checkpoint_every: seconds between checkpoints of a running job.
        memory_budget: MiB of images that a worker holds; more are read while training.
        save_model: whether each job's network is kept, and of which epoch.
        tensorboard: whether each job writes its curves for TensorBoard.
    """

    timeout: float | None = None
    retries: int = EXECUTION["retries"].default
    checkpoint_every: float = EXECUTION["checkpoint_every"].default
    memory_budget: float = EXECUTION["memory_budget"].default
    save_model: str = EXECUTION["save_model"].default
    tensorboard: bool = EXECUTION["tensorboard"].default


@dataclass(frozen=True)
class Range:
    """An interval of a search space.

    Attributes:
        low: lower end.
        high: upper end, above it.
        log: whether steps are factors and not summands.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Tune:
    """How hyperparameters are found: one space and one budget for every loss.

    Attributes:
        space: parameters of the optimizer by name, as `learning_rate`, with the values to try or
            their range; what it says of a loss's own parameters stands in the loss's entry. Empty
            for the learning rate around that of each optimizer, see `half_decades`.
        search: how points of the space are chosen.
        trials: points that are tried for each loss.
        seeds: tuning seeds of each point; disjoint from the seeds of the experiment.
        confirm: of the best points, how many are trained again and with how many more seeds.
        pruning: whether all points are trained to the end, or only those that are ahead.
    """

    space: Mapping[str, tuple[Any, ...] | Range]
    search: Literal["grid", "random", "tpe"] = "grid"
    trials: int = 7
    seeds: tuple[int, ...] = (1_000_000,)
    confirm: tuple[int, int] = (2, 2)
    pruning: Literal["none", "halving"] = "none"


@dataclass(frozen=True)
class Experiment:
    """One experiment file, resolved.

    Attributes:
        name: the folder name under `runs/`.
        datasets: the data sets, in the file's order; so are models, losses and the others.
        models: the networks.
        losses: the losses.
        optimizers: the optimizers.
        schedules: the learning-rate schedules.
        seeds: distinct seeds.
        train: how long every network is trained.
        protocol: how the losses are judged.
        execution: what a job may take.
        path: the file, as the user gave it.
        positions: where each value was written.
        tune: how hyperparameters are found, or None where the file gives them.
    """

    name: str
    datasets: tuple[Entry, ...]
    models: tuple[Entry, ...]
    losses: tuple[Entry, ...]
    optimizers: tuple[Entry, ...]
    schedules: tuple[Entry, ...]
    seeds: tuple[int, ...]
    train: Train
    protocol: Protocol
    execution: Execution
    path: Path = field(compare=False)
    positions: Positions = field(compare=False, repr=False)
    tune: Tune | None = None

    def where(self, *path: str | int) -> str:
        """Return `file:line:column: key path` of a value, as in `where("protocol", "metric")`."""
        return self.positions.where(path)


@dataclass(frozen=True)
class Draft:
    """An experiment built from all that is valid, and the problems with the rest."""

    experiment: Experiment
    problems: tuple[Problem, ...] = ()

    def checked(self) -> Experiment:
        """Return the experiment.

        Raises:
            ConfigError: there are problems; it holds all of them.
        """
        if self.problems:
            raise ConfigError(self.problems)
        return self.experiment
