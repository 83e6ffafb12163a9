"""Whether a network that was trained before can read a data set, and what is done to its images."""

from collections.abc import Iterator, Sequence

from lossbench.backbones.looking import Backbone
from lossbench.catalog import DATASETS, MODELS, Facts
from lossbench.config import Entry
from lossbench.errors import Problem


def misfits(
    model: Entry, backbone: Backbone, data: Sequence[tuple[Entry, Facts]]
) -> Iterator[Problem]:
    """Yield why a backbone cannot read data; sizes below the catalogue's are told elsewhere.

    Args:
        model: the network.
        backbone: what is known of its backbone.
        data: the data sets, and what is known of each.
    """
    for dataset, facts in data:
        text = _misfit(model, backbone, dataset.display(DATASETS), facts)
        if text is not None:
            yield Problem(model.where, text)


def _misfit(model: Entry, backbone: Backbone, name: str, facts: Facts) -> str | None:
    height, width, channels = facts.image_shape
    if facts.task == "segmentation":
        return None  # told with the networks that fit
    if width == 1:
        return (
            f"{model.name} reads images; those of {name} are series or vectors. Choose a network "
            f"that is trained from the start, such as conv1d_small or mlp."
        )
    if channels != backbone.reads[2] and (channels, backbone.reads[2]) != (1, 3):
        text = f"{model.name} reads images of {_channels(backbone.reads[2])}; those of {name} have"
        advice = "Choose a backbone of colour images" if channels == 3 else "Choose other data"
        return f"{text} {_channels(channels)}, and there is no rule to convert them. {advice}."
    size = model.params["image_size"]
    have = (height, width) if size is None else (size, size)
    if any(fixed not in (None, given) for fixed, given in zip(backbone.reads, have, strict=False)):
        return _wrong_size(model, backbone, name, have)
    return None


def _channels(count: int) -> str:
    return {1: "1 channel (grey)", 3: "3 channels (colour)"}.get(count, f"{count} channels")


def _wrong_size(model: Entry, backbone: Backbone, name: str, have: tuple[int, int]) -> str:
    height, width, _ = backbone.reads
    reads = f"{model.name} reads images of {height} x {width} pixels only"
    given = f"image_size makes those of {name}" if model.params["image_size"] else f"{name} has"
    accepted = f"image_size: {height} is accepted" if height == width else "no others are accepted"
    advice = f"Add image_size: {height}" if height == width else "Resize the data before"
    return f"{reads}, and {given} {have[0]} x {have[1]}; {accepted}. {advice}."


def notes(model: Entry, backbone: Backbone, data: Sequence[tuple[Entry, Facts]]) -> Iterator[str]:
    """Yield what a user should know of a backbone on data; nothing here is wrong.

    Args:
        model: the network.
        backbone: what is known of its backbone.
        data: the data sets, and what is known of each.
    """
    shown = model.display(MODELS)
    if backbone.missing is not None:
        yield (
            f"{shown}: its ImageNet weights are not on this machine; they are fetched to "
            f"{backbone.missing} when the experiment runs."
        )
    if backbone.left_out is not None and model.name == "keras_file":
        name, outputs = backbone.left_out
        yield (
            f"{shown}: its last layer {name!r} ({outputs} outputs) is taken for a head and left "
            f"out; a new head reads what it read."
        )
    if backbone.untrained and backbone.frozen:
        yield (
            f"{shown}: its backbone keeps the weights that are drawn at random (its normalisation "
            f"the statistics of some training images), which makes it a control; trainable: all "
            f"trains it."
        )
    for dataset, facts in data:
        yield from _changes(shown, model, backbone, dataset.display(DATASETS), facts)


def _changes(
    shown: str, model: Entry, backbone: Backbone, name: str, facts: Facts
) -> Iterator[str]:
    """Yield how the images of a data set are made to fit."""
    height, width, channels = facts.image_shape
    if channels == 1 and backbone.reads[2] == 3:
        yield f"{shown}: the images of {name} are grey; their one channel is repeated three times."
    size = model.params["image_size"]
    if size is not None and (height, width) != (size, size):
        bigger = size * size > height * width
        squeezed = "" if height == width else ", and lose their proportions"
        yield (
            f"{shown}: the images of {name} are {'enlarged' if bigger else 'shrunk'} from "
            f"{height} x {width} to {size} x {size}{squeezed}."
        )
