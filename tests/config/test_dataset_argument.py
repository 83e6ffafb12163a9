import numpy as np
import pytest

from lossbench.catalog import DATASETS, UnknownName
from lossbench.config.dataset_argument import dataset_data, dataset_entry, is_experiment
from lossbench.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("mnist_mini", {}),
        ("MNIST-mini", {}),
        ("mnist_mini[subset=500]", {"subset": 500}),
        ("mnist_mini[subset={n=50,balanced=true}]", {"subset": {"n": 50, "balanced": True}}),
        (
            "mnist_mini[subset=500,label_noise={type=symmetric,rate=0.4}]",
            {"subset": 500, "label_noise": {"type": "symmetric", "rate": 0.4}},
        ),
        ("mnist_mini[subset = null]", {}),
    ],
)
def test_names_with_parameters(text, params):
    entry = dataset_entry(text)
    assert entry.name == "mnist_mini" and entry.changed(DATASETS) == params


@pytest.mark.parametrize(
    "text",
    [
        "mnist_mini[subset=500,label_noise={type=symmetric,rate=0.4}]",
        "synthetic_regression[n=300,target=count]",
        "synthetic_imbalanced[classes=4,ratio=20]",
    ],
)
def test_what_tables_show_can_be_given_back(text):
    entry = dataset_entry(text)
    assert entry.display(DATASETS) == text
    assert dataset_entry(entry.display(DATASETS)) == entry


def test_assignments_add_and_replace():
    entry = dataset_entry(
        "mnist_mini[subset=500]", ["subset=300", "imbalance={type: step, ratio: 2}"]
    )
    assert entry.changed(DATASETS) == {"subset": 300, "imbalance": {"type": "step", "ratio": 2.0}}


def test_a_file_of_the_users_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("mine.npz", x=1)
    entry = dataset_entry("mine.npz", ["ordered=true"])
    assert entry.name == "npz" and entry.params["path"] == str(tmp_path / "mine.npz")
    assert entry.params["ordered"] is True


def test_folders_and_tables_where_the_catalogue_has_them(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "cells" / "train" / "images").mkdir(parents=True)
    (tmp_path / "cells" / "train" / "masks").mkdir()
    for data, text in (
        ("image_folder", str(tmp_path / "photos")),
        ("image_masks", str(tmp_path / "cells")),
        ("csv", "labels.csv"),
    ):
        found = dataset_data(text)
        try:
            assert found == {"name": DATASETS.resolve(data).name, "path": text}
        except UnknownName:
            assert found == text


@pytest.mark.parametrize(
    ("text", "assignments", "says"),
    [
        ("mnist_min", [], "mnist_min: no data set 'mnist_min'"),
        ("mnist_min", [], "Did you mean 'mnist_mini'?"),
        ("mnist_mini[subst=3]", [], "Did you mean 'subset'?"),
        ("mnist_mini[subset=-3]", [], "a whole number > 0"),
        ("mnist_mini[subset]", [], "name[key=value,key=value]"),
        ("mnist_mini[subset=[]", [], "name[key=value,key=value]"),
        ("mnist_mini", ["subset"], "--set"),
        ("mnist_mini", ["subset={grid: [30, 40]}"], "one value each"),
        ("mnist_mini[subset=!!python/name:os.system x]", [], "subset"),
    ],
)
def test_mistakes(text, assignments, says):
    with pytest.raises(ConfigError) as caught:
        dataset_entry(text, assignments)
    assert says in str(caught.value)


def test_experiment_files():
    assert is_experiment("a.yaml") and is_experiment("b/c.YML")
    assert not is_experiment("mnist_mini") and not is_experiment("a.npz")
