"""What an experiment declares before it runs, as one hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DECLARED = ("metric", "baseline", "delta", "alpha", "at", "looks")
"""The keys of `protocol:` that decide how results are judged."""


def protocol_sha256(about: Mapping[str, Any]) -> str:
    """Return the hash of what is declared before: how losses are judged, on how many seeds.

    It covers the metric, the baseline, delta, alpha, the epoch that is compared, the seeds or,
    where looks are declared, these instead, and the tuning. Adding seeds up to a declared look
    leaves it as it is; any other change of mind does not.

    Args:
        about: the content of `experiment.yaml`.

    Returns:
        64 hexadecimal digits.
    """
    protocol = about.get("protocol") or {}
    declared = {key: protocol[key] for key in DECLARED if protocol.get(key) is not None}
    seeds = {} if declared.get("looks") else {"seeds": about.get("seeds")}
    tuning = {"tune": about.get("tune")} | _own(about)
    text = json.dumps(declared | seeds | tuning, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _own(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the losses with parameters of their own that are tuned; nothing without any."""
    own = [loss for loss in about.get("losses") or () if '"tune": ' in json.dumps(loss)]
    return {"losses": own} if own and about.get("tune") else {}
