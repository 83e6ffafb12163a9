"""What is known of a network that was trained before, without building it."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.backbones import architecture, weights
from lossbench.backbones.architecture import Architecture
from lossbench.catalog import MODELS
from lossbench.catalog.models.pretrained import file_of
from lossbench.config import Entry
from lossbench.errors import DataError


@dataclass(frozen=True)
class Backbone:
    """A network that was trained before.

    Attributes:
        name: its canonical name in the catalogue.
        reads: height, width and channels of its images; height and width None where any will do.
        missing: the file of weights that is not on this machine and will be fetched, or None.
        left_out: of a head that is left out, its name and number of outputs; else None.
        untrained: whether its weights are drawn like those of a new network.
        frozen: whether none of it is trained.
    """

    name: str
    reads: tuple[int | None, int | None, int]
    missing: Path | None
    left_out: tuple[str, int] | None
    untrained: bool
    frozen: bool


def describe(model: Entry) -> Backbone | None:
    """Say what a network's backbone is; None for a network without one.

    Raises:
        DataError: its file is absent, damaged, holds code or another network than is accepted; or
            its weights are here and not the right ones.
    """
    row = MODELS[model.name]
    if not row.backbone:
        return None
    found = _architecture(model)
    untrained = model.params.get("weights") == "none"
    missing = None
    if row.weights is not None and not untrained:
        place = weights.place(row.weights)
        if place.is_file():
            weights.check(model.name, row.weights)
        else:
            missing = place
    frozen = model.params["trainable"] == "none"
    return Backbone(model.name, found.reads, missing, found.left_out, untrained, frozen)


def prepare(models: Iterable[Entry]) -> None:
    """Make sure that networks' weights are on this machine; called before workers start.

    Raises:
        DataError: some are absent and cannot be fetched, or are not the right ones; all are named.
    """
    wanted = {
        model.name: row.weights
        for model in models
        if (row := MODELS[model.name]).weights and model.params.get("weights") != "none"
    }
    faults = []
    for name, file in wanted.items():
        try:
            weights.prepare(name, file)
        except DataError as error:
            faults.append(str(error))
    if faults:
        raise DataError("\n".join(faults))


def check_unchanged(name: str, params: Mapping[str, Any], sha256: str | None) -> None:
    """Refuse a file that is no longer the one that a job was planned with.

    Args:
        name: the network's.
        params: its parameters.
        sha256: of the file when the job was planned; None for a network without a file.

    Raises:
        DataError: the file has changed or is gone.
    """
    file = file_of(params)
    if file is None or sha256 is None:
        return
    try:
        with Path(file).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(
            f"model {name!r}: {file}: cannot be read any more ({error.strerror or error}); the "
            f"file that the job was planned with is accepted. Put it back."
        ) from error
    if found != sha256:
        raise DataError(
            f"model {name!r}: {file}: has changed since the job was planned; the same file is "
            f"accepted. Run the experiment again, which makes a new job of it."
        )


def _architecture(model: Entry) -> Architecture:
    if MODELS[model.name].weights is not None:
        return Architecture((None, None, 3))
    file = file_of(model.params)
    if file is None:
        raise DataError(f"model {model.name!r}: no file is named. Give its path.")
    path, where = Path(file), f"model {model.name!r}: {file}"
    if not path.is_file():
        raise DataError(f"{where}: there is no such file; {_accepted(path)}")
    if model.name == "earlier_run":
        return architecture.of_own_model(path, where)
    if model.params["inputs"] == "grey_levels" and (path.parent / "job.json").is_file():
        raise DataError(
            f"{where}: was kept by a run of lossbench, and reads values in [0, 1]; inputs: unit is "
            f"accepted. Add it, or name the run: {{name: earlier_run, run: {path.parent}}}."
        )
    return architecture.of_file(path, where, model.params["cut"])


def _accepted(path: Path) -> str:
    """Return where a file is looked for, and what to do."""
    data = os.environ.get("LOSSBENCH_DATA")
    also = f"; {data} (LOSSBENCH_DATA) was looked in, too" if data else ""
    there = "is a folder" if path.is_dir() else "a .keras file is accepted"
    advice = "Correct the path." if data else "Correct it, or set LOSSBENCH_DATA to its folder."
    return f"{there}{also}. {advice}"
