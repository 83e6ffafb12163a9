"""The stages of a training: what of the backbone is trained in which epochs, and how fast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stage:
    """Some epochs of a training, in which the same weights are trained.

    Attributes:
        number: counts from 1.
        first: its first epoch, from 1.
        last: its last epoch.
        trainable: what of the backbone is trained; None where a network has none.
        learning_rate_factor: what the learning rate of every step is multiplied by. A schedule
            spans the whole training, so that stages change its height and not its shape.
        on_features: whether every image gives the same features in every epoch and for every
            seed, so that the head alone is trained, on features that are computed once.
    """

    number: int
    first: int
    last: int
    trainable: Any = None
    learning_rate_factor: float = 1.0
    on_features: bool = False


def stages_of(job: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Return the stages of a job, in their order; a single one where it names none.

    Features are the same in every epoch as long as nothing of the backbone has been trained
    before and images are not changed at random.

    Args:
        job: the content of its `job.json`.
    """
    train = job["train"]
    usual = job["model"]["params"].get("trainable")
    given = train.get("stages") or [{"epochs": train["epochs"]}]
    untouched = usual is not None and not train.get("augment")
    found: list[Stage] = []
    for number, one in enumerate(given, start=1):
        first = found[-1].last + 1 if found else 1
        trainable = one.get("trainable", usual)
        untouched = untouched and trainable == "none"
        factor = float(one.get("learning_rate_factor", 1.0))
        last = first + one["epochs"] - 1
        found.append(Stage(number, first, last, trainable, factor, untouched))
    return tuple(found)


def stage_at(stages: Sequence[Stage], epoch: int) -> Stage:
    """Return the stage of an epoch, counted from 1; the last one for epochs after it."""
    return next((stage for stage in stages if epoch <= stage.last), stages[-1])
