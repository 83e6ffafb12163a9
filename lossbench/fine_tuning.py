"""Which stages of a training go with an experiment's epochs and networks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.catalog import MODELS
from lossbench.config import Experiment
from lossbench.errors import Problem


def stage_problems(experiment: Experiment) -> Iterator[Problem]:
    """Yield stages that do not add up to the epochs, and networks that have nothing to stage."""
    stages: Sequence[Mapping[str, Any]] = experiment.train.controls.get("stages", ())
    if not stages:
        return
    where, epochs = experiment.where("train", "stages"), experiment.train.epochs
    total = sum(stage["epochs"] for stage in stages)
    if total != epochs:
        yield Problem(
            where,
            f"the stages take {total} epochs, and train.epochs is {epochs}; the same number is "
            f"accepted. Write `epochs: {total}`, or change a stage.",
        )
    for model in experiment.models:
        if not MODELS[model.name].backbone:
            fit = ", ".join(row.name for row in MODELS if row.backbone)
            yield Problem(
                where,
                f"{model.display(MODELS)} has no backbone of which a stage could train a part; "
                f"accepted: {fit}. Leave out `stages`, or choose another model.",
            )
