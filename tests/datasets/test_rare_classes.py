"""One class against the rest at a prevalence: counts by hand, what stays, what is refused."""

import numpy as np
import pytest

from lossbench.catalog import Facts
from lossbench.datasets import damaging, describe, load, streams
from lossbench.datasets.parts import Optimum, Part, Splits
from lossbench.errors import DataError


def wish(positive=7, prevalence=0.01, **more):
    asked = {"type": "one_vs_rest", "positive": positive, "prevalence": prevalence, **more}
    return {"imbalance": asked}


@pytest.fixture(scope="module")
def whole():
    return load("mnist_mini", {})


def test_positives_of_training_and_validation_are_thinned_to_the_prevalence(whole):
    found = load("mnist_mini", wish())
    assert (found.task, found.class_names, found.ordered) == ("binary", ("not 7", "7"), False)
    assert np.bincount(found.train.targets).tolist() == [4050, 41]  # 4050 / 99 = 40.9
    assert np.bincount(found.validation.targets).tolist() == [450, 5]  # 4.5, upwards
    done = found.damage["imbalance"]["done"]
    assert done["train"] == {"before": [4050, 450], "after": [4050, 41]}
    assert done["prevalence"] == pytest.approx(
        {"train": 41 / 4091, "validation": 5 / 455, "test": 0.1}
    )


@pytest.mark.parametrize("at", ["train", "validation", "test"])
def test_an_image_is_positive_if_it_was_of_the_class(whole, at):
    ours, theirs = getattr(load("mnist_mini", wish()), at), getattr(whole, at)
    was = dict(zip(theirs.ids.tolist(), theirs.targets.tolist(), strict=True))
    expected = [was[i] == 7 for i in ours.ids.tolist()]
    np.testing.assert_array_equal(ours.targets, expected)
    assert ours.targets.dtype == np.int32
    rest = theirs.ids[theirs.targets != 7]
    assert set(rest) <= set(ours.ids), "negatives all stay"
    if at == "test":
        np.testing.assert_array_equal(ours.ids, theirs.ids)
        np.testing.assert_array_equal(ours.images, theirs.images)


def test_a_clean_validation_part_keeps_its_positives():
    found = load("mnist_mini", wish(validation="clean"))
    assert np.bincount(found.train.targets).tolist() == [4050, 41]
    assert np.bincount(found.validation.targets).tolist() == [450, 50]
    facts = describe("mnist_mini", wish(validation="clean"))
    assert (facts.train_counts, facts.validation_counts) == ((4050, 41), (450, 50))


@pytest.mark.parametrize("name", ["7", 7])
def test_a_class_may_be_named_or_numbered(name):
    assert describe("mnist_mini", wish(name)).class_names == ("not 7", "7")


def test_describe_makes_it_binary():
    facts = describe("synthetic_ordinal", wish("grade 4", 0.05) | {"n_test": 50})
    assert (facts.task, facts.n_classes, facts.metric) == ("binary", 2, "average_precision")
    assert not facts.ordered


def test_of_two_classes_the_positive_one_becomes_the_second(tmp_path):
    labels = np.array(["sick", "well"])[np.repeat([0, 1], [60, 40])]
    images = np.arange(100, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    found = load("npz", {"path": str(path), **wish("sick", 0.25)})
    assert found.class_names == ("well", "sick")
    assert np.bincount(found.train.targets).tolist() == [36, 12]
    np.testing.assert_array_equal(found.test.targets, np.repeat([1, 0], [60, 40]))
    facts = describe("npz", {"path": str(path), **wish("sick", 0.25)})
    assert facts.class_names == found.class_names and facts.train_counts == (36, 12)


def test_fewer_positives_are_some_of_the_more(whole):
    few, many = (load("mnist_mini", wish(prevalence=p)).train for p in (0.005, 0.05))
    assert set(few.ids) < set(many.ids) < set(whole.train.ids)


def test_the_best_possible_scores_become_those_of_two_classes():
    p = np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])
    part = Part(np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 1], np.int32), np.arange(2))
    train = Part(np.zeros((6, 1, 1, 1)), np.array([0, 1, 2] * 2, np.int32), np.arange(6))
    optimum = Optimum(scores=np.log(p))
    splits = Splits(train, train, part, "multiclass", tuple("abc"), optimum=optimum)
    found = damaging.damaged("made", splits, wish("b", 0.3), 0)
    np.testing.assert_allclose(np.exp(found.optimum.scores), [[0.8, 0.2], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            wish("seven"),
            "imbalance of type one_vs_rest has no class 'seven' to be positive; '0', '1', '2', "
            "'3', '4', '5', '6', '7', '8', '9', or a number 0 to 9, are accepted. Choose one of "
            "them.",
        ),
        (
            wish(10),
            "has no class number 10 to be positive; 0 to 9 are accepted. Count classes from 0.",
        ),
        (
            wish(prevalence=0.2),
            "imbalance asks for a prevalence of 0.2, but of 4500 training images 450 are of class "
            "'7', and only those are thinned; up to 0.1 is accepted. Lower prevalence.",
        ),
        (
            wish(prevalence=1e-4),
            "a prevalence of 0.0001, which leaves none of 450 training images of class '7' beside "
            "4050 others; 0.00025 to 0.1 is accepted. Raise prevalence, or use more images.",
        ),
        (
            wish() | {"label_noise": {"type": "asymmetric", "rate": 0.1}},
            "asymmetric label_noise has no map of similar classes for 'not 7' and '7'; symmetric, "
            "pair and matrix are accepted. Choose one of these types.",
        ),
        (
            wish() | {"label_noise": {"type": "matrix", "matrix": np.eye(10).tolist()}},
            "the matrix of label_noise has 10 rows of 10 numbers; 2 rows of 2 are accepted",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_trains(asked, says):
    with pytest.raises(DataError) as caught:
        describe("mnist_mini", asked)
    assert str(caught.value).startswith("data set 'mnist_mini': ")
    assert says in str(caught.value)


def test_a_misspelt_class_is_told_the_nearest():
    says = r"has no class 'grad 3' to be positive; .*\. Did you mean 'grade 3'\?"
    with pytest.raises(DataError, match=says):
        describe("synthetic_ordinal", wish("grad 3"))


def test_the_accepted_prevalences_are_accepted():
    for prevalence, left in ((0.00025, 1), (0.1, 450)):
        facts = describe("mnist_mini", wish(prevalence=prevalence))
        assert facts.train_counts == (4050, left)


def test_long_class_lists_are_cut():
    names = tuple(f"class {i}" for i in range(100))
    facts = Facts(
        task="multiclass",
        image_shape=(8, 8, 1),
        n_classes=100,
        n_targets=0,
        n_train=1000,
        n_validation=100,
        n_test=100,
        soft_targets=False,
        class_names=names,
        metric="accuracy",
        train_counts=(10,) * 100,
        validation_counts=(1,) * 100,
    )
    with pytest.raises(DataError, match=r"'class 9' \.\.\., or a number 0 to 99, are accepted"):
        damaging.foreseen("made", facts, wish("zebra"), lambda: pytest.fail("not needed"))


def test_soft_labels_of_the_users_own_have_no_one_class(tmp_path):
    soft = np.tile([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], (10, 1))
    images = np.zeros((30, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=soft, x_test=images, y_test=soft)
    with pytest.raises(DataError, match="imbalance is given, but the targets are soft labels"):
        describe("npz", {"path": str(path), **wish(0, 0.1)})


def test_a_stream_hangs_on_names_and_seed_alone():
    def drawn(*args, at="train"):
        return streams.Wish("d", *args).rng(at).random()

    first = drawn("label_noise", {}, 3)
    assert first == drawn("label_noise", {"rate": 0.5}, 3)
    others = (
        drawn("label_noise", {}, 4),
        drawn("imbalance", {}, 3),
        drawn("label_noise", {}, 3, at="validation"),
    )
    assert first not in others and len(set(others)) == 3
