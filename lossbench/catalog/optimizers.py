"""The optimizers: names, parameters with Keras's defaults; `target` is the Keras class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Le

from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.types import FractionBelowOne, NonNegative, Positive, PositiveInt


@dataclass(frozen=True, kw_only=True)
class Optimizer(Row):
    """What makes steps of gradients.

    Attributes:
        meaning: how, in a few words.
        source: where it was published.
    """

    meaning: str
    source: str


CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
"""Ways to cut large gradients; an optimizer takes one of them."""

_KERAS = "Keras"
_DECAY_HELP = (
    "share of every kernel, times the learning rate, that a step takes off apart from the "
    "gradient (decoupled); biases, normalisation and a loss's own weights are left out"
)
_DECAY_ORIGIN = "Keras; which weights: He et al. 2019, arXiv:1812.01187, section 3.1"

_SHARED = {
    "weight_decay": Parameter(
        NonNegative | None, "null or weight_decay >= 0", None, _DECAY_HELP, _DECAY_ORIGIN
    ),
    "clipnorm": Parameter(
        Positive | None,
        "null or clipnorm > 0",
        None,
        "largest norm of the gradient of each weight array",
        _KERAS,
    ),
    "global_clipnorm": Parameter(
        Positive | None,
        "null or global_clipnorm > 0",
        None,
        "largest norm of the gradient of all weights together",
        _KERAS,
    ),
    "clipvalue": Parameter(
        Positive | None,
        "null or clipvalue > 0",
        None,
        "largest absolute value of each component of the gradient",
        _KERAS,
    ),
}
"""What every optimizer takes."""


def _decay(default: float, origin: str = _DECAY_ORIGIN) -> dict[str, Parameter]:
    """Return the weight decay of an optimizer that always has one."""
    parameter = Parameter(NonNegative, "weight_decay >= 0", default, _DECAY_HELP, origin)
    return {"weight_decay": parameter}


def _rate(default: float, origin: str = _KERAS) -> dict[str, Parameter]:
    parameter = Parameter(Positive, "learning_rate > 0", default, "step size", origin)
    return {"learning_rate": parameter}


def _below_one(name: str, default: float, what: str) -> dict[str, Parameter]:
    return {name: Parameter(FractionBelowOne, f"0 <= {name} < 1", default, what, _KERAS)}


def _positive(name: str, default: float, what: str) -> dict[str, Parameter]:
    return {name: Parameter(Positive, f"{name} > 0", default, what, _KERAS)}


def _nonnegative(name: str, default: float, what: str) -> dict[str, Parameter]:
    return {name: Parameter(NonNegative, f"{name} >= 0", default, what, _KERAS)}


def _yes_no(name: str, default: bool, what: str) -> dict[str, Parameter]:
    return {name: Parameter(bool, "true or false", default, what, _KERAS)}


def _number(name: str, default: float, what: str) -> dict[str, Parameter]:
    return {name: Parameter(float, "a number", default, what, _KERAS)}


_EPSILON = _positive("epsilon", 1e-7, "keeps the quotient finite")
_MEANS = {
    **_below_one("beta_1", 0.9, "share kept of the mean of gradients"),
    **_below_one("beta_2", 0.999, "share kept of the mean of their squares"),
}
_RHO = "share kept of the mean of squared gradients"
_ADAM = {**_rate(0.001), **_MEANS, **_EPSILON}
_AMSGRAD = _yes_no("amsgrad", False, "divide by the largest mean of squares so far; 1904.09237")


def refused(params: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is wrong with an optimizer's values that are each right, or None.

    Args:
        params: all of them, by name.

    Returns:
        The parameter at fault, and what is wrong and accepted.
    """
    given = [name for name in CLIPPING if params.get(name) is not None]
    if len(given) > 1:
        text = f"{' and '.join(given)} are given; one of {', '.join(CLIPPING)} is accepted"
        return given[-1], text
    if params.get("nesterov") and params.get("momentum") == 0:
        return "nesterov", "true needs momentum; give momentum > 0, 0.9 for instance"
    return None


def _row(
    name: str,
    keras: str,
    params: Mapping[str, Parameter],
    meaning: str,
    source: str,
    aliases: tuple[str, ...] = (),
) -> Optimizer:
    return Optimizer(
        name=name,
        target=f"keras.optimizers:{keras}",
        params={**params, **{k: v for k, v in _SHARED.items() if k not in params}},
        meaning=meaning,
        source=source,
        aliases=aliases,
        refused=refused,
    )


OPTIMIZERS: Table[Optimizer] = Table(
    "optimizer",
    _row(
        "adam",
        "Adam",
        {**_ADAM, **_AMSGRAD},
        "steps along the mean gradient, divided by the root of the mean square",
        "Kingma & Ba 2015, arXiv:1412.6980",
    ),
    _row(
        "adamw",
        "AdamW",
        {**_ADAM, **_AMSGRAD, **_decay(0.004, "Keras; PyTorch's default is 0.01")},
        "adam with decoupled weight decay",
        "Loshchilov & Hutter 2019, arXiv:1711.05101",
        aliases=("adam_weight_decay",),
    ),
    _row(
        "sgd",
        "SGD",
        {
            **_rate(0.01),
            **_below_one("momentum", 0.0, "share of the last step that the next one repeats"),
            **_yes_no("nesterov", False, "take the gradient where momentum will lead"),
        },
        "steps along the gradient, with momentum where given",
        "Sutskever et al. 2013, Proceedings of ICML",
        aliases=("gradient_descent", "stochastic_gradient_descent"),
    ),
    _row(
        "rmsprop",
        "RMSprop",
        {
            **_rate(0.001),
            **_below_one("rho", 0.9, _RHO),
            **_below_one("momentum", 0.0, "share of the last step that the next one repeats"),
            **_EPSILON,
            **_yes_no("centered", False, "divide by the standard deviation instead"),
        },
        "steps along the gradient, divided by the root of its mean square",
        "Tieleman & Hinton 2012, lecture 6.5",
    ),
    _row(
        "adagrad",
        "Adagrad",
        {
            **_rate(0.001),
            **_nonnegative("initial_accumulator_value", 0.1, "sum of squares at the start"),
            **_EPSILON,
        },
        "steps along the gradient, divided by the root of the sum of all squares so far",
        "Duchi et al. 2011, JMLR 12",
    ),
    _row(
        "lion",
        "Lion",
        {
            **_rate(0.001),
            **_below_one("beta_1", 0.9, "share of the mean in the step"),
            **_below_one("beta_2", 0.99, "share kept of the mean of gradients"),
        },
        "steps of one size along the sign of a mean gradient; wants a rate 3 to 10 times smaller",
        "Chen et al. 2023, arXiv:2302.06675",
    ),
    _row(
        "adadelta",
        "Adadelta",
        {
            **_rate(0.001, "Keras; 1.0 agrees with the publication"),
            **_below_one("rho", 0.95, _RHO),
            **_EPSILON,
        },
        "steps along the gradient, in proportion to the root of the mean square of past steps",
        "Zeiler 2012, arXiv:1212.5701",
    ),
    _row(
        "adamax",
        "Adamax",
        _ADAM,
        "adam with the largest gradient, fading, in place of the mean square",
        "Kingma & Ba 2015, arXiv:1412.6980, section 7.1",
    ),
    _row(
        "nadam",
        "Nadam",
        _ADAM,
        "adam with Nesterov's momentum",
        "Dozat 2016, ICLR workshop",
        aliases=("nesterov_adam",),
    ),
    _row(
        "ftrl",
        "Ftrl",
        {
            **_rate(0.001),
            "learning_rate_power": Parameter(
                Annotated[float, Le(0)],
                "learning_rate_power <= 0",
                -0.5,
                "how the rate falls with the sum of squares",
                _KERAS,
            ),
            **_nonnegative("initial_accumulator_value", 0.1, "sum of squares at the start"),
            **_nonnegative("l1_regularization_strength", 0.0, "weight of absolute values"),
            **_nonnegative("l2_regularization_strength", 0.0, "weight of squares"),
            **_nonnegative(
                "l2_shrinkage_regularization_strength", 0.0, "weight of squares in gradients alone"
            ),
            **_nonnegative("beta", 0.0, "added to the root of the sum of squares"),
        },
        "follows the regularized leader: for sparse, linear models",
        "McMahan et al. 2013, KDD",
    ),
    _row(
        "adafactor",
        "Adafactor",
        {
            **_rate(0.001),
            **_number("beta_2_decay", -0.8, "power of the step with which old squares fade"),
            **_positive("epsilon_1", 1e-30, "added to squared gradients"),
            **_positive("epsilon_2", 1e-3, "least size of weights that steps are measured by"),
            **_positive("clip_threshold", 1.0, "largest root mean square of a step"),
            **_yes_no("relative_step", True, "the rate is at most 1 / sqrt(step)"),
        },
        "adam whose mean squares are kept by row and column, with steps relative to the weights",
        "Shazeer & Stern 2018, arXiv:1804.04235",
    ),
    _row(
        "lamb",
        "Lamb",
        _ADAM,
        "adam whose step of each weight array is scaled to the array's norm: for large batches",
        "You et al. 2020, arXiv:1904.00962",
    ),
    _row(
        "muon",
        "Muon",
        {
            **_rate(0.001),
            **_below_one("momentum", 0.95, "share kept of the sum of gradients"),
            **_yes_no("nesterov", True, "take the gradient where momentum will lead"),
            "ns_steps": Parameter(
                PositiveInt, "a whole number >= 1", 5, "iterations that orthogonalize", _KERAS
            ),
            **_number("muon_a", 3.4445, "first coefficient of an iteration"),
            **_number("muon_b", -4.775, "second coefficient"),
            **_number("muon_c", 2.0315, "third coefficient"),
            "rms_rate": Parameter(
                Positive | None, "null or rms_rate > 0", 0.2, "size of a step; 2502.16982", _KERAS
            ),
            **_below_one("adam_beta_1", 0.9, "beta_1 of adam"),
            **_below_one("adam_beta_2", 0.999, "beta_2 of adam"),
            **_EPSILON,
            **_positive("adam_lr_ratio", 1.0, "rate of adam over learning_rate"),
            "adam_weight_decay": Parameter(
                NonNegative, "adam_weight_decay >= 0", 0.004, "weight decay of adam", _KERAS
            ),
            **_decay(0.004),
        },
        "orthogonal steps for the matrices of dense layers; adam for all other weights, "
        "convolutions included; needs Keras 3.13 or newer",
        "Jordan et al. 2024, kellerjordan.github.io/posts/muon",
    ),
    ambiguous={
        "momentum": "{name: sgd, momentum: 0.9}",
        "sgdm": "{name: sgd, momentum: 0.9}",
        "nesterov": "{name: sgd, momentum: 0.9, nesterov: true}",
        "nag": "{name: sgd, momentum: 0.9, nesterov: true}",
    },
)
"""Keras's optimizers, all but `ScheduleFreeAdamW`: Keras leaves the weights where gradients are
taken and not at the average that the method is about, so its results would not be the method's."""
