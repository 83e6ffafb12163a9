"""The user's own folder of images: what is read, and every way in which it can be wrong."""

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets import image_folder, load, prepare
from lossbench.errors import DataError

RNG = np.random.default_rng(0)
OWN = {"image_size": None, "colour": "auto", "max_unreadable": 0.01, "ordered": False}
MNIST_MINI = Path(image_folder.__file__).with_name("mnist_mini.npz")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "photos"


def save(path, size=(5, 4), colour=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, (*size, 3) if colour else size, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def fill(folder, classes=("cat", "dog"), n=10, **how):
    return {
        f"{name}/{i}.png": save(folder / name / f"{i}.png", **how)
        for name in classes
        for i in range(n)
    }


def read(folder, **params):
    return image_folder.read("image_folder", path=str(folder), **(OWN | params))


def facts(folder, **params):
    return image_folder.describe("image_folder", path=str(folder), **(OWN | params))


def refused(folder, **params):
    with pytest.raises(DataError) as caught:
        facts(folder, **params)
    text = str(caught.value)
    prefix = f"data set 'image_folder': {folder}: "
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


def test_a_folder_of_classes_without_a_test_set(folder):
    pixels = fill(folder, n=11)
    source, known = read(folder), facts(folder)
    assert source.task == known.task == "binary"
    assert source.class_names == known.class_names == ("cat", "dog")
    assert (known.train_counts, known.n_test, known.image_shape) == ((11, 11), 0, (5, 4, 1))
    assert known.metric == "average_precision"
    assert isinstance(source.images, np.memmap)
    assert source.images.dtype == np.uint8
    # natural order: 2 before 10
    expected = [pixels[f"{name}/{i}.png"] for name in ("cat", "dog") for i in range(11)]
    np.testing.assert_array_equal(source.images[..., 0], expected)
    np.testing.assert_array_equal(source.targets, [0] * 11 + [1] * 11)
    assert source.targets.dtype == np.int32
    assert source.test_images.shape == (0, 5, 4, 1)
    assert source.test_targets.shape == (0,)


def test_train_validation_and_test_folders(folder):
    for part, n in (("Train", 4), ("val", 2), ("test", 3)):
        fill(folder / part, ("2", "10", "1"), n)
    source, known = read(folder), facts(folder)
    assert source.class_names == ("1", "2", "10")
    assert known.train_counts == (6, 6, 6)  # validation joins
    assert (known.n_train, known.n_test, known.task) == (18, 9, "multiclass")
    assert len(source.images) == 18
    np.testing.assert_array_equal(source.test_targets, [0] * 3 + [1] * 3 + [2] * 3)


def test_ordered_classes(folder):
    fill(folder, ("0_none", "1_mild", "2_severe", "10_worst"), 2)
    known = facts(folder, ordered=True)
    assert known.class_names == ("0_none", "1_mild", "2_severe", "10_worst")
    assert known.ordered
    assert known.metric == "quadratic_kappa"
    assert read(folder, ordered=True).ordered


def test_names_in_any_unicode(folder):
    fill(folder, (unicodedata.normalize("NFD", "über"), "鳥 🐦", "a'b\"c;[x]"), 2)
    save(folder / "鳥 🐦" / f"{'名' * 80}.png")
    save(folder / "鳥 🐦" / "b" / "nested.png")
    assert set(facts(folder).class_names) == {"über", "鳥 🐦", "a'b\"c;[x]"}
    assert sorted(facts(folder).train_counts) == [2, 2, 4]
    assert len(read(folder).images) == 8


def test_mixed_sizes_are_resized(folder):
    fill(folder, n=2)
    save(folder / "cat" / "large.png", (40, 40), colour=True)
    assert facts(folder, image_size=8).image_shape == (8, 8, 3)
    assert read(folder, image_size=[6, 7], colour="grey").images.shape == (5, 6, 7, 1)
    assert read(folder, image_size=[6, 7]).images.shape == (5, 6, 7, 3)
    assert refused(folder) == (
        "the images have 2 sizes, from 5 x 4 to 40 x 40 (height x width; 4 of 5 are 5 x 4); one "
        "size is accepted, or image_size. Write image_size: 32, and all are resized."
    )


def test_colour(folder):
    fill(folder, n=2)
    assert facts(folder).image_shape == (5, 4, 1)
    assert facts(folder, colour="rgb").image_shape == (5, 4, 3)
    save(folder / "dog" / "colour.png", colour=True)
    assert facts(folder).image_shape == (5, 4, 3)
    assert facts(folder, colour="grey").image_shape == (5, 4, 1)


def test_what_is_no_image_by_name_is_ignored(folder):
    fill(folder, n=2)
    for name in (".DS_Store", "Thumbs.db", "labels.txt"):
        (folder / "cat" / name).write_text("x")
        (folder / name).write_text("x")
    (folder / "__MACOSX").mkdir()
    (folder / ".cache").mkdir()
    assert facts(folder).train_counts == (2, 2)
    assert facts(folder).unreadable == ()


def test_the_hash_follows_content_not_place(folder, tmp_path):
    fill(folder)
    first = facts(folder)
    shutil.copytree(folder, tmp_path / "moved")
    assert facts(tmp_path / "moved") == first
    os.utime(folder / "cat" / "0.png", (1, 1))
    assert facts(folder) == first
    save(folder / "cat" / "0.png")
    changed = facts(folder)
    assert changed.content_sha256 != first.content_sha256
    (folder / "cat" / "0.png").rename(folder / "dog" / "x.png")
    assert facts(folder).content_sha256 not in (first.content_sha256, changed.content_sha256)


def test_a_moved_folder_is_not_decoded_again(folder, tmp_path, cache):
    fill(folder)
    read(folder)
    shutil.move(folder, tmp_path / "moved")
    read(tmp_path / "moved")
    assert len(list((cache / "decoded").iterdir())) == 1
    read(tmp_path / "moved", colour="rgb")
    assert len(list((cache / "decoded").iterdir())) == 2


def test_a_damaged_cache_is_made_again(folder, cache, caplog):
    fill(folder)
    expected = np.array(read(folder).images)
    (made,) = (cache / "decoded").iterdir()
    os.truncate(made / "images.npy", 200)
    np.testing.assert_array_equal(read(folder).images, expected)
    assert "images.npy has changed" in caplog.text


def test_a_few_unreadable_files_are_left_out_and_named(folder, caplog):
    pixels = fill(folder, n=100)
    (folder / "cat" / "5.png").write_bytes(b"no image")
    content = (folder / "dog" / "7.png").read_bytes()
    (folder / "dog" / "7.png").write_bytes(content[: len(content) // 2])
    known = facts(folder)
    assert known.unreadable == ("cat/5.png",)
    assert known.train_counts == (99, 100)  # that the other one is truncated shows when decoded
    prepare("image_folder", {"path": str(folder)})
    assert "2 of 200 image files cannot be read and are left out: 'cat/5.png'" in caplog.text
    assert "'dog/7.png' (" in caplog.text
    source = read(folder)
    kept = [name for name in pixels if name not in ("cat/5.png", "dog/7.png")]
    np.testing.assert_array_equal(source.images[..., 0], [pixels[name] for name in kept])
    np.testing.assert_array_equal(source.targets, [name.startswith("dog") for name in kept])


def test_more_unreadable_files_than_tolerated(folder):
    fill(folder, n=10)
    (folder / "cat" / "5.png").write_bytes(b"no image")
    assert refused(folder) == (
        "1 of 20 image files cannot be read: 'cat/5.png' (no image of a known format); a share of "
        "up to 0.01 is accepted. Remove or repair them, or raise max_unreadable."
    )
    assert facts(folder, max_unreadable=0.05).train_counts == (9, 10)


def test_truncated_files_count_once_they_are_decoded(folder):
    fill(folder, n=10, size=(20, 20))
    for i in range(2):
        os.truncate(folder / "dog" / f"{i}.png", 300)
    assert facts(folder).train_counts == (10, 10)
    for _ in range(2):  # the cache knows it too
        with pytest.raises(DataError, match=r"2 of 20 image files cannot be read: 'dog/0.png' \("):
            prepare("image_folder", {"path": str(folder)})
    assert len(read(folder, max_unreadable=0.1).images) == 18


def test_only_unreadable_images(folder):
    for name in ("cat/1.png", "dog/1.png", "dog/2.png", "dog/3.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    assert refused(folder, max_unreadable=0.99) == (
        "none of the 4 image files can be read: 'cat/1.png' (no image of a known format), "
        "'dog/1.png' (no image of a known format), 'dog/2.png' (no image of a known format) and so "
        "on; at least one is accepted. Check how they were written."
    )


def test_a_class_of_which_no_image_can_be_read(folder):
    fill(folder, n=99)
    fill(folder, ("eel",), n=1, size=(20, 20))
    os.truncate(folder / "eel" / "0.png", 300)
    with pytest.raises(DataError, match="none of the training images of class 'eel' can be read"):
        read(folder, image_size=5)


def test_an_absent_folder(folder, tmp_path):
    assert refused(folder) == (
        "there is no such folder; a folder with one subfolder a class is accepted. Check the path."
    )
    assert refused(MNIST_MINI).startswith("this is no folder; a folder with one subfolder")


def test_no_images(folder):
    folder.mkdir()
    assert refused(folder).startswith("no images and no subfolders; two subfolders or more are")
    save(folder / "loose.png")
    assert refused(folder).startswith("1 images, but no subfolder; two subfolders or more are")
    (folder / "cat").mkdir()
    (folder / "dog").mkdir()
    assert refused(folder).startswith("there is no image for class 'cat', 'dog'; one or more for")


def test_one_class(folder):
    fill(folder, ("cat",))
    assert refused(folder) == (
        "'cat' is the only class; two subfolders or more are accepted, one a class, with images "
        "ending in .bmp, .gif, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp. Sort the images "
        "into them, or use image_table with a table of labels."
    )


def test_a_class_in_test_that_training_lacks(folder):
    fill(folder / "train")
    fill(folder / "test", ("cat", "Dog"))
    assert refused(folder).startswith("class 'Dog' has test images but no training images; ")


def test_parts_that_do_not_fit(folder):
    fill(folder / "test")
    assert refused(folder).startswith("there are only test; a folder train is accepted")
    fill(folder / "train")
    fill(folder / "extra")
    assert refused(folder).startswith("beside a folder of training images there is 'extra'; ")
    shutil.rmtree(folder / "extra")
    (folder / "test").rename(folder / "val")
    assert refused(folder) == (
        "there are the folders train, val, but no test; validation images are accepted beside test "
        "images, and join those of training, of which a tenth is drawn for validation. Rename "
        "validation to test to compare on it, or to train."
    )


def test_a_folder_of_masks(folder):
    fill(folder, ("images", "masks"))
    assert refused(folder) == (
        "there are images and masks, not classes; one subfolder a class is accepted. Write name: "
        "image_masks."
    )


@pytest.mark.skipif(os.name != "posix", reason="names that are no text")
def test_names_that_are_no_text(folder):
    fill(folder, (os.fsdecode(b"\xffcat"), "dog"), 2)
    save(folder / "dog" / os.fsdecode(b"\xff.png"))
    (folder / "dog" / os.fsdecode(b"\xfe.png")).write_text("x")
    known = facts(folder, max_unreadable=0.5)
    assert (known.class_names, known.unreadable) == (("dog", "\ufffdcat"), ("dog/\ufffd.png",))
    assert len(read(folder, max_unreadable=0.5).images) == 5
    assert "'dog/\\udcfe.png' (no image" in refused(folder)


def test_two_folders_shown_alike(folder):
    fill(folder, ("a\nb", "a\tb"), 1)
    assert "are both shown as 'a\ufffdb'; names that differ are accepted." in refused(folder)


def test_links_out_of_the_folder(folder, tmp_path):
    fill(folder)
    save(tmp_path / "secret.png")
    (folder / "cat" / "link.png").symlink_to(tmp_path / "secret.png")
    assert refused(folder) == (
        "1 links lead out of the folder, or to another folder: 'cat/link.png'; links to files "
        "inside it are accepted. Copy what they lead to."
    )


def test_a_file_that_changes_while_it_is_read(folder, monkeypatch):
    fill(folder)
    found = image_folder.look_at

    def looked(root, names):
        files = found(root, names)
        save(folder / "dog" / "3.png")
        return files

    monkeypatch.setattr(image_folder, "look_at", looked)
    with pytest.raises(DataError, match=r"'dog/3.png' changed while it was read; .* Run again."):
        read(folder)


def test_an_image_of_too_many_pixels_is_never_decoded(folder):
    fill(folder, n=100)
    Image.new("1", (10_000, 5_001)).save(folder / "cat" / "0.png")
    known = facts(folder)
    assert known.unreadable == ("cat/0.png",)
    assert known.image_shape == (5, 4, 1)


def test_sets_of_several_batches_keep_their_order(folder, monkeypatch):
    monkeypatch.setattr("lossbench.datasets.decoding._BATCH", 3)
    pixels = fill(folder, n=40)
    np.testing.assert_array_equal(read(folder).images[..., 0], list(pixels.values()))


def test_long_decoding_is_announced_once(folder, cache, monkeypatch, caplog):
    monkeypatch.setattr("lossbench.datasets.decoding._MANY", 19)
    fill(folder, n=10)
    read(folder)
    read(folder)
    (said,) = caplog.messages
    assert said == f"decoding 20 images, once: later runs find them in {cache}/decoded"


def export(folder, arrays, names):
    """Write images as PNG files: the number of an example is its file's name."""
    for part in ("train", "test"):
        for name in names:
            (folder / part / name).mkdir(parents=True)
        labels = arrays[f"y_{part}"].ravel()
        for i, (image, label) in enumerate(zip(arrays[f"x_{part}"], labels, strict=True)):
            Image.fromarray(image).save(folder / part / names[label] / f"{i}.png")


def assert_same(folder, arrays, names, tmp_path):
    """Compare with the npz, whose examples stand class by class as those of the folder do.

    Who is drawn for validation depends on the place of an example among those of its class, so
    that the three parts agree and not only all images together.
    """
    export(folder, arrays, names)
    by_class = {
        f"{axis}_{part}": arrays[f"{axis}_{part}"][
            np.argsort(arrays[f"y_{part}"].ravel(), kind="stable")
        ]
        for part in ("train", "test")
        for axis in "xy"
    }
    np.savez(tmp_path / "by_class.npz", **by_class)
    ours = load("image_folder", {"path": str(folder)})
    theirs = load("npz", {"path": str(tmp_path / "by_class.npz")})
    assert ours.class_names == tuple(names)
    assert ours.task == theirs.task
    for part in ("train", "validation", "test"):
        own, other = getattr(ours, part), getattr(theirs, part)
        np.testing.assert_array_equal(own.images, other.images)
        np.testing.assert_array_equal(own.targets, other.targets)
        np.testing.assert_array_equal(own.ids, other.ids)


def test_digits_exported_as_files_are_the_same_as_their_arrays(folder, tmp_path):
    with np.load(MNIST_MINI) as stored:
        arrays = {
            key: stored[key][: 1200 if "train" in key else 200]
            for key in ("x_train", "y_train", "x_test", "y_test")
        }
    assert_same(folder, arrays, list(map(str, range(10))), tmp_path)


def test_photographs_exported_as_files_are_the_same_as_their_arrays(real_data, folder, tmp_path):
    if not (real_data / "cifar10-subset.npz").is_file():
        pytest.skip("LOSSBENCH_DATA has no cifar10-subset.npz")
    with np.load(real_data / "cifar10-subset.npz") as stored:
        arrays = {key: stored[key] for key in ("x_train", "y_train", "x_test", "y_test")}
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()
    assert_same(folder, arrays, names, tmp_path)
