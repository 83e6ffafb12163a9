"""Whether networks, batches and samplers fit the data that an experiment names."""

from collections.abc import Iterator, Mapping, Sequence

from lossbench.catalog import DATASETS, MODELS, Facts
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.config import Entry, Experiment
from lossbench.errors import Problem

_FEW_MODELS = 8
"""Of more, messages name the command that lists them."""


def _other_model(known: Facts) -> str:
    """Return which networks read a data set where few do."""
    fit = [row.name for row in MODELS if row.ready and row.unreadable(known.image_shape) is None]
    return f"Choose {' or '.join(fit)}." if len(fit) < 3 else "Choose another model."


def size_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield networks that cannot read images or give their outputs, and batches above the data."""
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        for model in experiment.models:
            row, pixels = MODELS[model.name], known.task == "segmentation"
            if not row.suits("pixel" if pixels else "image"):
                yield Problem(model.where, _wrong_model(model.name, name, pixels))
            reads = row.unreadable(known.image_shape, model.params)
            if reads is not None:
                yield Problem(model.where, _too_small(model, name, known, reads))
        largest = max(experiment.train.batch_sizes)
        if largest > known.n_train:
            yield Problem(
                experiment.where("train", "batch_size"),
                f"{largest} is more than the {known.n_train} training images "
                f"of {name}; at most {known.n_train} is accepted.",
            )


def _too_small(model: Entry, name: str, known: Facts, reads: str) -> str:
    """Return that a network cannot read images, and what to do; a backbone may enlarge them."""
    row, (height, width, _) = MODELS[model.name], known.image_shape
    least, size = row.smallest_image, model.params.get("image_size")
    if row.backbone and size is not None:
        return (
            f"{model.name} reads {reads}; image_size makes those of {name} {size} x {size}. "
            f"Make it {least} or more."
        )
    advice = f"Add image_size: {least} or more." if row.backbone else _other_model(known)
    return f"{model.name} reads {reads}; those of {name} have {height} x {width}. {advice}"


def sampling_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield data whose images do not each belong to one class, where classes are to be balanced."""
    if experiment.train.controls.get("sampling") != "class_balanced":
        return
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        if known.task not in CLASSIFICATION:
            yield Problem(
                experiment.where("train", "sampling"),
                f"class_balanced needs images of one class each; {dataset.display(DATASETS)} poses "
                f"{_POSED[known.task]}; accepted there: shuffled. Leave out sampling, or give the "
                "data an experiment of their own.",
            )


_POSED: Mapping[Task, str] = {
    "multilabel": "several labels at once",
    "regression": "regression",
    "segmentation": "segmentation",
    "multioutput": "several outputs",
}


def _wrong_model(model: str, dataset: str, pixels: bool) -> str:
    """Return why a network does not give the outputs that a data set asks for."""
    gives, asks = ("an image", "each pixel") if pixels else ("each pixel", "an image")
    fits = [row for row in MODELS if row.suits("pixel" if pixels else "image")]
    fit = [row.name for row in fits if not row.backbone]
    accepted = f"accepted: {', '.join(fit)}"
    if len(fit) > _FEW_MODELS:
        task = "segmentation" if pixels else "multiclass"
        accepted = f"`lossbench list models --task {task}` shows those that fit"
    return (
        f"{model} gives outputs for {gives}, and the targets of {dataset} are of {asks}; "
        f"{accepted}."
    )
