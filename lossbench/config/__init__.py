"""Experiment files: YAML text to checked experiments, and back."""

from lossbench.config.dumping import dump
from lossbench.config.entries import Entry
from lossbench.config.experiment import Draft, Execution, Experiment, Protocol, Train
from lossbench.config.json_schema import schema, schema_text
from lossbench.config.loading import load
from lossbench.config.positions import Positions, in_order
from lossbench.config.tuning import untuned

__all__ = [
    "Draft",
    "Entry",
    "Execution",
    "Experiment",
    "Positions",
    "Protocol",
    "Train",
    "dump",
    "in_order",
    "load",
    "schema",
    "schema_text",
    "untuned",
]
