"""Images and equal images; what is measured of targets has tests of its own."""

import numpy as np
import pytest

from lossbench import datasets
from lossbench.catalog import DATASETS
from lossbench.datasets.inspection import inspect, spaced
from lossbench.datasets.parts import Part, Splits


def part(images, targets, first=0):
    images = np.asarray(images)
    return Part(images, np.asarray(targets), np.arange(first, first + len(images)))


def splits(train, validation, test, task="multiclass", names=("a", "b")):
    return Splits(train, validation, test, task, names)


def noise(n, seed=0, shape=(6, 5, 1)):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def labels(n):
    return (np.arange(n) % 2).astype(np.int32)


def test_pixels_and_sizes():
    images = noise(20)
    images[0], images[1] = 7, 0
    seen = inspect(
        splits(part(images, labels(20)), part(noise(4, 1), labels(4)), part(noise(6, 2), labels(6)))
    )
    assert seen.sizes == {"train": 20, "validation": 4, "test": 6}
    assert seen.images.shape == (6, 5, 1) and seen.images.dtype == "uint8"
    assert seen.images.mean == pytest.approx(images.mean())
    assert seen.images.deviation == pytest.approx(images.std())
    assert seen.images.constant == {"train": 2, "validation": 0, "test": 0}
    everything = np.concatenate([images, noise(4, 1), noise(6, 2)])
    assert (seen.images.low, seen.images.high) == (everything.min(), everything.max())


def test_equal_images_within_and_between_the_parts():
    train = noise(10)
    train[5] = train[0]  # labels 1 and 0: a conflict
    train[6] = train[2] = train[4]  # all labels 0
    test = noise(4, 2)
    test[0] = train[1]
    test[2] = test[3]  # labels 0 and 1: another conflict
    validation = noise(3, 1)
    validation[0] = train[8]
    seen = inspect(
        splits(
            part(train, labels(10)),
            part(validation, labels(3)),
            part(test, np.array([1, 0, 0, 1], np.int32)),
        )
    )
    same = seen.duplicates
    assert (same.training, same.validation, same.test, same.within_test) == (3, 1, 1, 1)
    assert (same.conflicts, same.conflicting) == (2, 4)


def test_constant_images_are_no_duplicates():
    train = noise(6)
    train[:3] = 0
    seen = inspect(splits(part(train, labels(6)), part(train[:2], labels(2)), part(train[:1], [1])))
    assert seen.duplicates.training == 0 and seen.duplicates.conflicts == 0
    assert seen.images.constant == {"train": 3, "validation": 2, "test": 1}


def test_equal_pixels_of_another_target_conflict_for_numbers_too():
    train = noise(4)
    train[3] = train[0]
    targets = np.array([[0.5], [1.0], [2.0], [0.7]], np.float32)
    seen = inspect(
        splits(
            part(train, targets), part(noise(2, 1), targets[:2]), part(noise(2, 2), targets[:2]),
            "regression", (),
        )
    )  # fmt: skip
    assert seen.duplicates.conflicts == 1


def test_too_many_pixels_are_sampled_and_the_result_says_so():
    train = noise(1000)
    seen = inspect(
        splits(
            part(train, labels(1000)), part(noise(100, 1), labels(100)), part(train, labels(1000))
        ),
        most_bytes=30 * 1050,
    )
    assert seen.images.read == {"train": 500, "validation": 50, "test": 500}
    assert seen.duplicates.test == 500  # the same positions of both


def test_spaced_positions():
    assert spaced(4, 9).tolist() == [0, 1, 2, 3]
    assert spaced(10, 3).tolist() == [0, 3, 6]
    assert spaced(0, 3).tolist() == []


def test_an_empty_test_part():
    seen = inspect(
        splits(part(noise(12), labels(12)), part(noise(4, 1), labels(4)), part(noise(0), labels(0)))
    )
    assert seen.sizes["test"] == 0 and seen.targets.classes.test_ratio is None


def test_images_on_disk_are_read_in_pieces(tmp_path, monkeypatch):
    images = noise(50)
    np.save(tmp_path / "x.npy", images)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    monkeypatch.setattr("lossbench.datasets.inspection.MOST_IN_MEMORY", 7 * 30)
    parts = part(noise(4, 1), labels(4)), part(noise(4, 2), labels(4))
    assert inspect(splits(part(mapped, labels(50)), *parts)) == inspect(
        splits(part(images, labels(50)), *parts)
    )


def test_damage_is_shown_and_counted():
    params = {"subset": 200, "label_noise": {"type": "symmetric", "rate": 0.5}}
    seen = inspect(datasets.load("mnist_mini", params))
    assert seen.damage["label_noise"]["asked"]["rate"] == 0.5
    assert sum(seen.targets.classes.counts["train"]) == 180


OFFLINE = [
    row.name
    for row in DATASETS
    if row.file is None and not any(p.required for p in row.params.values())
]


@pytest.mark.parametrize("name", OFFLINE)
def test_every_data_set_of_the_catalogue(name):
    seen = inspect(datasets.load(name, {}))
    facts = datasets.describe(name, {})
    assert seen.sizes["train"] == facts.n_train and seen.images.shape == facts.image_shape
    assert set(seen.outputs) == {output.name for output in facts.outputs}
    for targets in seen.outputs.values() or [seen.targets]:
        kinds = (targets.classes, targets.labels, targets.masks, targets.values or None)
        assert sum(kind is not None for kind in kinds) == 1
