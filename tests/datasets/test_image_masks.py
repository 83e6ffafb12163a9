"""Images with masks: what is read, and every way in which it can be wrong."""

import os

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets import image_masks, load, prepare
from lossbench.errors import DataError

RNG = np.random.default_rng(0)
OWN = {"classes": None, "image_size": None, "colour": "auto", "max_unreadable": 0.01}
IMAGES = RNG.integers(0, 256, (12, 6, 8), dtype=np.uint8)
MASKS = RNG.integers(0, 3, (12, 6, 8)).astype(np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cells"


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def fill(folder, masks=MASKS, images=IMAGES, ending="png"):
    for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
        save(folder / "images" / f"{i}.{ending}", image)
        save(folder / "masks" / f"{i}.png", mask)
    return folder


def read(folder, **params):
    return image_masks.read("image_masks", path=str(folder), **(OWN | params))


def facts(folder, **params):
    return image_masks.describe("image_masks", path=str(folder), **(OWN | params))


def refused(folder, **params):
    with pytest.raises(DataError) as caught:
        facts(folder, **params)
    text = str(caught.value)
    prefix = f"data set 'image_masks': {folder}: "
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


def test_images_and_masks(folder):
    fill(folder, ending="bmp")
    source, known = read(folder), facts(folder)
    assert known.task == source.task == "segmentation"
    assert known.class_names == source.class_names == ("background", "class 1", "class 2")
    assert (known.n_classes, known.train_counts, known.n_test) == (3, (12,), 0)
    assert known.image_shape == (6, 8, 1)
    np.testing.assert_array_equal(source.images[..., 0], IMAGES)
    np.testing.assert_array_equal(source.targets, MASKS)
    assert source.targets.dtype == np.uint8
    assert isinstance(source.targets, np.memmap)
    assert (source.test_images.shape, source.test_targets.shape) == ((0, 6, 8, 1), (0, 6, 8))


def test_train_and_test_folders(folder):
    fill(folder / "train", MASKS[:7], IMAGES[:7])
    fill(folder / "test", MASKS[7:10], IMAGES[7:10])
    fill(folder / "validation", MASKS[10:], IMAGES[10:])
    source, known = read(folder), facts(folder)
    assert (known.n_train, known.n_test) == (9, 3)
    np.testing.assert_array_equal(source.targets, np.concatenate([MASKS[:7], MASKS[10:]]))
    np.testing.assert_array_equal(source.test_targets, MASKS[7:10])
    np.testing.assert_array_equal(source.test_images[..., 0], IMAGES[7:10])


def test_black_and_white_masks_have_two_classes(folder):
    fill(folder, (MASKS > 0).astype(np.uint8) * 255)
    source = read(folder)
    assert source.class_names == ("background", "foreground")
    np.testing.assert_array_equal(source.targets, MASKS > 0)
    assert read(folder, classes=["none", "cell"]).class_names == ("none", "cell")
    assert refused(folder, classes=["a", "b", "c"]).startswith(
        "12 masks hold numbers beyond the 3 classes: 'masks/0.png' (255), 'masks/1.png' (255), "
    )


def test_classes_by_name(folder):
    fill(folder)
    named = ["sky", "cat", "dog", "none here"]
    assert facts(folder, classes=named).class_names == tuple(named)
    assert refused(folder, classes=["sky", "cat"]) == (
        "12 masks hold numbers beyond the 2 classes: 'masks/0.png' (2), 'masks/1.png' (2), "
        "'masks/2.png' (2) and so on; 0 to 1 are accepted, or 0 and 255 for two classes. Renumber "
        "them, or name all classes."
    )


def test_masks_are_resized_like_their_images(folder):
    fill(folder, np.kron(MASKS, np.ones((2, 2), np.uint8)), np.kron(IMAGES, np.ones((2, 2), "u1")))
    source = read(folder, image_size=[6, 8], colour="rgb")
    assert source.images.shape == (12, 6, 8, 3)
    np.testing.assert_array_equal(source.targets, MASKS)


def test_images_below_folders_keep_their_pairs(folder):
    for i, name in enumerate(["a/1", "b/1", "b/2"]):
        save(folder / "images" / f"{name}.png", IMAGES[i])
        save(folder / "masks" / f"{name}.tif", MASKS[i])
    np.testing.assert_array_equal(read(folder).targets, MASKS[:3])


def test_the_split_draws_from_them(folder):
    fill(folder / "train")
    fill(folder / "test", MASKS[:2], IMAGES[:2])
    splits = load("image_masks", {"path": str(folder)})
    assert [len(part.ids) for part in (splits.train, splits.validation)] == [11, 1]
    np.testing.assert_array_equal(splits.train.targets, MASKS[splits.train.ids])


def test_the_hash_follows_images_and_masks(folder):
    first = facts(fill(folder)).content_sha256
    save(folder / "masks" / "3.png", MASKS[4])
    second = facts(folder).content_sha256
    save(folder / "images" / "3.png", IMAGES[4])
    assert len({first, second, facts(folder).content_sha256}) == 3


def test_an_unreadable_image_or_mask_takes_the_pair_along(folder, caplog):
    fill(folder)
    (folder / "masks" / "3.png").write_text("no image")
    os.truncate(folder / "images" / "7.png", 60)
    assert refused(folder).startswith("1 of 12 image files cannot be read: 'masks/3.png' (no image")
    assert facts(folder, max_unreadable=0.2).unreadable == ("masks/3.png",)
    source = read(folder, max_unreadable=0.2)
    kept = [i for i in range(12) if i not in (3, 7)]
    np.testing.assert_array_equal(source.images[..., 0], IMAGES[kept])
    np.testing.assert_array_equal(source.targets, MASKS[kept])
    prepare("image_masks", {"path": str(folder), "max_unreadable": 0.2})
    assert "2 of 12 image files cannot be read and are left out: 'masks/3.png'" in caplog.text
    with pytest.raises(DataError, match=r"2 of 12 image files cannot be read: 'masks/3.png' \("):
        read(folder, max_unreadable=0.1)


def test_coloured_masks(folder):
    fill(folder, RNG.integers(0, 256, (12, 6, 8, 3), dtype=np.uint8))
    assert refused(folder).startswith(
        "none of the 12 image files can be read: 'masks/0.png' (colours; one number a pixel is "
    )


def test_absent_folders(folder):
    assert refused(folder) == (
        "there is no such folder; a folder with images/ and masks/, or with both in train/ and in "
        "test/ is accepted. Check the path."
    )
    folder.mkdir()
    assert refused(folder).startswith("there is no folder; a folder with images/ and masks/")
    (folder / "images").mkdir()
    assert refused(folder).startswith("there is 'images'; a folder with images/ and masks/")
    (folder / "masks").mkdir()
    assert refused(folder).startswith("there are no training images; ")


def test_parts_that_do_not_fit(folder):
    fill(folder / "train")
    (folder / "test" / "images").mkdir(parents=True)
    assert refused(folder).startswith("in 'test' there is 'images'; images and masks are accepted")
    (folder / "test").rename(folder / "valid")
    assert refused(folder).startswith("there are the folders train, valid, but no test; ")


def test_images_without_masks_and_the_reverse(folder):
    fill(folder)
    for i in range(4):
        (folder / "masks" / f"{i}.png").unlink()
    assert refused(folder) == (
        "4 images have no mask of their name: 'images/0.png', 'images/1.png', 'images/2.png' and "
        "so on; pairs such as images/a.jpg and masks/a.png are accepted. Add what is missing, or "
        "remove them."
    )
    for i in range(5):
        (folder / "images" / f"{i}.png").unlink()
    assert refused(folder).startswith("1 masks have no image of their name: 'masks/4.png'; ")


def test_two_images_of_one_name(folder):
    fill(folder)
    save(folder / "images" / "3.bmp", IMAGES[0])
    assert refused(folder).startswith(
        "'images/3.bmp' and 'images/3.png' differ in nothing but the ending; one of a name is "
    )


def test_a_mask_of_another_size(folder):
    fill(folder)
    save(folder / "masks" / "3.png", MASKS[0, :5])
    assert refused(folder) == (
        "1 masks have another size (height x width) than their images: 'masks/3.png' is 5 x 8, its "
        "image 6 x 8; equal sizes are accepted. Export them again."
    )


@pytest.mark.parametrize(
    ("masks", "shown"),
    [
        (MASKS * 100, "0, 100, 200"),
        (MASKS * 0, "0"),
        (np.where(MASKS == 2, 255, MASKS), "0, 1, 255"),
    ],
)
def test_numbers_that_make_no_classes(folder, masks, shown):
    fill(folder, masks.astype(np.uint8))
    assert refused(folder) == (
        f"the masks hold the numbers {shown}; 0, 1, 2 and so on without a gap, or 0 and 255, are "
        f"accepted. Renumber them, or name the classes: classes: [background, ...]."
    )
