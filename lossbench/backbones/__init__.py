"""Networks that were trained before: what one reads, whether it suits data, where its weights are.

Nothing here builds or runs a network, and no framework is imported.
"""

from lossbench.backbones.fitting import misfits, notes
from lossbench.backbones.looking import Backbone, check_unchanged, describe, prepare

__all__ = ["Backbone", "check_unchanged", "describe", "misfits", "notes", "prepare"]
