import pytest

from lossbench import datasets
from lossbench.recommend.sizes import first_run


@pytest.mark.parametrize("n", [60, 500, 2000, 20_000, 200_000])
@pytest.mark.parametrize("size", [8, 28, 96])
def test_a_first_run_takes_minutes(n, size):
    params = {"n": n, "image_size": size}
    facts = datasets.describe("synthetic_regression", params)
    sizes = first_run(facts, 5)
    assert sizes.minutes <= 6 and 4 <= sizes.epochs <= 12
    used = n if sizes.subset is None else sizes.subset
    assert 0 < used <= n and 1 <= sizes.batch_size <= 0.9 * used + 1


def test_small_data_are_used_whole():
    sizes = first_run(datasets.describe("mnist_mini", {}), 4)
    assert sizes.subset is None and sizes.seeds == 3


def test_a_subset_has_images_of_every_class():
    facts = datasets.describe("synthetic_imbalanced", {"n": 100_000, "classes": 90, "ratio": 1.0})
    assert first_run(facts, 8).subset >= 20 * 90
