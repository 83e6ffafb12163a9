"""The optimizers: names, parameters with Keras's defaults; `target` is the Keras class."""

from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.types import FractionBelowOne, Positive

Optimizer = Row


def _learning_rate(default: float) -> Parameter:
    return Parameter(Positive, "learning_rate > 0", default, "step size")


OPTIMIZERS: Table[Optimizer] = Table(
    "optimizer",
    Optimizer(
        name="adam",
        target="keras.optimizers:Adam",
        params={
            "learning_rate": _learning_rate(0.001),
            "beta_1": Parameter(FractionBelowOne, "0 <= beta_1 < 1", 0.9, "decay of the mean"),
            "beta_2": Parameter(FractionBelowOne, "0 <= beta_2 < 1", 0.999, "decay of the square"),
            "epsilon": Parameter(Positive, "epsilon > 0", 1e-7, "keeps the quotient finite"),
        },
    ),
    Optimizer(
        name="sgd",
        target="keras.optimizers:SGD",
        params={
            "learning_rate": _learning_rate(0.01),
            "momentum": Parameter(FractionBelowOne, "0 <= momentum < 1", 0.0, "share kept"),
            "nesterov": Parameter(bool, "true or false", False, "look ahead"),
        },
    ),
    Optimizer(
        name="rmsprop",
        target="keras.optimizers:RMSprop",
        params={
            "learning_rate": _learning_rate(0.001),
            "rho": Parameter(FractionBelowOne, "0 <= rho < 1", 0.9, "decay of the square"),
            "momentum": Parameter(FractionBelowOne, "0 <= momentum < 1", 0.0, "share kept"),
            "epsilon": Parameter(Positive, "epsilon > 0", 1e-7, "keeps the quotient finite"),
        },
    ),
)
