"""Comparisons, plans and the catalogue as people read them."""

from lossbench.reporting.catalogue import catalogue, catalogue_text
from lossbench.reporting.machine import as_json
from lossbench.reporting.plan import plan_text
from lossbench.reporting.terminal import as_text

__all__ = ["as_json", "as_text", "catalogue", "catalogue_text", "plan_text"]
