"""The user's own file: what is read, and every way in which it can be wrong."""

import hashlib
import warnings
import zipfile

import numpy as np
import pytest

from lossbench.datasets import describe, load, prepare
from lossbench.errors import DataError

RNG = np.random.default_rng(0)


def arrays(n=20, n_test=6, **changes):
    """Twenty small colour images of two classes, and six to test on."""
    found = {
        "x_train": RNG.integers(0, 256, (n, 5, 4, 3)).astype(np.uint8),
        "y_train": np.arange(n) % 2,
        "x_test": RNG.integers(0, 256, (n_test, 5, 4, 3)).astype(np.uint8),
        "y_test": np.arange(n_test) % 2,
    }
    return found | changes


@pytest.fixture
def saved(tmp_path):
    def save(content):
        path = tmp_path / "mine.npz"
        np.savez(path, **content)
        return {"path": str(path)}

    return save


def both(convert):
    """Change both image arrays."""
    content = arrays()
    return content | {key: convert(content[key]) for key in ("x_train", "x_test")}


def test_describe_says_what_load_gives(saved):
    params = saved(arrays())
    facts, splits = describe("npz", params), load("npz", params)
    assert facts.task == splits.task == "binary"
    assert (facts.n_train, facts.n_validation, facts.n_test) == (18, 2, 6)
    assert facts.image_shape == (5, 4, 3) == splits.train.images.shape[1:]
    assert facts.class_names == splits.class_names == ("0", "1")
    assert facts.metric == "average_precision"
    assert not facts.needs_download
    prepare("npz", params)


def test_the_hash_is_that_of_the_file(saved, tmp_path):
    params = saved(arrays())
    expected = hashlib.sha256((tmp_path / "mine.npz").read_bytes()).hexdigest()
    assert describe("npz", params).content_sha256 == expected


def test_the_subset_is_drawn_from_the_file(saved):
    params = saved(arrays()) | {"subset": {"n": 10, "balanced": True}}
    assert describe("npz", params).n_train == len(load("npz", params).train.ids) == 8
    with pytest.raises(
        DataError, match=r"data set .npz.: a subset of 21 .* 4 \(two a class\) to 20"
    ):
        describe("npz", params | {"subset": 21})


def test_regression_is_described(saved):
    targets = {"y_train": RNG.normal(size=(20, 2)), "y_test": RNG.normal(size=(6, 2))}
    facts = describe("npz", saved(arrays(**targets)))
    assert (facts.task, facts.n_targets, facts.n_classes) == ("regression", 2, 0)
    assert (facts.metric, facts.soft_targets) == ("rmse", False)


def test_soft_labels_are_described(saved):
    soft = RNG.dirichlet(np.ones(3), size=26).astype(np.float32)
    facts = describe("npz", saved(arrays(y_train=soft[:20], y_test=soft[20:])))
    assert (facts.task, facts.n_classes, facts.soft_targets) == ("multiclass", 3, True)


def test_labels_that_may_hold_together_are_described(saved):
    rows = np.arange(26)[:, np.newaxis] % [2, 3, 5] == 0
    params = saved(arrays(y_train=rows[:20], y_test=rows[20:])) | {"task": "multilabel"}
    facts, splits = describe("npz", params), load("npz", params)
    assert (facts.task, facts.n_classes, facts.soft_targets) == ("multilabel", 3, False)
    assert facts.metric == "mean_average_precision"
    assert (
        (facts.n_train, facts.n_validation)
        == (18, 2)
        == (
            len(splits.train.ids),
            len(splits.validation.ids),
        )
    )
    np.testing.assert_array_equal(splits.test.targets, rows[20:])


def test_classes_may_have_an_order(saved):
    params = saved(arrays(y_train=np.arange(20) % 4, y_test=np.arange(6) % 4))
    plain, graded = describe("npz", params), describe("npz", params | {"ordered": True})
    assert (plain.ordered, plain.metric) == (False, "accuracy")
    assert (graded.ordered, graded.metric) == (True, "quadratic_kappa")
    assert load("npz", params | {"ordered": True}).ordered
    assert not load("npz", params).ordered
    two = describe("npz", saved(arrays()) | {"ordered": True})
    assert two.metric == "average_precision"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"y_train": np.array(["low", "high"] * 10), "y_test": np.array(["low"] * 6)},
            "the labels are names, which have no order",
        ),
        ({"y_train": np.ones(20), "y_test": np.ones(6)}, "are those of task 'regression'"),
    ],
)
def test_what_has_no_order_is_refused(saved, changes, message):
    params = saved(arrays(**changes)) | {"ordered": True}
    for function in (describe, load):
        with pytest.raises(DataError, match=f"ordered is true, but .*{message}"):
            function("npz", params)


@pytest.mark.parametrize(
    ("train", "test", "least", "kinds"),
    [
        ([1.5, -2.5], [0.5], -2.5, {"any", "nonzero"}),
        ([1.5, 2.5], [0.0], 0.0, {"any", "nonnegative"}),
        ([1.5, 2.5], [0.5], 0.5, {"any", "nonzero", "nonnegative", "positive"}),
        ([1.0, 2.0], [3.0], 1.0, {"any", "nonzero", "nonnegative", "positive", "counts"}),
        ([1.0, 2.0], [0.0], 0.0, {"any", "nonnegative", "counts"}),
        ([1.0, -2.0], [0.0], -2.0, {"any"}),
        ([1e-50, 1.0], [2.0], 0.0, {"any", "nonnegative", "counts"}),  # 0 in float32
    ],
)
def test_what_targets_are_is_read_from_them(saved, train, test, least, kinds):
    targets = {"y_train": np.tile(train, 10), "y_test": np.tile(test, 6)}
    facts = describe("npz", saved(arrays(**targets)))
    assert facts.target_min == least
    assert facts.target_kinds == kinds
    assert facts.has_zero_target == ("nonzero" not in kinds)


def test_directions_are_recognised(saved):
    angle = np.linspace(0, 6, 26)
    unit = np.column_stack([np.cos(angle), np.sin(angle)])
    facts = describe("npz", saved(arrays(y_train=unit[:20], y_test=unit[20:])))
    assert facts.unit_targets
    assert facts.metric == "rmse"
    ones = {"y_train": np.ones(20), "y_test": np.ones(6)}
    assert not describe("npz", saved(arrays(**ones))).unit_targets


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda x: x, np.uint8),
        (lambda x: x.astype(np.int64), np.uint8),
        (lambda x: (x / 255).astype(np.float64), np.float32),
        (lambda x: (x / 255).astype(np.float16), np.float32),
        (lambda x: x[..., 0], np.uint8),
        (lambda x: np.repeat(x, 5, axis=3), np.uint8),
    ],
    ids=["uint8", "int64", "float64", "float16", "grey", "15 channels"],
)
def test_images_of_every_accepted_kind(saved, convert, dtype):
    content = both(convert)
    images = load("npz", saved(content)).test.images
    expected = content["x_test"]
    assert images.dtype == dtype
    np.testing.assert_allclose(images.reshape(expected.shape), expected, rtol=1e-6)
    assert images.ndim == 4


BAD_IMAGES = {
    "flat": (lambda x: x.reshape(len(x), -1), r"x_train is uint8 \[20, 60\].*\[n, height, width\]"),
    "five axes": (lambda x: x[..., None], r"x_train is uint8 \[20, 5, 4, 3, 1\]"),
    "strings": (lambda x: x.astype(str), "x_train is <U"),
    "boolean": (lambda x: x > 9, "x_train is bool"),
    "complex": (lambda x: x * 1j, "x_train is complex128"),
    "no images": (lambda x: x[:0], r"x_train is empty, \[0, 5, 4, 3\]"),
    "no pixels": (lambda x: x[:, :0], r"x_train is empty, \[20, 0, 4, 3\]"),
    "channels first": (
        lambda x: np.zeros((len(x), 3, 20, 20), np.uint8),
        r"has 20 channels; 1 to 16 are accepted, as the last axis. Move the channels last",
    ),
    "many channels": (lambda x: np.zeros((len(x), 20, 20, 17)), "has 17 channels.*Check it"),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_wrong_images_are_refused_before_they_are_read(saved, case):
    convert, message = BAD_IMAGES[case]
    params = saved(both(convert))
    for function in (describe, load, prepare):
        with pytest.raises(DataError, match=f"data set 'npz': .*mine.npz: .*{message}"):
            function("npz", params)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": np.arange(19) % 2}, "x_train has 20 examples and y_train 19; equally many"),
        ({"y_test": np.arange(7) % 2}, "x_test has 6 examples and y_test 7"),
        ({"y_test": np.array(1)}, "x_test has 6 examples and y_test no;"),
        (
            {"x_test": np.zeros((6, 5, 5, 3), np.uint8)},
            r"x_train is uint8 \[20, 5, 4, 3\] and x_test is uint8 \[6, 5, 5, 3\]",
        ),
        ({"x_test": np.zeros((6, 5, 4, 3))}, "x_test is float64.*with one scale of values"),
        ({"y_train": np.arange(20) - 1}, "the least label is -1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(saved, changes, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=message):
            function("npz", saved(arrays(**changes)))


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda x: x.astype(int) + 1, "x_train has values from .* to 256; whole numbers are"),
        (lambda x: x.astype(int) - 1, "x_train has values from -1 to"),
        (lambda x: np.where(x > 128, np.nan, x), "values that are not finite numbers"),
        (lambda x: np.full(x.shape, 1e39), "x_train has 1200 values that are not finite"),
    ],
    ids=["above", "below", "nan", "too large for float32"],
)
def test_wrong_values_are_found_by_prepare(saved, convert, message):
    content = both(convert)
    params = saved(content)
    describe("npz", params)
    for function in (prepare, load):
        with pytest.raises(DataError, match=message):
            function("npz", params)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match=r"none.npz: there is no such file"):
        describe("npz", {"path": str(tmp_path / "none.npz")})


def test_a_text_file_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("x_train, y_train")
    with pytest.raises(DataError, match=r"text.npz: this is no \.npz file, or a truncated one"):
        load("npz", {"path": str(tmp_path / "text.npz")})


def test_a_truncated_file_is_refused(saved, tmp_path):
    params = saved(arrays())
    whole = (tmp_path / "mine.npz").read_bytes()
    (tmp_path / "mine.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a truncated one"):
        describe("npz", params)


def test_a_file_with_broken_bytes_is_refused(saved, tmp_path):
    params = saved(arrays())
    content = bytearray((tmp_path / "mine.npz").read_bytes())
    content[300:400] = bytes(100)  # inside the values of x_train
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"the file is damaged .*Bad CRC-32"):
        load("npz", params)


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")
        for key in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{key}.npy", "no array")
    with pytest.raises(DataError, match=r"the file is damaged"):
        describe("npz", {"path": str(tmp_path / "other.npz")})


@pytest.mark.parametrize("key", ["x_train", "y_test"])
def test_pickled_objects_are_refused_unread(saved, key):
    content = arrays()
    content[key] = np.array([print] * len(content[key]), dtype=object)
    for function in (describe, load):
        with pytest.raises(DataError, match=f"{key} holds pickled Python objects"):
            function("npz", saved(content))


def test_missing_arrays_are_named_with_the_nearest(saved):
    content = arrays()
    content["X_train"] = content.pop("x_train")
    with pytest.raises(DataError) as caught:
        describe("npz", saved(content))
    assert str(caught.value).endswith(
        "x_train is missing; x_train, y_train, x_test, y_test are accepted, the file holds "
        "X_train, x_test, y_test, y_train. Rename 'X_train' to 'x_train'."
    )


def test_an_empty_archive_says_so(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=r"are missing; .* the file holds nothing. Add what"):
            load("npz", saved({}))


def outputs(**changes):
    """Images with three outputs: a kind of three, a place of two numbers, tags that may mix."""
    content = {key: value for key, value in arrays().items() if key[0] == "x"}
    for part, n in (("train", 20), ("test", 6)):
        content |= {
            f"y_{part}_kind": np.array(["cat", "dog", "owl"])[np.arange(n) % 3],
            f"y_{part}_place": RNG.normal(size=(n, 2)),
            f"y_{part}_tags": (np.arange(n)[:, np.newaxis] % [2, 3] == 0).astype(int),
        }
    return {key: value for key, value in (content | changes).items() if value is not None}


def test_several_outputs(saved):
    params = saved(outputs())
    facts, splits = describe("npz", params), load("npz", params)
    assert facts.task == splits.task == "multioutput"
    assert facts.outputs == splits.outputs
    assert [(one.name, one.task, one.columns) for one in facts.outputs] == [
        ("kind", "multiclass", (0, 1)),
        ("place", "regression", (1, 3)),
        ("tags", "multilabel", (3, 5)),
    ]
    assert facts.outputs[0].class_names == ("cat", "dog", "owl")
    assert (facts.metric, facts.n_train, facts.n_validation) == ("kind.accuracy", 17, 3)
    assert splits.test.targets[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    prepare("npz", params)


def test_y_train_alone_is_the_only_output(saved):
    facts = describe("npz", saved(arrays() | {"y_train_extra": np.zeros(20)}))
    assert (facts.task, facts.outputs) == ("binary", ())


@pytest.mark.parametrize(
    ("changes", "more", "message"),
    [
        ({"y_test_place": None}, {}, "y_test_place is missing; .*y_train_kind"),
        (
            {"y_train_tags": np.zeros((19, 2), int)},
            {},
            "x_train has 20 examples and y_train_tags 19",
        ),
        ({"y_train_place": np.full((20, 2), np.nan)}, {}, "output 'place': y_train has 40 values"),
        (
            {"y_train_kind": np.array(["cat", "dog"] * 10)},
            {},
            "output 'kind': no training .* 'owl'",
        ),
        ({}, {"task": "regression"}, "task is 'regression', but the file has several outputs"),
        ({}, {"ordered": True}, "ordered is true, but the file has several outputs"),
    ],
)
def test_mistakes_in_several_outputs(saved, changes, more, message):
    params = saved(outputs(**changes)) | more
    for function in (describe, load):
        with pytest.raises(DataError, match=message):
            function("npz", params)


def without_test(**changes):
    return {key: value for key, value in arrays(**changes).items() if "test" not in key}


def test_a_file_without_a_test_set_gets_one_drawn(saved):
    params = saved(without_test(n=100))
    facts, splits = describe("npz", params), load("npz", params)
    sizes = [len(part.ids) for part in (splits.train, splits.validation, splits.test)]
    assert sizes == [72, 8, 20] == [facts.n_train, facts.n_validation, facts.n_test]
    assert np.bincount(splits.test.targets).tolist() == [10, 10]
    prepare("npz", params)


@pytest.mark.parametrize("targets", [np.linspace(0, 1, 30), np.arange(30) % 3 / 1.0])
def test_targets_without_a_test_set(saved, targets):
    facts = describe("npz", saved(without_test(n=30, y_train=targets)))
    splits = load("npz", saved(without_test(n=30, y_train=targets)))
    assert (facts.n_test, facts.target_kinds) == (6, splits.target_kinds)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": np.arange(6) % 2}, "x_test is missing; x_train, y_train, x_test, y_test are"),
        ({"x_test": np.zeros((6, 5, 4, 3), np.uint8)}, "y_test is missing"),
        ({"X_test": np.zeros((6, 5, 4, 3), np.uint8)}, "x_test, y_test are missing.*Rename 'X_t"),
        ({"test_images": np.zeros((6, 5, 4, 3), np.uint8)}, "x_test, y_test are missing"),
        ({"group_test": np.zeros(6)}, "x_test, y_test are missing"),
        ({"groups": np.zeros(20, int)}, "'groups' is not read; group_train and group_test are"),
        ({"group_train": np.zeros(20)}, r"group_train is float64 \[20\]; whole numbers or str"),
        ({"group_train": np.zeros((20, 1), int)}, r"group_train is int64 \[20, 1\]; whole"),
        ({"group_train": np.zeros(19, int)}, "x_train has 20 examples and group_train 19"),
    ],
)
def test_half_a_test_set_and_groups_that_are_none(saved, changes, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=message):
            function("npz", saved(without_test() | changes))


def test_an_output_may_be_called_after_a_test(saved):
    content = without_test(n=30)
    content |= {"y_train_latest": content.pop("y_train"), "y_train_b": np.linspace(0, 1, 30)}
    facts = describe("npz", saved(content))
    assert [output.name for output in facts.outputs] == ["latest", "b"]
    assert facts.n_test == len(load("npz", saved(content)).test.ids) == 6


@pytest.mark.parametrize("mode", ["fixed", "resample", "kfold", {"type": "kfold", "folds": 3}])
def test_groups_of_a_file_stay_together_and_are_counted(saved, mode):
    groups = np.repeat(np.char.add("p", np.arange(30).astype(str)), 4)
    params = saved(without_test(n=120, group_train=groups)) | {"split": mode}
    facts, splits = describe("npz", params), load("npz", params)
    parts = (splits.train, splits.validation, splits.test)
    assert [len(part.ids) for part in parts] == [facts.n_train, facts.n_validation, facts.n_test]
    assert np.bincount(splits.train.targets).tolist() == list(facts.train_counts)
    for seed in range(4):
        now = load("npz", params, seed)
        within = [set(groups[part.ids]) for part in (now.train, now.validation, now.test)]
        assert sum(map(len, within)) == len(set.union(*within)) == 30
