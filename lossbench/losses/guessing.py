"""What a function of the user's own is for, found by calling it."""

import inspect
from collections.abc import Callable

import numpy as np

from lossbench.catalog.losses import Task
from lossbench.losses.bound import Bound, bind, changed
from lossbench.losses.conformance import labels, shape
from lossbench.losses.custom import load_function
from lossbench.records import Record


def guess_task(record: Record) -> Task:
    """Return the task that a function of the user's own seems to be for.

    It is called with labels and outputs of each task in turn. Class indices beside scores of
    classes fit nothing else; an elementwise function fits regression and two classes alike, and
    its second parameter's name decides.

    Args:
        record: the custom loss as plain data.

    Raises:
        LossError: the file cannot be run or lacks the function.
    """
    parameters = [*inspect.signature(load_function(record["params"]["target"])).parameters]
    rest: tuple[Task, Task] = ("regression", "binary")
    if parameters[1:2] and parameters[1] in ("logits", "logit", "scores"):
        rest = ("binary", "regression")
    telling: dict[Task, Callable[[Bound], bool]] = {"multiclass": _uses_every_score}
    telling |= dict.fromkeys(rest, _agrees_on_labels)
    for task, fits in telling.items():
        bound = bind(changed(record, {"task": task}))
        try:
            if shape(bound).verdict == "pass" and fits(bound):
                return task
        except Exception:  # whatever the function does with arrays that it is not made for
            continue
    return rest[0]


def _uses_every_score(bound: Bound) -> bool:
    drawn = bound.sample(8)
    _, slopes = bound.value_and_gradient(drawn.labels, drawn.outputs, drawn.supplied)
    return bool(np.abs(slopes).max(axis=0).all())


def _agrees_on_labels(bound: Bound) -> bool:
    return labels(bound).verdict != "fail"
