import numpy as np
import pytest

from lossbench.train.ordering import (
    GROUP,
    arranged,
    balanced_order,
    class_labels,
    epoch_order,
    order_sha256,
)


def test_order_depends_on_seed_and_epoch_alone():
    order = epoch_order(3, 1, 100)
    assert sorted(order) == list(range(100))
    np.testing.assert_array_equal(order, epoch_order(3, 1, 100))
    assert (order != epoch_order(3, 2, 100)).any()
    assert (order != epoch_order(4, 1, 100)).any()
    found = order_sha256(lambda epoch: epoch_order(3, epoch, 100))
    assert found == order_sha256(lambda epoch: epoch_order(3, epoch, 100))
    assert found != order_sha256(lambda epoch: epoch_order(4, epoch, 100))


def test_the_order_never_changes_silently():
    """A change here makes every earlier run incomparable: say so in CHANGELOG."""
    assert epoch_order(0, 1, 8).tolist() == [7, 3, 4, 5, 1, 0, 2, 6]


@pytest.mark.parametrize("how", ["shuffled", "grouped", "both_classes"])
@pytest.mark.parametrize("counts", [(50, 50), (97, 3), (1, 99), (100, 0), (0, 1)])
def test_every_example_is_visited_once(how, counts):
    labels = np.repeat([0, 1], counts)
    found = arranged(epoch_order(1, 1, len(labels)), how, labels)
    assert found.dtype == np.int32
    assert sorted(found) == list(range(len(labels)))


def test_nobody_is_alone_in_a_group_who_need_not_be():
    labels = np.repeat([0, 1, 2, 3, 4], [9, 5, 4, 2, 1])
    found = labels[arranged(epoch_order(1, 1, len(labels)), "grouped", labels)]
    ends = np.flatnonzero(np.diff(found)) + 1
    runs = np.split(found, ends)
    assert [run[0] for run in runs if len(run) == 1] == [4]
    assert max(map(len, runs)) <= 3 * GROUP


def test_groups_hold_at_most_five_and_stand_in_random_places():
    labels = np.arange(400) % 10
    found = labels[arranged(epoch_order(1, 1, 400), "grouped", labels)]
    assert (found.reshape(-1, GROUP) == found.reshape(-1, GROUP)[:, :1]).all()
    assert len(set(found[::GROUP][:20])) > 5


def test_each_batch_holds_the_rarer_class_while_it_lasts():
    labels = (np.arange(1000) < 8).astype(int)
    found = labels[arranged(epoch_order(1, 1, 1000), "both_classes", labels)]
    assert found.reshape(8, 125).sum(axis=1).tolist() == [1] * 8


LABELS = np.repeat([0, 1, 2, 4], [50, 9, 40, 2])


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_every_class_is_visited_equally_often_and_every_image_as_evenly_as_can_be(epoch):
    found = balanced_order(7, epoch, LABELS)
    assert found.shape == LABELS.shape and found.dtype == np.int32
    visits = np.bincount(found, minlength=len(LABELS))
    per_class = np.bincount(LABELS[found], minlength=5)
    assert sorted(per_class[[0, 1, 2, 4]]) == [25, 25, 25, 26] and per_class[3] == 0
    for label in (0, 1, 2, 4):
        own = visits[LABELS == label]
        assert own.max() - own.min() <= 1 and own.sum() == per_class[label]


def test_it_depends_on_seed_epoch_and_labels_alone():
    first = balanced_order(7, 1, LABELS)
    np.testing.assert_array_equal(first, balanced_order(7, 1, LABELS))
    for other in ((8, 1, LABELS), (7, 2, LABELS), (7, 1, LABELS[::-1])):
        assert (first != balanced_order(*other)).any()


def test_the_balanced_order_never_changes_silently():
    assert balanced_order(0, 1, np.array([0, 0, 0, 0, 1, 1, 1, 2])).tolist() == [
        0,
        7,
        7,
        4,
        5,
        1,
        3,
        6,
    ]


def test_over_the_epochs_visits_are_those_of_a_library():
    """sklearn's balanced weights are the expected visits of an image in an epoch; torch's sampler
    draws by them, so that its counts of classes scatter about ours."""
    from sklearn.utils.class_weight import compute_sample_weight

    torch = pytest.importorskip("torch")
    weights = compute_sample_weight("balanced", LABELS)
    epochs = 400
    orders = [balanced_order(1, epoch, LABELS) for epoch in range(1, epochs + 1)]
    visits = np.bincount(np.concatenate(orders), minlength=len(LABELS)) / epochs
    np.testing.assert_allclose(visits, weights, atol=0.12)  # five standard errors
    sampler = torch.utils.data.WeightedRandomSampler(
        weights, epochs * len(LABELS), generator=torch.Generator().manual_seed(0)
    )
    theirs = np.bincount(LABELS[list(sampler)], minlength=5) / epochs
    ours = np.bincount(LABELS[np.concatenate(orders)], minlength=5) / epochs
    np.testing.assert_allclose(ours, theirs, atol=1.2)  # five standard errors of theirs


def test_data_of_equal_classes_are_all_visited_once():
    labels = np.arange(40) % 4
    assert sorted(balanced_order(1, 1, labels)) == list(range(40))


def test_batches_that_losses_ask_for_are_made_of_what_is_visited():
    labels = (np.arange(100) < 5).astype(int)
    balanced = balanced_order(1, 1, labels)
    for how in ("grouped", "both_classes"):
        found = arranged(balanced, how, labels)
        np.testing.assert_array_equal(np.sort(found), np.sort(balanced))
    spread = labels[arranged(balanced, "both_classes", labels)]
    assert set(spread.reshape(10, 10).sum(axis=1)) == {5}
    grouped = labels[arranged(balanced, "grouped", labels)]
    assert np.count_nonzero(np.diff(grouped)) < 25


def test_shares_count_by_the_largest():
    shares = np.array([[0.2, 0.5, 0.3], [0.6, 0.4, 0.0]])
    assert class_labels(shares).tolist() == [1, 0]
    assert class_labels(np.array([2, 0])).tolist() == [2, 0]
