from dataclasses import replace

import numpy as np

from lossbench import datasets
from lossbench.datasets.contact_sheet import COLUMNS, ROWS, contact_sheet
from lossbench.datasets.parts import Part, Splits


def test_a_row_for_each_class_of_its_own_images():
    splits = datasets.load("mnist_mini", {"subset": 300})
    sheet = contact_sheet(splits)
    assert [row.title for row in sheet.rows] == list(splits.class_names)
    assert sum(row.count for row in sheet.rows) == 270 and sheet.left_out == 0
    for label, row in enumerate(sheet.rows):
        own = splits.train.images[splits.train.targets == label]
        assert len(row.images) == COLUMNS
        for image in row.images:
            assert (own == image).all(axis=(1, 2, 3)).any()


def test_the_same_images_every_time():
    splits = datasets.load("mnist_mini", {"subset": 300})
    first, second = contact_sheet(splits), contact_sheet(splits)
    for a, b in zip(first.rows, second.rows, strict=True):
        np.testing.assert_array_equal(a.images, b.images)


def test_regression_goes_from_low_to_high():
    sheet = contact_sheet(datasets.load("synthetic_regression", {"n": 200}))
    lows = [float(row.title.split(" to ")[0]) for row in sheet.rows]
    assert len(lows) == 6 and lows == sorted(lows)
    assert sum(row.count for row in sheet.rows) == 180


def test_labels_that_hold_together():
    splits = datasets.load("synthetic_multilabel", {"n": 300})
    sheet = contact_sheet(splits)
    assert [row.count for row in sheet.rows] == splits.train.targets.sum(axis=0).tolist()


def test_of_several_outputs_the_first_decides():
    sheet = contact_sheet(datasets.load("digit_position", {"subset": 300}))
    assert len(sheet.rows) == 10


def masks():
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8, 1)
    targets = np.zeros((4, 8, 8), np.uint8)
    targets[1, 2:4] = 1
    targets[2, 5] = 2
    part = Part(images, targets, np.arange(4))
    return Splits(part, part, part, "segmentation", ("background", "cell", "dirt"))


def test_masks_stand_beside_their_images():
    sheet = contact_sheet(masks())
    assert [(row.title, row.count) for row in sheet.rows] == [("cell", 1), ("dirt", 1)]
    np.testing.assert_array_equal(sheet.rows[0].images[0], masks().train.images[1])
    np.testing.assert_array_equal(sheet.rows[0].masks[0], masks().train.targets[1])


def test_too_many_classes():
    splits = datasets.load("mnist_mini", {"subset": 300})
    many = tuple(f"class {k}" for k in range(100))
    targets = (np.arange(len(splits.train.ids)) % 100).astype(np.int32)
    splits = replace(splits, class_names=many, train=replace(splits.train, targets=targets))
    sheet = contact_sheet(splits)
    assert len(sheet.rows) == ROWS and sheet.left_out == 100 - ROWS
    assert sheet.rows[0].title == "class 0" and sheet.rows[-1].title == "class 99"


def test_a_class_without_images_has_an_empty_row():
    splits = datasets.load("mnist_mini", {"subset": 300})
    splits = replace(splits, class_names=(*splits.class_names, "none"))
    assert contact_sheet(splits).rows[-1].count == 0
