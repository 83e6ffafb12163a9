"""A split for each seed: resampled, by folds, by whole groups; with and without a test set."""

import numpy as np
import pytest

from lossbench.datasets.dividing import CANDIDATES, Division, draw_groups, fold_counts
from lossbench.datasets.parts import split_sha256
from lossbench.datasets.splitting import Source, split
from lossbench.errors import DataError

LABELS = np.repeat([0, 1, 2], [70, 20, 10])


def source(labels=LABELS, n_test=0, groups=None, task="multiclass"):
    labels = np.asarray(labels)
    images = np.zeros((len(labels), 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels)) % 256
    numbers = task == "regression"
    return Source(
        images=images,
        targets=labels if numbers else labels.astype(np.int32),
        test_images=images[:n_test],
        test_targets=(labels if numbers else labels.astype(np.int32))[:n_test],
        task=task,
        class_names=() if numbers else tuple(map(str, range(int(labels.max()) + 1))),
        groups=groups,
    )


def parts(found):
    return found.train, found.validation, found.test


def per_class(part, classes=3):
    return np.bincount(part.targets, minlength=classes).tolist()


def is_whole(found, n=100):
    """Every example is in one part, with its own image and label."""
    ids = np.concatenate([part.ids for part in parts(found)])
    assert sorted(ids) == list(range(n))
    for part in parts(found):
        np.testing.assert_array_equal(part.images[:, 0, 0, 0], part.ids % 256)
    return True


def test_fixed_draws_a_stratified_fifth_whatever_the_seed():
    first, second = (split(source(), None, "here", Division(seed=seed)) for seed in (0, 7))
    assert split_sha256(first) == split_sha256(second)
    assert is_whole(first)
    assert per_class(first.test) == [14, 4, 2]
    assert per_class(first.validation) == [6, 1, 1]  # a tenth of the 80 others
    assert (first.split, first.test_resampled) == ("fixed", False)


@pytest.mark.parametrize("n_test", [0, 5])
def test_resample_differs_from_seed_to_seed_and_comes_again(n_test):
    def drawn(seed):
        return split(source(n_test=n_test), None, "here", Division("resample", seed=seed))

    found = [drawn(seed) for seed in range(5)]
    assert len({split_sha256(one) for one in found}) == 5
    assert split_sha256(found[3]) == split_sha256(drawn(3))
    tests = {tuple(one.test.ids) for one in found}
    assert len(tests) == (1 if n_test else 5)
    for one in found:
        assert one.test_resampled == (not n_test)
        if n_test:
            assert one.test.ids.tolist() == list(range(n_test))
            assert (per_class(one.train), per_class(one.validation)) == ([63, 18, 9], [7, 2, 1])
        else:
            assert is_whole(one)
            assert per_class(one.test) == [14, 4, 2]


def test_the_fixed_split_of_data_with_a_test_set_is_the_one_of_earlier_versions():
    found = split(source(n_test=5), None, "here")
    # ids of validation as the release before this option drew them
    assert found.validation.ids.tolist() == [4, 10, 12, 23, 29, 35, 51, 86, 88, 90]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_each_fold_is_the_test_once_in_as_many_seeds(task):
    data = source(np.arange(103.0)[:, None], task=task) if task == "regression" else source()
    n = len(data.images)
    found = [split(data, None, "here", Division("kfold", 5, seed)) for seed in range(10)]
    assert all(is_whole(one, n) for one in found)
    for five in (found[:5], found[5:]):
        tested = np.concatenate([one.test.ids for one in five])
        assert sorted(tested) == list(range(n))
    assert {tuple(one.test.ids) for one in found[:5]}.isdisjoint(
        {tuple(one.test.ids) for one in found[5:]}
    )  # another partition
    assert all(one.test_resampled and one.split == "kfold" for one in found)
    if task == "multiclass":
        assert [per_class(one.test) for one in found] == [[14, 4, 2]] * 10


def test_uneven_classes_differ_by_one_between_folds_as_foretold():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [33, 11, 6]))
    counts = np.bincount(labels)
    for seed in range(8):
        how = Division("kfold", 4, seed)
        found = split(source(labels), None, "here", how)
        assert per_class(found.test) == fold_counts(counts, how, "here").tolist()
        assert set(per_class(found.test)[2:]) <= {1, 2}
    totals = [int(fold_counts(counts, Division("kfold", 4, s), "here").sum()) for s in range(4)]
    assert totals == sorted(totals, reverse=True) and sum(totals) == 50


def test_the_subset_leaves_the_test_whole():
    found = split(source(), 40, "here", Division("resample", seed=1))
    assert [len(part.ids) for part in parts(found)] == [36, 4, 20]


def grouped(n_groups=20, seed=0):
    """Labels that go with groups of uneven sizes, as those of patients do."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(2, 12, n_groups))
    labels = (rng.random(len(groups)) < np.where(groups % 2, 0.7, 0.2)).astype(int)
    return labels, groups


@pytest.mark.parametrize("names", [lambda g: g, lambda g: np.char.add("patient ", g.astype(str))])
@pytest.mark.parametrize("mode", ["fixed", "resample", "kfold"])
def test_no_group_is_in_two_parts(mode, names):
    labels, groups = grouped()
    groups = names(groups)
    for seed in range(5):
        found = split(source(labels, groups=groups), None, "here", Division(mode, 5, seed))
        assert is_whole(found, len(labels))
        within = [set(groups[part.ids]) for part in parts(found)]
        assert sum(map(len, within)) == len(set.union(*within)) == 20
        assert all(len(part.ids) for part in parts(found))
        share = labels[found.test.ids].mean()
        assert abs(share - labels.mean()) < 0.15  # the draw alone has 0.2 and more
        if mode != "kfold":
            assert abs(len(found.test.ids) / len(labels) - 0.2) < 0.06


def test_the_folds_of_groups_are_all_tested_once():
    labels, groups = grouped()
    found = [
        split(source(labels, groups=groups), None, "here", Division("kfold", 5, s))
        for s in range(5)
    ]
    assert sorted(np.concatenate([one.test.ids for one in found])) == list(range(len(labels)))


def test_validation_is_whole_groups_beside_a_test_set_too():
    labels, groups = grouped()
    data = source(labels, n_test=4, groups=groups)
    found = split(data, None, "here")
    assert set(groups[found.train.ids]).isdisjoint(groups[found.validation.ids])
    assert len(found.test.ids) == 4


def test_a_subset_thins_groups_out_and_they_stay_on_one_side():
    labels, groups = grouped()
    found = split(source(labels, groups=groups), 60, "here", Division("resample", seed=2))
    assert len(found.train.ids) + len(found.validation.ids) == 60
    within = [set(groups[part.ids]) for part in parts(found)]
    assert sum(map(len, within)) == len(set.union(*within))


def test_more_draws_of_groups_than_one_are_worth_it():
    labels, groups = grouped(40, seed=3)
    wanted = np.bincount(labels) // 5
    how = Division("resample", seed=0)
    chosen = draw_groups(labels, groups, wanted, how, "test", "here")
    rng = np.random.default_rng(0)

    def distance(ids):
        return np.abs(np.bincount(labels[ids], minlength=2) - wanted).sum()

    alone = [distance(np.flatnonzero(np.isin(groups, rng.permutation(40)[:8]))) for _ in range(200)]
    assert distance(chosen) <= np.quantile(alone, 3 / CANDIDATES)


@pytest.mark.parametrize(
    ("data", "how", "message"),
    [
        (source(n_test=3), Division("kfold"), "these data have a test set of their own"),
        (source(), Division("kfold", 11), "with 11 folds was asked for, but class 2 has 10"),
        (
            source(np.arange(4.0)[:, None], task="regression"),
            Division("kfold", 5),
            "with 5 folds was asked for, but there are 4 training images",
        ),
        (source([0, 1, 0]), Division(), "there are 3 images and no test set"),
        (source(groups=np.zeros(100)), Division(), "there is 1 group, and none .*; 3 groups or"),
        (source(groups=LABELS % 2), Division(), "there are 2 groups, and none .*; 3 groups or"),
        (source(n_test=3, groups=np.zeros(100)), Division(), "there is 1 group, .*; 2 groups or"),
        (
            source(groups=np.arange(100) % 4),
            Division("kfold", 5),
            "there are 4 groups, and none .*; 5 groups",
        ),
        (
            source(groups=np.repeat([0, 1, 2], [70, 20, 10])),
            Division("resample"),
            "no choice of whole groups for a test part .* class 0 are in one group",
        ),
        (
            source(groups=np.repeat([0, 1, 2, 3, 4], [70, 20, 4, 3, 3])),
            Division("kfold", 5),
            "no choice of whole groups for 5 folds .* class 0 are in one group",
        ),
    ],
)
def test_what_cannot_be_divided_is_refused(data, how, message):
    with pytest.raises(DataError, match=f"here: .*{message}"):
        for seed in range(how.folds):
            split(data, None, "here", Division(how.mode, how.folds, seed))
