import numpy as np
import pytest

from lossbench import datasets, metrics, store
from lossbench.comparison.predictions import read_masks
from lossbench.errors import StoreError
from lossbench.reporting.figures.masks import chosen_examples, image_dice, pictures
from tests.reporting.figures.made_answers import material_of

PARAMS = {"n": 40}


def _runs(make_runs, part, said):
    """Networks that give these masks, by level."""
    shape = list(np.shape(part.images)[1:])
    changes = {"task": "segmentation", "image_shape": shape, "n_test": len(part.ids)}
    scores = {level: [changes | {"class_names": ["background", "disk"]}] for level in said}
    folder = make_runs(scores, metric="dice_score", protocol={"baseline": "bce"})
    for level, masks in said.items():
        place = store.job_folder(folder, f"made-mnist_mini-{level}-0")
        np.savez(place / "predictions.npz", example_id=part.ids, y_true=part.targets, y_pred=masks)
        job = {"dataset": {"name": "synthetic_segmentation", "params": PARAMS}, "seed": 0}
        store.write_json(place / "job.json", job)
    return folder


@pytest.fixture(scope="module")
def part():
    return datasets.load("synthetic_segmentation", PARAMS).test


def test_dice_of_each_image_is_the_metric_of_that_image():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 3, (2, 4, 5, 5)).astype(np.uint8)
    truth[0] = said[0] = 0
    expected = [
        metrics.primary("segmentation", truth[[at]], np.eye(3)[said[[at]]], "dice_score")
        for at in range(4)
    ]
    assert image_dice(truth, said) == pytest.approx(expected)


def test_the_first_image_and_those_with_an_object_that_differ_most_are_chosen():
    ids = np.array([3, 4, 5, 6, 7, 8])
    dice = np.array([[0.5, 0.0, 0.9, 0.7, 0.8, 1.0], [0.5, 1.0, 0.4, 0.5, 0.8, 0.1]])
    has_object = np.array([True, False, True, True, True, True])
    assert chosen_examples(ids, dice, has_object).tolist() == [0, 5, 2, 3]


def test_pixels_are_counted_as_found_missed_and_invented(make_runs, part):
    empty = np.zeros_like(part.targets)
    shifted = np.roll(part.targets, 1, axis=1)
    material = material_of(_runs(make_runs, part, {"bce": part.targets, "a": empty, "b": shifted}))
    (picture,) = pictures(material)
    table = picture.table.set_index(["example", "level"])

    for example in picture.table["example"].unique():
        truth = part.targets[part.ids == example][0]
        size = int((truth > 0).sum())
        missed = int(((truth > 0) & (np.roll(truth, 1, axis=0) == 0)).sum())
        assert table.loc[(example, "bce"), "found"] == size
        assert table.loc[(example, "a"), "missed"] == size
        assert table.loc[(example, "b"), "missed"] == missed
        assert table.loc[(example, "b"), "invented"] == missed
        assert table.loc[(example, "a"), "dice"] == (0 if size else 1)
    (axes,) = picture.draw().axes
    assert len(axes.images) == 4 * len(picture.table["example"].unique())
    assert "seed 0" in picture.caption


def test_nothing_where_a_file_is_gone_or_masks_are_no_masks(make_runs, part):
    folder = _runs(make_runs, part, {"bce": part.targets, "a": part.targets})
    place = store.job_folder(folder, "made-mnist_mini-a-0") / "predictions.npz"
    np.savez(place, example_id=part.ids, y_true=part.targets, y_pred=part.targets[:, 0])
    assert not list(pictures(material_of(folder)))
    place.unlink()
    assert not list(pictures(material_of(folder)))
    with pytest.raises(StoreError, match="cannot be read"):
        read_masks(folder, "made-mnist_mini-a-0")
