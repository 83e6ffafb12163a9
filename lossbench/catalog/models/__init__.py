"""The networks: names and parameters. What they look like stands in `lossbench/models/`."""

from lossbench.catalog.models.from_scratch import FROM_SCRATCH
from lossbench.catalog.models.kinds import Model
from lossbench.catalog.models.own import OWN
from lossbench.catalog.models.pretrained import PRETRAINED
from lossbench.catalog.table import Table

__all__ = ["MODELS", "Model"]

MODELS: Table[Model] = Table("model", *FROM_SCRATCH, *PRETRAINED, *OWN)
