"""Images named in a table: what is read, and every way in which it can be wrong."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lossbench.datasets import image_table, load, prepare
from lossbench.errors import DataError

RNG = np.random.default_rng(0)
OWN = {
    "image": "file", "target": "label", "task": None, "ordered": False, "split_column": None,
    "group": None, "image_size": None, "colour": "auto", "max_unreadable": 0.01,
}  # fmt: skip
PIXELS = RNG.integers(0, 256, (12, 5, 4), dtype=np.uint8)
FILES = [f"img/{i}.png" for i in range(12)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def table(tmp_path):
    """Writes twelve images and a table of them; returns the table's path."""
    (tmp_path / "data" / "img").mkdir(parents=True)
    for name, pixels in zip(FILES, PIXELS, strict=True):
        Image.fromarray(pixels).save(tmp_path / "data" / name)

    def write(columns=None, text=None, name="labels.csv"):
        path = tmp_path / "data" / name
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        else:
            frame = pd.DataFrame({"file": FILES, "label": ["cat", "dog", "eel"] * 4} | columns)
            frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return path

    return write


def read(path, **params):
    return image_table.read("image_table", path=str(path), **(OWN | params))


def facts(path, **params):
    return image_table.describe("image_table", path=str(path), **(OWN | params))


def refused(path, **params):
    with pytest.raises(DataError) as caught:
        facts(path, **params)
    text = str(caught.value)
    prefix = f"data set 'image_table': {path}: "
    assert text.startswith(prefix)
    return text.removeprefix(prefix)


def test_classes_by_name(table):
    path = table({})
    source, known = read(path), facts(path)
    assert known.task == source.task == "multiclass"
    assert known.class_names == source.class_names == ("cat", "dog", "eel")
    assert (known.train_counts, known.n_test) == ((4, 4, 4), 0)
    assert known.metric == "accuracy"
    np.testing.assert_array_equal(source.images[..., 0], PIXELS)  # the order of the rows
    assert isinstance(source.images, np.memmap)
    np.testing.assert_array_equal(source.targets, [0, 1, 2] * 4)
    assert source.targets.dtype == np.int32
    assert source.groups is None


def test_classes_by_number_need_not_start_at_zero(table):
    source = read(table({"label": [10, 2, 7] * 4}))
    assert source.class_names == ("2", "7", "10")
    np.testing.assert_array_equal(source.targets, [2, 0, 1] * 4)


def test_text_with_numbers_is_in_natural_order(table):
    assert read(table({"label": ["g10", "g2", "g7"] * 4})).class_names == ("g2", "g7", "g10")


def test_two_classes(table):
    path = table({"label": [False, True] * 6})
    assert facts(path).task == "binary"
    assert facts(path).class_names == ("False", "True")
    assert facts(path, task="multiclass").task == "multiclass"
    assert facts(table({"label": [0, 1] * 6}), task="binary").class_names == ("0", "1")


def test_ordered_classes(table):
    path = table({"label": [0, 1, 2] * 4})
    assert facts(path, ordered=True).metric == "quadratic_kappa"
    assert read(path, ordered=True).ordered
    assert refused(table({}), ordered=True).startswith(
        "ordered is true, but the targets are no classes given as whole numbers"
    )


def test_regression_on_one_column(table):
    values = np.arange(12) / 2 - 1
    path = table({"label": values})
    source, known = read(path), facts(path)
    assert (known.task, known.n_targets, known.n_classes) == ("regression", 1, 0)
    assert (known.metric, known.train_counts) == ("rmse", (12,))
    assert (known.target_min, known.has_zero_target, known.whole_targets) == (-1.0, True, False)
    np.testing.assert_array_equal(source.targets, values[:, np.newaxis].astype(np.float32))
    assert source.targets.dtype == np.float32
    assert facts(table({"label": range(12)}), task="regression").whole_targets


def test_regression_on_several_columns(table):
    path = table({"x": np.arange(12), "y": RNG.normal(size=12)})
    source = read(path, target=["y", "x"])
    assert (source.task, source.targets.shape) == ("regression", (12, 2))
    np.testing.assert_array_equal(source.targets[:, 1], np.arange(12))


def test_several_labels_at_once(table):
    path = table({"red": [0, 1] * 6, "round": [1, 1, 0] * 4})
    source, known = read(path, target=["red", "round"]), facts(path, target=["red", "round"])
    assert known.task == source.task == "multilabel"
    assert known.class_names == ("red", "round")
    assert (known.n_classes, known.train_counts) == (2, (12,))
    np.testing.assert_array_equal(source.targets[:, 1], [1, 1, 0] * 4)
    assert facts(path, target=["red", "round"], task="regression").n_targets == 2


def test_a_split_of_ones_own(table):
    parts = ["test", "train", "Validation"] * 4
    path = table({"part": parts, "label": ["cat", "dog"] * 6})
    source, known = read(path, split_column="part"), facts(path, split_column="part")
    in_pool = [i for i in range(12) if i % 3]
    np.testing.assert_array_equal(source.images[..., 0], PIXELS[in_pool])
    np.testing.assert_array_equal(source.test_images[..., 0], PIXELS[::3])
    np.testing.assert_array_equal(source.targets, np.array(in_pool) % 2)
    np.testing.assert_array_equal(source.test_targets, np.arange(0, 12, 3) % 2)
    assert (known.train_counts, known.n_test) == ((4, 4), 4)


def test_groups_follow_their_images(table):
    groups = ["007", "7", "b"] * 4
    parts = ["train", "train", "test"] * 4
    path = table({"patient": groups, "part": parts, "label": ["cat", "dog", "cat"] * 4})
    source = read(path, group="patient", split_column="part")
    np.testing.assert_array_equal(source.groups, ["007", "7"] * 4)
    np.testing.assert_array_equal(read(path, group="patient").groups, groups)
    both = table({"patient": ["a", "b"] * 6, "part": parts})
    assert refused(both, group="patient", split_column="part").startswith(
        "column 'patient': 2 groups have training and test images: 'a', 'b'; "
    )


@pytest.mark.parametrize(
    "text",
    [
        "file,label,age\n{0},cat,1\n{1},dog,2\n{2},cat,3\n{3},dog,4\n",
        "\ufefffile;label\r\n{0};cat\r\n{1};dog\r\n{2};cat\r\n{3};dog\r\n",
        'file\tlabel\n"{0}"\tcat\n{1}\t dog\n{2}\tcat \n\n{3}\tdog',
    ],
    ids=["comma", "semicolon with a byte order mark", "tab"],
)
def test_tables_as_programs_write_them(table, text):
    source = read(table(text=text.format(*FILES)))
    np.testing.assert_array_equal(source.images[..., 0], PIXELS[:4])
    np.testing.assert_array_equal(source.targets, [0, 1, 0, 1])


def test_na_and_none_are_names(table):
    assert read(table({"label": ["NA", "None"] * 6})).class_names == ("NA", "None")


def test_parquet(table):
    pytest.importorskip("pyarrow")
    parquet, csv = table({}, name="t.parquet"), table({})
    assert facts(parquet) == facts(csv)
    np.testing.assert_array_equal(read(parquet).targets, read(csv).targets)
    values = [0.5, None] * 6
    assert refused(table({"label": values}, name="t.parquet")).startswith(
        "column 'label' has no value in rows 2, 4, 6 and 3 more (counted below the header); "
    )
    assert facts(table({"label": pd.array([1, 0] * 6, "Int64")}, name="t.parquet")).n_classes == 2
    categories = pd.Categorical(["b", "a"] * 6)
    assert facts(table({"label": categories}, name="t.parquet")).class_names == ("a", "b")
    assert refused(table(text="x", name="t.parquet")).startswith("this is no sound Parquet file (")


def test_parquet_without_its_library(table):
    """In a process that cannot import pyarrow."""
    path = table(text="PAR1", name="t.parquet")
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from lossbench.datasets import describe\n"
        f"describe('image_table', dict(path={str(path)!r}, image='a', target='b'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip().endswith(
        f"DataError: data set 'image_table': {path}: Parquet is read with pyarrow, which is not "
        'installed; without it CSV is accepted. Run: pip install "lossbench[parquet]"'
    )


def test_the_hash_follows_what_is_used(table, tmp_path):
    first = facts(table({})).content_sha256
    assert facts(table({"unused": range(12)})).content_sha256 == first
    (tmp_path / "data").rename(tmp_path / "moved")
    assert facts(tmp_path / "moved" / "labels.csv").content_sha256 == first
    (tmp_path / "moved").rename(tmp_path / "data")
    hashes = {first}
    for columns, params in [
        ({"label": ["cat", "dog", "dog"] * 4}, {}),
        ({"label": ["cat", "dog", "fox"] * 4}, {}),
        ({"part": ["train"] * 11 + ["test"]}, {"split_column": "part"}),
        ({"who": list("abcdefabcdef")}, {"group": "who"}),
    ]:
        hashes.add(facts(table(columns), **params).content_sha256)
    Image.fromarray(255 - PIXELS[3]).save(tmp_path / "data" / FILES[3])
    hashes.add(facts(table({})).content_sha256)
    assert len(hashes) == 6


def test_unreadable_files_take_their_rows_along(table, tmp_path, caplog):
    path = table({"who": list("abcdefghijkl")})
    (tmp_path / "data" / FILES[4]).write_text("no image")
    assert refused(path).startswith("1 of 12 image files cannot be read: 'img/4.png' (no image")
    params = {"group": "who", "max_unreadable": 0.1}
    assert facts(path, **params).unreadable == ("img/4.png",)
    assert facts(path, **params).train_counts == (4, 3, 4)
    source = read(path, **params)
    kept = [i for i in range(12) if i != 4]
    np.testing.assert_array_equal(source.images[..., 0], PIXELS[kept])
    np.testing.assert_array_equal(source.targets, np.array(kept) % 3)
    assert "".join(source.groups) == "abcdfghijkl"
    prepare("image_table", {"path": str(path), "image": "file", "target": "label"} | params)
    assert "1 of 12 image files cannot be read and are left out: 'img/4.png'" in caplog.text


def test_loading_through_the_front_door(table):
    parts = ["train"] * 9 + ["test"] * 3
    path = table({"part": parts})
    params = {"path": str(path), "image": "file", "target": "label", "split_column": "part"}
    splits = load("image_table", params)
    assert [len(part.ids) for part in (splits.train, splits.validation, splits.test)] == [6, 3, 3]
    seen = np.asarray(splits.train.images)[..., 0]
    np.testing.assert_array_equal(seen, PIXELS[splits.train.ids])


def test_an_absent_or_unreadable_table(table, tmp_path):
    assert refused(tmp_path / "no.csv") == (
        "there is no such file; a .csv or .parquet file with a row for each image is accepted. "
        "Check the path."
    )
    assert refused(tmp_path / "data").startswith("this is a folder; a .csv or .parquet file")
    assert refused(table(text="")).startswith("the table is empty; a header line and one for")
    assert refused(table(text="file,label\n")).startswith("the table has no rows; one for each")
    assert refused(table(text=b"file,label\n\xff\xfe,1\n")).startswith(
        "this is no CSV file in UTF-8 ("
    )
    assert refused(table(text="file,label\na,b,c,d\n")).startswith("this is no CSV file in UTF-8 (")
    assert refused(table(text='file,label\n"a,b\n')).startswith("this is no CSV file in UTF-8 (")
    assert refused(table(text="a\0b,c\n1,2\n")).startswith("there is no column 'file'; ")


def test_unknown_columns(table):
    path = table({"patient": ["x"] * 12})
    assert refused(path, target="Lable") == (
        "there is no column 'Lable'; 'file', 'label', 'patient' are accepted. Did you mean 'label'?"
    )
    assert refused(path, image="zzz").endswith("Name one of them.")
    assert refused(path, group="patients").endswith("Did you mean 'patient'?")
    assert refused(path, split_column="part").startswith("there is no column 'part'; ")
    assert refused(path, target=["label", "file"]).startswith("column 'file' is named twice, ")
    twice = table(text="file,label,label \na,b,c\n")
    assert refused(twice).startswith("column 'label' is there 2 times; one is accepted. ")


def test_missing_files(table):
    path = table({"file": [*FILES[:8], "img/x.png", "", *FILES[10:]]})
    assert refused(path).startswith("column 'file' has no value in row 10 (counted below the ")
    path = table({"file": [*FILES[:7], "img/x.png", "img/y.png", "img\\8.png", "z" * 300, "img"]})
    assert refused(path) == (
        "column 'file': 5 of 12 files are not there: 'img/x.png', 'img/y.png', 'img\\\\8.png' and "
        "so on; names relative to the table's folder are accepted. Correct the names, or remove "
        "these rows."
    )


def test_files_outside_the_tables_folder(table, tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "secret.png")
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "secret.png")
    outside = ["../secret.png", str(tmp_path / "secret.png"), "link.png", "img/../../secret.png"]
    assert refused(table({"file": [*FILES[:8], *outside]})) == (
        f"column 'file': 4 files lie outside the table's folder: '../secret.png', "
        f"'{tmp_path}/secret.png', 'link.png' and so on; files in it or below are accepted. Move "
        f"the table, or copy the images."
    )
    inside = [str(tmp_path / "data" / FILES[0]), "img/../img/1.png", *FILES[2:]]
    assert facts(table({"file": inside})).n_train == 12


def test_a_file_named_twice(table):
    path = table({"file": [*FILES[:10], "img/../img/3.png", FILES[4]]})
    assert refused(path).startswith(
        "column 'file': 2 rows name a file that an earlier row names: 'img/3.png', 'img/4.png'; "
    )


def test_missing_targets(table):
    path = table({"label": ["cat", "", "dog", "cat", " ", "dog"] * 2})
    assert refused(path) == (
        "column 'label' has no value in rows 2, 5, 8 and 1 more (counted below the header); a "
        "target for every image is accepted. Fill them in, or remove these rows."
    )
    assert refused(table({"label": ["1.5", "nan", "2"] * 4})).startswith(
        "column 'label' has no value in rows 2, 5, 8 and 1 more"
    )
    path = table({"x": range(12), "y": [*range(11), ""]})
    assert refused(path, target=["x", "y"]).startswith("column 'y' has no value in row 12 (counted")
    short = table(text=f"file,label\n{FILES[0]},a\n{FILES[1]}\n")
    assert refused(short).startswith("column 'label' has no value in row 2 (counted")


def test_targets_that_are_no_numbers(table):
    path = table({"label": ["1.5", "n/a", "2.5", "3"] * 3})
    assert refused(path) == (
        "column 'label': 3 of 12 values are no numbers, the first 'n/a', in rows 2, 6, 10 (counted "
        "below the header); numbers in all rows are accepted. Correct them, or set task: "
        "multiclass if they are names."
    )
    assert facts(path, task="multiclass").class_names == ("1.5", "2.5", "3", "n/a")
    assert refused(path, task="regression").endswith("Correct them, or leave out task.")
    path = table({"x": range(12), "y": ["1", "two"] * 6})
    assert refused(path, target=["x", "y"]).startswith(
        "column 'y': 6 of 12 values are no numbers, the first 'two', in rows 2, 4, 6 and 3 more "
    )
    assert refused(table({"label": [1.5, float("inf")] * 6})).startswith(
        "column 'label': rows 2, 4, 6 and 3 more (counted below the header) are not finite"
    )
    assert "are not finite in float32" in refused(table({"label": [1.5, 1e300] * 6}))


def test_targets_that_contradict_the_task(table):
    assert refused(table({}), task="binary").startswith(
        "column 'label': there are 3 classes, but task is 'binary'; "
    )
    assert refused(table({"label": [0.5, 1] * 6}), task="multiclass").startswith(
        "column 'label': task is 'multiclass', but the values are fractions; "
    )
    assert refused(table({}), task="multilabel").startswith(
        "column 'label': task is 'multilabel', but there is one target column; "
    )
    path = table({"x": [0, 2] * 6, "y": [0, 1] * 6})
    assert refused(path, target=["x", "y"], task="multilabel").startswith(
        "task is 'multilabel', but rows 2, 4, 6 and 3 more (counted below the header) hold other "
    )
    assert refused(path, target=["x", "y"], task="multiclass").startswith(
        "task is 'multiclass', but there are 2 target columns; "
    )


def test_columns_that_make_no_classes(table):
    assert refused(table({"label": ["cat"] * 12})).startswith(
        "column 'label': all rows have class 'cat'; two classes or more are accepted. "
    )
    assert refused(table({"label": range(12)})) == (
        "column 'label': 12 different values in 12 rows make no classes; classes that several "
        "images share are accepted. Set task: regression if they are quantities, or name another "
        "column."
    )


def test_a_split_column_that_does_not_fit(table):
    path = table({"part": ["train", "test", "dev", "train"] * 3})
    assert refused(path, split_column="part").startswith(
        "column 'part' holds 'dev' in rows 3, 7, 11 (counted below the header); train, test and "
    )
    path = table({"part": ["test"] * 12})
    assert refused(path, split_column="part").startswith("column 'part' says train in no row; ")
    path = table({"part": ["train", "val"] * 6})
    assert refused(path, split_column="part").startswith(
        "column 'part' says validation in some rows, but no test; "
    )
    path = table({"part": ["train"] * 11 + ["test"], "label": ["a", "b"] * 5 + ["a", "c"]})
    assert refused(path, split_column="part") == (
        "no training image has 'c'; classes and labels that occur in training are accepted. Add "
        "training images, or remove those rows or columns."
    )
    path = table({"part": ["train", "test"] * 6, "x": [0, 1] * 6, "y": [1, 0] * 6})
    assert refused(path, split_column="part", target=["x", "y"]).startswith(
        "no training image has 'x'; "
    )


def test_missing_groups(table):
    path = table({"who": ["a", "b", ""] * 4})
    assert refused(path, group="who").startswith(
        "column 'who' has no value in rows 3, 6, 9 and 1 more (counted below the header); a group"
    )
