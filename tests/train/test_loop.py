import numpy as np
import pytest

from lossbench.train.loop import _health, epoch_order, first_bad_step, order_sha256


def test_order_depends_on_seed_and_epoch_alone():
    order = epoch_order(3, 1, 100)
    assert sorted(order) == list(range(100))
    np.testing.assert_array_equal(order, epoch_order(3, 1, 100))
    assert (order != epoch_order(3, 2, 100)).any()
    assert (order != epoch_order(4, 1, 100)).any()
    assert order_sha256(3, 100) == order_sha256(3, 100) != order_sha256(4, 100)


def test_the_order_never_changes_silently():
    """A change here makes every earlier run incomparable: say so in CHANGELOG."""
    assert epoch_order(0, 1, 8).tolist() == [7, 3, 4, 5, 1, 0, 2, 6]


@pytest.mark.parametrize(
    ("losses", "status"),
    [
        ([2.0, 1.0, 0.5], "ok"),
        ([2.0, np.nan, 0.5], "nan"),
        ([2.0, np.inf, 0.5], "diverged"),
        ([2.0, np.inf, np.nan], "nan"),
        ([2.0, 4000.0, 8000.0], "diverged"),
        ([-2.0, -1.0, -900.0], "ok"),
        ([0.0, 1.0, 5.0], "ok"),
    ],
)
def test_health(losses, status):
    assert _health(np.array(losses, "float32"), losses[0]) == status


def test_first_bad_step_counts_from_one():
    assert first_bad_step(np.array([1.0, np.inf, np.nan])) == 2
    assert first_bad_step(np.array([1.0, 2.0])) is None
