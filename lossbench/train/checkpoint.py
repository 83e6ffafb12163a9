"""A training on disk: everything that is needed to go on with bit-identical numbers.

Of a network that runs on features only the head is written: its backbone is as it was at the start.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.train.feeding import IndexFed
from lossbench.train.loop import Arrays, State, weights_of

NAME = "checkpoint.npz"
_LISTS = (
    "network",
    "average",
    "loss_weights",
    "head_record",
    "optimizer",
    "best_weights",
    "step_losses",
)


def snapshot(fed: IndexFed, state: State, about: dict[str, Any]) -> bytes:
    """Return a training as the bytes of an `.npz` file.

    Args:
        fed: the network and its optimizer.
        state: how far it is, at the end of an epoch.
        about: what must be the same for the checkpoint to be used: job, threads, versions.
    """
    at = {
        "network": fed.changing(fed.network.variables),
        "best_weights": fed.changing(fed.network.weights),
    }
    lists: dict[str, Arrays] = {
        "network": _values(_some(fed.network.variables, at["network"])),
        "average": _values(fed.average_variables),
        "loss_weights": _values(list(fed.loss_weights.values())),
        "head_record": _values([fed.head_record]),
        "optimizer": _values(fed.optimizer.variables),
        "best_weights": tuple(_some(state.best_weights, at["best_weights"])),
        "step_losses": tuple(state.step_losses),
    }
    meta = {
        "about": about,
        "epoch": state.epoch,
        "selected": state.selected,
        "best": state.best,
        "rows": state.rows,
        "calls": state.calls,
        "at": at,
        "seconds_train": state.seconds_train,
        "seen": state.seen,
        "lengths": {name: len(arrays) for name, arrays in lists.items()},
    }
    arrays = {f"{name}_{i}": array for name in _LISTS for i, array in enumerate(lists[name])}
    arrays["best_scores"] = np.asarray(state.best_scores)
    arrays["last_scores"] = np.asarray(state.last_scores)
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def write(folder: Path, content: bytes) -> None:
    """Write a snapshot into a job's folder, whole or not at all."""
    store.write_whole(folder / NAME, content)


def epochs_done(folder: Path) -> int:
    """Return how many epochs a job's checkpoint holds; 0 where there is none to be read."""
    try:
        with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return int(json.loads(saved["meta"].tobytes())["epoch"])
    except Exception:  # `restore` says what is wrong
        return 0


def restore(folder: Path, fed: IndexFed, about: dict[str, Any]) -> State | None:
    """Bring network and optimizer to where the job's checkpoint left them.

    Args:
        folder: the job's folder.
        fed: the network, at its start, and optimizer, as they run after the checkpoint's epochs;
            unchanged where None is returned. The optimizer of a stage that was over is left out.
        about: must equal what the snapshot was made with.

    Returns:
        How far the training is; None where there is no checkpoint that fits: then it starts anew.
    """
    try:
        with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as saved:
            arrays = {key: saved[key] for key in saved.files}
        meta = json.loads(arrays["meta"].tobytes())
        lists = {
            name: tuple(arrays[f"{name}_{i}"] for i in range(meta["lengths"][name]))
            for name in _LISTS
        }
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever a damaged file can raise: it is only a shortcut
        print(f"{NAME} is damaged ({type(error).__name__}: {error}); the job starts anew.")
        return None
    variables = [
        (_some(fed.network.variables, meta["at"]["network"]), lists["network"]),
        (fed.average_variables, lists["average"]),
        (list(fed.loss_weights.values()), lists["loss_weights"]),
        ([fed.head_record], lists["head_record"]),
    ]
    if fed.stage is None or fed.stage.first <= meta["epoch"]:
        variables.append((fed.optimizer.variables, lists["optimizer"]))
    fits = all([v.shape for v in to] == [a.shape for a in values] for to, values in variables)
    if meta["about"] != about or not fits:
        print(f"{NAME} is of another setting ({meta['about']}); the job starts anew.")
        return None
    best = list(weights_of(fed))
    for index, array in zip(meta["at"]["best_weights"], lists["best_weights"], strict=True):
        best[index] = array
    for to, values in variables:
        for variable, value in zip(to, values, strict=True):
            variable.assign(value)
    return State(
        epoch=meta["epoch"],
        selected=meta["selected"],
        best=meta["best"],
        best_weights=tuple(best),
        best_scores=arrays["best_scores"],
        last_scores=arrays["last_scores"],
        rows=meta["rows"],
        step_losses=list(lists["step_losses"]),
        calls=[(seconds, steps) for seconds, steps in meta["calls"]],
        seconds_train=meta["seconds_train"],
        seen=meta.get("seen", []),
    )


def remove(folder: Path) -> None:
    """Remove the checkpoint of a job that is finished."""
    (folder / NAME).unlink(missing_ok=True)


def _some(values: Sequence[Any], at: Sequence[int]) -> list[Any]:
    return [values[index] for index in at if index < len(values)]


def _values(variables: Any) -> tuple[NDArray[Any], ...]:
    return tuple(np.array(variable) for variable in variables)
