"""Points of a space in the order in which a search asks for them: grid, random, TPE.

Random search and the tree-structured Parzen estimator are optuna's: Bergstra & Bengio 2012, JMLR
13:281-305, and Bergstra et al. 2011, NeurIPS 24. Both are asked in rounds of fixed sizes and told
results in the order of points, so that the answer hangs neither on who was ready first nor on how
many trainings ran side by side.
"""

import contextlib
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from lossbench.config.experiment import Range, Tune
from lossbench.errors import LossbenchError
from lossbench.tuning import spaces
from lossbench.tuning.studies import Params, Space

TPE_ROUND = 4
"""Trainings of a round of TPE: few enough to learn from, enough to fill a machine with several
losses at once."""
TPE_RANDOM = 10
"""TPE begins with a third of its trials at random, two or more, at most so many."""
TRIES = 50
"""How often a sampler is asked for a point that it has not proposed yet."""


class Sampler(Protocol):
    """Proposes points and is told how they did."""

    def ask(self, count: int) -> list[Params]:
        """Return the next points; all that it returned before have been told."""

    def tell(self, values: Sequence[float]) -> None:
        """Take the values of the last points, higher is better, -inf for failed ones."""


def sampler(space: Space, tune: Tune) -> Sampler:
    """Return what proposes the points of a study.

    All studies have one seed, so that those with the same space start with the same points, and
    what a loss is called does not matter.

    Raises:
        LossbenchError: optuna is needed and not installed.
    """
    if tune.search == "grid":
        return _Grid(space, np.random.default_rng(tune.seeds[0]))
    return _Optuna(space, tune.search, tune.seeds[0] % 2**32)


def round_sizes(tune: Tune, count: int) -> list[int]:
    """Return how many points are asked for at once: all, or with TPE a few after the first ones."""
    if tune.search != "tpe":
        return [count]
    first = min(count, TPE_RANDOM, max(2, math.ceil(count / 3)))
    rest = count - first
    sizes = [first, *[TPE_ROUND] * (rest // TPE_ROUND), rest % TPE_ROUND]
    return [size for size in sizes if size]


class _Grid:
    def __init__(self, space: Space, rng: np.random.Generator) -> None:
        self.space, self.rng = space, rng

    def ask(self, count: int) -> list[Params]:
        return spaces.grid_points(self.space, count, self.rng)

    def tell(self, values: Sequence[float]) -> None:
        pass


class _Optuna:
    def __init__(self, space: Space, search: str, seed: int) -> None:
        optuna = _import_optuna()
        self.space, self.seen = space, list[Params]()
        self.distributions = {name: _distribution(optuna, v) for name, v in space.items()}
        self.failed = optuna.trial.TrialState.FAIL
        self.asked: list[Any] = []
        self.rng = np.random.default_rng(seed)
        with _quiet():
            self.study = optuna.create_study(
                direction="maximize", sampler=_optuna_sampler(optuna, search, seed)
            )

    def ask(self, count: int) -> list[Params]:
        with _quiet():
            self.asked = [self._new() for _ in range(count)]
        return self.seen[-count:]

    def tell(self, values: Sequence[float]) -> None:
        with _quiet():
            for trial, value in zip(self.asked, values, strict=True):
                self.study.tell(trial, value)

    def _new(self) -> Any:
        """Return a trial at a point that was not proposed before, if there is one."""
        for attempt in range(TRIES):
            trial = self.study.ask(self.distributions)
            point = self._point(trial)
            if point not in self.seen or attempt == TRIES - 1:
                break
            self.study.tell(trial, state=self.failed)  # it is left out of what the sampler learns
            if attempt == TRIES - 2 and math.isfinite(spaces.size(self.space)):
                self.study.enqueue_trial(self._untried())
        self.seen.append(point)
        return trial

    def _point(self, trial: Any) -> Params:
        return {name: _value(values, trial.params[name]) for name, values in self.space.items()}

    def _untried(self) -> dict[str, int]:
        """Return the places of a point of lists that was not proposed, drawn at random."""
        lists = {name: list(values) for name, values in self.space.items()}  # type: ignore[arg-type]
        while True:
            places = {name: int(self.rng.integers(len(v))) for name, v in lists.items()}
            if {name: lists[name][at] for name, at in places.items()} not in self.seen:
                return places


def _optuna_sampler(optuna: ModuleType, search: str, seed: int) -> Any:
    if search == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    # The first round is random as nothing is told yet. Points of a round keep apart
    # (constant_liar), and parameters are looked at together, as the best learning rate hangs on
    # the loss's own parameters (multivariate).
    return optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=1, multivariate=True, constant_liar=True
    )


def _distribution(optuna: ModuleType, values: tuple[Any, ...] | Range) -> Any:
    """Return a list by the places of its values, which are near each other only for numbers."""
    if isinstance(values, Range):
        return optuna.distributions.FloatDistribution(values.low, values.high, log=values.log)
    places = range(len(values))
    if spaces.is_ordered(values) and list(values) in (sorted(values), sorted(values)[::-1]):
        return optuna.distributions.IntDistribution(0, places[-1])
    return optuna.distributions.CategoricalDistribution(tuple(places))


def _value(values: tuple[Any, ...] | Range, proposed: Any) -> Any:
    if isinstance(values, Range):
        return min(max(spaces.rounded(proposed), values.low), values.high)
    return values[proposed]


def _import_optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise LossbenchError(
            "tune.search: random and tpe need optuna, which is not installed; accepted without it "
            'is grid. Run: pip install "lossbench[tune]"'
        ) from error
    return optuna


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep optuna from telling of each study, and from calling old options experimental."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
