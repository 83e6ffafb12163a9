"""Value and gradient of a loss over a range of one number, for pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from lossbench.catalog import LOSSES
from lossbench.catalog.losses import Decode, Loss
from lossbench.config.fields import check
from lossbench.config.wording import brief
from lossbench.losses.bound import Bound, bind, bind_default, changed, label_tensor
from lossbench.losses.sampling import as_tensors
from lossbench.losses.sweeps import Case, Sweep, sweep

Array = NDArray[Any]
Standing = Literal["main", "variation", "reference"]

REFERENCES: Mapping[str, str] = {"classes": "cross_entropy", "binary": "bce", "targets": "mse"}
"""What a loss is compared with, by head."""

VARIATIONS: Mapping[str, tuple[float, ...]] = {
    "gamma": (0.0, 1.0, 2.0, 5.0),
    "q": (0.1, 0.4, 0.7, 1.0),
    "max_margin": (0.1, 0.5, 1.0),
    "margin": (),
    "delta": (),
    "c": (),
    "quantile": (0.1, 0.5, 0.9),
    "power": (),
    "smooth": (),
    "tau": (),
    "alpha": (),
    "beta": (),
    "temperature": (),
    "label_smoothing": (0.0, 0.1, 0.3),
    "smoothing": (0.0, 0.1, 0.3),
    "epsilon": (),
    "t2": (1.0, 1.2, 2.0),
}
"""Parameters worth varying, the most telling first, with values; none: about the default."""

_OTHER_UNITS: frozenset[Decode] = frozenset({"exp", "softplus", "histogram"})
_TECHNICAL = frozenset({"annealing", "iterations", "bins", "order"})
"""Parameters of which other values tell little."""
_FRACTIONS = (0.1, 0.5, 0.9)
_FACTORS = ((0.5, 2.0), (0.25, 4.0), (0.1, 10.0), (0.01, 100.0))
"""How far a parameter moves from its value, until the eye sees a difference."""
_MOST = 3
_VISIBLE = 0.02
"""Share of a curve's height below which two curves look alike."""


@dataclass(frozen=True)
class Line:
    """One line of a picture: a label for the legend, values and gradient over the common x."""

    label: str
    value: Array
    gradient: Array
    standing: Standing


@dataclass(frozen=True)
class Curves:
    """A picture's lines, those of parameters in the order of their values.

    Attributes:
        x: what moves.
        x_label: the same in words, with its unit.
        variable: the same as a symbol, for `d loss / d symbol`.
        held: what stays fixed.
        lines: the loss at its parameters first, then others.
    """

    x: Array
    x_label: str
    variable: str
    held: str
    lines: tuple[Line, ...]


def drawable(bound: Bound) -> bool:
    """Return whether a loss has a curve of its own; one of several heads has not."""
    return not bound.needs.heads


def curves(main: Bound) -> Curves:
    """Return value and gradient of a loss, beside those of other parameters and of a reference.

    Args:
        main: a loss that is `drawable`.
    """
    over = sweep(main)
    lines = _cases(main, over)
    if len(lines) == 1:
        lines = _varied(main, over, lines[0])
    reference = _reference(main)
    if reference is not None:
        value, gradient = trace(reference, _plain(over.cases[0], main), over.x)
        lines = _beside(lines, Line(reference.name, value, gradient, "reference"))
    return Curves(over.x, over.x_label, over.variable, over.held, tuple(lines))


def own_curves(main: Bound, points: int, coupled_points: int) -> Curves:
    """Return value and gradient of a loss at its parameters alone.

    Args:
        main: a loss that is `drawable`.
        points: of the range, ends included; odd, so that the middle is one of them.
        coupled_points: the same where each takes a call of its own.
    """
    over = sweep(main)
    x = np.linspace(*over.range, coupled_points if main.coupled else points)
    lines = _cases(main, replace(over, x=x))
    return Curves(x, over.x_label, over.variable, over.held, tuple(lines))


def _plain(case: Case, main: Bound) -> Case:
    """Return the same inputs for a loss that needs nothing, and one output per target."""

    def first(x: Any) -> Any:
        outputs = case.outputs(x)
        return outputs[..., :1] if main.needs.head == "targets" else outputs

    return replace(case, outputs=first, supplied=lambda _: {})


def _cases(bound: Bound, over: Sweep) -> list[Line]:
    """Return a line for each case, or one where the cases do not differ."""
    lines = []
    for case in over.cases:
        value, gradient = trace(bound, case, over.x)
        lines.append(Line(case.label, value, gradient, "main"))
    first = lines[0]
    if all(np.allclose(line.value, first.value, rtol=1e-9, atol=1e-12) for line in lines):
        return [first]
    return lines


def _varied(main: Bound, over: Sweep, line: Line) -> list[Line]:
    """Return a loss's line among those of other values of its main parameter."""
    key = main_parameter(main.row)
    if key is None or not isinstance(main.params[key], int | float):
        return [replace(line, label=main.name)]
    now = main.params[key]
    default = " (default)" if now == main.row.params[key].default else ""
    found = {now: replace(line, label=f"{key} = {brief(now)}{default}")}
    for candidates in _candidates(main.row, key, now):
        for value in candidates:
            other = bind(changed(main.record, {key: value}))
            drawn = Line(
                f"{key} = {brief(value)}", *trace(other, over.cases[0], over.x), "variation"
            )
            if all(_differ(drawn, before) for before in found.values()):
                found[value] = drawn
        if len(found) > 1:
            break
    if len(found) == 1:
        return [replace(line, label=main.name)]
    return [found[value] for value in sorted(found)]


def _beside(lines: list[Line], reference: Line) -> list[Line]:
    """Add a reference; where a line already is the same, its label says so instead."""
    same = [line for line in lines if np.allclose(line.value, reference.value, rtol=1e-6)]
    if not same:
        return [*lines, reference]
    text = f"{same[0].label} (= {reference.label})"
    return [replace(line, label=text) if line is same[0] else line for line in lines]


def _differ(one: Line, other: Line) -> bool:
    height = max(np.ptp(one.value), np.ptp(other.value))
    return bool(np.abs(one.value - other.value).max() > _VISIBLE * height)


def _candidates(row: Loss, key: str, now: Any) -> Iterator[list[Any]]:
    """Yield values of a parameter to try, those before others that suffice."""
    kind = type(row.params[key].default)
    named = VARIATIONS.get(key, ())
    if not named and not _valid(row, key, 1.5):
        named = tuple(f for f in _FRACTIONS if abs(f - now) > 0.15)
    choices = [named] if named else [tuple(_rounded(now * f) for f in pair) for pair in _FACTORS]
    for choice in choices:
        values = list(dict.fromkeys(map(kind, choice)))
        allowed = [value for value in values if value != now and _valid(row, key, value)]
        yield allowed[:_MOST]


def trace(bound: Bound, case: Case, x: Array) -> tuple[Array, Array]:
    """Return value and derivative of a loss at each x.

    Args:
        bound: the loss.
        case: its inputs as a function of x.
        x: the points, [n].
    """
    pieces = [x[i : i + 1] for i in range(len(x))] if bound.coupled else [x]
    found = [_trace(bound, case, piece) for piece in pieces]
    value, gradient = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return value, gradient


def _trace(bound: Bound, case: Case, x: Array) -> tuple[Array, Array]:
    moved = tf.constant(x, "float64")
    labels = np.concatenate([case.labels] * len(x))
    with tf.GradientTape() as tape:
        tape.watch(moved)
        outputs = case.outputs(moved)
        outputs = ops.reshape(outputs, (-1, outputs.shape[-1]))
        supplied = as_tensors(case.supplied(moved), "float64")
        value = bound.tensor(label_tensor(labels, "float64"), outputs, supplied)
        value = ops.reshape(value, (len(x), -1))
        value = ops.mean(value, axis=-1)
    gradient = tape.gradient(value, moved, unconnected_gradients="zero")
    return np.asarray(value), np.asarray(gradient)


def main_parameter(row: Loss) -> str | None:
    """Return the parameter that shapes a loss most, or None where no number does."""
    numbers = [
        key
        for key, p in row.params.items()
        if isinstance(p.default, int | float)
        and not isinstance(p.default, bool)
        and key not in _TECHNICAL
    ]
    known = [key for key in VARIATIONS if key in numbers]
    return next(iter([*known, *numbers]), None)


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _valid(row: Loss, key: str, value: Any) -> bool:
    return not check({key: row.params[key]}, {key: value})[1]


def _reference(main: Bound) -> Bound | None:
    """Return the loss that a picture shows in grey: the plain one for the same outputs."""
    row, params = main.row, main.params
    if row.head == "cosine" and row.control is not None and "cosine_softmax" in LOSSES:
        if row.name == "cosine_softmax":
            return None
        values = {key: _controlled(value, params) for key, value in row.control.items()}
        return bind_default("cosine_softmax", values)
    name = REFERENCES.get(main.needs.head)
    elsewhere = row.name == "cosine" or row.role == "term"
    if name in (None, row.name) or main.coupled or elsewhere or main.needs.decode in _OTHER_UNITS:
        return None
    return bind_default(name)


def _controlled(value: Any, params: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        reciprocal, _, name = value.rpartition("/")
        return 1.0 / params[name] if reciprocal else params[name]
    return value
