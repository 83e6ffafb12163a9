"""lossbench from Python: `run`, `load`, `compare` and `report`, for scripts and notebooks.

Errors are those of the command line, with the same texts: `lossbench.errors.LossbenchError`.
"""

from lossbench.interface.functions import compare, load, report, run
from lossbench.interface.results import Drawn, Finished, Page, Result, Results

__all__ = ["Drawn", "Finished", "Page", "Result", "Results", "compare", "load", "report", "run"]
