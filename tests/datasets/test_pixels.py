"""One image file: what each kind of file decodes to, and what is refused."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets.pixels import (
    MOST_PIXELS,
    Header,
    Unreadable,
    bombs_refused,
    decode,
    read_bytes,
    read_classes,
    read_header,
    resized_classes,
)

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def file_of(pixels, kind="PNG", mode=None, **how):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    (image.convert(mode) if mode else image).save(stream, kind, **how)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_what_is_stored_without_loss_comes_back(kind, pixels):
    content = file_of(pixels, kind, **({"lossless": True} if kind == "WEBP" else {}))
    colour = pixels.ndim == 3
    is_rgb = colour or kind == "WEBP"  # which knows no grey
    assert read_header(content) == Header(6, 9, is_rgb)
    expected = pixels if colour else pixels[..., np.newaxis]
    np.testing.assert_array_equal(decode(content, 6, 9, colour), expected)


def test_of_several_frames_the_first_counts():
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    content = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_header(content) == Header(6, 9, False)
    np.testing.assert_array_equal(decode(content, 6, 9, False)[..., 0], GREY)


def test_a_jpeg_is_close_to_what_was_stored():
    smooth = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    content = file_of(smooth, "JPEG", quality=95)
    assert read_header(content) == Header(64, 64, False)
    assert np.abs(decode(content, 64, 64, False)[..., 0].astype(int) - smooth).max() <= 4


def test_sixteen_bits_become_eight():
    levels = np.array([[0, 128, 129, 257, 65535 - 129, 65535 - 128, 65535]], dtype=np.uint16)
    content = file_of(levels)
    assert read_header(content) == Header(1, 7, False)
    # level * 255 / 65535 = level / 257, to the nearest
    np.testing.assert_array_equal(
        decode(content, 1, 7, False)[0, :, 0], [0, 0, 1, 1, 254, 255, 255]
    )


def test_a_palette_has_colours_only_where_they_are_not_grey():
    coloured = file_of(Image.fromarray(RGB[:1, :4]).quantize(4))
    assert read_header(coloured).colour
    np.testing.assert_array_equal(decode(coloured, 1, 4, True), RGB[:1, :4])
    grey = file_of(Image.fromarray(GREY).quantize(256))
    assert not read_header(grey).colour


def test_what_is_transparent_shows_white():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0], rgba[0, :, 3] = 200, [255, 51, 0]  # alpha 1, 0.2, 0
    found = decode(file_of(rgba), 1, 3, True)[0]
    # alpha * colour + (1 - alpha) * 255
    np.testing.assert_allclose(found, [[200, 0, 0], [244, 204, 204], [255] * 3], atol=1)


def test_colours_become_grey_by_their_luma():
    expected = RGB @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(decode(file_of(RGB), 6, 9, False)[..., 0], expected, atol=0.6)


def test_grey_becomes_three_equal_channels():
    found = decode(file_of(GREY), 6, 9, True)
    np.testing.assert_array_equal(found, np.repeat(GREY[..., np.newaxis], 3, axis=2))


TURNED = {  # what an image with each EXIF orientation shows, by the standard's own words
    1: lambda a: a,  # row 0 is the top, column 0 the left
    2: lambda a: a[:, ::-1],  # top, right
    3: lambda a: a[::-1, ::-1],  # bottom, right
    4: lambda a: a[::-1],  # bottom, left
    5: lambda a: a.T,  # left, top
    6: lambda a: np.rot90(a, -1),  # right, top
    7: lambda a: a[::-1, ::-1].T,  # right, bottom
    8: lambda a: np.rot90(a),  # left, bottom
}


@pytest.mark.parametrize("orientation", sorted(TURNED))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_an_image_is_turned_as_exif_says(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.zeros((16, 32), np.uint8)
    pixels[:8, :8], pixels[:8, 8:] = 255, 100
    expected = TURNED[orientation](pixels)
    content = file_of(pixels, kind, exif=exif)
    assert read_header(content) == Header(*expected.shape, False)
    found = decode(content, *expected.shape, False)[..., 0]
    assert np.abs(found.astype(int) - expected).max() <= 8


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage!!",
        b"Exif\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0\0\0\0\0",
    ],
    ids=["no exif", "empty", "an orientation that is text"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_no_reason_to_lose_an_image(kind, exif):
    content = file_of(np.full((16, 32), 7, np.uint8), kind, exif=exif)
    with bombs_refused():
        assert read_header(content) == Header(16, 32, kind == "WEBP")
        assert (decode(content, 16, 32, False) == 7).all()


def triangles(n, size):
    """Rows of weights: a triangle as wide as two of the new pixels, or of the old if larger."""
    scale = n / size
    width = max(scale, 1.0)
    centres = (np.arange(size) + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(n) + 0.5 - centres[:, np.newaxis]) / width)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", [(12, 20), (40, 70), (15, 9)])
def test_another_size_is_reached_by_averaging(size):
    pixels = RNG.integers(0, 256, (30, 45), dtype=np.uint8)
    found = decode(file_of(pixels), *size, False)[..., 0]
    expected = triangles(30, size[0]) @ pixels @ triangles(45, size[1]).T
    np.testing.assert_allclose(found, expected, atol=1.01)


def test_a_large_jpeg_decoded_small_is_close_to_one_decoded_whole():
    ramp = np.linspace(0, 255, 512)
    smooth = np.stack(np.broadcast_arrays(ramp, ramp[:, np.newaxis], 128.0), axis=2)
    content = file_of(smooth.astype(np.uint8), "JPEG", quality=95)
    with Image.open(io.BytesIO(content)) as image:
        whole = np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))
    assert np.abs(decode(content, 32, 32, True).astype(int) - whole).max() <= 4


def damaged_png():
    content = file_of(RNG.integers(0, 256, (64, 64), dtype=np.uint8))
    return content[: len(content) // 2]


def damaged_jpeg():
    content = file_of(RNG.integers(0, 256, (64, 64), dtype=np.uint8), "JPEG")
    return content[: len(content) // 2]


@pytest.mark.parametrize("content", [damaged_png(), damaged_jpeg()], ids=["png", "jpeg"])
def test_a_truncated_file_has_a_header_but_no_pixels(content):
    assert read_header(content) == Header(64, 64, False)
    with pytest.raises(Unreadable, match="truncated"):
        decode(content, 64, 64, False)


@pytest.mark.parametrize("content", [b"no image", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"])
def test_what_is_no_image_is_unreadable(content):
    with pytest.raises(Unreadable):
        read_header(content)


@pytest.mark.parametrize("flips", range(40))
def test_a_flipped_byte_never_ends_in_another_error(flips):
    rng = np.random.default_rng(flips)
    for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"):
        content = bytearray(file_of(RGB, kind))
        for _ in range(3):
            content[rng.integers(len(content))] = rng.integers(256)
        with bombs_refused():
            try:
                read_header(bytes(content))
                found = decode(bytes(content), 6, 9, True)
            except Unreadable:
                continue
        assert found.shape == (6, 9, 3)
        assert found.dtype == np.uint8


def bomb(width, height):
    """A PNG of a few bytes that says it has so many pixels."""
    content = bytearray(file_of(np.zeros((1, 1), np.uint8)))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


@pytest.mark.parametrize("shape", [(10_000, 5_001), (9_500, 9_500), (60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header(shape):
    assert shape[0] * shape[1] > MOST_PIXELS
    with bombs_refused(), pytest.raises(Unreadable, match="pixels; up to 50,000,000 are decoded"):
        read_header(bomb(*shape))
    with bombs_refused(), pytest.raises(Unreadable, match="pixels; up to"):
        decode(bomb(*shape), 8, 8, False)


def test_floats_are_refused():
    with pytest.raises(Unreadable, match="pixels are floats"):
        decode(file_of(GREY.astype(np.float32), "TIFF"), 6, 9, False)


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    for name, why in [
        ("empty.png", "empty"),
        ("folder.png", "no regular file"),
        ("link.png", "the link leads nowhere"),
    ]:
        with pytest.raises(Unreadable, match=why):
            read_bytes(tmp_path / name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(Unreadable, match="no regular file"):
            read_bytes(tmp_path / "pipe.png")


MASK = RNG.integers(0, 4, (6, 9)).astype(np.uint8)


def test_a_mask_gives_its_numbers():
    palette = Image.fromarray(MASK)
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    same = np.repeat(MASK[..., np.newaxis], 3, axis=2)
    for content in (
        file_of(MASK),
        file_of(palette),
        file_of(MASK.astype(np.uint16)),
        file_of(same),
        file_of(MASK, "TIFF"),
    ):
        np.testing.assert_array_equal(read_classes(content), MASK)
    np.testing.assert_array_equal(
        read_classes(file_of(Image.fromarray(MASK * 255).convert("1"))), np.minimum(MASK, 1)
    )


def test_masks_without_numbers_are_refused():
    with pytest.raises(Unreadable, match="JPEG, which changes numbers"):
        read_classes(file_of(MASK, "JPEG"))
    with pytest.raises(Unreadable, match="colours; one number a pixel"):
        read_classes(file_of(RGB))
    with pytest.raises(Unreadable, match="outside 0 to 255"):
        read_classes(file_of(np.full((2, 2), 256, np.uint16)))
    with pytest.raises(Unreadable, match="outside 0 to 255"):
        read_classes(file_of(np.full((2, 2), 0.5, np.float32), "TIFF"))


def test_masks_are_resized_to_the_nearest_pixel():
    mask = np.arange(16, dtype=np.uint8).reshape(4, 4)
    np.testing.assert_array_equal(
        resized_classes(mask, 8, 8), np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1)
    )
    assert set(np.unique(resized_classes(MASK, 13, 5))) <= set(np.unique(MASK))
