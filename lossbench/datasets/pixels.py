"""One image file at a time: what its header says, and its pixels in the form that is trained on."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
)
"""Endings of the names of files that are taken for images, in small letters."""
MOST_PIXELS = 50_000_000
"""Images with more are not decoded: a few kilobytes of file can make gigabytes of pixels."""
MOST_BYTES = 512 << 20
"""Larger files are not read."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_GREY = frozenset(("1", "L", "LA", "La", "I", "F"))
_TURNS = {  # by EXIF orientation; from 5 on, height and width change places
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GAP = 2  # a JPEG is decoded at no less than twice the size that is wanted, then averaged


class Unreadable(Exception):
    """No image can be had from a file; the text says why, in a few words."""


@dataclass(frozen=True)
class Header:
    """What an image file says of itself before its pixels are decoded.

    Attributes:
        height: in pixels, once turned as EXIF says.
        width: in pixels, likewise.
        colour: whether it has colours, grey palettes not counted.
    """

    height: int
    width: int
    colour: bool


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        Unreadable: it is none, is empty, too large, or cannot be read.
    """
    try:
        if not path.is_file():
            raise Unreadable("no regular file" if path.exists() else "the link leads nowhere")
        size = path.stat().st_size
        if not 0 < size <= MOST_BYTES:
            raise Unreadable(f"larger than {MOST_BYTES >> 20} MiB" if size else "empty")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


@contextmanager
def bombs_refused() -> Iterator[None]:
    """Make Pillow raise, in all threads, where it would warn of too many pixels; else be silent."""
    Image.init()  # before threads: it fills Pillow's table of formats
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def read_header(content: bytes) -> Header:
    """Return what an image file says of itself.

    Args:
        content: the file's.

    Raises:
        Unreadable: this is no image of a known format, or has more than `MOST_PIXELS`.
    """
    with _opened(content) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Header(height, width, _has_colours(image))


def decode(content: bytes, height: int, width: int, colour: bool) -> np.ndarray:
    """Return an image's pixels.

    It is turned as EXIF says. Of several frames the first one counts. 16 bits are reduced to 8,
    65535 to 255. What is transparent shows white. Colours become grey as 0.299 R + 0.587 G +
    0.114 B. Another size is reached by stretching: bilinear, averaging over what is left out.

    Args:
        content: the file's.
        height: that is wanted, in pixels.
        width: that is wanted, in pixels.
        colour: whether red, green and blue are wanted, not grey.

    Returns:
        uint8 [height, width, 3 or 1].

    Raises:
        Unreadable: the file is truncated, or of a kind that `read_header` refuses.
    """
    with _opened(content) as image:
        longest = _GAP * max(height, width)
        image.draft(image.mode, (longest, longest))
        image.load()
        turn = _TURNS.get(_orientation(image))
        upright = image if turn is None else image.transpose(turn)
        plain = _eight_bits(upright).convert("RGB" if colour else "L")
        if plain.size != (width, height):
            plain = plain.resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(plain).reshape(height, width, 3 if colour else 1)


def read_classes(content: bytes) -> np.ndarray:
    """Return the numbers that a mask holds: uint8 [height, width]; of a palette, the indices.

    Raises:
        Unreadable: it is truncated, holds colours or numbers above 255, or is stored with loss.
    """
    with _opened(content) as image:
        if image.format == "JPEG":
            raise Unreadable("a JPEG, which changes numbers; PNG is accepted")
        values = np.asarray(image)
        if values.ndim == 3:
            first = values[..., 0]
            colours = values[..., :3] if values.shape[2] > 2 else first[..., np.newaxis]
            if (colours != first[..., np.newaxis]).any():
                raise Unreadable("colours; one number a pixel is accepted")
            values = first
        if values.dtype.kind == "f" or values.min() < 0 or values.max() > 255:
            raise Unreadable("numbers outside 0 to 255")
        return values.astype(np.uint8)


def resized_classes(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a mask of another size, each pixel that of the nearest one; uint8."""
    if values.shape == (height, width):
        return values
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.NEAREST))


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Open an image, and turn all that Pillow raises for a damaged one into one kind of error."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(_too_many(f"{image.width} x {image.height}"))
            yield image
    except (Unreadable, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unreadable(_too_many("far too many")) from error
    except UnidentifiedImageError as error:
        raise Unreadable("no image of a known format") from error
    except Exception as error:  # decoders of damaged files raise anything
        raise Unreadable(str(error) or type(error).__name__) from error


def _too_many(found: str) -> str:
    return f"{found} pixels; up to {MOST_PIXELS:,} are decoded"


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation as far as the header has it; 1, upright, where it has none."""
    # A PNG would be decoded to look for EXIF behind its pixels; Pillow turns a TIFF by itself.
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return 1
    try:
        found = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # of damaged EXIF; the pixels may be sound
        return 1
    return found if found in _TURNS else 1


def _has_colours(image: Image.Image) -> bool:
    if image.mode == "P":
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return image.mode not in _GREY and not image.mode.startswith("I;16")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits a channel, on white where it is transparent."""
    if image.mode == "F":
        raise Unreadable("pixels are floats; whole numbers are accepted")
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65535:
            raise Unreadable("pixels outside 0 to 65535")
        return Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return image
