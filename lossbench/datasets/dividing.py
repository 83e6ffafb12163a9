"""Which examples are drawn for the test and for validation, and by which random state."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lossbench.catalog.splits import DEFAULT_FOLDS, Mode
from lossbench.errors import DataError

SPLIT_SEED = 20160321
"""The seed of subset and split; not the run's seed, so that all runs share one split unless the
experiment asks for another for each."""

Stage = Literal["test", "subset", "validation"]
_STAGES: tuple[Stage, ...] = ("test", "subset", "validation")

CANDIDATES = 100
"""Draws of whole groups, of which the one is taken that has the classes in the best proportion."""


@dataclass(frozen=True)
class Division:
    """How the parts of one run are drawn.

    Attributes:
        mode: `fixed`: from one seed for all runs; `resample`: from the run's own; `kfold`: the
            test is one of `folds` parts.
        folds: number of parts; of the run with seed s, part s mod folds is the test, and the
            division into parts is drawn from s div folds: so many seeds in a row use each once.
        seed: that of the run.
    """

    mode: Mode = "fixed"
    folds: int = DEFAULT_FOLDS
    seed: int = 0

    @property
    def fold(self) -> int:
        """Which of the folds is the test."""
        return self.seed % self.folds

    def state(self, stage: Stage, label: int = 0) -> int:
        """Return scikit-learn's random state of one draw.

        Args:
            stage: what is drawn.
            label: the class of which it is drawn.
        """
        if self.mode == "fixed" and stage != "test":
            return SPLIT_SEED + label
        seed = {"fixed": 0, "resample": self.seed, "kfold": self.seed}[self.mode]
        if self.mode == "kfold" and stage == "test":
            seed //= self.folds
        entropy = [SPLIT_SEED, _STAGES.index(stage), seed, label]
        return int(np.random.SeedSequence(entropy).generate_state(1)[0])


FIXED = Division()


def draw(
    ids: np.ndarray, labels: np.ndarray, counts: np.ndarray, how: Division, stage: Stage
) -> np.ndarray:
    """Draw `counts[c]` of the ids of each class c; sorted."""
    from sklearn.model_selection import train_test_split

    drawn = []
    for label, count in enumerate(counts):
        members = ids[labels == label]
        if 0 < count < len(members):
            members, _ = train_test_split(
                members, train_size=int(count), random_state=how.state(stage, label)
            )
        drawn.append(members if count else members[:0])
    return np.asarray(np.sort(np.concatenate(drawn)))


def fold_counts(counts: np.ndarray, how: Division, where: str) -> np.ndarray:
    """Return how many images of each class the fold of a run holds; fold 0 holds the most.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
        how: the folds and the seed.
        where: how messages name the data set.

    Raises:
        DataError: a class has fewer images than there are folds.
    """
    present = np.where(counts > 0, counts, np.iinfo(np.int64).max)
    if present.min() < how.folds:
        rarest = int(present.argmin())
        whose = "there are" if len(counts) == 1 else f"class {rarest} has"
        raise DataError(
            f"{where}: kfold with {how.folds} folds was asked for, but {whose} {counts[rarest]} "
            f"training images; as many folds as images of the rarest class are accepted, so that "
            f"each fold has one. Lower folds, or use split: resample."
        )
    every = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(every[how.fold :: how.folds], minlength=len(counts))


def draw_fold(labels: np.ndarray, how: Division) -> np.ndarray:
    """Return the positions, rising, of the examples in the fold of a run, stratified."""
    from sklearn.model_selection import StratifiedKFold

    order = np.argsort(labels, kind="stable")  # so that fold i takes what `fold_counts` says
    folds = StratifiedKFold(how.folds, shuffle=True, random_state=how.state("test"))
    chosen = [test for _, test in folds.split(order, labels[order])][how.fold]
    return np.sort(order[chosen])


def draw_fold_of_groups(
    labels: np.ndarray, groups: np.ndarray, how: Division, where: str
) -> np.ndarray:
    """Return the positions of the examples in the fold of a run, made of whole groups.

    Raises:
        DataError: groups are too few, or a class is left without training examples.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    check_groups(groups, max(how.folds, 3), where)
    fold_counts(np.bincount(labels), how, where)
    folds = StratifiedGroupKFold(how.folds, shuffle=True, random_state=how.state("test"))
    rest, chosen = list(folds.split(labels, labels, groups))[how.fold]
    if not len(chosen) or len(np.unique(labels[rest])) < len(np.unique(labels)):
        raise _not_divisible(labels, groups, f"{how.folds} folds", where)
    return np.sort(chosen)


def draw_groups(
    labels: np.ndarray,
    groups: np.ndarray,
    counts: np.ndarray,
    how: Division,
    stage: Stage,
    where: str,
) -> np.ndarray:
    """Draw whole groups that come near a number of examples of each class.

    Of a hundred draws the one is taken that differs least from `counts`, summed over classes,
    among those that leave every class in the rest.

    Args:
        labels: class of each example, int [n].
        groups: what each belongs to, [n].
        counts: how many of each class are wanted, int [classes].
        how: how runs are divided.
        stage: what is drawn.
        where: how messages name the data set.

    Returns:
        Positions of the examples that are drawn, rising.

    Raises:
        DataError: groups are too few, or none can be spared.
    """
    from sklearn.model_selection import GroupShuffleSplit

    check_groups(groups, 2, where)
    share = float(counts.sum() / len(labels))
    draws = GroupShuffleSplit(CANDIDATES, test_size=share, random_state=how.state(stage))
    whole = np.bincount(labels, minlength=len(counts))
    best, least = None, np.inf
    for _, chosen in draws.split(labels, groups=groups):
        found = np.bincount(labels[chosen], minlength=len(counts))
        distance = np.abs(found - counts).sum()
        if distance < least and ((whole > found) | (whole == 0)).all():
            best, least = chosen, distance
    if best is None:
        raise _not_divisible(labels, groups, f"a {stage} part", where)
    return np.sort(best)


def check_groups(groups: np.ndarray, least: int, where: str) -> None:
    """Refuse data with fewer groups than parts.

    Raises:
        DataError: there are fewer than `least`.
    """
    found = len(np.unique(groups))
    if found < least:
        raise DataError(
            f"{where}: there {'is' if found == 1 else 'are'} {found} "
            f"group{'' if found == 1 else 's'}, and none may be in two parts; {least} groups or "
            f"more are accepted for this split. Check the group of each example, or leave groups "
            f"out."
        )


def _not_divisible(labels: np.ndarray, groups: np.ndarray, parts: str, where: str) -> DataError:
    """Return the error for groups of which none can leave the training part."""
    alone = [c for c in np.unique(labels) if len(np.unique(groups[labels == c])) == 1]
    why = f"; all examples of class {alone[0]} are in one group" if alone else ""
    return DataError(
        f"{where}: no choice of whole groups for {parts} leaves training examples of every "
        f"class{why}; classes that occur in several groups are accepted. Use smaller groups, or "
        f"fewer folds."
    )
