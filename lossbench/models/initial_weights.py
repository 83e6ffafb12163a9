"""Initial weights drawn with NumPy: the same for every loss and every backend."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from lossbench.errors import ShapeError

_HEAD = "head"
# Standard deviation of a standard normal cut off at -2 and 2; Keras divides by the same number.
_CUT_NORMAL_SD = 0.87962566103423978


def draw_initial_weights(
    model: keras.Model, seed: int, given: Mapping[str, np.ndarray] | None = None
) -> list[np.ndarray]:
    """Draw the weights with which training starts, following each layer's own initializer.

    Each variable has a generator of its own, seeded by (seed, path of the variable), so that a
    wider head leaves every other weight as it was.

    Args:
        model: a built model whose layers have explicit names.
        seed: the run's seed, a whole number >= 0.
        given: weights that are not drawn, by the path of their variable, see `weights_by_path`.

    Returns:
        One array per variable in the order of `model.weights`, of its shape and dtype.

    Raises:
        ShapeError: a layer's initializer is none of the variance-scaling family, zeros, ones and
            constant.

    Source:
        Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852; the formulas are those of Keras's
        `VarianceScaling`.
    """
    initializers = {id(variable): found for variable, found in _initializers(model)}
    known = given or {}
    return [
        known[_path(variable, model)]
        if _path(variable, model) in known
        else _draw(
            initializers.get(id(variable)),
            tuple(variable.shape),
            _generator(seed, _path(variable, model)),
            f"model {model.name!r}: {_path(variable, model)}",
        ).astype(variable.dtype)
        for variable in model.weights
    ]


def weights_by_path(model: keras.Model, layer: keras.layers.Layer) -> dict[str, np.ndarray]:
    """Return copies of the weights of one of a model's layers, by the path of their variable."""
    return {_path(v, model): np.array(v) for v in layer.weights}


def draw_weight(name: str, shape: tuple[int, ...], initial: float | str, seed: int) -> np.ndarray:
    """Draw a weight that a loss trains for itself.

    Args:
        name: its name.
        shape: its shape.
        initial: every element's value, or "normal": standard normal values.
        seed: the run's seed.
    """
    if initial == "normal":
        return _generator(seed, f"loss/{name}").standard_normal(shape).astype(np.float32)
    return np.full(shape, initial, np.float32)


def fingerprint(weights: Sequence[np.ndarray], model: keras.Model) -> tuple[str, str]:
    """Hash weights so that two runs can be seen to start from the same ones.

    Args:
        weights: one array per variable, in the order of `model.weights`.
        model: the model that they belong to.

    Returns:
        SHA-256 in hexadecimal digits of everything but the layer "head", and of that layer. Each
        covers path, shape, dtype and values of its variables.

    Raises:
        ShapeError: there are more or fewer arrays than variables.
    """
    if len(weights) != len(model.weights):
        raise ShapeError(
            f"model {model.name!r}: {len(weights)} arrays were given for {len(model.weights)} "
            f"variables; one for each is accepted. Draw them for this model."
        )
    named = [
        (_path(variable, model), array)
        for variable, array in zip(model.weights, weights, strict=True)
    ]
    return (
        _sha256((path, array) for path, array in named if not _in_head(path)),
        _sha256((path, array) for path, array in named if _in_head(path)),
    )


def _sha256(named: Iterable[tuple[str, np.ndarray]]) -> str:
    """Hash arrays with their names."""
    digest = hashlib.sha256()
    for path, array in named:
        digest.update(f"{path}\0{array.shape}\0{array.dtype.str}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _in_head(path: str) -> bool:
    return path.startswith(f"{_HEAD}/")


def _path(variable: Any, model: keras.Model) -> str:
    """Return the variable's path inside the model, without the model's own name."""
    return str(variable.path).removeprefix(f"{model.name}/")


def _generator(seed: int, path: str) -> np.random.Generator:
    """Return the generator of one variable."""
    words = np.frombuffer(hashlib.sha256(path.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *map(int, words)]))


def _initializers(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Yield each variable with its layer's initializer for it, or None where it has none."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _initializers(layer)
        else:
            for variable in layer.weights:
                yield variable, getattr(layer, f"{variable.name}_initializer", None)


def _draw(
    initializer: Any, shape: tuple[int, ...], rng: np.random.Generator, where: str
) -> np.ndarray:
    """Draw one variable, float64 of the given shape."""
    kinds = keras.initializers
    if isinstance(initializer, kinds.VarianceScaling):
        return _draw_scaled(initializer, shape, rng)
    if isinstance(initializer, kinds.Zeros):
        return np.zeros(shape)
    if isinstance(initializer, kinds.Ones):
        return np.ones(shape)
    if isinstance(initializer, kinds.Constant):
        return np.full(shape, initializer.value, dtype=np.float64)
    raise ShapeError(
        f"{where}: the initializer {type(initializer).__name__} cannot be drawn with NumPy; "
        f"variance scaling (Glorot, He, LeCun), zeros, ones and constant are accepted. Give the "
        f"layer one of these."
    )


def _draw_scaled(initializer: Any, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw with variance scale / fan, where the fan is that of Keras."""
    fan_in, fan_out = _fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    variance = initializer.scale / max(1.0, fan[initializer.mode])
    if initializer.distribution == "uniform":
        limit = np.sqrt(3 * variance)
        return rng.uniform(-limit, limit, size=shape)
    if initializer.distribution == "untruncated_normal":
        return rng.standard_normal(shape) * np.sqrt(variance)
    return _cut_normal(shape, rng) * (np.sqrt(variance) / _CUT_NORMAL_SD)


def _cut_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw standard normal values, again wherever they lie outside -2 to 2."""
    values = rng.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()))
    return values


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return the inputs and outputs of one unit, counted as Keras does."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = float(np.prod(shape[:-2], dtype=np.int64))
    return field * shape[-2], field * shape[-1]
