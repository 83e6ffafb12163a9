"""Initial weights drawn with NumPy: the same for every loss and every backend."""

import hashlib
import re
from collections import Counter
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
        ShapeError: a layer's initializer is none of the variance-scaling family, normal, cut
            normal, uniform, orthogonal, zeros, ones and constant.

    Source:
        Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852; Saxe et al. 2014, arXiv:1312.6120;
        the formulas are those of Keras's `VarianceScaling` and `Orthogonal`.
    """
    initializers = {id(variable): found for variable, found in _initializers(model)}
    known, paths = given or {}, _paths(model)
    return [
        known[paths[id(variable)]]
        if paths[id(variable)] in known
        else _draw(
            initializers.get(id(variable)),
            tuple(variable.shape),
            _generator(seed, paths[id(variable)]),
            f"model {model.name!r}: {paths[id(variable)]}",
        ).astype(variable.dtype)
        for variable in model.weights
    ]


def weights_by_path(model: keras.Model, layer: keras.layers.Layer) -> dict[str, np.ndarray]:
    """Return copies of the weights of one of a model's layers, by the path of their variable."""
    paths = _paths(model)
    return {paths[id(v)]: np.array(v) for v in layer.weights}


def reset_seed_generators(model: keras.Model, seed: int) -> None:
    """Set what every layer that draws while it trains, such as dropout, draws from.

    Each state follows from (seed, name of the layer), so that masks are the same for every loss,
    and whatever the network did before. `set_weights` leaves these states as they are.

    Args:
        model: a built model.
        seed: the run's seed, a whole number >= 0.
    """
    weights = {id(variable) for variable in model.weights}
    for name, layer in _named_layers(model):
        states = [v for v in layer.variables if id(v) not in weights and v.shape == (2,)]
        for number, state in enumerate(states):
            rng = _generator(seed, f"{name}/seed/{number}")
            state.assign(np.array([rng.integers(2**31), 0], dtype=state.dtype))


def undrawn_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Return copies of the weights of a network for which no layer has an initializer, by path.

    They are what the layers themselves set: counts, means of channels, scales of branches.
    """
    paths = _paths(model)
    found = _initializers(model)
    return {paths[id(v)]: np.array(v) for v, initializer in found if initializer is None}


def starts_elsewhere(model: keras.Model, layers: Sequence[keras.layers.Layer]) -> str | None:
    """Return the path of a variable that does not hold what its initializer gives, or None.

    Only initializers that give one value everywhere can be checked: biases and the statistics of
    batch normalisation nearly always are such, and training changes them.

    Args:
        model: a built model.
        layers: those of its layers that are looked at.
    """
    paths, inside = _paths(model), {id(v) for layer in layers for v in layer.weights}
    for variable, initializer in _initializers(model):
        value = _constant(initializer) if id(variable) in inside else None
        if value is not None and (keras.ops.convert_to_numpy(variable) != np.float32(value)).any():
            return paths[id(variable)]
    return None


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
    paths = _paths(model)
    named = [
        (paths[id(variable)], array) for variable, array in zip(model.weights, weights, strict=True)
    ]
    return (
        fingerprint_of((path, array) for path, array in named if not _in_head(path)),
        fingerprint_of((path, array) for path, array in named if _in_head(path)),
    )


def fingerprint_of(named: Iterable[tuple[str, np.ndarray]]) -> str:
    """Return the SHA-256 of arrays with their names: name, shape, dtype and values of each."""
    digest = hashlib.sha256()
    for path, array in named:
        digest.update(f"{path}\0{array.shape}\0{array.dtype.str}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _in_head(path: str) -> bool:
    return path.startswith(f"{_HEAD}/")


def _paths(model: keras.Model) -> dict[int, str]:
    """Return the path of each variable inside a model, without the model's own name, by its id.

    Names that Keras made up differ from process to process; here they are counted anew. Of
    variables that would share a path, all but the first get a number.
    """
    found: dict[int, str] = {}
    used: Counter[str] = Counter()
    for name, layer in _named_layers(model):
        made_up: dict[tuple[str, ...], str] = {}
        counts: Counter[tuple[str, ...]] = Counter()
        for variable in layer.weights:
            if id(variable) in found:  # of a layer that stands in several places
                continue
            parts = str(variable.path).split("/")
            inside = parts[parts.index(layer.name) + 1 :] if layer.name in parts else parts[-1:]
            path = "/".join((name, *_counted_anew(inside, made_up, counts)))
            used[path] += 1
            found[id(variable)] = path if used[path] == 1 else f"{path}#{used[path]}"
    return found


def _named_layers(model: keras.Model, inside: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Yield the layers of a model and of models inside it, named alike in every process.

    The name of one in a model inside begins with the name of that one, so that a layer of a
    backbone cannot be taken for one outside.
    """
    counts: Counter[str] = Counter()
    for layer in model.layers:
        kind = _snake_case(type(layer).__name__)
        name = layer.name
        if re.fullmatch(rf"{re.escape(kind)}(_\d+)?", name):
            name = kind if not counts[kind] else f"{kind}_{counts[kind]}"
            counts[kind] += 1
        if isinstance(layer, keras.Model):
            yield from _named_layers(layer, f"{inside}{name}/")
        else:
            yield f"{inside}{name}", layer


def _snake_case(name: str) -> str:
    """Return the name that Keras makes up for the first layer of a class."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _counted_anew(
    parts: Sequence[str],
    known: dict[tuple[str, ...], str],
    counts: Counter[tuple[str, ...]],
) -> list[str]:
    """Return the path inside a layer that is made of layers, their numbers counted from there.

    Args:
        parts: names of the layers inside, the variable's own name last.
        known: new names by the old path; extended.
        counts: how many of each name there are under each path; extended.
    """
    anew: list[str] = []
    for depth in range(len(parts) - 1):
        old = tuple(parts[: depth + 1])
        if old not in known:
            kind = (*anew, re.sub(r"_\d+$", "", parts[depth]))
            known[old] = kind[-1] if not counts[kind] else f"{kind[-1]}_{counts[kind]}"
            counts[kind] += 1
        anew.append(known[old])
    return [*anew, parts[-1]]


def _generator(seed: int, path: str) -> np.random.Generator:
    """Return the generator of one variable."""
    words = np.frombuffer(hashlib.sha256(path.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence([seed, *map(int, words)]))


def _initializers(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Yield each variable with its layer's initializer for it, or None where it has none."""
    for _, leaf in _named_layers(model):
        for layer in leaf._flatten_layers():  # itself, and those that it is made of
            for variable in layer.weights:
                found = _initializer_of(layer, variable.name)
                if found is not None or layer is leaf:
                    yield variable, found


def _initializer_of(layer: keras.layers.Layer, name: str) -> Any:
    """Return what a layer keeps as the initializer of one of its variables."""
    if isinstance(layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D):
        name = {"kernel": "depthwise"}.get(name, name)
    if name == "bias" and getattr(layer, "unit_forget_bias", False):  # of an LSTM
        return keras.initializers.Constant(np.repeat([0.0, 1.0, 0.0, 0.0], layer.units))
    short = name.removesuffix("_kernel")  # recurrent_kernel has a recurrent_initializer
    return getattr(layer, f"{name}_initializer", getattr(layer, f"{short}_initializer", None))


def _draw(
    initializer: Any, shape: tuple[int, ...], rng: np.random.Generator, where: str
) -> np.ndarray:
    """Draw one variable, float64 of the given shape."""
    kinds, value = keras.initializers, _constant(initializer)
    if value is not None:
        return np.full(shape, value, dtype=np.float64)
    if isinstance(initializer, kinds.VarianceScaling):
        return _draw_scaled(initializer, shape, rng)
    if isinstance(initializer, kinds.RandomNormal):
        return initializer.mean + initializer.stddev * rng.standard_normal(shape)
    if isinstance(initializer, kinds.TruncatedNormal):
        return initializer.mean + initializer.stddev * _cut_normal(shape, rng)
    if isinstance(initializer, kinds.RandomUniform):
        return rng.uniform(initializer.minval, initializer.maxval, size=shape)
    if isinstance(initializer, kinds.Orthogonal):
        return initializer.gain * _orthogonal(shape, rng)
    if initializer is None:
        raise ShapeError(
            f"{where}: its layer keeps no initializer for it; a layer of one's own keeps that of "
            f"a weight called 'kernel' as self.kernel_initializer. Add it, or use Keras's layers."
        )
    raise ShapeError(
        f"{where}: the initializer {type(initializer).__name__} cannot be drawn with NumPy; "
        f"variance scaling (Glorot, He, LeCun), normal, uniform, orthogonal, zeros, ones and "
        f"constant are accepted. Give the layer one of these."
    )


def _constant(initializer: Any) -> Any:
    """Return the value that an initializer gives everywhere, or None where it gives others."""
    kinds = keras.initializers
    if isinstance(initializer, kinds.Zeros):
        return 0.0
    if isinstance(initializer, kinds.Ones):
        return 1.0
    return initializer.value if isinstance(initializer, kinds.Constant) else None


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


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix whose columns, or rows where these are fewer, are orthonormal."""
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))  # without it the draw is not uniform over such matrices
    return (q if rows >= columns else q.T).reshape(shape)


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
