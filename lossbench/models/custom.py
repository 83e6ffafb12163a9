"""A network that the user's own function builds, brought into the form of the others."""

import traceback
from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras

from lossbench.errors import LossbenchError, ModelError
from lossbench.models.initial_weights import starts_elsewhere
from lossbench.own_code import load

_TAKEN = ("head", "head_dropout", "output_activation")
"""Names of layers that are put after the user's."""


def build(
    image_shape: tuple[int, int, int], outputs: int, *, target: str, params: Mapping[str, Any]
) -> keras.Model:
    """Call the user's function, and call the last layer of what it returns "head".

    Where all of it starts follows from the initializers of its layers and the run's seed, like
    that of every network; a nested model called "backbone" keeps the weights that it came with.

    Args:
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        target: `path/to/file.py:name` or `package.module:name`; this executes it.
        params: its further arguments.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs] or, for
        masks, [batch, height, width, outputs].

    Raises:
        ModelError: the function fails, or what it returns is no network of this form.

    Source:
        The user.
    """
    # A backbone that nobody has trained starts alike whichever job builds the network first.
    keras.utils.set_random_seed(0)
    made = _called(load(target, ModelError), image_shape, outputs, target, params)
    if not isinstance(made, keras.Model):
        raise ModelError(
            f"{target}: the function returned {_article(made)}; a keras.Model is accepted. Return "
            f"keras.Model(images, head(x))."
        )
    _check_form(made, image_shape, target)
    head = made.outputs[0]._keras_history.operation
    _check_head(head, target)
    _check_names(made, target)
    # Made anew, so that its variables are called after it: names of variables do not change.
    again = type(head).from_config({**head.get_config(), "name": "head"})
    model = keras.Model(made.inputs[0], again(head.input), name="custom")
    _check_start(model, target)
    return model


def check_outputs(
    model: keras.Model,
    image_shape: tuple[int, int, int],
    outputs: int,
    per: Literal["image", "pixel"],
    target: str,
) -> None:
    """Refuse a network whose outputs have not the shape that the targets ask for.

    Args:
        model: what `build` returned.
        image_shape: height, width and channels of an image, in pixels.
        outputs: how many there must be.
        per: of an image, or of each pixel.
        target: the user's function, for messages.

    Raises:
        ModelError: they have another shape.
    """
    wanted = (*image_shape[:2], outputs) if per == "pixel" else (outputs,)
    given = tuple(model.output_shape[1:])
    if given != wanted:
        raise ModelError(
            f"{target}: the network gives outputs of shape {_shape(given)}; for these data "
            f"{_shape(wanted)} is accepted. Make its last layer as wide as the argument outputs"
            + (", for each pixel." if per == "pixel" else ", and pool or flatten before it.")
        )


def _called(
    function: Callable[..., Any],
    image_shape: tuple[int, int, int],
    outputs: int,
    target: str,
    params: Mapping[str, Any],
) -> Any:
    """Return what the user's function returns; whatever it raises becomes one line."""
    try:
        return function(image_shape, outputs, **params)
    except LossbenchError:
        raise
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in target]
        line = f" in line {own[-1].lineno}" if own else f" in {last.filename}:{last.lineno}"
        first = (str(error).strip().splitlines() or [""])[0]
        raise ModelError(
            f"{target}: the function failed{line} when called with {tuple(image_shape)}, "
            f"{outputs}: {type(error).__name__}: {first.removesuffix('.')}. "
            f"log.txt has the traceback."
        ) from error


def _check_form(model: keras.Model, image_shape: tuple[int, int, int], target: str) -> None:
    """Refuse what is no graph of layers from one image to one output."""
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *image_shape))
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise ModelError(
            f"{target}: the function returned a model whose layers are not known "
            f"({type(model).__name__}, a class of its own); a functional or Sequential model is "
            f"accepted. Return keras.Model(images, head(x))."
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"{target}: the network has {len(inputs)} inputs and {len(outputs)} outputs; one of "
            f"each is accepted. Where data have several outputs, columns of one layer are theirs."
        )
    reads = tuple(inputs[0].shape[1:])
    fits = len(reads) == len(image_shape) and all(
        a in (None, b) for a, b in zip(reads, image_shape, strict=True)
    )
    if not fits:
        raise ModelError(
            f"{target}: the network reads images of shape {_shape(reads)}; for these data "
            f"{_shape(image_shape)} is accepted. Begin with keras.Input(image_shape)."
        )


def _check_head(head: Any, target: str) -> None:
    """Refuse a last layer that is not linear."""
    is_weighted = isinstance(head, keras.layers.Dense | keras.layers.Conv2D)
    name = _name(head)
    if name not in (None, "linear"):
        raise ModelError(
            f"{target}: the last layer, {_article(head)}, applies {name}; losses take what comes "
            f"before that. Leave out {f'activation={name!r}' if is_weighted else 'this layer'}."
        )
    if not is_weighted:
        raise ModelError(
            f"{target}: the last layer is {_article(head)}; a Dense without an "
            f"activation is accepted or, for masks, a Conv2D. End with "
            f"keras.layers.Dense(outputs)(x)."
        )


def _check_names(model: keras.Model, target: str) -> None:
    """Refuse names that layers after the user's have."""
    for layer in model.layers[:-1]:
        if layer.name == "backbone" and not isinstance(layer, keras.Model):
            raise ModelError(
                f"{target}: a {type(layer).__name__} layer is called 'backbone'; accepted is a "
                f"nested keras.Model, whose weights are kept. Give it another name."
            )
        if layer.name in _TAKEN:
            raise ModelError(
                f"{target}: a layer inside the network is called {layer.name!r}, as one that "
                f"lossbench adds at its end; accepted is any name but {', '.join(_TAKEN)}. Give it "
                f"another name."
            )


def _check_start(model: keras.Model, target: str) -> None:
    """Refuse weights that were trained, since drawing them anew would lose that unsaid."""
    inside = [layer for layer in model.layers if layer.name != "backbone"]
    found = starts_elsewhere(model, inside)
    if found is not None:
        raise ModelError(
            f"{target}: {found} was loaded or trained, and all weights are drawn anew for each "
            f"seed; those of a nested keras.Model called 'backbone' are kept. Give the pretrained "
            f"model name='backbone', or use the model keras_file."
        )


def _name(head: Any) -> str | None:
    """Return the activation that a layer, or an operation without weights, applies."""
    if type(head).__name__ in ("Softmax", "LogSoftmax", "Sigmoid"):
        return type(head).__name__.lower()
    activation = getattr(head, "activation", None)
    return None if activation is None else str(getattr(activation, "__name__", activation))


def _article(value: Any) -> str:
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(batch, " + ", ".join("any" if one is None else str(one) for one in shape) + ")"
