"""An experiment from its file to its tables: check and plan, leave out what is done, run, store."""

from lossbench.runner.checking import Checked, check, warnings
from lossbench.runner.running import FAILED, Options, Outcome, Stop, Watcher, run

__all__ = [
    "FAILED",
    "Checked",
    "Options",
    "Outcome",
    "Stop",
    "Watcher",
    "check",
    "run",
    "warnings",
]
