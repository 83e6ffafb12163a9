from typing import Any

import pytest

from lossbench.catalog import DATASETS, LOSSES, MODELS, OPTIMIZERS, Table
from lossbench.config import Entry
from lossbench.config.fields import check


def entry(table: Table[Any], name: str, label: str | None = None, **params: object) -> Entry:
    values, wrong = check(table[name].params, params)
    assert not wrong
    return Entry(name, values, label)


def test_changed_leaves_defaults_out_and_required_values_in() -> None:
    assert entry(LOSSES, "focal").changed(LOSSES) == {}
    assert entry(LOSSES, "focal", gamma=2).changed(LOSSES) == {}
    assert entry(LOSSES, "focal", gamma=1).changed(LOSSES) == {"gamma": 1.0}
    assert entry(DATASETS, "npz", path="/a/b.npz").changed(DATASETS) == {"path": "/a/b.npz"}


@pytest.mark.parametrize(
    ("table", "name", "params", "text"),
    [
        (LOSSES, "focal", {}, "focal"),
        (LOSSES, "focal", {"gamma": 2.0}, "focal"),
        (LOSSES, "focal", {"gamma": 1, "alpha": [1, 2.5]}, "focal[gamma=1,alpha=[1,2.5]]"),
        (OPTIMIZERS, "adam", {"learning_rate": 1e-05}, "adam[learning_rate=1e-05]"),
        (OPTIMIZERS, "sgd", {"nesterov": True}, "sgd[nesterov=true]"),
        (DATASETS, "npz", {"path": "/data/mine.npz"}, "npz[path=mine.npz]"),
        (DATASETS, "mnist_mini", {"subset": {"n": 5}}, "mnist_mini[subset={n=5}]"),
        (LOSSES, "custom", {"target": "/a/my.py:tilted"}, "tilted"),
        (
            LOSSES,
            "custom",
            {"target": "/a/my.py:tilted", "params": {"under": 1.5}, "task": "binary"},
            "tilted[under=1.5]",
        ),
        (
            MODELS,
            "custom",
            {"target": "/a/net.py:build", "params": {"width": 8}, "dropout": 0.5},
            "build[width=8,dropout=0.5]",
        ),
        (MODELS, "lenet5", {"output_activation": "softmax"}, "lenet5[output_activation=softmax]"),
    ],
)
def test_display(table: Table[Any], name: str, params: dict[str, Any], text: str) -> None:
    assert entry(table, name, **params).display(table) == text


def test_a_label_is_displayed_instead() -> None:
    assert entry(LOSSES, "focal", label="Mine", gamma=1).display(LOSSES) == "Mine"


def test_equality_ignores_where_and_entries_are_hashable() -> None:
    one = Entry("mse", {}, None, "a:1:1")
    assert one == Entry("mse", {}, None, "b:2:2")
    assert len({one, Entry("mse", {}, None, "b:2:2"), Entry("mae", {})}) == 2
