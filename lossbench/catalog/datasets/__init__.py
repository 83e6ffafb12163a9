"""The data sets: names, parameters and the task that they pose."""

from lossbench.catalog.datasets import named, own, synthetic
from lossbench.catalog.datasets.kinds import Dataset
from lossbench.catalog.table import Table

__all__ = ["DATASETS", "Dataset"]

DATASETS: Table[Dataset] = Table("data set", *named.ROWS, *synthetic.ROWS, *own.ROWS)
