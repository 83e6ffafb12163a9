"""The image files of a user's folder: found safely, hashed, their headers read and remembered."""

import contextlib
import hashlib
import json
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.caching import root as cache_root
from lossbench.datasets.pixels import (
    SUFFIXES,
    Unreadable,
    bombs_refused,
    read_bytes,
    read_classes,
    read_header,
)
from lossbench.errors import DataError

_FORMAT = 1  # of what is remembered
_SETTLED_S = 2.0  # a file changed later than so long ago may change again unnoticed
_IGNORED = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
_SHOWN = 3  # files named in a message


@dataclass(frozen=True)
class ImageFile:
    """An image file that has been looked at, not decoded.

    Attributes:
        name: its path inside the data set's folder, with `/`.
        sha256: hash of its content; empty where it cannot be read.
        height: in pixels; 0 where `fault` says something.
        width: in pixels, likewise.
        colour: whether it has colours.
        values: of a mask, the numbers that occur in it.
        fault: why no image can be had from it; else empty.
    """

    name: str
    sha256: str = ""
    height: int = 0
    width: int = 0
    colour: bool = False
    values: tuple[int, ...] = ()
    fault: str = ""


def threads() -> int:
    """Return how many threads read and decode: Pillow and hashing leave Python to the others."""
    return min(16, os.cpu_count() or 1)


def checked_folder(path: str, name: str, accepted: str) -> tuple[Path, str]:
    """Return a folder without links in its path, and how messages name it.

    Args:
        path: the folder, as the user gives it.
        name: the name of the data set.
        accepted: what the folder should hold, for the message.

    Raises:
        DataError: there is no such folder.
    """
    folder = Path(path).expanduser()
    where = f"data set {name!r}: {folder}"
    if not folder.is_dir():
        fault = "this is no folder" if folder.exists() else "there is no such folder"
        raise DataError(f"{where}: {fault}; {accepted} is accepted. Check the path.")
    return folder.resolve(), where


def subfolders(folder: Path, where: str) -> list[str]:
    """Return the names of the folders in a folder, in natural order; hidden ones left out.

    Raises:
        DataError: one of them is a link, or the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_ignored(entry.name)]
            links = [entry.name for entry in found if entry.is_symlink() and entry.is_dir()]
            _refuse_links(links, where)
            return sorted((entry.name for entry in found if entry.is_dir()), key=natural)
    except OSError as error:
        raise _unlisted(where, error) from error


def find_images(root: Path, inside: str, where: str) -> list[str]:
    """Return the image files in a folder and all below it, in natural order.

    Hidden files and folders are left out, and files whose names do not end as those of images do.

    Args:
        root: the data set's folder.
        inside: the folder inside it, with `/`.
        where: how messages name the data set's folder.

    Returns:
        Paths relative to `root`, with `/`.

    Raises:
        DataError: a link leads out of the data set's folder or to another folder, or a folder
            cannot be read.
    """
    names, links = [], []

    def stop(error: OSError) -> None:
        raise _unlisted(where, error) from error

    for place, folders, files in os.walk(root / inside, onerror=stop):
        relative = Path(place).relative_to(root).as_posix()
        folders[:] = [folder for folder in folders if not _is_ignored(folder)]
        links += [
            f"{relative}/{folder}" for folder in folders if os.path.islink(f"{place}/{folder}")
        ]
        for file in files:
            if _is_ignored(file) or os.path.splitext(file)[1].lower() not in SUFFIXES:
                continue
            names.append(f"{relative}/{file}")
            if os.path.islink(f"{place}/{file}") and not is_inside(root, names[-1]):
                links.append(names[-1])
    _refuse_links(links, where)
    return sorted(names, key=natural)


def is_inside(root: Path, name: str) -> bool:
    """Return whether a path, once all links are followed, lies in a folder that has none."""
    try:
        return os.path.realpath(root / name).startswith(os.path.join(root, ""))
    except (OSError, ValueError):  # too long, or with a zero byte
        return True  # there can be no such file


def natural(name: str) -> tuple[Any, ...]:
    """Return the key of an order in which `2` comes before `10`."""
    pieces = re.split(r"(\d+)", unicodedata.normalize("NFC", name))
    return (*((int(piece) if i % 2 else piece) for i, piece in enumerate(pieces)), name)


def printable(name: str) -> str:
    """Return a file's name as text that can be stored and shown: NFC, odd characters replaced."""
    text = unicodedata.normalize("NFC", name)
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def few(items: Sequence[str]) -> str:
    """Return the first of some texts for a message, and that there are more."""
    return ", ".join(items[:_SHOWN]) + (" and so on" if len(items) > _SHOWN else "")


def look_at(root: Path, names: Sequence[str]) -> list[ImageFile]:
    """Read and hash image files, and decode no more than their headers.

    What was found is remembered in the cache, and holds as long as a file's size and time of
    change do.

    Args:
        root: the data set's folder.
        names: the files' paths inside it.
    """
    return _looked(root, names, "images", _image)


def look_at_masks(root: Path, names: Sequence[str]) -> list[ImageFile]:
    """Read, hash and decode masks, to learn which numbers occur; remembered likewise.

    Args:
        root: the data set's folder.
        names: the files' paths inside it.
    """
    return _looked(root, names, "masks", _mask)


def content_sha256(files: Iterable[ImageFile], *others: Sequence[Any]) -> str:
    """Hash what image files and their labels hold, wherever their folder lies.

    Args:
        files: the images, in their order; their names count.
        others: what else belongs to each, as plain data.
    """
    digest = hashlib.sha256()
    for file, *more in zip(files, *others, strict=True):
        name = unicodedata.normalize("NFC", file.name)
        digest.update(json.dumps([name, file.sha256, *more]).encode() + b"\n")
    return digest.hexdigest()


_Look = Callable[[str, bytes], ImageFile]
_Memory = dict[str, tuple[list[int], ImageFile]]


def _looked(root: Path, names: Sequence[str], kind: str, look: _Look) -> list[ImageFile]:
    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    store = cache_root() / "scanned" / f"{key}.{kind}.json"
    known = _remembered(store)
    settled = time.time() - _SETTLED_S
    states = {name: _state(root / name) for name in names}
    changed = [name for name in names if name not in known or known[name][0] != states[name]]

    def one(name: str) -> ImageFile:
        try:
            return look(name, read_bytes(root / name))
        except Unreadable as error:
            return ImageFile(name, fault=str(error))

    with bombs_refused(), ThreadPoolExecutor(threads()) as pool:
        looked = dict(zip(changed, pool.map(one, changed), strict=True))
    fresh = {
        name: (states[name], file)
        for name, file in looked.items()
        if file.sha256 and states[name][1] < settled * 1e9
    }
    if fresh:
        _remember(store, known | fresh)
    return [looked[name] if name in looked else known[name][1] for name in names]


def _state(path: Path) -> list[int]:
    """Return what changes when a file does: its size and when it was written, in nanoseconds."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return [-1, 0]
    return [status.st_size, status.st_mtime_ns]


def _image(name: str, content: bytes) -> ImageFile:
    digest = hashlib.sha256(content).hexdigest()
    try:
        header = read_header(content)
    except Unreadable as error:
        return ImageFile(name, digest, fault=str(error))
    return ImageFile(name, digest, header.height, header.width, header.colour)


def _mask(name: str, content: bytes) -> ImageFile:
    digest = hashlib.sha256(content).hexdigest()
    try:
        mask = read_classes(content)
    except Unreadable as error:
        return ImageFile(name, digest, fault=str(error))
    height, width = mask.shape
    values = tuple(np.unique(mask).tolist())
    return ImageFile(name, digest, height, width, values=values)


def _remembered(store: Path) -> _Memory:
    """Return what earlier looks have found; nothing where it cannot be read."""
    try:
        stored = json.loads(store.read_bytes())
        if stored["format"] != _FORMAT:
            return {}
        return {
            name: (state, replace(ImageFile(**about), values=tuple(values)))
            for name, (state, values, about) in stored["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(store: Path, known: _Memory) -> None:
    """Keep what was found for the next time; without room it is found again."""
    files = {}
    for name, (state, file) in known.items():
        about = asdict(file)
        files[name] = (state, about.pop("values"), about)
    with contextlib.suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{store.name}.", dir=store.parent)
        try:
            with os.fdopen(handle, "w") as stream:
                json.dump({"format": _FORMAT, "files": files}, stream)
            os.replace(beside, store)
        except OSError:
            os.unlink(beside)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _IGNORED


def _refuse_links(links: Sequence[str], where: str) -> None:
    if links:
        raise DataError(
            f"{where}: {len(links)} links lead out of the folder, or to another folder: "
            f"{few([repr(link) for link in links])}; links to files inside it are accepted. Copy "
            f"what they lead to."
        )


def _unlisted(where: str, error: OSError) -> DataError:
    return DataError(
        f"{where}: cannot be read: {error.strerror or error}; a folder that can be listed is "
        f"accepted. Change the permissions."
    )
