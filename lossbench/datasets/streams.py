"""One kind of damage as it is asked of a data set: the parts it touches, and its random stream."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbench.datasets.parts import Splits

DAMAGE_SEED = 20251103
"""Goes with the run's seed into that of all damage: it differs from seed to seed, and is the same
for every loss of a seed."""

PARTS = ("train", "validation")


@dataclass(frozen=True)
class Wish:
    """One kind of damage that is asked for.

    Attributes:
        dataset: the name of the data set, for messages and for what classes resemble each other.
        kind: the name of the damage, a key of `DAMAGE`.
        asked: its values, as the experiment file gives them.
        seed: that of the run.
    """

    dataset: str
    kind: str
    asked: Mapping[str, Any]
    seed: int = 0

    def __getitem__(self, key: str) -> Any:
        return self.asked[key]

    @property
    def where(self) -> str:
        """How messages name the data set."""
        return f"data set {self.dataset!r}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are damaged: never the test."""
        return PARTS[:1] if self.asked.get("validation") == "clean" else PARTS

    def rng(self, at: str) -> np.random.Generator:
        """Return the stream of this damage to one part.

        It hangs on the seed and the names alone: other damage, or a kind that is new to lossbench,
        leaves it as it is.

        Args:
            at: the name of the part.
        """
        key = zlib.crc32(self.kind.encode())
        return np.random.default_rng([DAMAGE_SEED, self.seed, key, PARTS.index(at)])


Done = Mapping[str, Any]
"""What was done, by part, as plain data."""

Damaged = tuple[Splits, Done]
