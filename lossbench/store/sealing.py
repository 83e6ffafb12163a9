"""Hashes that let anyone see later whether a job's files are still what was written."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossbench.errors import StoreError
from lossbench.store.experiments import read_result
from lossbench.store.files import finite, write_json

SEALED = ("job.json", "epochs.csv", "steps.csv", "predictions.npz", "loss_curve.json")
"""Files of a job whose hashes stand in its result, beside every saved model (`*.keras`)."""


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file that a job has written, by the file's name.

    Raises:
        StoreError: a file cannot be read.
    """
    paths = [folder / name for name in SEALED] + sorted(folder.glob("*.keras"))
    hashes = {}
    for path in paths:
        if path.is_file():
            try:
                hashes[path.name] = _sha256(path)
            except OSError as error:
                raise StoreError(
                    f"{path}: cannot be read: {error.strerror or error}. Check its permissions."
                ) from error
    return hashes


def write_result(folder: Path, result: Mapping[str, Any]) -> dict[str, Any]:
    """Write a job's `result.json`, last of its files, with their hashes and its own.

    Args:
        folder: the job's folder, in which every other file is finished.
        result: what the job came to.

    Returns:
        What was written: `result` with "files" and "checksum".

    Raises:
        StoreError: the folder cannot be written.
    """
    plain = json.loads(json.dumps(finite(result), allow_nan=False))
    sealed: dict[str, Any] = plain | {"files": file_hashes(folder)}
    sealed["checksum"] = _checksum(sealed)
    write_json(folder / "result.json", sealed)
    return sealed


def is_sealed(result: Mapping[str, Any]) -> bool:
    """Whether a result carries hashes; those of earlier versions do not."""
    return isinstance(result.get("files"), dict) and "checksum" in result


def is_changed(result: Mapping[str, Any]) -> bool:
    """Whether a result is not what its job wrote: it carries hashes, and its own is another."""
    return is_sealed(result) and bool(result["checksum"] != _checksum(result))


def verify(folder: Path) -> list[str]:
    """Return what is damaged in a job's folder, a sentence each.

    Nothing is damaged where there is no result yet. Of a result without hashes only the form can
    be judged; `is_sealed` tells it apart.
    """
    try:
        result = read_result(folder)
    except StoreError as error:
        return [str(error)]
    if result is None or not is_sealed(result):
        return []
    if is_changed(result):
        return [f"{folder / 'result.json'}: was changed after it was written."]
    found = (_damage(folder / name, expected) for name, expected in result["files"].items())
    return [sentence for sentence in found if sentence]


def _damage(path: Path, expected: str) -> str | None:
    try:
        actual = _sha256(path)
    except FileNotFoundError:
        return f"{path}: is missing."
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror or error}."
    if actual == expected:
        return None
    return f"{path}: is not what the job wrote; it was changed or cut off."


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum(result: Mapping[str, Any]) -> str:
    """Return the hash of a result's content, however its file is spaced and ordered."""
    content = {key: value for key, value in result.items() if key != "checksum"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()
