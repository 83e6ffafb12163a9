"""What can be named in an experiment file: one table each, importing no framework."""

from lossbench.catalog.augmentations import AUGMENTATIONS, Augmentation
from lossbench.catalog.datasets import DATASETS, Dataset
from lossbench.catalog.facts import Facts
from lossbench.catalog.losses import LOSSES, Loss
from lossbench.catalog.metrics import METRICS, Metric
from lossbench.catalog.models import MODELS, Model
from lossbench.catalog.optimizers import OPTIMIZERS, Optimizer
from lossbench.catalog.outputs import Output
from lossbench.catalog.schedules import SCHEDULES, Schedule
from lossbench.catalog.table import Ambiguous, Parameter, Row, Table, UnknownName

__all__ = [
    "AUGMENTATIONS",
    "DATASETS",
    "LOSSES",
    "METRICS",
    "MODELS",
    "OPTIMIZERS",
    "SCHEDULES",
    "Ambiguous",
    "Augmentation",
    "Dataset",
    "Facts",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Output",
    "Parameter",
    "Row",
    "Schedule",
    "Table",
    "UnknownName",
]
