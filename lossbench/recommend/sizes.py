"""How long a first run may train, so that it takes minutes."""

from dataclasses import dataclass

from lossbench.catalog import Facts

_BUDGET_S = 300.0  # of one processor
_SECONDS_PER_PIXEL = 4e-7  # of one epoch, measured with seed_cnn on one thread of two processors
_EPOCHS, _LEAST_EPOCHS = 12, 4
_FEW = 2000  # training images
_LEAST_OF_A_CLASS = 20


@dataclass(frozen=True)
class Sizes:
    """How an experiment is sized.

    Attributes:
        subset: training and validation images that are used; None for all.
        epochs: passes over the training images.
        batch_size: images per step.
        seeds: repetitions.
        minutes: what it takes on one processor, roughly.
    """

    subset: int | None
    epochs: int
    batch_size: int
    seeds: int
    minutes: float


def first_run(facts: Facts, n_losses: int) -> Sizes:
    """Return sizes with which a first run takes minutes: fewer epochs first, then fewer images.

    Args:
        facts: what the data set says of itself.
        n_losses: losses that are compared.

    Source:
        Project default.
    """
    height, width, _ = facts.image_shape
    seeds = 3
    second = _SECONDS_PER_PIXEL * height * width * seeds * n_losses  # of an image and epoch
    n = facts.n_train
    epochs = int(min(_EPOCHS, _BUDGET_S / (second * n)))
    subset = None
    if epochs < _LEAST_EPOCHS:
        epochs = _LEAST_EPOCHS
        least = _LEAST_OF_A_CLASS * max(1, facts.n_classes)
        fits = int(_BUDGET_S / (second * epochs) / 0.9)  # a tenth is for validation
        subset = max(least, fits // 100 * 100)
        if subset >= facts.n_train + facts.n_validation:
            subset = None
        n = n if subset is None else int(0.9 * subset)
    batch = 32 if n < _FEW else 64 if n < 5 * _FEW else 128
    return Sizes(subset, epochs, min(batch, n), seeds, second * n * epochs / 60)
