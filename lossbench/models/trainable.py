"""What of a network's backbone is trained, and the network that a stage of a training runs.

Layers are counted from the end of the backbone in topological order, and only those that have
weights to train. What is not trained runs as it does when the network is used: batch normalisation
takes its moving averages and leaves them alone, and dropout lets everything pass. Batch
normalisation that is trained takes the statistics of each batch and moves its averages with the
momentum that it was made with, as in a training from scratch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import layers

from lossbench.catalog.models.kinds import Trainable
from lossbench.errors import ShapeError
from lossbench.models.backbone import backbone_of


def set_trainable(model: keras.Model, trainable: Trainable | Mapping[str, int]) -> None:
    """Mark which layers of a network's backbone are trained; the rest of the network always is.

    A network without a backbone is left as it is. Graphs that were traced before keep what was
    marked then.

    Args:
        model: a network.
        trainable: `none`, `all`, or `{"last": n}`: the n layers nearest to the backbone's end.

    Raises:
        ShapeError: the backbone has fewer layers with weights.
    """
    backbone = backbone_of(model)
    if backbone is None:
        return
    _mark(backbone, True)
    for layer in _leaves(backbone):
        _mark(layer, True)  # whatever its file says
    if isinstance(trainable, str):
        _mark(backbone, trainable == "all")
        return
    weighted = [layer for layer in _leaves(backbone) if layer.trainable_weights]
    last = trainable["last"]
    if last > len(weighted):
        raise ShapeError(
            f"model {model.name!r}: the last {last} layers are to be trained; its backbone has "
            f"{len(weighted)} layers with weights, and at most as many are accepted. Write `all` "
            f"for the whole backbone."
        )
    trained = {id(layer) for layer in weighted[len(weighted) - last :]}
    for layer in _leaves(backbone):
        _mark(layer, id(layer) in trained)


def _mark(layer: keras.layers.Layer, trained: bool) -> None:
    """Mark a layer and all inside it; Keras on TensorFlow overlooks a value that is there."""
    layer.trainable = not trained
    layer.trainable = trained


def changing_weights(model: keras.Model) -> list[keras.Variable]:
    """Return the weights that training changes: those of layers that train any of theirs.

    Moving statistics of batch normalisation are among them where it is trained.
    """
    return [w for layer in _leaves(model) if layer.trainable_weights for w in layer.weights]


def as_trained(model: keras.Model, outputs: Sequence[Any]) -> keras.Model:
    """Return the network that a training runs: what is not trained has no dropout in it.

    Keras hands `training=True` on to every layer inside, whatever a layer was called with and
    whether it is trained or not; so layers that draw random numbers are left out of the part of
    the backbone that comes before what is trained. Layers are shared with the model.

    Args:
        model: a network, marked by `set_trainable`.
        outputs: of its tensors, those that are wanted.
    """
    whole = model
    if len(outputs) != 1 or outputs[0] is not model.outputs[0]:
        whole = keras.Model(model.input, outputs[0] if len(outputs) == 1 else list(outputs))
    # Dropout of nothing takes every argument that the layer in its place was called with.
    quiet = {id(layer): layers.Dropout(0, name=layer.name) for layer in _random_and_frozen(model)}
    if not quiet:
        return whole
    return keras.models.clone_model(
        whole, clone_function=lambda layer: quiet.get(id(layer), layer), recursive=True
    )


def on_pooled(model: keras.Model, outputs: Sequence[Any]) -> keras.Model:
    """Return what a network does after "pool", on an input of its own; layers are shared.

    Args:
        model: a network with a backbone.
        outputs: of its tensors from "pool" on, those that are wanted.

    Returns:
        A model from float [batch, size], what "pool" gives, to the wanted tensors.
    """
    pooled = model.get_layer("pool").output
    given = keras.Input(pooled.shape[1:], name="pooled")
    later = [tensor for tensor in outputs if tensor is not pooled]
    found = iter(())
    if later:
        made = keras.Model(pooled, later)(given)  # all in one, so that they see the same dropout
        found = iter(made if isinstance(made, list | tuple) else [made])
    wanted = [
        layers.Identity(name="features")(given) if tensor is pooled else next(found)
        for tensor in outputs
    ]
    return keras.Model(given, wanted[0] if len(wanted) == 1 else wanted)


def up_to_pooled(model: keras.Model) -> keras.Model:
    """Return the part of a network from scaled images to what "pool" gives."""
    return keras.Model(model.input, model.get_layer("pool").output, name="up_to_pooled")


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model in topological order, those of models inside in their place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _random_and_frozen(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that draw random numbers before the first layer that is trained."""
    backbone = backbone_of(model)
    found: list[keras.layers.Layer] = []
    for layer in _leaves(backbone) if backbone is not None else ():
        if layer.trainable_weights:
            break
        if not layer.weights and layer.variables:  # a state of random numbers
            found.append(layer)
    return found
