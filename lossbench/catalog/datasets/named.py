"""Data sets known by name."""

from lossbench.catalog.damage import OF_CLASSES, OF_IMAGES
from lossbench.catalog.datasets.kinds import RETRIEVAL, SUBSET, Dataset
from lossbench.catalog.splits import SPLIT
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import NonEmpty

_DATA_DIR = Parameter(
    NonEmpty | None,
    "a folder",
    None,
    "looked in first, before $LOSSBENCH_DATA",
    hashed=False,
    path=True,
)


def _keras_set(name: str, source: str) -> Dataset:
    return Dataset(
        name=name,
        target="keras_npz:read",
        params={
            "data_dir": _DATA_DIR,
            "retrieval": RETRIEVAL,
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task="multiclass",
        file=f"{name}.npz",
        source=source,
    )


ROWS: tuple[Dataset, ...] = (
    Dataset(
        name="mnist_mini",
        target="mnist_mini:read",
        params={
            "retrieval": RETRIEVAL,
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task="multiclass",
        source="5,000 + 1,000 digits of MNIST, class-balanced, inside the package",
    ),
    _keras_set("mnist", "LeCun, Cortes & Burges: 60,000 + 10,000 digits, 28 x 28"),
    _keras_set("fashion_mnist", "Xiao, Rasul & Vollgraf 2017: 60,000 + 10,000 garments, 28 x 28"),
    _keras_set("cifar10", "Krizhevsky 2009: 50,000 + 10,000 photographs, 32 x 32, 10 classes"),
    _keras_set("cifar100", "Krizhevsky 2009: 50,000 + 10,000 photographs, 32 x 32, 100 classes"),
)
