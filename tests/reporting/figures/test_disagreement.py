import numpy as np
import pytest

from lossbench import datasets, store
from lossbench.reporting.figures import disagreement_table, inline_svg
from lossbench.reporting.figures.disagreement import pictures
from tests.reporting.figures.made_answers import logits, material_of, write_runs

JOB = {"dataset": {"name": "mnist_mini", "params": {}}, "seed": 0}
SHAPE = {"image_shape": [28, 28, 1], "n_train": 4500, "n_validation": 500, "n_test": 1000}
NAMES = [str(k) for k in range(10)]


@pytest.fixture(scope="module")
def part():
    return datasets.load("mnist_mini", {}).test


def _runs(make_runs, part, wrong, **more):
    """Networks that are wrong about the examples at these positions, by level and seed."""

    def scores(positions):
        said = part.targets.copy()
        said[positions] = (said[positions] + 1) % 10
        return logits(said, 10, 0.9)

    tables = {level: [scores(one) for one in each] for level, each in wrong.items()}
    how = {"names": NAMES, "ids": part.ids, "job": JOB, "changes": SHAPE} | more
    return write_runs(make_runs, tables, part.targets, **how)


WRONG = {"ce": [[5, 8], [5, 8]], "focal": [[2, 8], [8, 9]]}


def test_examples_with_the_largest_spread_of_shares_come_first(make_runs, part):
    material = material_of(_runs(make_runs, part, WRONG))
    table = disagreement_table(material.answers, NAMES)

    # 5: none against both right; 2 and 9: both against one; of 8 both levels are wrong
    assert table["example"].drop_duplicates().tolist() == [int(part.ids[at]) for at in (5, 2, 9)]
    first = table[table["example"] == part.ids[5]].set_index("level")
    true = int(part.targets[5])
    assert first["true"].tolist() == [str(true)] * 2
    assert first["right"].to_dict() == {"ce": 0, "focal": 2}
    assert first["answer"].to_dict() == {"ce": str((true + 1) % 10), "focal": str(true)}


def test_images_are_those_of_the_examples(make_runs, part):
    material = material_of(_runs(make_runs, part, WRONG))
    (picture,) = pictures(material)
    (axes,) = picture.draw().axes

    shown = [image.get_array()[..., 0] for image in axes.images]
    assert len(shown) == 3
    assert np.array_equal(shown[0], np.asarray(part.images[5])[..., 0])
    texts = [text.get_text() for text in axes.texts]
    assert sum(text.endswith("0 of 2 right") for text in texts) == 1
    assert inline_svg(picture, "a") == inline_svg(picture, "a")
    assert "chance alone" in picture.caption


@pytest.mark.parametrize(
    "spoil",
    [
        {"job": {"dataset": {"name": "npz", "params": {"path": "/gone.npz"}}, "seed": 0}},
        {"job": {"dataset": {"name": "function", "params": {"path": "x.py:f"}}, "seed": 0}},
        {"job": {"dataset": {"name": "no such set", "params": {}}}},
        {"job": {}},
        {"changes": SHAPE | {"image_shape": [784]}},
        {"changes": SHAPE | {"image_shape": [2800, 2800, 3]}},
    ],
)
def test_no_picture_and_no_error_where_images_cannot_be_had(make_runs, part, spoil):
    assert not list(pictures(material_of(_runs(make_runs, part, WRONG, **spoil))))


def test_no_picture_where_the_data_have_other_labels_now(make_runs, part):
    folder = _runs(make_runs, part, WRONG)
    for place in (folder / "jobs").iterdir():
        with np.load(place / "predictions.npz") as saved:
            kept = dict(saved)
        kept["y_true"] = (kept["y_true"] + 1) % 10
        np.savez(place / "predictions.npz", **kept)
    assert not list(pictures(material_of(folder)))


def test_nothing_where_all_agree_or_seeds_have_examples_of_their_own(make_runs, part):
    same = _runs(make_runs, part, {"ce": [[5]], "focal": [[5]]})
    assert not list(pictures(material_of(same)))
    own = _runs(make_runs, part, WRONG)
    place = store.job_folder(own, "made-mnist_mini-ce-1") / "predictions.npz"
    with np.load(place) as saved:
        kept = dict(saved)
    np.savez(place, **kept | {"example_id": kept["example_id"] + 1})
    assert not list(pictures(material_of(own)))
