import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from lossbench.reporting.contact_sheet import _shown, _with_mask, _wrapped, write_sheet


@dataclass
class Row:
    title: str
    count: int
    images: np.ndarray
    masks: np.ndarray | None = None


@dataclass
class Sheet:
    rows: tuple
    left_out: int = 0


def images(channels=1, n=3):
    return np.random.default_rng(0).integers(0, 256, (n, 8, 8, channels), dtype=np.uint8)


NAMES = (
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
    "猫と犬と鳥と魚と馬と牛と羊と山羊と鹿",
    "a_name_with_underscores_that_goes_on_and_on_and_on",
    "costs $5 and 100 % \\frac{1}{2}",
    "птица 🐦",
    "",
)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_names_in_any_script_survive(tmp_path, suffix):
    rows = tuple(Row(name, 1234, images(3)) for name in NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_sheet(tmp_path / f"a{suffix}", Sheet(rows, 3), "$x_1$ and 猫", 0, 255)
    content = (tmp_path / f"a{suffix}").read_bytes()
    assert len(content) > 2000
    if suffix == ".svg":
        text = content.decode()
        assert "1,234 images" in text and "3 more classes are not shown" in text
        assert "costs $5" in text


def test_titles_take_three_lines_at_most():
    for name in NAMES:
        lines = _wrapped(name)
        assert 1 <= len(lines) <= 3 and all(len(line) <= 20 for line in lines)
    assert _wrapped("a_name_with_underscores") == ["a_name_with_", "underscores"]
    assert _wrapped("one two") == ["one two"]
    assert _wrapped("x" * 100)[-1].endswith("…")
    assert all(len(line) <= 10 for line in _wrapped(NAMES[1])), "wide characters take two columns"


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 9])
def test_any_number_of_channels_is_drawn(tmp_path, channels):
    sheet = Sheet((Row("a", 3, images(channels)),))
    write_sheet(tmp_path / "a.png", sheet, "t", 0, 255)
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_grey_levels():
    image = np.array([[[0], [51]], [[255], [102]]], np.uint8)
    np.testing.assert_allclose(_shown(image, 0, 255)[..., 1], [[0, 0.2], [1, 0.4]])
    constant = _shown(np.full((2, 2, 1), 3.0), 3, 3)
    assert constant.shape == (2, 2, 3) and not constant.any()


def test_masks_lie_over_the_image():
    pixels = np.zeros((2, 2, 3))
    drawn = _with_mask(pixels, np.array([[0, 1], [0, 2]]))
    assert not drawn[:, 0].any() and drawn[0, 1].any() and (drawn[0, 1] != drawn[1, 1]).any()
    assert not pixels.any(), "the image itself is left as it was"


def test_series_and_an_empty_row(tmp_path):
    series = np.random.default_rng(0).random((2, 30, 1, 1))
    empty = Row("none", 0, images()[:0])
    write_sheet(tmp_path / "a.png", Sheet((Row("s", 2, series), empty)), "t", 0, 1)


def test_the_same_file_every_time(tmp_path):
    for name in ("a.svg", "b.svg"):
        write_sheet(tmp_path / name, Sheet((Row("x", 3, images()),)), "t", 0, 255)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
