"""Where jobs run. An executor takes jobs and yields their results in completion order.

An executor is a function with the signature of `local.run_jobs`. What they all promise stands in
`board.py`; each adds a crew, which knows how to start a job in a process and how that ended.
"""

from lossbench.executors.board import Limits, Work
from lossbench.executors.machine import cpu_count, default_layout, default_workers

__all__ = ["Limits", "Work", "cpu_count", "default_layout", "default_workers"]
