"""Damage through describe and load: what it touches, what it records, what is refused."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lossbench.catalog.damage import DAMAGE
from lossbench.datasets import describe, label_sha256, load, split_sha256
from lossbench.errors import DataError

NOISE = {"type": "symmetric", "rate": 0.4}
TAIL = {"type": "exponential", "ratio": 100.0}
OUTLIERS = {"rate": 0.1, "size": 8.0, "sides": "two"}
SMALL = {"n": 600, "n_test": 50}
CLEAN = {"validation": "clean"}


@pytest.fixture(scope="module")
def whole():
    return load("mnist_mini", {})


def same(ours, theirs):
    np.testing.assert_array_equal(ours.ids, theirs.ids)
    np.testing.assert_array_equal(ours.targets, theirs.targets)
    np.testing.assert_array_equal(ours.images, theirs.images)


def test_label_noise_damages_training_and_validation_and_never_the_test(whole):
    found = load("mnist_mini", {"label_noise": NOISE})
    assert split_sha256(found) == split_sha256(whole)
    assert label_sha256(found) != label_sha256(whole)
    same(found.test, whole.test)
    for at in ("train", "validation"):
        ours, theirs = getattr(found, at), getattr(whole, at)
        same(replace(ours, targets=theirs.targets), theirs)
        wrong = ours.targets != theirs.targets
        assert wrong.mean() == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / len(wrong)))
        done = found.damage["label_noise"]["done"][at]
        assert done["flipped"] == np.bincount(theirs.targets[wrong], minlength=10).tolist()
        assert done["rate"] == wrong.mean()
        assert done["after"] == np.bincount(ours.targets, minlength=10).tolist()
    assert found.damage["label_noise"]["asked"] == NOISE


@pytest.mark.parametrize(
    ("name", "params", "key", "wish"),
    [
        ("mnist_mini", {}, "label_noise", NOISE),
        ("mnist_mini", {}, "imbalance", TAIL),
        ("synthetic_regression", SMALL, "outliers", OUTLIERS),
    ],
)
def test_validation_is_clean_where_that_is_declared(name, params, key, wish):
    undamaged = load(name, params)
    damaged, clean = (load(name, params | {key: wish | more}) for more in ({}, CLEAN))
    same(clean.train, damaged.train)
    same(clean.validation, undamaged.validation)
    assert label_sha256(damaged) != label_sha256(undamaged)
    assert list(clean.damage[key]["done"]) == ["train"]
    assert not np.array_equal(damaged.validation.targets, undamaged.validation.targets)
    same(clean.test, undamaged.test)
    same(damaged.test, undamaged.test)


def test_a_long_tail_has_the_sizes_of_the_formula(whole):
    found = load("mnist_mini", {"imbalance": TAIL})
    expected = [450, 270, 162, 97, 58, 35, 21, 13, 8, 5]  # 450 * 100 ** (-k / 9), 4.5 upwards
    assert np.bincount(found.train.targets).tolist() == expected
    assert np.bincount(found.validation.targets).tolist() == [50, 30, 18, 11, 6, 4, 2, 1, 1, 1]
    assert found.damage["imbalance"]["done"]["train"]["after"] == expected
    facts = describe("mnist_mini", {"imbalance": TAIL})
    assert facts.train_counts == tuple(expected)
    assert (facts.n_train, facts.n_validation) == (sum(expected), 124)
    assert facts.metric == "balanced_accuracy"
    assert set(found.train.ids) < set(whole.train.ids)
    clean = describe("mnist_mini", {"imbalance": TAIL | CLEAN})
    assert (clean.n_train, clean.n_validation) == (sum(expected), 500)


def test_rare_classes_come_before_wrong_labels():
    found = load("mnist_mini", {"imbalance": TAIL, "label_noise": NOISE})
    tail, noise = (found.damage[kind]["done"] for kind in ("imbalance", "label_noise"))
    assert tail["train"]["after"] == noise["train"]["before"]
    assert noise["train"]["after"] == np.bincount(found.train.targets).tolist()


def test_outliers_are_so_many_standard_deviations_away():
    clean, found = (load("synthetic_regression", SMALL | p) for p in ({}, {"outliers": OUTLIERS}))
    moved = found.train.targets - clean.train.targets
    spread = clean.train.targets.std()
    hit = moved[moved != 0]
    assert len(hit) == 54
    np.testing.assert_allclose(np.abs(hit), 8 * spread, rtol=1e-4)
    done = found.damage["outliers"]["done"]["train"]
    assert (done["up"], done["down"]) == ((hit > 0).sum(), (hit < 0).sum())
    assert done["up"] and done["down"]
    assert done["standard_deviations"] == pytest.approx([spread], rel=1e-5)


@pytest.mark.parametrize("target", ["position", "count", "positive"])
def test_describe_says_what_targets_with_outliers_are(target):
    params = SMALL | {"target": target, "outliers": OUTLIERS}
    facts, splits = describe("synthetic_regression", params), load("synthetic_regression", params)
    assert facts.target_kinds == splits.target_kinds
    assert not {"positive", "counts"} & facts.target_kinds
    assert facts.metric == "mae"


def test_loading_twice_gives_the_same_damage():
    params = {"label_noise": NOISE, "imbalance": TAIL}
    first, second = load("mnist_mini", params), load("mnist_mini", params)
    same(first.train, second.train)
    same(first.validation, second.validation)
    assert first.damage == second.damage


def test_the_draw_is_the_one_that_results_were_made_with(whole):
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    found = load("mnist_mini", {"label_noise": NOISE})
    assert found.train.targets[:12].tolist() == [6, 3, 4, 5, 0, 4, 2, 3, 6, 2, 5, 0]


def test_damage_differs_between_seeds_and_nothing_else_does(whole):
    params = {"label_noise": NOISE, "imbalance": TAIL}
    zero, one, again = (load("mnist_mini", params, seed) for seed in (0, 1, 1))
    assert label_sha256(one) == label_sha256(again) != label_sha256(zero)
    assert split_sha256(one) == split_sha256(again) != split_sha256(zero)
    sizes = [found.damage["imbalance"]["done"]["train"]["after"] for found in (zero, one)]
    assert sizes[0] == sizes[1]
    same(one.test, whole.test)
    for seed in (0, 1):
        assert split_sha256(load("mnist_mini", {}, seed)) == split_sha256(whole)


EVERY = {
    "imbalance": ("mnist_mini", {"type": "exponential", "ratio": 20.0}),
    "missing_labels": ("mnist_mini", {"rate": 0.5}),
    "label_noise": ("mnist_mini", NOISE),
    "soft_labels": ("mnist_mini", {"annotators": 2, "rate": 0.2}),
    "target_noise": ("synthetic_regression", {"type": "student_t", "scale": 0.5}),
    "outliers": ("synthetic_regression", OUTLIERS),
    "image_noise": ("mnist_mini", {"type": "salt_pepper", "rate": 0.2}),
}
BASE = {"mnist_mini": {"subset": 500}, "synthetic_regression": SMALL}
FINGERPRINT = """
import hashlib, json, sys
from lossbench.datasets import load
found = []
for name, params, seed in json.loads(sys.argv[1]):
    data = load(name, params, seed)
    parts = (data.train, data.validation, data.test)
    arrays = [a for part in parts for a in (part.images, part.targets, part.ids)]
    found.append(hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest())
print(json.dumps(found))
"""


def fingerprints(cases):
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINT, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_kind_is_tried():
    assert list(EVERY) == list(DAMAGE)


def test_damage_is_that_of_the_seed_in_whatever_process():
    cases = [
        (name, BASE[name] | {kind: asked}, seed)
        for seed in (0, 1)
        for kind, (name, asked) in EVERY.items()
    ]
    first, again = fingerprints(cases), fingerprints(cases[: -len(EVERY) - 1 : -1])
    assert first[len(EVERY) :] == again[::-1], "whatever was loaded before, in any process"
    assert len(set(first)) == len(cases), "each kind and seed is damage of its own"


@pytest.mark.parametrize("kind", EVERY)
def test_the_test_part_is_never_damaged_and_what_was_asked_is_recorded(kind):
    name, asked = EVERY[kind]
    clean, found = load(name, BASE[name]), load(name, BASE[name] | {kind: asked})
    np.testing.assert_array_equal(found.test.images, clean.test.images)
    np.testing.assert_array_equal(found.test.ids, clean.test.ids)
    targets = found.test.targets
    hard = targets.argmax(axis=1) if kind == "soft_labels" else targets
    np.testing.assert_array_equal(hard, clean.test.targets)
    assert found.damage[kind]["asked"] == asked
    assert {"train", "validation"} <= set(found.damage[kind]["done"])
    json.dumps(found.damage, allow_nan=False)


def test_all_damage_at_once_is_done_in_the_order_of_the_table():
    params = {kind: asked for kind, (name, asked) in reversed(EVERY.items()) if name[0] == "m"}
    found = load("mnist_mini", params)
    assert list(found.damage) == ["seed", *(kind for kind in DAMAGE if kind in params)]
    steps = [found.damage[kind]["done"]["train"] for kind in ("missing_labels", "label_noise")]
    assert steps[0]["after"] == steps[1]["before"]
    assert found.damage["image_noise"]["done"]["train"]["of"] == len(found.train.ids)


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "gaussian", "scale": 0.2},
        {"type": "salt_pepper", "rate": 0.1},
        {"type": "blur", "sigma": 1.5},
    ],
)
def test_images_are_disturbed_and_labels_are_not(whole, asked):
    found = load("mnist_mini", {"image_noise": asked})
    clean = load("mnist_mini", {"image_noise": asked | CLEAN})
    for at in ("train", "validation"):
        ours, theirs = getattr(found, at), getattr(whole, at)
        assert ours.images.dtype == np.uint8 and ours.images.shape == theirs.images.shape
        same(replace(ours, images=theirs.images), theirs)
        done = found.damage["image_noise"]["done"][at]
        assert done["changed"] == pytest.approx((ours.images != theirs.images).mean())
        assert done["changed"] > 0.05
    same(clean.validation, whole.validation)
    same(clean.train, found.train)


def test_the_range_of_float_images_is_that_of_training(tmp_path):
    images = np.random.default_rng(0).uniform(-3, 5, (40, 8, 8, 2)).astype(np.float32)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=[0, 1] * 20, x_test=images * 9, y_test=[0, 1] * 20)
    noise = {"image_noise": {"type": "salt_pepper", "rate": 1.0}}
    plain, found = (load("npz", {"path": str(path), **p}) for p in ({}, noise))
    levels = {plain.train.images.min(), plain.train.images.max()}
    assert set(np.unique(found.train.images)) == set(np.unique(found.validation.images)) == levels
    same(found.test, plain.test)


def test_data_without_damage_record_none(whole):
    assert whole.damage == {}
    none = {"label_noise": None, "imbalance": None}
    assert split_sha256(load("mnist_mini", none)) == split_sha256(whole)


def test_two_classes_and_grades_have_label_noise():
    two = load("synthetic_imbalanced", SMALL | {"label_noise": NOISE})
    assert two.damage["label_noise"]["done"]["train"]["flipped"][1] > 0
    grades = load("synthetic_ordinal", SMALL | {"label_noise": {"type": "pair", "rate": 0.2}})
    assert grades.ordered


EYE = np.eye(10).tolist()


def matrix(rows):
    return {"label_noise": {"type": "matrix", "matrix": rows}}


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("mnist_mini", matrix(EYE[:9]), "has 9 rows of 10 numbers; 10 rows of 10 are accepted"),
        ("mnist_mini", matrix([]), "has 0 rows of no numbers"),
        ("mnist_mini", matrix([*EYE[:9], [1.0]]), "has 10 rows of 1 or 10 numbers"),
        ("mnist_mini", matrix([*EYE[:9], [0.1] * 9 + [0.0]]), r"row 9 \(from 0\) .* sums to 0.9"),
        ("mnist_mini", matrix([EYE[0]] * 10), "type matrix leaves no label of class 1"),
        (
            "mnist_mini",
            {"label_noise": {"type": "asymmetric", "rate": 1.0}},
            "type asymmetric leaves no label of class 2; every class needs some. Lower the rate",
        ),
        (
            "mnist_mini",
            {"imbalance": {"type": "step", "ratio": 1000.0}},
            "imbalance of ratio 1000 leaves class 5 none of its 450 training images",
        ),
        (
            "synthetic_ordinal",
            {"label_noise": {"type": "asymmetric", "rate": 0.1}},
            "no map of similar classes here; cifar10, mnist, mnist_mini are accepted",
        ),
        (
            "synthetic_regression",
            {"target": "direction", "outliers": OUTLIERS},
            "the targets are directions",
        ),
    ],
)
def test_what_does_not_suit_is_refused_before_anything_trains(name, params, says):
    with pytest.raises(DataError, match=f"data set '{name}': .*{says}"):
        describe(name, params)


@pytest.mark.parametrize(
    ("labels", "params", "says"),
    [
        (np.linspace(0, 1, 40), {"label_noise": NOISE}, "label_noise is given, .* 'regression'"),
        (np.linspace(0, 1, 40), {"imbalance": TAIL}, "imbalance is given, .* 'regression'"),
        (np.arange(40) % 2, {"outliers": OUTLIERS}, "outliers is given, .* task 'binary'; numbers"),
        (np.full((40, 2), 0.5) + [0.1, -0.1] * np.ones((40, 1)), {"label_noise": NOISE}, "soft"),
        (np.full(40, 0.5), {"outliers": OUTLIERS}, "column 0 is constant"),
    ],
)
def test_damage_to_the_users_own_data_must_suit_them(tmp_path, labels, params, says):
    if labels.ndim == 2:
        labels = np.where(np.arange(40)[:, np.newaxis] % 2, labels, labels[:, ::-1])
    images = np.zeros((40, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataError, match=says):
        describe("npz", {"path": str(path), **params})


def test_noise_that_empties_a_small_class_by_chance_is_refused():
    params = {"n": 60, "n_test": 9, "classes": 20, "image_size": 8}
    noise = {"label_noise": {"type": "pair", "rate": 0.5}}
    with pytest.raises(DataError, match=r"leaves no training image with label \d+"):
        load("synthetic_ordinal", params | noise | {"n_test": 20}, seed=1)


def test_the_best_predictions_stay_while_the_test_part_does():
    params = {"n": 300, "n_test": 60, "classes": 3, "ratio": 1.0}
    clean = load("synthetic_imbalanced", params)
    noisy = load("synthetic_imbalanced", params | {"label_noise": NOISE})
    assert noisy.test is not clean.test
    np.testing.assert_array_equal(noisy.optimum.scores, clean.optimum.scores)
    stated = describe("synthetic_imbalanced", params | {"label_noise": NOISE}).optimum
    assert stated == describe("synthetic_imbalanced", params).optimum
