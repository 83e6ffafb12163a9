"""lossbench compares loss functions on convolutional networks, and says how sure it is."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lossbench.interface import compare, load, report, run
    from lossbench.losses.objects import loss

__all__ = ["__version__", "compare", "load", "loss", "report", "run"]


def __getattr__(name: str) -> Any:
    """Load what takes time when it is first used."""
    if name in ("compare", "load", "report", "run"):
        from lossbench import interface

        return getattr(interface, name)
    if name == "loss":
        from lossbench.losses.objects import loss

        return loss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
