"""The schema and `load` accept and refuse the same documents."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lossbench.catalog import DATASETS, LOSSES, METRICS
from lossbench.config import load, schema, schema_text
from lossbench.config.experiment import TABLES

MINIMAL: dict[str, Any] = {"dataset": "mnist_mini", "model": "seed_cnn", "losses": ["mse"]}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


@pytest.fixture
def accepted(validator: Draft202012Validator, tmp_path: Path) -> Callable[[Any], tuple[bool, bool]]:
    """Return whether the schema and whether `load` accept a document."""
    (tmp_path / "my.py").write_text("def f(labels, outputs, **more): ...\n")

    def run(document: dict[str, Any]) -> tuple[bool, bool]:
        (tmp_path / "x.yaml").write_text(json.dumps(document))
        return validator.is_valid(document), not load(tmp_path / "x.yaml").problems

    return run


CUSTOM = {"name": "custom", "target": "my.py:f"}
VALID: list[dict[str, Any]] = [
    {},
    {"losses": "mse"},
    {"losses": ["ce", "mae", {"name": "l2"}]},
    {"losses": {"name": "focal", "gamma": 1, "alpha": [1, 2.5], "label": "F"}},
    {"losses": {"name": "focal", "gamma": {"grid": [1, 2]}, "alpha": {"grid": [None, [1], 3]}}},
    {"losses": {"name": "weighted_bce", "pos_weight": {"grid": ["balanced", 2.5]}}},
    {"losses": CUSTOM},
    {"losses": {**CUSTOM, "params": {"a": {"grid": [1, "x"]}, "b": {"c": [1]}, "d": None}}},
    {"losses": {**CUSTOM, "params": {"a": {"grid": 1, "more": 2}}, "task": "binary"}},
    {"losses": {**CUSTOM, "target": "keras.losses:Huber", "params": {"delta": 2.0}}},
    {"losses": ["class_balanced", {"name": "cb", "beta": 0.9, "base": "focal"}]},
    {"losses": {"name": "class_balanced", "base": {"name": "drw", "base": {"name": "focal"}}}},
    {"losses": {"name": "cb", "base": {"grid": ["ce", {"name": "gce", "q": {"grid": [0.5]}}]}}},
    {"losses": {"name": "sum", "terms": [{"loss": "mse"}, {"loss": "l2_weights", "weight": 0.1}]}},
    {"losses": {"name": "sum", "terms": [{"loss": {"grid": ["mse", "mae"]}}]}},
    {"losses": {"name": "sum", "terms": [{"loss": "mse", "weight": {"grid": [1, -2.5]}}]}},
    {"losses": {"name": "sum", "terms": {"grid": [[{"loss": "mse"}], [{"loss": "mae"}]]}}},
    {"losses": {"name": "heads", "heads": {"a": "mse", "b": {"name": "huber", "delta": 2}}}},
    {"losses": {"name": "heads", "heads": {"a": {"name": "sum", "terms": [{"loss": "mse"}]}}}},
    {"losses": {"name": "keras", "class_name": "LogCosh"}},
    {"losses": {"name": "keras", "class_name": "Huber", "config": {"delta": {"grid": [1, 2]}}}},
    {"losses": {"name": "keras", "class_name": {"grid": ["LogCosh", "Poisson"]}}},
    {"dataset": [{"name": "npz", "path": "x.npz"}, "mnist"]},
    {"dataset": {"name": "mnist_mini", "subset": {"n": 100, "balanced": True}}},
    {"dataset": {"name": "mnist_mini", "subset": {"grid": [100, {"n": 200}]}}},
    {"dataset": {"name": "mnist_mini", "label_noise": {"type": "pair", "rate": 0.2}}},
    {
        "dataset": {
            "name": "mnist_mini",
            "imbalance": {"grid": [None, {"type": "step", "ratio": 5, "validation": "clean"}]},
        }
    },
    {
        "dataset": {
            "name": "synthetic_regression",
            "outliers": {"rate": 0.1, "size": 5, "sides": "two"},
        }
    },
    {"model": ["seed_cnn", "tiny_cnn"]},
    {"optimizer": [{"name": "sgd", "momentum": 0.9, "nesterov": True}, "adam"]},
    {"seeds": 1},
    {"seeds": [0, 4294967295]},
    {"train": {"epochs": 1, "batch_size": 1}, "name": "a.b-c_1"},
    {"train": {"augment": []}},
    {"train": {"augment": "mixup"}},
    {"train": {"augment": {"name": "crop", "padding": 2}}},
    {"train": {"augment": ["hflip", {"name": "cutout"}, {"name": "cutmix", "alpha": 1}]}},
    {"tune": {}},
    {"tune": {"space": None, "trials": None, "confirm": 0, "seeds": 2, "pruning": "halving"}},
    {"tune": {"space": {"learning_rate": [0.1, 0.2], "beta_1": [0.5, 0.9]}, "trials": 3}},
    {
        "tune": {
            "space": {"learning_rate": {"low": 1e-4, "high": 1, "log": True}},
            "search": "tpe",
            "trials": 20,
            "seeds": [5, 6],
            "confirm": {"points": 3},
        }
    },
    {"tune": {}, "losses": ["ce", {"name": "focal", "gamma": {"tune": [1, 2, 5]}}]},
    {
        "tune": {"search": "random"},
        "losses": {"name": "focal", "gamma": {"tune": {"low": 0, "high": 5}}},
    },
    {"tune": {}, "losses": {**CUSTOM, "params": {"a": {"tune": [1, 2]}, "b": {"grid": [1]}}}},
    {"execution": {"memory_budget": 0}},
    {"execution": {"memory_budget": 512.5}},
    {"protocol": {"metric": "accuracy", "baseline": "mse", "delta": 1, "alpha": 0.5}},
    {"protocol": {"metric": None, "baseline": None, "delta": None}},
    {"protocol": {"metric": "digit.accuracy"}},
]
BROKEN: list[dict[str, Any]] = [
    {"dataset": None},
    {"model": 5},
    {"losses": []},
    {"losses": None},
    {"losses": [None]},
    {"losses": [["mse"]]},
    {"losses": "no_such_loss"},
    {"losses": "hinge"},
    {"losses": "custom"},
    {"losses": CUSTOM | {"params": 5}},
    {"losses": CUSTOM | {"params": {"a": {"grid": []}}}},
    {"losses": CUSTOM | {"params": {"a": {"grid": 5}}}},
    {"losses": CUSTOM | {"params": {"a": {"grid": [1, 1]}}}},
    {"losses": CUSTOM | {"params": {"a": {"grid": [{"grid": [1]}]}}}},
    {"losses": CUSTOM | {"task": "ranking"}},
    {"losses": {"name": "custom"}},
    {"losses": "l2_weights"},
    {"losses": ["mse", {"name": "l1_weights"}]},
    {"losses": "sum"},
    {"losses": {"name": "class_balanced", "base": "focl"}},
    {"losses": {"name": "class_balanced", "base": "l2_weights"}},
    {"losses": {"name": "class_balanced", "base": {"name": "sum", "terms": [{"loss": "ce"}]}}},
    {"losses": {"name": "class_balanced", "base": {"name": "focal", "gamma": -1}}},
    {"losses": {"name": "class_balanced", "base": None}},
    {"losses": {"name": "sum", "terms": []}},
    {"losses": {"name": "sum", "terms": ["mse"]}},
    {"losses": {"name": "sum", "terms": {"loss": "mse"}}},
    {"losses": {"name": "sum", "terms": [{"weight": 2}]}},
    {"losses": {"name": "sum", "terms": [{"loss": "mse", "weight": "2"}]}},
    {"losses": {"name": "sum", "terms": [{"loss": "mse", "factor": 2}]}},
    {"losses": {"name": "heads", "heads": {}}},
    {"losses": {"name": "heads", "heads": ["mse"]}},
    {"losses": {"name": "heads", "heads": {"a": {"name": "heads", "heads": {"b": "mse"}}}}},
    {"losses": {"name": "heads", "heads": {"a": "mse"}, "weighting": "even"}},
    {"losses": "keras"},
    {"losses": {"name": "keras", "class_name": "CTC"}},
    {"losses": {"name": "keras", "class_name": "Huber", "config": {"delt": 2}}},
    {"losses": {"name": "keras", "class_name": "Huber", "config": {"delta": 0}}},
    {"losses": {"gamma": 1}},
    {"losses": {"name": 5}},
    {"losses": {"name": "focal", "gama": 1}},
    {"losses": {"name": "focal", "gamma": -1}},
    {"losses": {"name": "focal", "gamma": "1"}},
    {"losses": {"name": "focal", "gamma": True}},
    {"losses": {"name": "focal", "gamma": {"grid": []}}},
    {"losses": {"name": "focal", "gamma": {"grid": [1, -1]}}},
    {"losses": {"name": "focal", "gamma": {"grid": [1, 1.0]}}},
    {"losses": {"name": "focal", "gamma": {"grid": [1], "step": 1}}},
    {"losses": {"name": "focal", "gamma": {"grid": [{"grid": [1]}]}}},
    {"losses": {"name": "focal", "label": ""}},
    {"losses": {"name": "focal", "label": 5}},
    {"losses": {"name": "focal", "label": "x" * 61}},
    {"losses": {"name": "label_smoothing", "smoothing": 1}},
    {"dataset": "npz"},
    {"dataset": {"name": "mnist_mini", "subset": {"n": 5, "balance": True}}},
    {"dataset": {"name": "mnist_mini", "subset": 0}},
    {"dataset": {"name": "mnist_mini", "label_noise": {"type": "pair", "rate": 1.2}}},
    {"dataset": {"name": "mnist_mini", "label_noise": {"type": "matrix", "rate": 0.2}}},
    {"dataset": {"name": "mnist_mini", "outliers": {"rate": 0.1, "size": 5, "sides": "two"}}},
    {"optimizer": {"name": "adam", "momentum": 0.9}},
    {"optimizer": []},
    {"seeds": 0},
    {"seeds": 10_001},
    {"seeds": []},
    {"seeds": [1, 1]},
    {"seeds": [-1]},
    {"seeds": [4294967296]},
    {"seeds": "3"},
    {"seeds": True},
    {"seeds": None},
    {"name": "a/b"},
    {"name": 5},
    {"name": "a" * 101},
    {"name": ""},
    {"train": 5},
    {"train": None},
    {"train": {"epochs": 0}},
    {"train": {"epochs": 1.5}},
    {"train": {"steps": 5}},
    {"train": {"augment": None}},
    {"train": {"augment": "flipp"}},
    {"train": {"augment": [{"padding": 2}]}},
    {"train": {"augment": [{"name": "crop", "pading": 2}]}},
    {"train": {"augment": [{"name": "crop", "padding": 1.5}]}},
    {"train": {"augment": [{"name": "mixup", "alpha": 0}]}},
    {"train": {"augment": [{"name": "mixup", "alpha": {"grid": [1, 2]}}]}},
    {"train": {"augment": [{"name": "flip", "label": "F"}]}},
    {"execution": {"memory_budget": -1}},
    {"execution": {"memory_budget": None}},
    {"protocol": {"metric": "val_loss"}},
    {"protocol": {"metric": "digit.acuracy"}},
    {"protocol": {"metric": 5}},
    {"protocol": {"baseline": 5}},
    {"protocol": {"delta": 0}},
    {"protocol": {"alpha": 1}},
    {"protocol": {"alpha": None}},
    {"tune": None},
    {"tune": {"space": {}}},
    {"tune": {"space": {"learning_rat": [0.1, 0.2]}}},
    {"tune": {"space": {"learning_rate": [0.1]}}},
    {"tune": {"space": {"learning_rate": [0.1, 0.1]}}},
    {"tune": {"space": {"learning_rate": 0.1}}},
    {"tune": {"space": {"learning_rate": {"low": 0.1}}, "search": "random"}},
    {"tune": {"space": {"learning_rate": {"low": 0.1, "high": 1, "step": 2}}, "search": "tpe"}},
    {"tune": {"trial": 7}},
    {"tune": {"trials": 0}},
    {"tune": {"search": "bayes"}},
    {"tune": {"seeds": []}},
    {"tune": {"seeds": [-1]}},
    {"tune": {"confirm": 1}},
    {"tune": {"confirm": False}},
    {"tune": {"confirm": {"points": -1}}},
    {"tune": {"confirm": {"point": 1}}},
    {"tune": {"pruning": "median"}},
    {"tune": {}, "losses": {"name": "focal", "gamma": {"tune": [1]}}},
    {"tune": {}, "losses": {"name": "focal", "gamma": {"tune": 1}}},
    {"tune": {}, "losses": {"name": "focal", "gamma": {"tune": [1, 2], "grid": [1, 2]}}},
    {"tune": {}, "losses": {"name": "cb", "base": {"tune": ["ce", "focal"]}}},
    {"tune": {}, "dataset": {"name": "mnist_mini", "subset": {"tune": [100, 200]}}},
    {"tune": {}, "optimizer": {"name": "adam", "learning_rate": {"tune": [0.1, 0.2]}}},
]


@pytest.mark.parametrize("keys", VALID, ids=json.dumps)
def test_valid_documents(accepted, keys: dict[str, Any]) -> None:
    assert accepted({**MINIMAL, **keys}) == (True, True)


@pytest.mark.parametrize("keys", BROKEN, ids=json.dumps)
def test_broken_documents(accepted, keys: dict[str, Any]) -> None:
    assert accepted({**MINIMAL, **keys}) == (False, False)


@pytest.mark.parametrize("key", MINIMAL)
def test_required_keys(accepted, key: str) -> None:
    assert accepted({k: v for k, v in MINIMAL.items() if k != key}) == (False, False)


@pytest.mark.parametrize("key", TABLES)
def test_every_name_and_alias_of_the_catalogue(accepted, key: str) -> None:
    for row in TABLES[key]:
        if getattr(row, "role", "") != "term" and not any(
            parameter.required for parameter in row.params.values()
        ):
            for name in (row.name, *row.aliases):
                assert accepted({**MINIMAL, key: [name]}) == (True, True), name
                assert accepted({**MINIMAL, key: [{"name": name}]}) == (True, True), name


def test_every_metric(accepted) -> None:
    for metric in METRICS.names:
        assert accepted({**MINIMAL, "protocol": {"metric": metric}}) == (True, True), metric


def test_parameters_carry_their_help_and_default() -> None:
    definitions = schema()["$defs"]
    gamma = definitions["loss.focal"]["properties"]["gamma"]
    row = LOSSES["focal"].params["gamma"]
    assert gamma["description"] == f"{row.help}; {row.accepts}"
    assert gamma["default"] == row.default
    assert "default" not in definitions["dataset.npz"]["properties"]["path"]
    assert definitions["dataset.npz"]["required"] == ["name", "path"]
    assert definitions["loss.cross_entropy"]["properties"]["name"]["enum"][:2] == [
        "cross_entropy",
        "ce",
    ]
    assert len([name for name in definitions if name.startswith("dataset.")]) == len(DATASETS)


def test_the_text_is_the_same_each_time() -> None:
    assert schema_text() == schema_text()
    assert schema_text().endswith("}\n")
    assert json.loads(schema_text()) == schema()
    assert '"title": "Gamma"' not in schema_text()
