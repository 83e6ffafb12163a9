"""Neighbours counted by hand, another library's values, and embeddings that say nothing."""

import json

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score

from lossbench.errors import ShapeError
from lossbench.metrics import collapsed, measure, retrieval
from tests.metrics.recorded.record import CASES, FILE, NAMES, draw

RECORDED = json.loads(FILE.read_text(encoding="utf-8"))
DEGREES = np.array([0, 10, 25, 45, 70])
LABELS = np.array([0, 0, 1, 0, 1])


def at(degrees, lengths=1.0):
    """Embeddings in the plane, so that nearness is the difference of angles."""
    angle = np.deg2rad(degrees)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * np.reshape(lengths, (-1, 1))


# Angles 0 10 25 45 70, classes a a b a b. Nearest others of each, by class:
#   0: a b a b -> R = 2, first two a b: r = 1, recall@1 yes; AP = (1/1 + 0) / 2 = 1/2
#  10: a b a b -> the same: 1/2
#  25: a a a b (15 10s away: 10, then 45 at 20, 0 at 25, 70) -> R = 1, a: 0
#  45: b b a a (25 at 20, 70 at 25, 10 at 35, 0) -> R = 2: b b: 0
#  70: a b a a (45 at 25, 25 at 45, ...) -> R = 1, a: 0
BY_HAND = {
    "map_at_r": (1 / 2 + 1 / 2 + 0 + 0 + 0) / 5,
    "r_precision": (1 / 2 + 1 / 2 + 0 + 0 + 0) / 5,
    "recall_at_1": 2 / 5,
    "recall_at_5": 1.0,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_values_counted_by_hand(name):
    assert getattr(retrieval, name)(LABELS, at(DEGREES)) == pytest.approx(BY_HAND[name], rel=1e-12)


def test_map_at_r_rewards_what_comes_first_and_r_precision_does_not():
    # The query at 0 has R = 2; one of its two nearest is of its class, first or second.
    # Angles 0 | 10 20 | 90 200 with classes a a b a b, then a b a a b; the others are counted too:
    # first: 0: a b -> 1/2. 10: a b (0 and 20, both 10 away; the earlier counts as nearer) -> 1/2.
    #   20: a.. R = 1, no. 90: b a -> P(2)/2 = 1/4. 200: a.. R = 1, no.   Sum 5/4, r: 1/2 * 3.
    # second: 0: b a -> 1/4. 10 (b): R = 1, a: no. 20: b a -> 1/4. 90: a b -> 1/2. 200: a: no.
    first = retrieval.map_at_r(np.array([0, 0, 1, 0, 1]), at([0, 10, 20, 90, 200]))
    second = retrieval.map_at_r(np.array([0, 1, 0, 0, 1]), at([0, 10, 20, 90, 200]))
    assert first == pytest.approx((1 / 2 + 1 / 2 + 1 / 4) / 5)
    assert second == pytest.approx((1 / 4 + 1 / 4 + 1 / 2) / 5)
    for labels in ([0, 0, 1, 0, 1], [0, 1, 0, 0, 1]):
        found = retrieval.r_precision(np.array(labels), at([0, 10, 20, 90, 200]))
        assert found == pytest.approx(3 / 2 / 5)


@pytest.mark.parametrize("name", CASES)
def test_values_equal_those_of_pytorch_metric_learning(name):
    case = RECORDED["cases"][name]
    found = retrieval.measured(
        list(NAMES), np.array(case["labels"]), np.array(case["embeddings"], np.float64)
    )
    assert found == pytest.approx(case["values"], rel=1e-12)


def test_the_recorded_file_is_not_stale():
    assert (RECORDED["library"], RECORDED["version"]) == ("pytorch-metric-learning", "2.9.0")
    assert set(RECORDED["cases"]) == set(CASES)
    for name, case in RECORDED["cases"].items():
        assert {key: array.tolist() for key, array in draw(name).items()} == {
            key: case[key] for key in ("labels", "embeddings")
        }


def plain(labels, embeddings):
    """All metrics by the definitions, one query after the other."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    found = []
    for i, query in enumerate(unit):
        others = [j for j in range(len(unit)) if j != i]
        near = sorted(others, key=lambda j: -float(query @ unit[j]))
        same = [labels[j] == labels[i] for j in near]
        r = sum(same)
        if r == 0:
            continue
        precision = [sum(same[: k + 1]) / (k + 1) for k in range(r)]
        average = sum(p for p, s in zip(precision, same[:r], strict=True) if s) / r
        found.append([average, sum(same[:r]) / r, same[0], any(same[:5])])
    return np.mean(found, axis=0)


@pytest.mark.parametrize("at_once", [1, 500, 10**6])
def test_chunks_of_any_size_give_what_the_definitions_say(monkeypatch, at_once):
    monkeypatch.setattr(retrieval, "_AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 6, 73)
    embeddings = rng.normal(size=(6, 4))[labels] + rng.normal(size=(73, 4))
    names = ["map_at_r", "r_precision", "recall_at_1", "recall_at_5"]
    found = retrieval.measured(names, labels, embeddings)
    assert [found[name] for name in names] == pytest.approx(plain(labels, embeddings), rel=1e-12)


def test_lengths_and_names_of_classes_do_not_matter():
    lengths = np.array([1, 1000, 0.001, 3, 7])
    renamed = np.array([40, 40, 7, 40, 7])
    for name in ("map_at_r", "nmi"):
        function = getattr(retrieval, name)
        assert function(renamed, at(DEGREES, lengths)) == function(LABELS, at(DEGREES))


def test_an_image_alone_in_its_class_asks_nothing_but_stands_in_the_way():
    # 5 and 15 are of one class; 8, alone in its own, is nearer to both than they are to each other.
    labels = np.array([0, 1, 0])
    assert retrieval.recall_at_1(labels, at([5, 8, 15])) == 0.0
    assert retrieval.recall_at_5(labels, at([5, 8, 15])) == 1.0
    nothing = retrieval.measured(["map_at_r", "recall_at_1"], np.arange(3), at([5, 8, 15]))
    assert np.isnan(list(nothing.values())).all()
    assert np.isnan(retrieval.map_at_r(np.array([0]), np.ones((1, 2))))


def test_clusters_far_apart_are_found_and_have_nmi_1():
    labels = np.repeat([0, 1, 2], 10)
    near = at(np.linspace(0, 5, 30) + 120 * labels)
    assert retrieval.nmi(labels, near) == pytest.approx(1.0)
    # Two classes in each of two places: k-means finds places, whatever it does inside them.
    four, places = np.repeat([0, 1, 2, 3], 10), np.repeat([0, 1], 20)
    both = at(180 * places)
    expected = normalized_mutual_info_score(four, places)
    assert expected == pytest.approx(2 / 3)  # I = 1 bit; H = 2 bits and 1 bit
    assert retrieval.nmi(four, both) == pytest.approx(expected)


def test_embeddings_in_one_point_say_nothing():
    labels = np.arange(40) % 4
    rng = np.random.default_rng(0)
    one_point = np.array([3.0, 4.0]) + 1e-5 * rng.normal(size=(40, 2))
    good = at(90 * labels + rng.normal(size=40))
    for embeddings in (one_point, np.zeros((40, 2))):
        assert collapsed("retrieval", labels, embeddings)
        values = measure("retrieval", labels, embeddings, probabilistic=False)
        assert all(0 <= m.value <= 1 for m in values)
    assert not collapsed("retrieval", labels, good)


def test_classes_that_flee_each_other_say_nothing():
    # each image lies beside one of the other class: nothing is found before everything else is
    labels = np.tile([0, 1], 10)
    assert collapsed("retrieval", labels, at(np.repeat(36 * np.arange(10), 2)))


@pytest.mark.parametrize(
    ("labels", "embeddings", "message"),
    [
        (np.zeros(2, int), np.ones((3, 2)), r"y_true: shape \(2,\); one class for each of 3"),
        (np.zeros((3, 2)), np.ones((3, 2)), r"y_true: shape \(3, 2\)"),
        (np.zeros(3, int), np.ones(3), "scores: shape"),
    ],
)
def test_what_does_not_fit_together_is_refused(labels, embeddings, message):
    with pytest.raises(ShapeError, match=message):
        retrieval.map_at_r(labels, embeddings)


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        retrieval.nmi(np.zeros(2, int), np.array([[1.0, np.nan], [0.0, 1.0]]))
