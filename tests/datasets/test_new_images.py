"""Images that no data set holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets.new_images import load_new_images
from lossbench.errors import DataError

COLOUR = (8, 6, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, COLOUR, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "2.png")
    Image.fromarray(PIXELS[::-1]).save(tmp_path / "10.png")
    (tmp_path / "1.jpg").write_bytes(b"no image")
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def test_a_folder_in_natural_order_with_what_cannot_be_read(folder):
    found = load_new_images([folder], COLOUR, "uint8")
    assert found.names == (str(folder / "2.png"), str(folder / "10.png"))
    np.testing.assert_array_equal(found.images, [PIXELS, PIXELS[::-1]])
    assert list(found.faults) == [str(folder / "1.jpg")]


def test_files_are_brought_to_size_and_colour(folder):
    grey = load_new_images([folder / "2.png"], (4, 4, 1), "uint8")
    expected = Image.fromarray(PIXELS).convert("L").resize((4, 4), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(grey.images[0, :, :, 0], np.asarray(expected))


def test_arrays_of_the_right_size(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.stack([PIXELS, PIXELS]).astype("int64"))
    found = load_new_images([path], COLOUR, "uint8")
    assert found.names == (f"{path}[0]", f"{path}[1]") and found.images.dtype == np.uint8
    np.save(path, np.zeros((3, 8, 6), "float64"))
    assert load_new_images([path], (8, 6, 1), "float32").images.shape == (3, 8, 6, 1)


@pytest.mark.parametrize(
    ("array", "dtype", "said"),
    [
        (np.zeros((2, 9, 6, 3), "uint8"), "uint8", r"uint8 \[2, 9, 6, 3\]; whole numbers 0 to 255"),
        (np.zeros((2, 8, 6, 3), "float32"), "uint8", r"float32 \[2, 8, 6, 3\]; whole numbers"),
        (np.zeros((2, 8, 6, 3), "uint8"), "float32", "floats on the scale of the training"),
        (np.full((2, 8, 6, 3), 256), "uint8", "values from 256 to 256"),
        (np.full((2, 8, 6, 3), np.nan), "float32", "values from nan to nan"),
        (np.zeros((0, 8, 6, 3), "uint8"), "uint8", r"\[0, 8, 6, 3\]"),
        (np.array([{}]), "uint8", "cannot be read"),  # a pickle
    ],
)
def test_arrays_that_do_not_fit(tmp_path, array, dtype, said):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError, match=said):
        load_new_images([tmp_path / "x.npy"], COLOUR, dtype)


def test_nothing_to_read(folder):
    with pytest.raises(DataError, match="there is no such file"):
        load_new_images([folder / "3.png"], COLOUR, "uint8")
    with pytest.raises(DataError, match=r"no image can be read \(.*no image of a known format"):
        load_new_images([folder / "1.jpg"], COLOUR, "uint8")
    with pytest.raises(DataError, match="trained on arrays of floats"):
        load_new_images([folder], COLOUR, "float32")
