"""A loss that the user wrote: a function or a class in a file or an installed module."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lossbench.errors import LossError
from lossbench.own_code import load


def load_function(target: str) -> Callable[..., Any]:
    """Use the user's own function or class, from a Python file or an installed module.

    loss = function(labels, outputs, **params)

    Args:
        target: `path/to/file.py:name` or `package.module:name`; this executes the file.

    Returns:
        The function, called as `function(labels, outputs, **params)`; or the class, whose objects,
        made with `params`, are called as `object(labels, outputs)`.

    Raises:
        LossError: the file cannot be run, the module cannot be imported, or it lacks the name.

    Use when:
        A loss is your own, or of a package that lossbench does not know.

    Avoid when:
        The catalogue has it: a loss there is tested against references.

    Traps:
        Outputs are those of a linear head, never probabilities. A loss that reduces over the batch
        hides what single examples cost. An object of a Keras class is called without its
        reduction.

    Source:
        The user. Departures: unknown.
    """
    return load(target, LossError)


def make_custom(
    target: str, params: Mapping[str, Any], supplied: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return the user's own loss with its arguments bound.

    Args:
        target: `path/to/file.py:name` or `package.module:name`.
        params: its arguments.
        supplied: what the runner supplies when an object of a class is made.

    Returns:
        A function of labels, outputs and what the runner supplies at each call.

    Raises:
        LossError: the loss cannot be loaded, or an object of the class cannot be made.
    """
    loaded = load_function(target)
    if not inspect.isclass(loaded):
        return lambda labels, outputs, **more: loaded(labels, outputs, **params, **more)
    try:
        made = loaded(**params, **supplied)
    except Exception as error:
        raise LossError(
            f"{target}: the class cannot be made with {dict(params)}: {type(error).__name__}: "
            f"{error}. Check its arguments."
        ) from error
    if not callable(made):
        raise LossError(f"{target}: objects of the class cannot be called with (labels, outputs).")
    return _unreduced(made)


def _unreduced(made: Any) -> Callable[..., Any]:
    """Return an object of Keras without its reduction over the batch; others as they are."""
    import keras

    if isinstance(made, keras.losses.Loss):
        made.reduction = None
    found: Callable[..., Any] = made
    return found
