"""What a frozen network makes of images, computed once by all processes that want it together.

A set belongs to some distinct images and to everything else that decides the numbers. It is kept
in chunks, each a `.npy` file with a record of its size and hash, so that processes share the work,
a process that is killed costs its own chunk, and a damaged chunk is computed again alone.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.caching import MANIFEST, fingerprint, limit_bytes, make_room, root, sync, use
from lossbench.errors import StoreError
from lossbench.store.leases import acquire

CHUNK = 128
"""Images whose features lie in one file."""

_FORMAT = 1  # of the folders; another number makes all of them anew
_COMPLETE = "complete"
_CLAIMS = "claims"
_LEFTOVER_S = 3600.0
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.02, 0.5

Compute = Callable[[int, int], np.ndarray]
"""Makes the features, [stop - start, size], of the images from `start` to before `stop`."""
Note = Callable[[int, int], None]
"""Is told of how many images there are features, and of how many there will be."""


class _CannotKeep(Exception):
    """The cache cannot be written, or not so much; the message says why."""


@dataclass(frozen=True)
class _Set:
    """Features of some images in a folder, float32 [n, size] in all."""

    folder: Path
    n: int
    size: int

    def spans(self) -> list[tuple[int, int]]:
        return [(start, min(start + CHUNK, self.n)) for start in range(0, self.n, CHUNK)]

    def path(self, i: int) -> Path:
        return self.folder / f"{i:06}.npy"

    def record(self, i: int) -> Path:
        return self.folder / f"{i:06}.json"

    @property
    def is_complete(self) -> bool:
        return (self.folder / _COMPLETE).exists()


def load_chunks(
    key: Mapping[str, Any],
    images: Sequence[bytes],
    size: int,
    compute: Compute,
    note: Note,
    *,
    about: Mapping[str, Any] | None = None,
) -> list[np.ndarray]:
    """Return features in chunks of 128 images, computing those that nobody has computed yet.

    Several processes that ask for the same at once, on one machine or several, share the work.
    Every chunk is checked before it is returned; one that is damaged is computed again, and a
    warning is logged. Where the cache cannot be written, or has no room, whatever it holds already
    is used, the rest is computed and kept in memory, and one warning is logged.

    Args:
        key: whatever decides the numbers besides the images, as plain data.
        images: hashes of the images, distinct, in rising order.
        size: numbers that make up the features of an image.
        compute: is called for chunks that are missing.
        note: is told how far it is, now and then.
        about: what it is for people, shown by `lossbench cache`; changes nothing.

    Returns:
        Arrays, float32 [128, size], the last perhaps shorter; those on disk are mapped.

    Raises:
        DataError: LOSSBENCH_CACHE_LIMIT is no size.
    """
    found: dict[int, np.ndarray] = {}
    where = _Set(_folder(key, images, size), len(images), size)
    try:
        _open(where, {"key": dict(key), "about": dict(about or {})})
        _share(where, found, compute, note)
    except _CannotKeep as error:
        logging.getLogger("lossbench").warning(
            "%s: features of images cannot be kept here: %s. The job goes on and keeps them in "
            "memory.",
            root(),
            error,
        )
        _compute_rest(where, found, compute, note)
    return [found[i] for i in range(len(found))]


def _folder(key: Mapping[str, Any], images: Sequence[bytes], size: int) -> Path:
    content = {"format": _FORMAT, "chunk": CHUNK, "size": size, "key": dict(key)}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for image in images:
        digest.update(image)
    return root() / "features" / digest.hexdigest()[:32]


def _open(where: _Set, content: Mapping[str, Any]) -> None:
    """Take a set into use, and make its folder where there is none.

    Raises:
        _CannotKeep: it cannot be made.
    """
    if use(where.folder):
        return
    place = where.folder.parent
    needed = where.n * where.size * 4
    with _keeping():
        place.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(place)
        if not make_room(needed):
            raise _CannotKeep(
                f"they take {needed / 2**30:.3g} GiB, and besides what is in use "
                f"LOSSBENCH_CACHE_LIMIT leaves less of {limit_bytes() / 2**30:.3g} GiB"
            )
        beside = Path(tempfile.mkdtemp(prefix=f".{where.folder.name}.", dir=place))
        try:
            text = json.dumps({**content, "images": where.n, "bytes": needed}, indent=1)
            (beside / MANIFEST).write_text(text)
            sync(beside / MANIFEST)
            if where.folder.exists() and not (where.folder / MANIFEST).exists():
                os.replace(beside / MANIFEST, where.folder / MANIFEST)  # only this was lost
            elif not where.folder.exists():
                with contextlib.suppress(FileExistsError):
                    _rename(beside, where.folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        if not use(where.folder):
            raise _CannotKeep(f"{where.folder} cannot be opened")


def _rename(beside: Path, folder: Path) -> None:
    try:
        os.rename(beside, folder)
    except OSError:
        if not folder.exists():
            raise
        raise FileExistsError(folder) from None  # another process has been faster


def _share(where: _Set, found: dict[int, np.ndarray], compute: Compute, note: Note) -> None:
    """Find all chunks, computing those that nobody else has computed or is computing.

    Raises:
        _CannotKeep: a chunk that was computed cannot be written.
    """
    spans, pause = where.spans(), _SHORTEST_WAIT_S
    note(0, where.n)
    while len(found) < len(spans):
        before = len(found)
        for i in range(len(spans)):
            if i in found:
                continue
            chunk = _read(where, i)
            if chunk is None:
                chunk = _claimed(where, i, compute)
            if chunk is not None:
                found[i] = chunk
                note(_count(found), where.n)
        if len(found) < len(spans):  # the others have these
            pause = _SHORTEST_WAIT_S if len(found) > before else min(2 * pause, _LONGEST_WAIT_S)
            time.sleep(pause)
            note(_count(found), where.n)
    if not where.is_complete:
        with contextlib.suppress(OSError):
            (where.folder / _COMPLETE).touch()
            shutil.rmtree(where.folder / _CLAIMS, ignore_errors=True)


def _count(found: Mapping[int, np.ndarray]) -> int:
    return sum(len(chunk) for chunk in found.values())


def _claimed(where: _Set, i: int, compute: Compute) -> np.ndarray | None:
    """Compute a chunk that is missing; None where another process does that."""
    claim = where.folder / _CLAIMS / str(i)
    with _keeping():
        claim.mkdir(parents=True, exist_ok=True)
    try:
        lease = acquire(claim)
    except StoreError as error:
        chunk = _read(where, i)
        if chunk is not None:  # all has been computed meanwhile, and the claims were removed
            return chunk
        cause = error.__cause__
        raise _CannotKeep(getattr(cause, "strerror", None) or str(error)) from error
    if lease is None:
        return None
    with lease:
        chunk = _read(where, i)  # it may have been computed while we came
        if chunk is None:
            _tell_damage(where, i)
            start, stop = where.spans()[i]
            made = np.ascontiguousarray(compute(start, stop), dtype=np.float32)
            _write(where, i, made)
            chunk = np.load(where.path(i), mmap_mode="r", allow_pickle=False)
    return chunk


def _tell_damage(where: _Set, i: int) -> None:
    """Log that a chunk which was there is lost; of one that was never finished nothing is said."""
    fault = _fault(where, i)
    if fault and (where.is_complete or where.record(i).exists()):
        logging.getLogger("lossbench").warning(
            "%s: this part of the cached features is damaged (%s); it is computed again.",
            where.path(i),
            fault,
        )


def _read(where: _Set, i: int) -> np.ndarray | None:
    """Return a chunk, mapped, or None where it is not there whole."""
    if _fault(where, i) is not None:
        return None
    start, stop = where.spans()[i]
    try:
        chunk = np.load(where.path(i), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return chunk if chunk.shape == (stop - start, where.size) else None


def _fault(where: _Set, i: int) -> str | None:
    """Return why a chunk is not whole, or None."""
    try:
        noted = json.loads(where.record(i).read_bytes())
        return None if fingerprint(where.path(i)) == noted else "it has changed"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError):
        return f"{where.record(i).name} cannot be read"


def _write(where: _Set, i: int, chunk: np.ndarray) -> None:
    """Write a chunk whole, then its record; what an earlier writer left behind goes.

    Raises:
        _CannotKeep: it cannot be written; nothing of it is left behind.
    """
    content = io.BytesIO()
    np.save(content, chunk, allow_pickle=False)
    with _keeping():
        for leftover in where.folder.glob(f".{i:06}.*"):
            leftover.unlink(missing_ok=True)
        _put(where.path(i), content.getvalue())
        record = json.dumps(fingerprint(where.path(i)))
        _put(where.record(i), record.encode())


def _put(path: Path, content: bytes) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _compute_rest(where: _Set, found: dict[int, np.ndarray], compute: Compute, note: Note) -> None:
    """Compute what is missing and keep it in memory."""
    for i, (start, stop) in enumerate(where.spans()):
        if i not in found:
            kept = _read(where, i)
            found[i] = np.asarray(compute(start, stop), np.float32) if kept is None else kept
            note(_count(found), where.n)


@contextlib.contextmanager
def _keeping() -> Iterator[None]:
    """Make a failure to write one that ends caching, and not the job."""
    try:
        yield
    except OSError as error:
        raise _CannotKeep(error.strerror or str(error)) from error


def _remove_leftovers(place: Path) -> None:
    """Remove what processes that were killed have left beside the sets."""
    for leftover in place.glob(".*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_S:
                shutil.rmtree(leftover, ignore_errors=True)
