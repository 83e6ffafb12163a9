"""How large a loss's gradient is when training starts, and losses that all start with the same.

The constant of a loss is the baseline's gradient norm over its own, both on the probe batch and at
the initial weights of the block. Where the heads differ, the baseline has the head that it trains
with: its norm is then that of its own run, so that `loss_scale * gradient_norm_initial` of any job
equals `gradient_norm_initial` of the baseline's job in the same block.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lossbench.errors import LossError
from lossbench.records import shown
from lossbench.train.assembly import assemble
from lossbench.train.feeding import IndexFed
from lossbench.train.gradient_norm import gradient_norm, probe_batch
from lossbench.train.settling import Setting, settle


def initial_norm(fed: IndexFed, setting: Setting) -> float:
    """Return the norm of the loss's gradient on the probe batch before the first step, unscaled.

    What this traces on TensorFlow and JAX serves the norms after the epochs, too.

    Args:
        fed: the network as `assemble` returns it.
        setting: of its job.
    """
    batch_size = int(setting.job["train"]["batch_size"])
    return gradient_norm(fed, probe_batch(setting.n_train, batch_size))


def reference_norm(setting: Setting, note: Callable[[int, int], None]) -> float | None:
    """Return the gradient norm that a job's loss is to start with; None where it starts as it is.

    The baseline is assembled like a job of its own and not trained; a process traces it once for
    all seeds. Call this before the job itself is assembled.

    Args:
        setting: of the job.
        note: is told of how many images features are done, and how many there are.
    """
    job = setting.job
    reference = job.get("reference")
    if reference is None or _is_same(reference, job["loss"]):
        return None
    found = settle({**job, "loss": reference}, setting.data.budget_mib)
    found = replace(found, job={**found.job, "head": found.loss.head})
    fed, _ = assemble(found, note)
    return initial_norm(fed, found)


def begin(fed: IndexFed, setting: Setting, reference: float | None) -> dict[str, float]:
    """Scale a job's loss, where it is asked for, and say with which norm it starts.

    Args:
        fed: the network as `assemble` returns it.
        setting: of its job.
        reference: the norm to start with, from `reference_norm`; None leaves the loss as it is.

    Returns:
        gradient_norm_initial (of the loss as it is) and, of a job with a reference, loss_scale and
        reference_gradient_norm.

    Raises:
        LossError: one of the norms is 0 or not finite, so that no constant makes them equal.
    """
    own = initial_norm(fed, setting)
    told = {"gradient_norm_initial": own}
    loss, baseline = setting.job["loss"], setting.job.get("reference")
    if baseline is None:
        return told
    if reference is None:  # the baseline itself
        return told | {"loss_scale": 1.0, "reference_gradient_norm": own}
    for of, norm in ((loss, own), (baseline, reference)):
        if not (math.isfinite(norm) and norm > 0):
            raise LossError(
                f"train.match: {shown(of)} starts with a gradient norm of {norm:g} on the probe "
                "batch; a finite number > 0 is needed to match it. Leave out this loss, or set "
                "match: none."
            )
    scale = reference / own
    if fed.loss_scale is not None:
        fed.loss_scale.assign(scale)
    return told | {"loss_scale": scale, "reference_gradient_norm": reference}


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return (one["name"], one["params"]) == (other["name"], other["params"])
