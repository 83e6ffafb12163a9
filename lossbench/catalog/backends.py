"""What Keras can compute with, and which extra brings it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
    """One of Keras's backends.

    Attributes:
        packages: what must be installed; their versions can change a number.
        extra: of lossbench, that installs them; None where lossbench always does.
    """

    packages: tuple[str, ...]
    extra: str | None = None

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f'pip install "lossbench[{self.extra}]"' if self.extra else "pip install lossbench"


BACKENDS: Mapping[str, Backend] = {
    "tensorflow": Backend(("tensorflow",)),
    "jax": Backend(("jax", "jaxlib"), extra="jax"),
    "torch": Backend(("torch",), extra="torch"),
}
"""The backends by Keras's name for them."""
