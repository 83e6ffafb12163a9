"""The learning-rate schedules: what the rate is multiplied with as training goes on."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.types import Fraction, PositiveInt


@dataclass(frozen=True, kw_only=True)
class Schedule(Row):
    """What the learning rate is multiplied with as training goes on.

    Attributes:
        meaning: what it does, in a few words.
    """

    meaning: str


def in_epochs(value: float, epochs: int) -> float:
    """Return a time of a schedule in epochs; below 1 it is a fraction of the run."""
    return value if value >= 1 else value * epochs


Epochs = Annotated[float, Gt(0)]
Share = Annotated[float, Gt(0), Lt(1)]

_WARMUP = Parameter(
    Annotated[float, Ge(0)],
    "epochs >= 0",
    0.0,
    "epochs in which the rate rises evenly from 0; below 1 a fraction of the run",
    origin="project default; the rise: Goyal et al. 2017, arXiv:1706.02677, section 2.2",
)
_PYTORCH = "PyTorch's OneCycleLR"
_PLATEAU = "Keras's ReduceLROnPlateau"

SCHEDULES: Table[Schedule] = Table(
    "schedule",
    Schedule(
        name="constant",
        target="schedules:constant",
        meaning="the same rate all the time",
        params={"warmup": _WARMUP},
    ),
    Schedule(
        name="step",
        target="schedules:step",
        meaning="falls by a factor after some epochs",
        params={
            "epochs": Parameter(
                tuple[Epochs, ...],
                "a rising list of epochs > 0",
                (0.5, 0.75),
                "after which the rate falls; below 1 fractions of the run",
                origin="He et al. 2016, arXiv:1512.03385, section 4.2",
            ),
            "factor": Parameter(
                Share,
                "0 < factor < 1",
                0.1,
                "by which it falls",
                origin="He et al. 2016, arXiv:1512.03385, section 4.2",
            ),
            "warmup": _WARMUP,
        },
        aliases=("multi_step",),
    ),
    Schedule(
        name="cosine",
        target="schedules:cosine",
        meaning="falls along half a cosine, after a warm-up if any, without restarts; "
        "arXiv:1608.03983",
        params={
            "final": Parameter(
                Fraction,
                "0 <= final <= 1",
                0.0,
                "share of the rate at the end",
                "PyTorch's CosineAnnealingLR, Keras's CosineDecay",
            ),
            "warmup": _WARMUP,
        },
        aliases=("cosine_decay", "cosine_annealing"),
    ),
    Schedule(
        name="one_cycle",
        target="schedules:one_cycle",
        meaning="rises to the rate and falls far below, both along half a cosine; momentum stays; "
        "arXiv:1708.07120, in PyTorch's form",
        params={
            "start": Parameter(
                Fraction,
                "0 <= start <= 1",
                0.04,
                "share of the rate at the first step",
                _PYTORCH,
            ),
            "peak_at": Parameter(
                Share,
                "0 < peak_at < 1",
                0.3,
                "fraction of the run at which the rate is reached",
                _PYTORCH,
            ),
            "final": Parameter(
                Fraction,
                "0 <= final <= 1",
                4e-6,
                "share of the rate at the last step",
                _PYTORCH,
            ),
        },
    ),
    Schedule(
        name="reduce_on_plateau",
        target="schedules:reduce_on_plateau",
        meaning="falls by a factor when the validation metric, never a loss, gets no better",
        params={
            "factor": Parameter(Share, "0 < factor < 1", 0.1, "by which the rate falls", _PLATEAU),
            "patience": Parameter(
                PositiveInt,
                "a whole number >= 1",
                10,
                "epochs without a better validation metric after which it falls",
                _PLATEAU,
            ),
            "min_delta": Parameter(
                Annotated[float, Ge(0)],
                "min_delta >= 0",
                1e-4,
                "by how much the metric must be better, in its own units",
                _PLATEAU,
            ),
            "min_rate": Parameter(
                Annotated[float, Ge(0)],
                "min_rate >= 0",
                0.0,
                "the rate below which it does not fall",
                _PLATEAU,
            ),
            "warmup": _WARMUP,
        },
    ),
)
"""`target` says what computes a schedule, in `lossbench/train/`."""
