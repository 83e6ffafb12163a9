"""Wrong and missing labels, rare classes, noise: shares, sizes by hand, and draws that stay."""

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import damage

LABELS = np.repeat(np.arange(10), 2000).astype(np.int32)


def rng(seed=0):
    return np.random.default_rng(seed)


def error(share, n):
    """Four standard errors of a share of n examples."""
    return 4 * np.sqrt(share * (1 - share) / n)


def test_symmetric_noise_flips_its_share_and_never_to_itself():
    noisy = damage.noisy_labels(LABELS, damage.symmetric(0.4, 10), rng())
    assert noisy.dtype == LABELS.dtype
    flipped = noisy != LABELS
    assert flipped.mean() == pytest.approx(0.4, abs=error(0.4, len(LABELS)))
    assert (damage.noisy_labels(LABELS, damage.symmetric(1.0, 10), rng()) != LABELS).all()
    to = np.bincount(noisy[flipped & (LABELS == 3)], minlength=10)
    assert to[3] == 0
    share = 1 / 9
    np.testing.assert_allclose(np.delete(to, 3) / to.sum(), share, atol=error(share, to.sum()))


def test_no_noise_changes_nothing():
    np.testing.assert_array_equal(
        damage.noisy_labels(LABELS, damage.symmetric(0.0, 10), rng()), LABELS
    )


def test_asymmetric_noise_follows_the_map():
    similar = damage.SIMILAR["mnist"]
    noisy = damage.noisy_labels(LABELS, damage.asymmetric(0.3, 10, similar), rng())
    for true in range(10):
        found = noisy[LABELS == true]
        wrong = found[found != true]
        assert set(wrong) == ({similar[true]} if true in similar else set())
        if true in similar:
            assert len(wrong) / 2000 == pytest.approx(0.3, abs=error(0.3, 2000))


def test_the_map_of_cifar10_by_name():
    from lossbench.datasets.class_names import CIFAR10

    named = {CIFAR10[a]: CIFAR10[b] for a, b in damage.SIMILAR["cifar10"].items()}
    assert named == {
        "truck": "automobile",
        "bird": "airplane",
        "cat": "dog",
        "dog": "cat",
        "deer": "horse",
    }


def test_pair_noise_goes_to_the_next_class():
    noisy = damage.noisy_labels(LABELS, damage.pair(1.0, 10), rng())
    np.testing.assert_array_equal(noisy, (LABELS + 1) % 10)


def test_a_matrix_gives_its_shares():
    matrix = np.array([[0.5, 0.2, 0.3], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    labels = np.repeat([0, 1, 2], [30000, 10, 10])
    noisy = damage.noisy_labels(labels, matrix, rng())
    shares = np.bincount(noisy[:30000]) / 30000
    np.testing.assert_allclose(shares, matrix[0], atol=error(0.5, 30000))
    assert (noisy[30000:] == 1).all()


@pytest.mark.parametrize(
    "matrix", [damage.symmetric(0.4, 5), damage.pair(0.4, 5), damage.asymmetric(0.4, 5, {1: 2})]
)
def test_rows_sum_to_one(matrix):
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    assert (matrix >= 0).all()


def test_labels_wrong_at_a_low_rate_are_wrong_at_a_higher_one():
    low, high = (damage.noisy_labels(LABELS, damage.symmetric(r, 10), rng()) for r in (0.2, 0.6))
    wrong = low != LABELS
    np.testing.assert_array_equal(high[wrong], low[wrong])


@pytest.mark.parametrize(
    ("counts", "kind", "ratio", "expected"),
    [
        ([1000] * 3, "exponential", 100, [1000, 100, 10]),
        ([5000] * 10, "exponential", 100, None),
        ([450] * 10, "exponential", 100, None),
        ([100] * 4, "step", 10, [100, 100, 10, 10]),
        ([100] * 5, "step", 4, [100, 100, 25, 25, 25]),
        ([100, 200, 300], "exponential", 1, [100, 100, 100]),
        ([100, 5, 300], "exponential", 4, [10, 5, 3]),  # 2.5 is rounded up; class 1 sets n_max
        ([100] * 3, "exponential", 1000, [100, 3, 0]),
    ],
)
def test_counts_by_hand_or_by_the_formula(counts, kind, ratio, expected):
    found = damage.imbalanced_counts(np.array(counts), kind, ratio)
    if expected is None:
        k = np.arange(10)
        exact = counts[0] * ratio ** (-k / 9)
        assert np.abs(found - exact).max() <= 0.5 + 1e-6
        assert found[0] == counts[0]
    else:
        assert found.tolist() == expected


def test_another_part_keeps_the_same_shares_and_one_of_each_class():
    found = damage.same_shares(
        np.array([50, 50, 50, 0]), np.array([450, 45, 5, 5]), np.array([450] * 4)
    )
    assert found.tolist() == [50, 5, 1, 0]


def test_what_a_high_ratio_keeps_a_low_one_keeps_too():
    strata = rng(1).permutation(LABELS)
    few, many = (
        damage.thinned(strata, damage.imbalanced_counts(np.full(10, 2000), "exponential", r), rng())
        for r in (100, 5)
    )
    assert set(few) < set(many)
    assert (
        np.bincount(strata[few]).tolist()
        == damage.imbalanced_counts(np.full(10, 2000), "exponential", 100).tolist()
    )
    assert (np.diff(few) > 0).all()


def test_outliers_on_one_side_or_two():
    one = damage.outlier_signs(1000, 0.1, "one", rng())
    assert one.sum() == 100 and set(one) == {0, 1}
    two = damage.outlier_signs(1000, 0.1, "two", rng())
    np.testing.assert_array_equal(two != 0, one != 0)
    assert 25 < (two > 0).sum() < 75


@pytest.mark.parametrize(
    ("counts", "prevalence", "expected"),
    [
        ([99, 50], 0.01, 1),
        ([4050, 450], 0.01, 41),  # 40.9
        ([4050, 450], 0.1, 450),  # as it is, whatever the last bit
        ([10, 10], 0.5, 10),
        ([50, 9], 0.25, 17),  # 16.7: more than there are
        ([4, 9], 0.1, 0),
        ([3, 9], 1 / 7, 1),  # a half upwards
    ],
)
def test_positives_at_a_prevalence(counts, prevalence, expected):
    assert damage.positives_kept(np.array(counts), prevalence) == expected


def test_examples_with_a_label_by_hand():
    counts = np.array([10, 5, 1, 0])
    assert damage.labelled_counts(counts, 0.0).tolist() == [10, 5, 1, 0]
    assert damage.labelled_counts(counts, 0.3).tolist() == [7, 4, 1, 0]  # 3.5 is rounded up
    assert damage.labelled_counts(counts, 0.9).tolist() == [1, 1, 0, 0]
    assert damage.labelled_counts(counts, 1.0).tolist() == [0, 0, 0, 0]


def test_positives_are_forgotten_and_negatives_never():
    labels = (rng(1).random((2000, 3)) < [0.5, 0.2, 0.01]).astype(np.float32)
    found = damage.forgotten(labels, 0.3, rng())
    assert found.dtype == labels.dtype
    assert not (found > labels).any()
    kept = damage.labelled_counts(labels.sum(axis=0), 0.3)
    assert found.sum(axis=0).tolist() == kept.tolist()
    more = damage.forgotten(labels, 0.6, rng())
    assert not (more > found).any(), "absent at a low rate, absent at a higher one"
    np.testing.assert_array_equal(damage.forgotten(labels, 0.0, rng()), labels)


def test_forgetting_one_label_says_nothing_of_another():
    labels = np.ones((20000, 2), np.float32)
    found = damage.forgotten(labels, 0.5, rng())
    assert abs(np.corrcoef(found.T)[0, 1]) < 4 / np.sqrt(20000)


def test_noise_that_grows_is_1_on_average_and_0_for_the_least():
    training = np.array([[1.0, -2.0], [2.0, 0.0], [6.0, 2.0]])
    found = damage.growing(training, training)
    np.testing.assert_allclose(found, [[0, 0], [0.5, 1], [2.5, 2]])
    np.testing.assert_allclose(found.mean(axis=0), 1)
    beyond = damage.growing(np.array([[0.0, 4.0]]), training)
    np.testing.assert_allclose(beyond, [[0, 3]])


@pytest.mark.parametrize("df", [1.0, 3.0, 30.0])
def test_heavy_tails_are_those_of_student(df):
    drawn = damage.target_noise("student_t", (5000, 2), df, rng()).ravel()
    assert stats.kstest(drawn, stats.t(df).cdf).pvalue > 0.001
    if df < 5:
        assert stats.kstest(drawn, "norm").pvalue < 1e-6, "the test would see other tails"


@pytest.mark.parametrize("kind", ["normal", "heteroscedastic"])
def test_other_noise_is_normal(kind):
    drawn = damage.target_noise(kind, (5000, 2), 3.0, rng())
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.001
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 4 / np.sqrt(5000)
