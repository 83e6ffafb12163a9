"""An experiment from its file to its tables: check and plan, leave out what is done, run, store."""

from lossbench.runner.checking import Checked, check, warnings
from lossbench.runner.running import FAILED, Options, Outcome, Watcher, run
from lossbench.runner.stopping import Stop
from lossbench.runner.tuning import Prospect, prospect

__all__ = [
    "FAILED",
    "Checked",
    "Options",
    "Outcome",
    "Prospect",
    "Stop",
    "Watcher",
    "check",
    "prospect",
    "run",
    "warnings",
]
