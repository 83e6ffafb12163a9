import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from lossbench import datasets
from lossbench.catalog import DATASETS
from lossbench.datasets.inspection import inspect
from lossbench.datasets.parts import Optimum
from lossbench.reporting.inspection import inspection_json, inspection_text

OFFLINE = [
    row.name
    for row in DATASETS
    if row.file is None and not any(p.required for p in row.params.values())
]


def looked(name, **params):
    return datasets.describe(name, params), datasets.load(name, params)


@pytest.mark.parametrize("name", OFFLINE)
def test_eighty_columns(name):
    facts, splits = looked(name)
    seen = inspect(splits)
    text = inspection_text(name, facts, seen, ["one", "two " * 50])
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "What this suggests\n  - one\n" in text
    plain = inspection_text(name, facts, seen, [], plain=True)
    assert plain.isascii()
    data = inspection_json(name, facts, seen, ["one"])
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_counts_and_ratio():
    facts, splits = looked("mnist_mini", imbalance={"type": "step", "ratio": 10.0})
    text = inspection_text("x", facts, inspect(splits), [])
    joined = " ".join(text.split())
    assert "imbalance (declared): type step, ratio 10; 2,475 of 4,500 in training left" in joined
    assert "train 10 to 1, test 1 to 1" in text
    assert "0                           450  18.2 %      50     100  ████" in text


def test_names_in_any_script_keep_the_columns():
    facts, splits = looked("mnist_mini", subset=300)
    names = ("猫" * 30, "птица", "a" * 60, "tab\tand\nline", "\x1b[31mred", *splits.class_names[5:])
    text = inspection_text("x", facts, inspect(replace(splits, class_names=names)), [])
    rows = [line for line in text.splitlines() if line.endswith("█")]
    assert len(rows) == 10 and "\x1b" not in text and "\t" not in text
    assert len({cell_len(line.rstrip("█")) for line in rows}) == 1


def test_many_classes_are_shortened():
    facts, splits = looked("mnist_mini")
    targets = (np.arange(len(splits.train.ids)) % 100).astype(np.int32)
    many = replace(
        splits,
        class_names=tuple(map(str, range(100))),
        train=replace(splits.train, targets=targets),
    )
    text = inspection_text("x", facts, inspect(many), [])
    assert "and 70 classes of sizes in between" in text and len(text.splitlines()) < 60


def test_duplicates_and_constant_images():
    facts, splits = looked("mnist_mini", subset=300)
    images = splits.train.images.copy()
    images[0], images[1] = 9, images[2]
    images[3] = splits.test.images[5]
    seen = inspect(replace(splits, train=replace(splits.train, images=images)))
    text = " ".join(inspection_text("x", facts, seen, []).split())
    assert "test images that stand in training or validation, too: 1" in text
    assert "training images that repeat another: 1" in text
    assert "constant 1 in train" in text


def test_the_best_possible_scores():
    facts, splits = looked("synthetic_regression")
    known = splits.test.targets.astype(np.float64)
    seen = inspect(replace(splits, optimum=Optimum(mean=known, median=known)))
    assert "best possible  rmse 0, mae 0, on test" in inspection_text("x", facts, seen, [])


def test_counts_are_shown_one_by_one():
    facts, splits = looked("synthetic_regression", target="count")
    text = inspection_text("x", facts, inspect(splits), [])
    assert "all are whole numbers" in text and re.search(r"\n +0 to 1 +\d+  █", text)


def test_a_sample_is_called_one():
    facts, splits = looked("mnist_mini")
    seen = inspect(splits, most_bytes=784 * 600)
    text = " ".join(inspection_text("x", facts, seen, []).split())
    assert "among 600 of 6,000 images; there may be more" in text
