"""What a search is told and what it asks for: studies, trials, choices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lossbench.config.experiment import Range

Space: TypeAlias = Mapping[str, tuple[Any, ...] | Range]
Params: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """What one loss may try in one track: everything else of the experiment is fixed.

    Attributes:
        key: unique in its family, the losses that are compared with each other.
        space: parameters of the optimizer by name, as `learning_rate`, and of the loss, as
            `loss.gamma`, each with the values to try or their range.
        usual: the value of each of them without tuning.
    """

    key: str
    space: Space
    usual: Params


@dataclass(frozen=True)
class Trial:
    """One training of the search.

    Attributes:
        study: key of the study that it belongs to.
        point: number of the point of the space, from 0 in the order in which they were asked for.
        params: the point: a value for each parameter of the space.
        seed: seed of the training.
        stage: search, extend or confirm; with successive halving rung 0, rung 1, ... for search.
        epochs: how many epochs of the whole training it lasts; it starts with the first one.
    """

    study: str
    point: int
    params: Params = field(hash=False)
    seed: int
    stage: str
    epochs: int


Known: TypeAlias = Mapping[Trial, float | None]
"""What is known of trials: the metric on validation, oriented so that higher is better; None for a
training that failed, which counts as the worst."""
Accepts: TypeAlias = Callable[[str, Params], bool]
"""Whether the study of this key may be trained with these values."""


@dataclass(frozen=True)
class Choice:
    """The point that a study takes.

    Attributes:
        params: its values.
        point: its number.
        value: mean of the metric on validation over the seeds that worked, oriented; None where
            none did.
        edges: parameters whose value still lies at an end of what was tried although values beyond
            it are possible: better ones may lie there.
    """

    params: Params
    point: int
    value: float | None
    edges: tuple[str, ...] = ()

    @property
    def edge(self) -> bool:
        """Whether a parameter lies at an end of what was tried."""
        return bool(self.edges)
